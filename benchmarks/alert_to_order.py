"""How long an alert's event takes to become a stored report and its work order, by rules.

    python benchmarks/alert_to_order.py [--events 240] [--hours 4]

A seeded plant with the embedded stores on disk; each event is fresh, and goes through the in-memory
MCP client as in the chain. Prints p50 and p99 of the whole, and the mean of its parts.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from fastmcp import Client

from opsmith.access import SYSTEM
from opsmith.app.bootstrap import Plant, open_plant
from opsmith.domain.alerts import AlertChange, AlertLevel, AlertType, Deviation
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis
from opsmith.domain.events import AlertEvent
from opsmith.domain.readings import Frame
from opsmith.settings import Settings
from opsmith_agents.decision import RuleDecider
from opsmith_agents.protocols import Decider, Diagnostician
from opsmith_agents.responder import Responder
from opsmith_agents.rules import RuleDiagnostician
from opsmith_ingest.demo_plant import demo_machines
from opsmith_ingest.simulation import Fault, FaultKind, Growth, Machine, simulate
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server

START = datetime(2026, 3, 1, tzinfo=UTC)
INTERVAL = timedelta(seconds=10)
SINCE = timedelta(hours=1)
"""How long before the end of the readings the faults begin."""
WARM = 10
"""Events before those that count."""
KINDS: tuple[tuple[AlertType, AlertLevel], ...] = (
    ("composite", AlertLevel.P2),
    ("over_temp", AlertLevel.P1),
    ("high_vibration", AlertLevel.P0),
    ("sensor_fault", AlertLevel.P3),
)
"""The alerts of each device, one after the other."""
FAULTS = {
    "pump": (FaultKind.BEARING_WEAR, FaultKind.CAVITATION, FaultKind.VALVE_RESTRICTION),
    "motor": (FaultKind.BEARING_WEAR, FaultKind.IMBALANCE, FaultKind.OVERHEATING),
    "compressor": (FaultKind.OVERHEATING, FaultKind.LEAK, FaultKind.BEARING_WEAR),
}
WRITES = ("record_report", "create_work_order")


class Stopwatch:
    """Adds up what a client waits for each tool."""

    def __init__(self, client: Client[Any]) -> None:
        self.spent: dict[str, list[float]] = {}
        self.written = 0.0
        """When the last report or order was."""
        inner = client.call_tool_mcp

        async def timed(name: str, arguments: dict[str, Any], **rest: Any) -> Any:
            began = time.perf_counter()
            try:
                return await inner(name, arguments, **rest)
            finally:
                now = time.perf_counter()
                self.spent.setdefault(name, []).append(1e3 * (now - began))
                if name in WRITES:
                    self.written = now

        setattr(client, "call_tool_mcp", timed)  # noqa: B010  what is timed is the method itself


@dataclass(slots=True)
class Marks:
    """When the parts of one answer began and ended; the check lies between the two."""

    diagnosing: float = 0.0
    diagnosed: float = 0.0
    deciding: float = 0.0
    decided: float = 0.0


@dataclass(frozen=True, slots=True)
class MarkedDiagnostician:
    """Marks when another one begins and ends."""

    inner: Diagnostician
    marks: Marks

    async def diagnose(
        self, event: AlertEvent, language: Language = "en", *, draft: Diagnosis | None = None
    ) -> Diagnosis:
        """See `Diagnostician`."""
        self.marks.diagnosing = time.perf_counter()
        diagnosis = await self.inner.diagnose(event, language, draft=draft)
        self.marks.diagnosed = time.perf_counter()
        return diagnosis


@dataclass(frozen=True, slots=True)
class MarkedDecider:
    """Marks when another one begins and ends."""

    inner: Decider
    marks: Marks

    async def decide(self, event: AlertEvent, diagnosis: Diagnosis) -> Decision:
        """See `Decider`."""
        self.marks.deciding = time.perf_counter()
        decision = await self.inner.decide(event, diagnosis)
        self.marks.decided = time.perf_counter()
        return decision


def fill(plant: Plant, devices: int, hours: float) -> Iterator[bytes]:
    """Register devices, let them run into a fault, and raise alerts on them.

    Yields:
        The alerts' events, as they come from the topic.
    """
    kinds = demo_machines()
    end = START + timedelta(hours=hours)
    onset = end - SINCE
    for number in range(devices):
        machine = _renamed(kinds[number % len(kinds)], number)
        device = machine.device
        plant.stores.devices.add([device], START)
        faults = FAULTS[device.device_type]
        fault = Fault(faults[number % len(faults)], onset, 0.8, Growth.RAMP, SINCE)
        batch = simulate(machine, START, end, INTERVAL, (fault,), seed=number)
        plant.stores.series.append([Frame.of(batch)], live=False)
        last = dict(zip(batch.channels, batch.values[-1].tolist(), strict=True))
        for place, (alert_type, level) in enumerate(KINDS):
            at = onset + timedelta(minutes=10 + 12 * place)
            change = AlertChange(
                change="raised",
                alert_type=alert_type,
                alert_level=level,
                first_seen=at,
                last_seen=at,
                onset=onset + timedelta(minutes=2 * place),
                count=6,
                score=1.2,
                deviations=(
                    Deviation(
                        channel="temperature", unit="Cel", value=last["temperature"], share=0.6,
                        limit=70.0 if alert_type == "over_temp" else None, direction="up",
                    ),
                    Deviation(channel="vibration", unit="[g]", share=0.4, direction="up"),
                ),
            )  # fmt: skip
            alert = plant.stores.alerts.apply(device.device_id, change, last)
            assert alert is not None
            event = AlertEvent(change="raised", as_of=at, alert=alert)
            yield event.model_dump_json().encode()


def _renamed(machine: Machine, number: int) -> Machine:
    name = f"{machine.device.device_type.upper()}_{number:03d}"
    return replace(machine, device=machine.device.model_copy(update={"device_id": name}))


async def answer(
    plant: Plant, events: list[bytes]
) -> tuple[list[float], list[float], float, dict[str, float]]:
    """Answer them one by one.

    Returns:
        Milliseconds of each until report and order stand, without the first `WARM`; with what is
        proposed after them; the mean of the processor's; and of the parts.
    """
    server = plant_server(plant.stores, caller=SYSTEM)
    async with connect(server) as tools:
        watch = Stopwatch(tools)
        marks = Marks()
        responder = Responder(
            tools,
            MarkedDiagnostician(RuleDiagnostician(tools), marks),
            MarkedDecider(RuleDecider(tools), marks),
        )
        took: list[float] = []
        whole: list[float] = []
        parts: list[tuple[float, ...]] = []
        burnt = 0.0
        for place, value in enumerate(events):
            if place == WARM:
                watch.spent.clear()
                took.clear()
                whole.clear()
                parts.clear()
                burnt = time.process_time()
            began = time.perf_counter()
            outcome = await responder.respond(AlertEvent.model_validate_json(value))
            ended = time.perf_counter()
            assert outcome.report is not None
            took.append(1e3 * (watch.written - began))
            whole.append(1e3 * (ended - began))
            parts.append(
                (
                    marks.diagnosed - marks.diagnosing,
                    marks.deciding - marks.diagnosed,
                    marks.decided - marks.deciding,
                    ended - marks.decided,
                )
            )
        burnt = time.process_time() - burnt
    diagnosing, checking, deciding, writing = 1e3 * np.mean(parts, axis=0)
    tools_took = {name: sum(times) / len(took) for name, times in watch.spent.items()}
    reads = sum(value for name, value in tools_took.items() if name not in WRITES)
    writes = sum(tools_took.get(name, 0.0) for name in WRITES)
    return (
        took,
        whole,
        1e3 * burnt / len(took),
        {
            **{f"  {name}": value for name, value in sorted(tools_took.items())},
            "reading tools": reads,
            "the claims": diagnosing - reads,
            "check": checking,
            "decision": deciding,
            "writing tools": writes,
            "the decision's check and the text": writing - writes,
        },
    )


def main() -> None:
    """Fill a plant, answer its alerts, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=240)
    parser.add_argument("--hours", type=float, default=4.0, help="of readings of each device")
    arguments = parser.parse_args()
    devices = -(-(arguments.events + WARM) // len(KINDS))
    with (
        tempfile.TemporaryDirectory() as folder,
        open_plant(Settings(data_dir=Path(folder)), "newest", writer=True) as plant,
    ):
        events = list(fill(plant, devices, arguments.hours))[: arguments.events + WARM]
        took, whole, burnt, parts = asyncio.run(answer(plant, events))
        orders = len(plant.stores.orders.find(limit=1000))
    p50, p99 = np.percentile(took, [50, 99])
    print(f"{len(took)} events of {devices} devices, {orders} orders")
    print(f"until report and order stand: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    p50, p99 = np.percentile(whole, [50, 99])
    print(f"with what is proposed after:  p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print(f"the processor works {burnt:.1f} ms of each; mean {np.mean(whole):.1f} ms, of which")
    for name, value in parts.items():
        print(f"{value:8.2f} ms  {name}")


if __name__ == "__main__":
    main()
