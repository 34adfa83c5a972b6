"""`opsmith users`: people who sign in to the chat."""

import sys
from typing import Annotated

import typer

from opsmith.access import GIVEN, Role
from opsmith.app.cli_common import (
    Json,
    Lang,
    at_the_machine,
    print_json,
    print_table,
    role_of,
    settings_of,
)
from opsmith.domain.base import Language
from opsmith.errors import BadInput

users = typer.Typer(help="People who sign in to the chat.", no_args_is_help=True)

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "made": "{name} may sign in ({role}, {seen}).",
        "disabled": "{name} is shut out.",
        "changed": "{name} has a new password; sign-ins with the old one have ended.",
        "all": "all factories",
        "none": "No users; make one with `opsmith users add NAME --role engineer`.",
        "name": "name", "role": "role", "factories": "factories", "state": "state",
        "seen": "last signed in", "active": "active", "is_disabled": "disabled",
        "password": "Password", "again": "Password again",
    },
    "zh": {
        "made": "{name} 可以登录（{role}，{seen}）。",
        "disabled": "{name} 已停用。",
        "changed": "{name} 的密码已更改；用旧密码的登录均已结束。",
        "all": "全部工厂",
        "none": "没有用户；可用 `opsmith users add NAME --role engineer` 新建。",
        "name": "名称", "role": "角色", "factories": "工厂", "state": "状态",
        "seen": "最近登录", "active": "有效", "is_disabled": "已停用",
        "password": "密码", "again": "再次输入密码",
    },
}  # fmt: skip

Name = Annotated[str, typer.Argument(help="By which the person signs in.")]
Typed = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@users.command("add")
def add_user(
    name: Name,
    role: Annotated[
        str, typer.Option(help=", ".join(one.name.lower() for one in GIVEN))
    ] = "viewer",
    factories: Annotated[
        list[str] | None,
        typer.Option("--factory", help="All that he sees; may be repeated; default: everything."),
    ] = None,
    from_stdin: Typed = False,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Make a user; from the first on, the chat asks everybody for a password."""
    from opsmith.app.data import open_tables
    from opsmith.storage.devices import DeviceStore
    from opsmith.storage.users import UserStore

    settings = settings_of(lang)
    given = role_of(role)
    password = _password(settings.language, from_stdin)
    with open_tables(settings) as tables:
        known = {one.factory_id for one in DeviceStore(tables).list()}
        for factory in factories or ():
            if factory not in known:
                there = ", ".join(sorted(known - {""})) or "none yet"
                typer.echo(
                    f"opsmith: no device of factory {factory!r}; there are {there}", err=True
                )
        by = at_the_machine(Role.ADMIN)
        made = UserStore(tables).add(name, password, given, factories or None, by=by)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    words = WORDS[settings.language]
    seen = ", ".join(made.factories) if made.factories else words["all"]
    typer.echo(words["made"].format(name=made.name, role=made.role, seen=seen))


@users.command("list")
def list_users(as_json: Json = False, lang: Lang = None) -> None:
    """List the users, without their passwords."""
    from opsmith.app.data import open_tables
    from opsmith.storage.users import UserStore

    settings = settings_of(lang)
    with open_tables(settings) as tables:
        found = UserStore(tables).list()
    if as_json:
        print_json({"users": [one.model_dump(mode="json") for one in found]})
        return
    words = WORDS[settings.language]
    if not found:
        typer.echo(words["none"])
        return
    print_table(
        [words[one] for one in ("name", "role", "factories", "state", "seen")],
        [
            [
                one.name,
                one.role,
                words["all"] if one.factories is None else ", ".join(one.factories),
                words["active" if one.disabled_at is None else "is_disabled"],
                ""
                if one.last_seen_at is None
                else f"{one.last_seen_at.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}",
            ]
            for one in found
        ],
    )


@users.command("disable")
def disable_user(name: Name, as_json: Json = False, lang: Lang = None) -> None:
    """Shut somebody out at once, wherever he is signed in."""
    from opsmith.app.data import open_tables
    from opsmith.storage.users import UserStore

    settings = settings_of(lang)
    with open_tables(settings) as tables:
        gone = UserStore(tables).disable(name, by=at_the_machine(Role.ADMIN))
    if as_json:
        print_json(gone.model_dump(mode="json"))
    else:
        typer.echo(WORDS[settings.language]["disabled"].format(name=gone.name))


@users.command("password")
def set_password(
    name: Name, from_stdin: Typed = False, as_json: Json = False, lang: Lang = None
) -> None:
    """Give somebody another password; who was disabled may come in again."""
    from opsmith.app.data import open_tables
    from opsmith.storage.users import UserStore

    settings = settings_of(lang)
    password = _password(settings.language, from_stdin)
    with open_tables(settings) as tables:
        changed = UserStore(tables).set_password(name, password, by=at_the_machine(Role.ADMIN))
    if as_json:
        print_json(changed.model_dump(mode="json"))
    else:
        typer.echo(WORDS[settings.language]["changed"].format(name=changed.name))


def _password(language: Language, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise BadInput("No terminal to type the password in; give it with --password-stdin")
    words = WORDS[language]
    return typer.prompt(
        words["password"], hide_input=True, confirmation_prompt=words["again"], err=True
    )
