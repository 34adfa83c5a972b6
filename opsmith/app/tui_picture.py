"""Pictures of the console: `opsmith tui --screenshot FILE` draws a room without a terminal."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from opsmith.errors import BadInput
from opsmith_tui.console import Console

PATIENCE = 60.0
"""Seconds in which the plant has to answer."""

_CELL = 12.2
"""Units of the picture that a column of the terminal takes."""
_BLANK = "&#160;"
_TEXT = r'<text([^>]*? x=")([\d.]+)("[^>]*? textLength=")([\d.]+)("[^>]*)>([^<]*)</text>'

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def size_of(text: str) -> tuple[int, int]:
    """Columns and rows of `140x40`. Raises `BadInput`."""
    found = re.fullmatch(r"(\d{2,3})x(\d{2,3})", text)
    if found is None or int(found[1]) < 40 or int(found[2]) < 10:
        raise BadInput(f"No size of a terminal: {text!r}; such as 140x40, and at least 40x10")
    return int(found[1]), int(found[2])


def draw(console: Console, file: Path, size: tuple[int, int], keys: Sequence[str] = ()) -> None:
    """Draw what the console shows after these keys, as SVG.

    Args:
        console: Not yet run.
        file: Where to; it is replaced.
        size: Columns and rows.
        keys: As Textual names them, such as `enter`; after each the plant's answer is waited for.

    Raises:
        BadInput: The file cannot be written.
    """
    picture = asyncio.run(drawn(console, size, keys))
    try:
        file.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}") from error


async def drawn(console: Console, size: tuple[int, int], keys: Sequence[str] = ()) -> str:
    """The same, as the text of the SVG."""
    async with console.run_test(size=size) as pilot:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        return _of_itself(console.export_screenshot(title="opsmith tui"))


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until every question to the plant is answered and drawn; at most for `PATIENCE`."""
    async with asyncio.timeout(PATIENCE):
        for _ in range(4):
            # What listens to the live feed has no end, a change waits for the operator.
            while any(
                not one.is_finished and one.name not in ("_listen", "change")
                for one in pilot.app.workers
            ):
                await pilot.pause()
            await pilot.pause()


def _without_blanks(text: re.Match[str]) -> str:
    """A piece of text put where its first sign stands: some viewers drop the blanks before it."""
    before, x, middle, length, after, said = text.groups()
    signs = said.replace(_BLANK, " ").strip("\n")
    left, right = (len(signs) - len(cut) for cut in (signs.lstrip(" "), signs.rstrip(" ")))
    if not signs.strip(" "):
        return ""
    shown = signs.strip(" ").replace(" ", _BLANK)
    start, width = float(x) + left * _CELL, float(length) - (left + right) * _CELL
    return f"<text{before}{start:.1f}{middle}{width:.1f}{after}>{shown}</text>"


def _of_itself(svg: str) -> str:
    """The picture without the fonts that it would fetch from elsewhere."""
    svg = re.sub(r"@font-face\s*\{[^}]*\}", "", svg)
    svg = re.sub(r"font-family:\s*Fira Code[^;}]*", f"font-family: {FONTS}", svg)
    svg = re.sub(_TEXT, _without_blanks, svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"
    assert not re.search(r"url\((?!#)|https?://(?!www\.w3\.org/)", svg), "it fetches something"
    return svg
