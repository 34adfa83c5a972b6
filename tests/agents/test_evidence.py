"""Every answer that a diagnosis rests on is kept, and so is every silence."""

import pytest
from simulated_plant import BEARING, SimulatedPlant

from opsmith.domain.base import State
from opsmith_agents.evidence import EvidenceLedger
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.telemetry import Telemetry

pytestmark = pytest.mark.anyio


async def test_the_same_call_is_answered_from_the_ledger(plant: SimulatedPlant) -> None:
    plant.run("MOTOR_01", BEARING)
    async with plant.client() as client:
        ledger = EvidenceLedger(client, plant.event("MOTOR_01"))
        first = await ledger.call(Telemetry.fetch_telemetry_data, "MOTOR_01", window_mins=30)
        plant.run("MOTOR_01", BEARING, hours=4.5)
        again = await ledger.call(Telemetry.fetch_telemetry_data, "MOTOR_01", window_mins=30)
        other = await ledger.call(Telemetry.fetch_telemetry_data, "MOTOR_01", window_mins=31)
    assert first.evidence_id == again.evidence_id == "E1"
    assert again.result == first.result
    assert other.evidence_id == "E2"
    assert [one.evidence_id for one in ledger.evidence] == ["E0", "E1", "E2"]
    assert len({one.digest for one in ledger.evidence}) == 3
    window = ledger.evidence[1].window
    assert first.result is not None and window == first.result.window


async def test_a_tool_that_fails_is_evidence_of_its_silence(plant: SimulatedPlant) -> None:
    async with plant.without_series().client() as client:
        ledger = EvidenceLedger(client)
        await ledger.call(Telemetry.latest_values, "MOTOR_01")
        unknown = await ledger.call(Knowledge.get_kb_entry, "gremlins")
        await ledger.ask("no_such_tool", {})
    assert unknown.result is None
    assert [one.state for one in ledger.evidence] == [
        State.UNAVAILABLE,
        State.EMPTY,
        State.UNAVAILABLE,
    ]
    assert all(one.note for one in ledger.evidence)
    coverage = ledger.coverage()
    assert coverage.unavailable == ("latest_values", "no_such_tool")
    assert coverage.empty == ("get_kb_entry",)


async def test_long_answers_are_kept_cut_under_the_digest_of_the_whole(
    plant: SimulatedPlant,
) -> None:
    plant.run("MOTOR_01")
    async with plant.client() as client:
        ledger = EvidenceLedger(client)
        found = await ledger.call(
            Telemetry.read_series, "MOTOR_01", "temperature", window_mins=240, points=500
        )
    assert found.result is not None and len(found.result.values) > 120
    assert len(ledger.evidence[0].result["values"]) == 120
