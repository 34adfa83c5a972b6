"""Draws the pictures of the README: `python docs/pictures.py` writes `docs/*.svg` and a PNG."""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import ViewportSize, async_playwright
from textual.pilot import Pilot

from opsmith.app.bootstrap import open_plant
from opsmith.app.chain import Chain
from opsmith.app.report_page import page_of
from opsmith.app.reporting import dossier_in
from opsmith.app.runs import run_demo
from opsmith.settings import Settings
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_tui.console import Console

SIZE = (140, 40)
"""Columns and rows."""

_CELL = 12.2
"""Units of the picture that a column of the terminal takes."""
_BLANK = "&#160;"
_TEXT = r'<text([^>]*? x=")([\d.]+)("[^>]*? textLength=")([\d.]+)("[^>]*)>([^<]*)</text>'

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def main() -> None:
    """Run the demonstration in a folder of its own and draw the console over it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), language="en", llm_model="")
        run_demo(settings, _say_nothing)
        drawn = asyncio.run(_draw(settings))
        Path(__file__).with_name("report.png").write_bytes(asyncio.run(photograph(settings)))
    for name, svg in drawn.items():
        Path(__file__).with_name(name).write_text(_of_itself(svg), encoding="utf-8")


def _say_nothing(share: float, chain: Chain) -> None:
    """Take no notice of the progress."""


async def _draw(settings: Settings) -> dict[str, str]:
    """The list of alerts with one of them chosen, and that one open."""
    with open_plant(settings) as plant:
        console = Console(connect(plant_server(plant.stores)), "en", refresh_seconds=3600)
        async with console.run_test(size=SIZE) as pilot:
            await _settle(pilot)
            await pilot.press("down", "down")
            await _settle(pilot)
            chosen = console.export_screenshot(title="opsmith tui")
            await pilot.press("enter")
            await _settle(pilot)
            opened = console.export_screenshot(title="opsmith tui")
    return {"console.svg": chosen, "alert.svg": opened}


async def photograph(settings: Settings) -> bytes:
    """The top of the page that `opsmith report` makes of an alert of PUMP_01, as a PNG."""
    with open_plant(settings) as plant:
        reports = plant.stores.reports.newest("PUMP_01")
    known = max(reports, key=lambda report: report.diagnosis.confidence)
    dossier = await dossier_in(settings, known.trace_id, known.version, curves=True)
    found = shutil.which("chromium")
    if found is None:
        raise SystemExit("no chromium; install it with: apt-get install chromium fonts-noto-cjk")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = await browser.new_page(viewport=ViewportSize(width=1080, height=1500))
        await page.set_content(page_of(dossier))
        return await page.screenshot()


async def _settle(pilot: Pilot[Any]) -> None:
    """Wait until every question to the plant is answered and drawn."""
    for _ in range(4):
        workers: Any = pilot.app.workers
        await workers.wait_for_complete()
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


if __name__ == "__main__":
    main()
