"""Every setting by name: the environment (`LARDER_*`), then a TOML file, then the default.

A secret may also be named by file: `LARDER_ADMIN_PASSWORD_FILE` holds what
`LARDER_ADMIN_PASSWORD` would. All mistakes are reported at once, each by the name it was written
under.
"""

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KIB = 1024
MIB = 1024 * KIB
PREFIX = "LARDER_"
CONFIG_VARIABLE = "LARDER_CONFIG"
LOG_LEVELS = ("debug", "info", "warning", "error")

Parse = Callable[[Any], Any]


class SettingsError(Exception):
    """One or more settings are wrong; `problems` tells each by name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def text(value: Any) -> str:
    """A text that is not empty. Raises ValueError."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    return value


def path(value: Any) -> Path:
    """A path; `~` stands for the home directory."""
    return (value if isinstance(value, Path) else Path(text(value))).expanduser()


def level(value: Any) -> str:
    """A log level."""
    if not isinstance(value, str) or value.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return value.lower()


def flag(value: Any) -> bool:
    """On or off, in the words that people use for it. Raises ValueError."""
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}
    if not isinstance(value, str) or value.strip().lower() not in known:
        raise ValueError("must be true or false")
    return known[value.strip().lower()]


def whole(low: int, high: int) -> Parse:
    """A parser of whole numbers from `low` up to `high`."""

    def parse(value: Any) -> int:
        if isinstance(value, str):
            value = int(value) if value.strip().isascii() and value.strip().isdigit() else None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return parse


def seconds(low: float, high: float) -> Parse:
    """A parser of durations in seconds from `low` up to `high`."""

    def parse(value: Any) -> float:
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (ValueError, TypeError):
            number = math.nan
        if not low <= number <= high:
            raise ValueError(f"must be a number of seconds from {low:g} to {high:g}")
        return number

    return parse


def setting(default: Any, parse: Parse, meaning: str, *, secret: bool = False) -> Any:
    """One field of Settings: its default, how its text is read, and what it means."""
    return field(default=default, repr=not secret, metadata=_about(parse, meaning, secret))


def _about(parse: Parse, meaning: str, secret: bool = False) -> dict[str, Any]:
    return {"parse": parse, "meaning": meaning, "secret": secret}


def _size(default: int, low: int, meaning: str) -> Any:
    return setting(default, whole(low, 1 << 50), meaning)


