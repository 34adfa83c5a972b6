from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from pump_plant import NOW, PumpPlant, pump_plant
from reports import report_on

from opsmith.access import Caller, Role
from opsmith.domain.alerts import Alert, AlertChange, AlertLevel, AlertType, Deviation
from opsmith.domain.base import Language
from opsmith.domain.devices import Device
from opsmith_chat.live import Live
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server

pytestmark = pytest.mark.anyio


@dataclass
class Shown:
    """A message on the screen."""

    text: str

    async def change(self, text: str) -> None:
        self.text = text


@dataclass
class Told:
    """A screen that remembers what it was told."""

    chosen: str = "P1"
    spoken: Language = "en"
    seen: bool = True
    messages: list[Shown] = field(default_factory=list[Shown])

    def is_there(self) -> bool:
        return self.seen

    def level(self) -> str:
        return self.chosen

    def language(self) -> Language:
        return self.spoken

    async def say(self, text: str) -> Shown:
        self.messages.append(Shown(text))
        return self.messages[-1]

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.messages]


@dataclass
class Watched:
    """A plant, and one conversation that is told of it."""

    plant: PumpPlant
    eyes: Client[Any]
    screen: Told = field(default_factory=Told)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.live = Live(self.eyes, self.screen, UTC, clock=lambda: self.seconds)

    def raises(
        self,
        device_id: str,
        level: AlertLevel = AlertLevel.P1,
        change: str = "raised",
        alert_type: AlertType = "over_temp",
    ) -> Alert:
        hot = Deviation(channel="temperature", unit="Cel", value=91.3, limit=85.0, share=1.0)
        decided = AlertChange(
            change="raised" if change == "raised" else "updated",
            alert_type=alert_type,
            alert_level=level,
            first_seen=NOW - timedelta(minutes=1),
            last_seen=NOW if change == "raised" else NOW + timedelta(seconds=5),
            onset=NOW - timedelta(minutes=5),
            count=3 if change == "raised" else 9,
            score=1.4,
            deviations=(hot,),
        )
        alert = self.plant.stores.alerts.apply(device_id, decided, {}, None)
        assert alert is not None
        return alert


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[PumpPlant]:
    with pump_plant(tmp_path) as plant:
        devices = [
            Device(device_id=f"FAN_{number:02}", device_type="fan", factory_id=f"F{number % 2}")
            for number in range(20)
        ]
        plant.stores.devices.add(devices, NOW)
        yield plant


@pytest.fixture
async def watched(plant: PumpPlant) -> Any:
    async with plant.client() as eyes:
        watched = Watched(plant, eyes)
        await watched.live.look()
        yield watched


async def test_a_new_alert_is_told_once_and_what_stood_before_is_not(watched: Watched) -> None:
    alert = watched.raises("FAN_01")
    for _ in range(3):
        await watched.live.look()
    (told,) = watched.screen.texts
    assert "New alert P1: FAN\\_01" in told or "New alert P1: FAN_01" in told
    assert "temperature 91.3 °C (limit 85 °C)" in told
    assert alert.trace_id in told
    assert watched.plant.trace_id not in told


async def test_its_report_takes_the_place_that_was_kept_for_it(watched: Watched) -> None:
    alert = watched.raises("FAN_01")
    await watched.live.look()
    assert "is being written" in watched.screen.texts[0]
    watched.plant.stores.reports.record(report_on(alert), NOW)
    await watched.live.look()
    (told,) = watched.screen.texts
    assert "Cause: The bearing wears." in told
    assert "confidence 70%, by rules" in told
    assert "is being written" not in told


async def test_only_the_chosen_level_is_told_and_off_tells_nothing(watched: Watched) -> None:
    watched.raises("FAN_01", AlertLevel.P2)
    await watched.live.look()
    watched.screen.chosen = "off"
    watched.raises("FAN_02", AlertLevel.P0)
    await watched.live.look()
    assert watched.screen.texts == []
    watched.screen.chosen = "P2"
    await watched.live.look()
    assert watched.screen.texts == [], "what came meanwhile is not new any more"
    watched.raises("FAN_03", AlertLevel.P2)
    await watched.live.look()
    assert len(watched.screen.texts) == 1


async def test_a_rise_is_told_as_a_rise(watched: Watched) -> None:
    watched.raises("FAN_01", AlertLevel.P2)
    await watched.live.look()
    watched.raises("FAN_01", AlertLevel.P0, "updated")
    await watched.live.look()
    await watched.live.look()
    (told,) = watched.screen.texts
    assert "rose from P2 to P0" in told


async def test_a_flood_is_one_message_that_grows(watched: Watched) -> None:
    for number in range(8):
        watched.raises(f"FAN_{number:02}")
    await watched.live.look()
    (told,) = watched.screen.texts
    assert "8 new alerts" in told
    for number in range(8, 10):
        watched.raises(f"FAN_{number:02}", AlertLevel.P0)
    watched.seconds += 20
    await watched.live.look()
    (told,) = watched.screen.texts
    assert "10 new alerts" in told
    assert "P0 × 2, P1 × 8" in told


async def test_after_a_flood_alerts_are_told_one_by_one_again(watched: Watched) -> None:
    for number in range(8):
        watched.raises(f"FAN_{number:02}")
    await watched.live.look()
    watched.seconds += 61
    watched.raises("FAN_12")
    await watched.live.look()
    assert len(watched.screen.texts) == 2
    assert "New alert P1" in watched.screen.texts[1]


async def test_who_was_away_is_told_when_he_is_back(watched: Watched) -> None:
    watched.screen.seen = False
    watched.raises("FAN_01")
    await watched.live.look()
    assert watched.screen.texts == []
    watched.screen.seen = True
    await watched.live.look()
    assert len(watched.screen.texts) == 1


async def test_nobody_is_told_of_another_factory(plant: PumpPlant) -> None:
    who = Caller("Li", Role.VIEWER, frozenset({"F0"}), via="chat", is_person=True)
    async with connect(plant_server(plant.stores, caller=who)) as eyes:
        watched = Watched(plant, eyes)
        await watched.live.look()
        watched.raises("FAN_01")
        watched.raises("FAN_02")
        await watched.live.look()
    (told,) = watched.screen.texts
    assert "FAN_02" in told.replace("\\", "")


async def test_nothing_is_lost_while_the_alerts_cannot_be_read(watched: Watched) -> None:
    watched.raises("FAN_01")
    database = watched.plant.stores.database
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE diagnosis_report RENAME TO away")
    with pytest.raises(Exception, match=r"."):
        await watched.live.look()
    assert watched.screen.texts == []
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO diagnosis_report")
    await watched.live.look()
    assert len(watched.screen.texts) == 1


async def test_it_is_told_in_the_language_of_the_conversation(watched: Watched) -> None:
    watched.screen.spoken = "zh"
    alert = watched.raises("FAN_01")
    watched.plant.stores.reports.record(report_on(alert), NOW)
    await watched.live.look()
    (told,) = watched.screen.texts
    assert "新报警 P1" in told
    assert "温度 91.3 °C（限值 85 °C）" in told
    assert "出自规则" in told
