"""`opsmith proposals`: what waits for a person, decided by who sits at the machine."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from opsmith.access import Role
from opsmith.app.cli_common import Json, Lang, at_the_machine, print_json, settings_of
from opsmith.clock import wall_clock
from opsmith.domain.base import Language
from opsmith.domain.proposals import Proposal, ProposalStatus
from opsmith.settings import Settings

T = TypeVar("T")

proposals = typer.Typer(help="Changes that wait for a person.", no_args_is_help=True)

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "none": "Nothing waits.",
        "by": "proposed by {who}, {at}; until {until}; needs {needs}",
        "ask": "Do it?", "left": "Nothing was done; it waits still.",
        "DONE": "done", "REJECTED": "rejected", "EXPIRED": "expired", "LAPSED": "lapsed",
        "PENDING": "waits",
    },
    "zh": {
        "none": "没有待确认的操作。",
        "by": "由 {who} 于 {at} 提出；有效至 {until}；需要角色 {needs}",
        "ask": "执行吗？", "left": "未执行；仍在等待。",
        "DONE": "已执行", "REJECTED": "已拒绝", "EXPIRED": "已过期", "LAPSED": "已失效",
        "PENDING": "待确认",
    },
}  # fmt: skip

Number = Annotated[str, typer.Argument(help="Such as PR-20260228-0001.")]


@proposals.command("list")
def list_all(
    status: Annotated[str, typer.Option(help="PENDING, DONE, ... or all.")] = "PENDING",
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """List what waits, with exactly what each would do."""
    from opsmith.app.bootstrap import open_plant

    settings = settings_of(lang)
    if status.upper() not in ("ALL", *ProposalStatus):
        raise typer.BadParameter(f"one of {', '.join(ProposalStatus)}, all", param_hint="--status")
    wanted = None if status.upper() == "ALL" else ProposalStatus(status.upper())
    with open_plant(settings) as plant:
        found = plant.stores.proposals.find(wall_clock(), wanted)
    if as_json:
        print_json({"proposals": [one.model_dump(mode="json") for one in found]})
        return
    for one in found:
        _show(one, settings)
    if not found:
        typer.echo(WORDS[settings.language]["none"])


@proposals.command("show")
def show(number: Number, as_json: Json = False, lang: Lang = None) -> None:
    """Show one."""
    settings = settings_of(lang)
    found = _found(settings, number)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _show(found, settings)


@proposals.command("confirm")
def confirm(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Show what exactly will happen, ask, and do it, once."""
    from opsmith_mcp.client import call
    from opsmith_mcp.proposals import Proposals

    settings = settings_of(lang)
    found = _found(settings, number)
    words = WORDS[settings.language]
    if not as_json:
        _show(found, settings)
    if (
        found.status is ProposalStatus.PENDING
        and not yes
        and not typer.confirm(words["ask"], err=True)
    ):
        typer.echo(words["left"])
        raise typer.Exit(1)
    done = _called(
        settings, lambda client: call(client, Proposals.confirm_proposal, found.proposal_id)
    )
    _tell(done.proposal, settings, as_json)


@proposals.command("reject")
def reject(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """End one; nothing is done."""
    from opsmith_mcp.client import call
    from opsmith_mcp.proposals import Proposals

    settings = settings_of(lang)
    ended = _called(
        settings, lambda client: call(client, Proposals.reject_proposal, number, reason=reason)
    )
    _tell(ended.proposal, settings, as_json)


def _found(settings: Settings, number: str) -> Proposal:
    from opsmith.app.bootstrap import open_plant

    with open_plant(settings) as plant:
        return plant.stores.proposals.get(number, wall_clock())


def _called(settings: Settings, ask: Callable[[Any], Awaitable[T]]) -> T:
    """Ask over the tools, as the person at the machine."""
    from opsmith.app.bootstrap import open_plant
    from opsmith_mcp.client import connect
    from opsmith_mcp.groups import plant_server

    async def run() -> T:
        server = plant_server(plant.stores, caller=at_the_machine(Role.ENGINEER))
        async with connect(server) as client:
            return await ask(client)

    with open_plant(settings) as plant:
        return asyncio.run(run())


def _show(one: Proposal, settings: Settings) -> None:
    words = WORDS[settings.language]
    lines = [_plain(line) for line in one.shown.splitlines()]
    told = words["by"].format(
        who=_plain(one.proposed_by),
        at=f"{one.proposed_at.astimezone(settings.zone):%Y-%m-%d %H:%M}",
        until=f"{one.expires_at.astimezone(settings.zone):%Y-%m-%d %H:%M}",
        needs=one.needs,
    )
    typer.echo(f"{one.proposal_id} {one.tool} [{words[one.status]}] {told}")
    for line in lines:
        typer.echo(f"  {line}")


def _tell(one: Proposal, settings: Settings, as_json: bool) -> None:
    if as_json:
        print_json(one.model_dump(mode="json"))
    else:
        typer.echo(f"{one.proposal_id}: {WORDS[settings.language][one.status]}")
    if one.status not in (ProposalStatus.DONE, ProposalStatus.REJECTED):
        raise typer.Exit(1)


def _plain(text: str) -> str:
    """Text from outside, which moves no cursor."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
