"""What the commands share: their settings, JSON on standard output, who sits at the machine."""

import getpass
import json
import sys
from typing import Annotated

import typer

from opsmith.access import GIVEN, Caller, Role, role_named
from opsmith.domain.base import Language
from opsmith.errors import BadInput
from opsmith.observability import set_up_logs
from opsmith.settings import Settings, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]
Lang = Annotated[str | None, typer.Option("--lang", help="Language: en or zh.", metavar="en|zh")]


def settings_of(lang: str | None = None) -> Settings:
    """The settings, in that language, and the logs set up. Raises `BadInput`."""
    settings = load_settings()
    if lang is not None:
        languages: dict[str, Language] = {"en": "en", "zh": "zh"}
        if lang not in languages:
            raise typer.BadParameter(f"{lang!r}; use en or zh", param_hint="--lang")
        settings = settings.model_copy(update={"language": languages[lang]})
    set_up_logs(settings.log_level, settings.log_format)
    return settings


def role_of(name: str) -> Role:
    """The role of that name. Raises `BadInput` where none is given by it."""
    try:
        return role_named(name)
    except KeyError:
        there = ", ".join(one.name.lower() for one in GIVEN)
        raise BadInput(f"No role {name!r}; there are {there}") from None


def tell_first_use(settings: Settings) -> None:
    """Say why the first run takes longer."""
    from opsmith.compiled import is_first_use

    if is_first_use():
        texts = {
            "en": "Preparing the detectors for this machine, once: about a minute.",
            "zh": "首次运行：正在为本机编译检测器，约需一分钟。",
        }
        typer.echo(texts[settings.language], err=True)


def print_json(value: object) -> None:
    """Print one line of JSON."""
    json.dump(value, sys.stdout, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def print_table(headings: list[str], rows: list[list[str]]) -> None:
    """Print a table for people."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=SIMPLE_HEAD)
    for row in rows:
        # Text from outside is no markup, and moves no cursor.
        table.add_row(*(Text("".join(c if c.isprintable() else "?" for c in one)) for one in row))
    Console().print(table)


def at_the_machine(role: Role) -> Caller:
    """The person who types the command, by the name that the system has for him."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "somebody"
    return Caller(name, role, via="command", is_person=True)