def _time(default: float, low: float, high: float, meaning: str) -> Any:
    return setting(default, seconds(low, high), meaning)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose. Sizes are bytes, times are seconds."""

    host: str = setting("127.0.0.1", text, "address to listen on")
    port: int = setting(8080, whole(0, 65535), "port to listen on; 0 takes a free one")
    workers: int = setting(1, whole(1, 256), "processes that serve")
    data: Path = field(default=Path("data"), metadata=_about(path, "where everything is stored"))
    schema: Path = field(default=Path("schema.json"), metadata=_about(path, "what is served"))

    admin_password: str | None = setting(
        None, text, "creates the user admin, who may do everything, at the first start", secret=True
    )
    database_url: str | None = setting(
        None, text, "users and settings elsewhere than in the data directory", secret=True
    )
    store_url: str | None = setting(None, text, "documents, indexes, events elsewhere", secret=True)
    blob_url: str | None = setting(None, text, "blobs elsewhere", secret=True)
    cache_url: str | None = setting(None, text, "the cache elsewhere", secret=True)
    jwt_secret_file: Path | None = field(
        default=None, metadata=_about(path, "file of the keys that sign tokens")
    )

    token_ttl_seconds: int = setting(3600, whole(60, 30 * 86400), "how long a login lasts")
    bcrypt_cost: int = setting(12, whole(4, 16), "work per password check, as a power of two")
    login_attempts: int = setting(10, whole(1, 10_000), "failed logins allowed per window")
    login_window_seconds: int = setting(300, whole(1, 86400), "that window")

    header_seconds: float = _time(10.0, 0.05, 600, "time for a request's head to arrive")
    body_idle_seconds: float = _time(60.0, 0.05, 3600, "longest pause while a body arrives")
    body_grace_seconds: float = _time(60.0, 0.05, 3600, "after it, body_min_rate must be held")
    body_min_rate: int = setting(256, whole(0, MIB), "bytes per second of a body, on average")
    write_idle_seconds: float = _time(60.0, 0.05, 3600, "longest stall of a client that reads")
    keep_alive_seconds: float = _time(30.0, 1, 3600, "how long an idle connection is kept")
    grace_seconds: float = _time(30.0, 0, 3600, "what is in flight at a stop may take this long")
    max_header_count: int = setting(100, whole(1, 10_000), "header lines of a request")
    max_header_bytes: int = setting(64 * KIB, whole(KIB, MIB), "size of all headers of a request")
    max_target_bytes: int = setting(8 * KIB, whole(128, 64 * KIB), "size of a request's URL")
    max_in_flight: int = setting(1000, whole(1, 100_000), "requests at a time, per process")

    cache_bytes: int = _size(64 * MIB, 0, "size of the cache in memory, per process")
    inline_blob_bytes: int = setting(
        64 * KIB, whole(0, MIB), "blobs up to this size live in the database"
    )
    min_free_bytes: int = _size(256 * MIB, 0, "with less room on the disk it is not ready")
    log_level: str = setting("info", level, f"one of {', '.join(LOG_LEVELS)}")
    assert_answers: bool = setting(
        False, flag, "for tests: an answer that /openapi.json does not tell becomes a 500"
    )

    def environment(self) -> dict[str, str]:
        """The same settings as `LARDER_*` variables, for worker processes."""
        return {
            PREFIX + each.name.upper(): str(value)
            for each in dataclasses.fields(self)
            if (value := getattr(self, each.name)) is not None
        }


def load_settings(environ: Mapping[str, str], config: Path | None = None, **given: Any) -> Settings:
    """Settings from `given` (the command line), the environment, the file and the defaults.

    A `given` value of None counts as not given. Raises SettingsError with every mistake.
    """
    problems: list[str] = []
    if config is None and environ.get(CONFIG_VARIABLE):
        config = Path(environ[CONFIG_VARIABLE])
    written = _read_file(config, problems) if config is not None else {}
    values: dict[str, Any] = {}
    for each in dataclasses.fields(Settings):
        for source, value in _sources(each, given, environ, written, problems):
            try:
                values[each.name] = each.metadata["parse"](value)
            except ValueError as wrong:
                problems.append(f"{source}: {wrong}{_found(each, value)}")
            break
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


def _sources(
    each: "dataclasses.Field[Any]",
    given: Mapping[str, Any],
    environ: Mapping[str, str],
    written: Mapping[str, Any],
    problems: list[str],
) -> Iterator[tuple[str, Any]]:
    """Where it is set, the strongest first."""
    variable = PREFIX + each.name.upper()
    if given.get(each.name) is not None:
        yield f"--{each.name.replace('_', '-')}", given[each.name]
    if environ.get(variable):
        yield variable, environ[variable]
    if each.metadata["secret"] and environ.get(variable + "_FILE"):
        try:
            held = Path(environ[variable + "_FILE"]).read_text(encoding="utf-8")
            yield variable + "_FILE", held.rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as wrong:
            problems.append(f"{variable}_FILE: cannot be read: {wrong}")
    if each.name in written:
        yield f"{each.name} in the configuration file", written[each.name]


def _read_file(config: Path, problems: list[str]) -> dict[str, Any]:
    try:
        written = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        problems.append(f"{config}: {wrong}")
        return {}
    names = [each.name for each in dataclasses.fields(Settings)]
    for name in written.keys() - set(names):
        near = difflib.get_close_matches(name, names, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        problems.append(f"{name} in the configuration file: no such setting{hint}")
    return written


def _found(each: "dataclasses.Field[Any]", value: Any) -> str:
    return "" if each.metadata["secret"] else f", not {value!r}"
