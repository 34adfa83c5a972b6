"""Draws the pictures of the README: `python docs/pictures.py` writes `docs/*.svg` and a PNG."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import ViewportSize, async_playwright

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import open_plant
from opsmith.app.chain import Chain
from opsmith.app.report_page import page_of
from opsmith.app.reporting import dossier_in
from opsmith.app.runs import run_demo
from opsmith.app.tui_picture import drawn
from opsmith.settings import Settings
from opsmith_mcp.client import connect
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_tui.console import Console
from opsmith_tui.plant import Plant as Reached

SIZE = (140, 40)
"""Columns and rows."""

PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "console.svg": ("alerts", ("down", "down")),
    "alert.svg": ("alerts", ("down", "down", "enter")),
    "overview.svg": ("overview", ()),
    "orders.svg": ("orders", ()),
}
"""Each with its room, and the keys that lead there from it."""


def main() -> None:
    """Run the demonstration in a folder of its own and draw the console over it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), language="en", llm_model="")
        run_demo(settings, _say_nothing)
        pictures = _draw(settings)
        Path(__file__).with_name("report.png").write_bytes(asyncio.run(photograph(settings)))
    for name, svg in pictures.items():
        Path(__file__).with_name(name).write_text(svg, encoding="utf-8")


def _say_nothing(share: float, chain: Chain) -> None:
    """Take no notice of the progress."""


def _draw(settings: Settings) -> dict[str, str]:
    """Each room that is worth a picture, as `opsmith tui --screenshot` draws it."""
    found = dict[str, str]()
    for name, (room, keys) in PICTURES.items():
        with open_plant(settings) as plant:
            who = Caller("Li Wei", Role.ADMIN, via="console", is_person=True)
            client = connect(plant_server(plant.stores, EVERY, caller=who))
            reached = Reached(lambda client=client: client)
            console = Console(reached, "en", refresh_seconds=3600, by=who.name, room=room)
            found[name] = asyncio.run(drawn(console, SIZE, keys))
    return found


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


if __name__ == "__main__":
    main()
