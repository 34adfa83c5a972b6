"""The console on a plant elsewhere: by its URL and a key, told of what happens by the live feed."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from feed_plant import Fed, fed_plant
from textual.pilot import Pilot

from opsmith.access import Role
from opsmith.errors import BadInput
from opsmith_mcp.client import PATH, connect
from opsmith_mcp.light import LightSession
from opsmith_tui.console import Console
from opsmith_tui.feed import FarWake, feed_url
from opsmith_tui.plant import Plant

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fed(tmp_path: Path) -> AsyncGenerator[Fed]:
    async with fed_plant(tmp_path) as found:
        yield found


def console(fed: Fed, key: str) -> Console:
    # By itself it would look only after an hour.
    far = Plant(lambda: connect(fed.url + PATH, key), LightSession(fed.url + PATH, key))
    return Console(far, refresh_seconds=3600, wake=FarWake(fed.url, key))


async def shows(pilot: Pilot[Any], text: str) -> str:
    """The screen, as soon as it shows that."""
    screen = ""
    for _ in range(600):
        strips = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
        screen = "\n".join(strip.text for strip in strips)
        if text in screen:
            return screen
        await pilot.pause(0.05)
    pytest.fail(f"{text!r} is not shown:\n{screen}")


async def test_an_alert_of_a_plant_elsewhere_is_shown_when_it_comes(fed: Fed) -> None:
    key = fed.key("desk", Role.OPERATOR, ["F1"])
    async with console(fed, key).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "● live")
        await fed.say(["F2_00"], "ANOMALY")
        await fed.say(["F1_00"], "ANOMALY")
        screen = await shows(pilot, "F1_00")
        assert "F2_00" not in screen
        await pilot.press("a")
        await shows(pilot, "acknowledge_alert")
        await pilot.press("y")
        await shows(pilot, " acknowledged ")
    [alert] = fed.plant.stores.alerts.find("F1_00")
    assert alert.acknowledged_by == "desk"


@pytest.mark.parametrize("url", ["plant.example:8321", "ftp://plant.example", "http://", ""])
def test_what_is_no_url_of_a_plant_is_told_so(url: str) -> None:
    with pytest.raises(BadInput, match="No URL of a plant"):
        feed_url(url)
