"""A small plant behind a running `opsmith chat`, and a browser that looks at it."""

import math
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from chat.running import Chat, serving
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from opsmith.app.bootstrap import open_plant
from opsmith.domain.alerts import AlertChange, AlertLevel, Deviation
from opsmith.domain.devices import Device
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.settings import Settings

NOW = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)

_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def readings(device_id: str) -> ReadingBatch:
    """Three hours at 10 s up to `NOW`: temperature from 70 to 91.3 °C, a quiet vibration."""
    count = 1081
    seconds = np.arange(count) * 10
    first = np.datetime64((NOW - timedelta(hours=3)).replace(tzinfo=None), "us")
    heat = np.linspace(70, 91.3, count)
    shake = np.array([0.5 + 0.01 * math.sin(second / 90) for second in seconds])
    return ReadingBatch(
        device_id=device_id,
        channels=("temperature", "vibration"),
        times=first + seconds.astype("timedelta64[s]"),
        values=np.column_stack([heat, shake]),
        quality=np.zeros((count, 2), np.uint8),
        statuses=("NORMAL",) * count,
    )


@pytest.fixture(scope="module")
def script() -> str:
    """A name that would change the page's title if it were run."""
    return "<img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script>"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, script: str) -> Settings:
    """PUMP_01 over its limit of 85 °C with a P1 alert; FAN_07, whose name is a script."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("plant"))
    hot = Deviation(channel="temperature", unit="Cel", value=91.3, limit=85.0, share=1.0)
    raised = AlertChange(
        change="raised",
        alert_type="over_temp",
        alert_level=AlertLevel.P1,
        first_seen=NOW - timedelta(minutes=50),
        last_seen=NOW,
        onset=NOW - timedelta(minutes=55),
        count=300,
        score=1.4,
        deviations=(hot,),
    )
    with open_plant(settings, "newest") as plant:
        pump = Device(device_id="PUMP_01", device_type="pump", rated_temp_max=85.0)
        fan = Device(device_id="FAN_07", device_type="fan", device_name=script)
        plant.stores.devices.add([pump, fan], NOW)
        plant.stores.series.append(
            [Frame.of(readings("PUMP_01")), Frame.of(readings("FAN_07"))], live=True
        )
        plant.stores.alerts.apply("PUMP_01", raised, {}, None)
    return settings


@pytest.fixture(scope="module")
def chat(settings: Settings) -> Iterator[Chat]:
    if find_spec("chainlit") is None:
        pytest.skip("no Chainlit; install opsmith[chat]")
    with serving(settings) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        advice = "no chromium; install it with: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("OPSMITH_CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=Path(found), args=_FLAGS.split())


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody whose browser keeps the page's scripts between visits."""
    with browser.new_context() as context:
        context.set_default_timeout(20_000)
        yield context


@pytest.fixture
def page(chat: Chat, visitor: BrowserContext) -> Iterator[Page]:
    """The page, opened and ready to be asked."""
    with visitor.new_page() as page:
        page.goto(chat.url)
        page.locator("#starters button:enabled").first.wait_for()
        yield page
