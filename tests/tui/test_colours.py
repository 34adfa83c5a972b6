"""Sixteen colours are enough: nothing falls together with its ground, dark or light."""

from collections.abc import Iterator

import pytest
from callers import ADMIN
from driving import console, press
from rich._palettes import STANDARD_PALETTE
from rich.color import Color, ColorSystem
from textual.app import App
from tui_plant import Plant

from opsmith_mcp.groups import EVERY
from opsmith_tui.table import Table

pytestmark = pytest.mark.anyio

SEEN = 2.0
"""Contrast (WCAG 2) of the sixteen colours below which a sign is lost."""


def brightness(number: int) -> float:
    """Relative luminance of one of the sixteen colours. Source: WCAG 2.2."""
    parts = [part / 255 for part in STANDARD_PALETTE[number]]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def reduced(colour: Color | None) -> int | None:
    """Which of the sixteen a terminal shows; None: its own."""
    return None if colour is None else colour.downgrade(ColorSystem.STANDARD).number


def contrast(ink: int, ground: int) -> float:
    dark, light = sorted((brightness(ink), brightness(ground)))
    return (light + 0.05) / (dark + 0.05)


def lost(app: App[None]) -> Iterator[tuple[str, int, int]]:
    """What stands on the screen and cannot be seen."""
    for strip in app.screen._compositor.render_strips():  # pyright: ignore[reportPrivateUsage]  Textual offers no other view of what is drawn
        for segment in strip:
            style = segment.style
            if style is None or not segment.text.strip():
                continue
            ink, ground = reduced(style.color), reduced(style.bgcolor)
            if ink is not None and ground is not None and contrast(ink, ground) < SEEN:
                yield segment.text.strip(), ink, ground


def ground_of(app: App[None], y: int, x: int) -> int | None:
    """The ground under one cell."""
    strip = app.screen._compositor.render_strips()[y]  # pyright: ignore[reportPrivateUsage]  as above
    [segment] = strip.crop(x, x + 1)
    return None if segment.style is None else reduced(segment.style.bgcolor)


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_every_room_is_read_in_sixteen_colours(plant: Plant, theme: str) -> None:
    async with console(plant, ADMIN, groups=EVERY).run_test(size=(120, 40)) as pilot:
        await press(pilot, *(("t",) if theme == "light" else ()))
        for keys in (
            ("2",), ("enter",), ("escape", "d"), ("1",), ("3",), ("4",), ("5",), ("7",), ("8",),
            ("6", "escape"),
        ):  # fmt: skip
            await press(pilot, *keys)
            assert not list(lost(pilot.app)), f"{pilot.app.screen} after {keys}"


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_the_row_under_the_cursor_stands_out_in_sixteen_colours(
    plant: Plant, theme: str
) -> None:
    async with console(plant).run_test(size=(120, 40)) as pilot:
        await press(pilot, *(("t",) if theme == "light" else ()))
        table = pilot.app.screen.query_one(Table)
        top = table.region.y + 1
        first, second = (ground_of(pilot.app, top + row, 2) for row in (0, 1))
        assert first != second
        await press(pilot, "j")
        assert ground_of(pilot.app, top + 1, 2) == first
        assert ground_of(pilot.app, top, 2) != first
