"""The settings as a command line chooses them."""

import dataclasses
import os
from pathlib import Path
from typing import Any

from service.console import say
from service.failures import CouldNotRun
from service.settings import Settings, SettingsError, load_settings

HERE = Path(__file__).resolve().parent
SHIPPED = (HERE / "shipped" / "schema.json", HERE.parent / "schema.json")
"""Where the schema is that comes with Larder: installed, or in a checkout."""


def settings(config: Path | None = None, **given: Any) -> Settings:
    """The settings of `larder serve`: options, environment, file, defaults.

    Raises CouldNotRun with every mistake.
    """
    texts = {name: str(value) for name, value in given.items() if value is not None}
    try:
        return load_settings(os.environ, config, **texts)
    except SettingsError as wrong:
        raise CouldNotRun(str(wrong), code="SETTINGS") from wrong


def with_a_schema(chosen: Settings, *, named: bool) -> Settings:
    """The same; where nobody named a schema and there is none here, with the one that ships."""
    named = named or bool(os.environ.get("LARDER_SCHEMA"))
    if named or chosen.schema != Settings().schema or chosen.schema.exists():
        return chosen
    shipped = next((file for file in SHIPPED if file.exists()), None)
    if shipped is None:
        return chosen
    say(f"there is no {chosen.schema} here: this is about the one that comes with Larder")
    return dataclasses.replace(chosen, schema=shipped)
