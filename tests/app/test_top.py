"""`opsmith top`: one plain frame of the plant, for people and for machines."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import numpy as np
import pytest
from feed_plant import Fed, fed_plant

from opsmith.access import Role
from opsmith.app.bootstrap import open_plant
from opsmith.app.top import run_top
from opsmith.app.top_frame import frame
from opsmith.clock import wall_clock
from opsmith.domain.alerts import AlertChange, AlertLevel, Deviation, HeldBy, Hold
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.moments import to_time
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.domain.work_orders import Plan
from opsmith.errors import BadInput, OpsmithError
from opsmith.settings import Settings
from opsmith.storage.workers import WorkerStore

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)
OVER = Deviation(channel="temperature", unit="Cel", value=92.4, limit=85.0, share=1.0)


def readings(device_id: str, until: datetime) -> Frame:
    times = to_time(until) - np.arange(30, dtype="m8[m]")[::-1]
    ones = np.ones((30, 1))
    good = np.zeros((30, 1), np.uint8)
    return Frame.of(ReadingBatch(device_id, ("temperature",), times, ones, good, ("",) * 30))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A pump over its limit with an overdue order, a silent fan, one in maintenance; more."""
    settings = Settings(data_dir=tmp_path)
    with open_plant(settings, "newest", writer=True) as plant:
        stores = plant.stores
        names = ["PUMP_01", "FAN_01", "MIX_01", "[b]X\x1b[2J"]
        stores.devices.add([Device(device_id=one, line_id="A") for one in names], NOW)
        end = NOW + timedelta(hours=2)
        stores.devices.set_status("MIX_01", DeviceStatus.MAINTENANCE, end, NOW)
        stores.series.append([readings("PUMP_01", NOW)], live=True)
        stores.series.append([readings("FAN_01", NOW - timedelta(hours=3))], live=True)
        for name, level, held in (
            ("PUMP_01", AlertLevel.P1, False),
            ("[b]X\x1b[2J", AlertLevel.P0, False),
            ("MIX_01", AlertLevel.P2, True),
        ):
            change = AlertChange(
                change="raised",
                alert_type="over_temp",
                alert_level=level,
                first_seen=NOW - timedelta(minutes=30),
                last_seen=NOW,
                onset=NOW - timedelta(minutes=40),
                count=9,
                score=1.4,
                deviations=(OVER,),
            )
            hold = Hold(by=HeldBy.MAINTENANCE, reason="maintenance", since=NOW, until=end)
            stores.alerts.apply(name, change, {}, hold if held else None)
        plan = Plan(
            order_type="PLANNED",
            priority=AlertLevel.P1,
            description="Replace the bearing.",
            due_at=NOW - timedelta(days=1),
        )
        stores.orders.create("PUMP_01", plan, NOW - timedelta(days=2))
    return settings


def test_the_frame_counts_names_and_sorts_what_needs_a_look(settings: Settings) -> None:
    top = run_top(settings)
    lines = frame(top, "en").splitlines()
    assert lines[0].startswith("opsmith top  2026-02-28 12:00:00")
    facts = dict(line.split("  ", 1) for line in lines[2:7])
    assert facts["Devices"].split() == [
        "4",
        "◆",
        "maintenance",
        "1",
        "●",
        "running",
        "3",
        "○",
        "silent",
        "1",
    ]
    assert facts["Alerts"].split() == ["2", "standing", "P0", "1", "P1", "1"]
    assert facts["Work orders"].strip() == "1 open, 1 overdue"
    assert "✓ tables ok" in facts["Stores"] and "✓ series ok" in facts["Stores"]
    assert facts["Silent"].strip() == "FAN_01"
    rows = lines[8:]
    assert rows[0].split()[:2] == ["Lvl", "Device"]
    assert [row.split()[0] for row in rows[1:]] == ["P0", "P1"]
    assert "temperature 92.4 °C, limit 85" in rows[2] and "30m" in rows[2]
    assert top.is_whole
    # What is held back does not stand, and nothing steers the terminal.
    assert not any("MIX_01" in row for row in rows)
    assert "\x1b" not in "".join(lines) and "[b]X\ufffd[2J" in rows[1]


