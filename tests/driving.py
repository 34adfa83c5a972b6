"""Sits at the console: presses keys, waits until all is answered, reads the screen."""

from collections.abc import Sequence
from typing import Any

from callers import ENGINEER
from fastmcp import Client
from textual.pilot import Pilot
from tui_plant import Plant

from opsmith.access import Caller
from opsmith.domain.base import Language
from opsmith_mcp.client import connect
from opsmith_mcp.groups import ALL
from opsmith_tui.console import Console
from opsmith_tui.plant import Plant as Reached


def console(
    plant: Plant,
    caller: Caller = ENGINEER,
    language: Language = "en",
    room: str = "alerts",
    groups: Sequence[str] = ALL,
) -> Console:
    """A console that asks when it is told to; by itself it would only after an hour."""
    return sat_at(connect(plant.server(caller, groups)), language, room=room)


def sat_at(
    client: Client[Any],
    language: Language = "en",
    refresh_seconds: float = 3600,
    by: str = "Li Wei",
    **more: Any,
) -> Console:
    """The same, over a client."""
    return Console(Reached(lambda: client), language, refresh_seconds, by, **more)


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until every question is answered and drawn; what an answer asks anew too.

    A change that waits for the operator's yes or no is not waited for.
    """
    for _ in range(4):
        while any(
            not worker.is_finished and worker.name != "change" for worker in pilot.app.workers
        ):
            await pilot.pause()
        await pilot.pause()


async def press(pilot: Pilot[Any], *keys: str) -> str:
    """Press keys one after the other, each when the one before is done with; then the screen."""
    await settle(pilot)
    for key in keys:
        await pilot.press(key)
        await settle(pilot)
    return seen(pilot)


def seen(pilot: Pilot[Any]) -> str:
    """The text on the screen, line by line, without the blanks that fill it up."""
    strips = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]  Textual offers no other view of what is drawn
    return "\n".join(strip.text.rstrip() for strip in strips)


def line_with(text: str, screen: str) -> str:
    """The first line that has the text; empty where none has."""
    return next((line for line in screen.splitlines() if text in line), "")
