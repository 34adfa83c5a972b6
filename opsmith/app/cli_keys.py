"""`opsmith keys`: who may call over MCP, and `opsmith audit`: what came of it."""

from datetime import datetime, timedelta
from typing import Annotated, Any

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
from opsmith.errors import NotFound

keys = typer.Typer(help="Keys by which programs call over MCP.", no_args_is_help=True)
audit = typer.Typer(help="Who changed what, or was refused.", no_args_is_help=True)

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "made": "Key of {name} ({role}, {seen}, {ends}). It is shown this once:",
        "all": "all factories", "never": "until it is revoked", "until": "until {end}",
        "revoked": "{name} is revoked.",
        "name": "name", "role": "role", "factories": "factories", "state": "state",
        "used": "last used", "expires": "expires",
        "active": "active", "expired": "expired", "is_revoked": "revoked",
        "none": "No keys; make one with `opsmith keys add NAME --role viewer`.",
        "whole": "The chain is whole: {count} rows. Newest digest, to be kept elsewhere:",
        "empty": "The audit log is empty.",
        "broken": "Row {seq} was altered, or a row before it is missing.",
        "at": "time", "caller": "who", "via": "by", "action": "what", "outcome": "came of it",
        "detail": "why",
    },
    "zh": {
        "made": "{name} 的密钥（{role}，{seen}，{ends}）。仅显示这一次：",
        "all": "全部工厂", "never": "吊销前有效", "until": "有效至 {end}",
        "revoked": "{name} 已吊销。",
        "name": "名称", "role": "角色", "factories": "工厂", "state": "状态",
        "used": "最近使用", "expires": "到期",
        "active": "有效", "expired": "已过期", "is_revoked": "已吊销",
        "none": "没有密钥；可用 `opsmith keys add NAME --role viewer` 新建。",
        "whole": "链条完整：共 {count} 行。最新摘要，请另行保存：",
        "empty": "审计日志为空。",
        "broken": "第 {seq} 行被改动，或其前有缺失。",
        "at": "时间", "caller": "操作者", "via": "途径", "action": "操作", "outcome": "结果",
        "detail": "原因",
    },
}  # fmt: skip


@keys.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Of who will hold it: a person or a program.")],
    role: Annotated[
        str, typer.Option(help=", ".join(one.name.lower() for one in GIVEN))
    ] = "viewer",
    factories: Annotated[
        list[str] | None,
        typer.Option("--factory", help="All that he sees; may be repeated; default: everything."),
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0.001, max=36_500, help="It ends after; default: never.")
    ] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Make a key, and show it this once."""
    from opsmith.app.data import open_tables
    from opsmith.clock import wall_clock
    from opsmith.storage.devices import DeviceStore
    from opsmith.storage.keys import KeyStore

    settings = settings_of(lang)
    given = role_of(role)
    ends = None if days is None else wall_clock() + timedelta(days=days)
    with open_tables(settings) as tables:
        by = at_the_machine(Role.ADMIN)
        known = {one.factory_id for one in DeviceStore(tables).list()}
        for factory in factories or ():
            if factory not in known:
                there = ", ".join(sorted(known - {""})) or "none yet"
                typer.echo(
                    f"opsmith: no device of factory {factory!r}; there are {there}", err=True
                )
        made, key = KeyStore(tables).add(name, given, factories or None, ends, by=by)
    if as_json:
        print_json({**made.model_dump(mode="json"), "key": key})
        return
    words = WORDS[settings.language]
    typer.echo(
        words["made"].format(
            name=made.name,
            role=made.role,
            seen=", ".join(made.factories) if made.factories else words["all"],
            ends=words["until"].format(end=_when(ends, settings)) if ends else words["never"],
        ),
        err=True,
    )
    typer.echo(key)


@keys.command("list")
def list_keys(as_json: Json = False, lang: Lang = None) -> None:
    """List the keys, without their secrets."""
    from opsmith.app.data import open_tables
    from opsmith.clock import wall_clock
    from opsmith.storage.keys import KeyStore

    settings = settings_of(lang)
    with open_tables(settings) as tables:
        found = KeyStore(tables).list()
    now, words = wall_clock(), WORDS[settings.language]
    if as_json:
        print_json(
            {"keys": [{**one.model_dump(mode="json"), "state": one.state(now)} for one in found]}
        )
        return
    if not found:
        typer.echo(words["none"])
        return
    states = {"active": "active", "expired": "expired", "revoked": "is_revoked"}
    print_table(
        [words[one] for one in ("name", "role", "factories", "state", "used", "expires")],
        [
            [
                one.name,
                one.role,
                words["all"] if one.factories is None else ", ".join(one.factories),
                words[states[one.state(now)]],
                _when(one.last_used_at, settings),
                _when(one.expires_at, settings),
            ]
            for one in found
        ],
    )


@keys.command("revoke")
def revoke_key(
    name: Annotated[str, typer.Argument(help="Of the key.")],
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """End a key at once, sessions that it opened too."""
    from opsmith.app.data import open_tables
    from opsmith.storage.keys import KeyStore

    settings = settings_of(lang)
    with open_tables(settings) as tables:
        ended = KeyStore(tables).revoke(name, by=at_the_machine(Role.ADMIN))
    if as_json:
        print_json(ended.model_dump(mode="json"))
    else:
        typer.echo(WORDS[settings.language]["revoked"].format(name=ended.name))


@audit.command("list")
def list_audit(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest rows.")] = 50,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """List who changed what, or was refused; the newest last."""
    from opsmith.app.data import open_tables
    from opsmith.storage.audit import AuditLog

    settings = settings_of(lang)
    with open_tables(settings) as tables:
        rows = AuditLog(tables).rows(limit)[::-1]
    if as_json:
        print_json({"rows": [row.model_dump(mode="json") for row in rows]})
        return
    words = WORDS[settings.language]
    if not rows:
        typer.echo(words["empty"])
        return
    print_table(
        ["#", *(words[one] for one in ("at", "caller", "role", "via", "action", "outcome"))]
        + [words["detail"]],
        [
            [
                str(row.seq),
                _when(row.at, settings),
                row.caller,
                row.role,
                row.via,
                row.action,
                row.outcome,
                row.detail,
            ]
            for row in rows
        ],
    )


@audit.command("verify")
def verify_audit(
    digest: Annotated[
        str | None, typer.Option(help="Of a row, kept elsewhere: it must be there still.")
    ] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Check the chain; exit code 1 where it is broken, with the first row that is."""
    from opsmith.app.data import open_tables
    from opsmith.storage.audit import AuditLog

    settings = settings_of(lang)
    with open_tables(settings) as tables:
        log = AuditLog(tables)
        broken = log.broken_at()
        newest = next(iter(log.rows(1)), None)
        is_there = digest is None or any(row.digest == digest for row in log.all())
    count = newest.seq if newest else 0
    if as_json:
        print_json(
            {
                "whole": broken is None and is_there,
                "broken_at": broken,
                "rows": count,
                "digest": newest.digest if newest else None,
            }
        )
    words = WORDS[settings.language]
    if broken is not None:
        if not as_json:
            typer.echo(words["broken"].format(seq=broken))
        raise typer.Exit(1)
    if not is_there:
        raise NotFound(f"No row has the digest {digest}: rows were cut off, or it is another log's")
    if not as_json:
        typer.echo(words["whole"].format(count=count) if newest else words["empty"])
        if newest:
            typer.echo(newest.digest)


def _when(at: datetime | None, settings: Any) -> str:
    return "" if at is None else f"{at.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}"