def test_it_speaks_chinese_in_columns_that_hold(settings: Settings) -> None:
    from rich.cells import cell_len

    text = frame(run_top(settings), "zh")
    assert "逾期 1" in text and "无数据" in text
    heading, *rows = text.split("\n\n")[-1].splitlines()
    at = cell_len(heading[: heading.index("主要通道")])
    assert {cell_len(row[: row.index("温度")]) for row in rows} == {at}


def test_machines_get_the_same_as_json_and_the_command_says_by_its_exit_how_it_went(
    settings: Settings,
) -> None:
    def opsmith(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "opsmith.app.cli", "top", *arguments],
            env={**os.environ, "OPSMITH_DATA_DIR": str(settings.data_dir)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    done = opsmith("--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (told["devices"], told["silent"], told["silent_devices"]) == (4, 1, ["FAN_01"])
    assert (told["standing"], told["by_level"]) == (2, {"P0": 1, "P1": 1})
    assert (told["orders_open"], told["orders_overdue"]) == (1, 1)
    assert [one["alert_level"] for one in told["alerts"]] == ["P0", "P1"]
    assert told["alerts"][1]["deviation"]["limit"] == 85.0
    bad = opsmith("--url", "plant.example:8321")
    assert bad.returncode == 2 and "No URL of a plant" in bad.stderr
    dead = opsmith("--url", "http://127.0.0.1:9")
    assert dead.returncode == 1 and dead.stderr.startswith("opsmith: ") and not dead.stdout


def test_an_empty_plant_is_told_as_empty(tmp_path: Path) -> None:
    top = run_top(Settings(data_dir=tmp_path))
    assert (top.devices, top.standing, top.alerts, top.silent) == (0, 0, (), 0)
    assert "no alert stands" in frame(top, "en")


@pytest.fixture
async def fed(tmp_path: Path) -> AsyncGenerator[Fed]:
    async with fed_plant(tmp_path) as found:
        yield found


@pytest.mark.anyio
async def test_of_a_plant_elsewhere_a_key_sees_what_is_its_own(fed: Fed) -> None:
    await fed.say(["F1_00", "F2_00"], "ANOMALY")
    key = fed.key("wall", Role.VIEWER, ["F1"])
    top = await anyio.to_thread.run_sync(partial(run_top, fed.plant.settings, fed.url, key))
    with anyio.fail_after(30):
        while not top.alerts:
            await anyio.sleep(0.05)
            top = await anyio.to_thread.run_sync(partial(run_top, fed.plant.settings, fed.url, key))
    assert {one.device_id for one in top.alerts} == {"F1_00"}
    assert top.stores is None and "for admins alone" in frame(top, "en")
    with pytest.raises(OpsmithError):
        await anyio.to_thread.run_sync(partial(run_top, fed.plant.settings, fed.url, "opsk_wrong"))
    with pytest.raises(BadInput):
        run_top(fed.plant.settings, "plant.example")


def test_it_tells_which_llm_is_asked_and_which_is_left_alone(settings: Settings) -> None:
    models = [
        {"model": "glm-5", "circuit": "open", "failed_at": NOW.isoformat()},
        {"model": "qwen3", "circuit": "closed", "failed_at": None},
    ]
    assert "LLM" not in frame(run_top(settings), "en")
    with open_plant(settings, "newest", writer=True) as plant:
        beats = WorkerStore(plant.stores.database)
        beats.beat("refiner", wall_clock(), {"llm": "glm-5, qwen3", "llm_models": models})
    top = run_top(settings)
    [line] = [line for line in frame(top, "en").splitlines() if line.startswith("LLM")]
    assert "glm-5 ✗ left alone for a while (circuit open)" in line and "qwen3 ● asked" in line
    assert "glm-5 ✗ 暂停询问（熔断）" in frame(top, "zh")
