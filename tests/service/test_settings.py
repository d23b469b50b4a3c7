"""Settings come from the command line, the environment, a file and defaults, in that order."""

from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, load_settings


def problems_of(environ, config=None, **given):
    with pytest.raises(SettingsError) as refused:
        load_settings(environ, config, **given)
    return refused.value.problems


def test_without_anything_the_defaults_hold():
    settings = load_settings({})
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 8080, Path("data"))
    assert settings == Settings()


def test_the_environment_beats_the_file_and_the_command_line_beats_both(tmp_path):
    config = tmp_path / "larder.toml"
    config.write_text('port = 1\nhost = "::1"\nworkers = 2\n')
    settings = load_settings({"LARDER_PORT": "2", "LARDER_WORKERS": "3"}, config, workers=4)
    assert (settings.host, settings.port, settings.workers) == ("::1", 2, 4)


def test_the_file_can_be_named_by_the_environment(tmp_path):
    config = tmp_path / "larder.toml"
    config.write_text("header_seconds = 2.5\n")
    assert load_settings({"LARDER_CONFIG": str(config)}).header_seconds == 2.5


def test_every_mistake_is_told_at_once_by_name(tmp_path):
    config = tmp_path / "larder.toml"
    config.write_text("prot = 1\nbcrypt_cost = true\n")
    found = problems_of({"LARDER_PORT": "http", "LARDER_LOG_LEVEL": "loud"}, config)
    assert [problem.split(":")[0] for problem in found] == [
        "prot in the configuration file", "LARDER_PORT",
        "bcrypt_cost in the configuration file", "LARDER_LOG_LEVEL",
    ]  # fmt: skip
    assert "did you mean port?" in found[0]
    assert "from 0 to 65535, not 'http'" in found[1]


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "soon", "0"])
def test_a_duration_is_a_number_inside_its_bounds(value):
    assert "LARDER_HEADER_SECONDS" in problems_of({"LARDER_HEADER_SECONDS": value})[0]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    assert "absent.toml" in problems_of({}, tmp_path / "absent.toml")[0]
    broken = tmp_path / "broken.toml"
    broken.write_text("port = = 1")
    assert "broken.toml" in problems_of({}, broken)[0]


def test_a_secret_comes_from_a_file_and_is_never_shown(tmp_path):
    held = tmp_path / "password"
    held.write_text("correct horse\n")
    settings = load_settings({"LARDER_ADMIN_PASSWORD_FILE": str(held)})
    assert settings.admin_password == "correct horse"
    assert "correct horse" not in repr(settings)


def test_a_secret_file_that_is_missing_is_told():
    assert "LARDER_STORE_URL_FILE" in problems_of({"LARDER_STORE_URL_FILE": "/nonexistent/x"})[0]


def test_settings_survive_the_way_through_the_environment():
    given = {"port": 9000, "data": Path("x"), "cache_url": "redis://x", "header_seconds": "1.5"}
    settings = load_settings({}, **given)
    assert load_settings(settings.environment()) == settings
