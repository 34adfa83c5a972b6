"""A model or its server fails, in twelve ways: a report stands all the same, and soon."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from llm_faults import FAULTS, OTHER, faulty
from llm_server import LlmServer
from llm_trials import Trial, trials
from pump_plant import PumpPlant, pump_plant

pytestmark = pytest.mark.anyio

RUNS = int(os.environ.get("OPSMITH_TEST_LLM_RUNS", "3"))
"""Of each kind; 100 is the long form."""
SECONDS = 1.5
"""The model has; in life 25."""
MOST_CALLS = 10


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[PumpPlant]:
    with pump_plant(tmp_path) as plant:
        yield plant


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_model_that_fails_leaves_a_report_in_time_and_no_order_for_another_device(
    kind: str, plant: PumpPlant
) -> None:
    done: list[Trial] = []
    with LlmServer(faulty(kind, 0), probes=False) as server:
        async with trials(plant, server, SECONDS) as tries:
            for seed in range(RUNS):
                done.append(await tries.run(faulty(kind, seed)))
    assert all(one.rules.llm_model == "rules" for one in done)
    assert max(one.seconds for one in done) < SECONDS + 5
    assert max(one.calls for one in done) <= MOST_CALLS
    assert {order.device_id for order in plant.stores.orders.find()} == {"PUMP_01"}
    assert not [
        text
        for one in done
        if one.led is not None
        for text in _instructing(one)
        if OTHER.lower().replace("_", "") in text.lower().replace("_", "").replace(" ", "")
    ]
    if RUNS >= 100:
        print(  # noqa: T201 - the figures of the long form
            f"\n{kind}: {len(done)} runs, {sum(d.led is not None for d in done)} led, "
            f"max {max(d.seconds for d in done):.2f} s, max {max(d.calls for d in done)} calls"
        )


def _instructing(trial: Trial) -> list[str]:
    """What a published report tells people to do."""
    assert trial.led is not None
    plan, diagnosis = trial.led.decision.plan, trial.led.diagnosis
    told = [
        trial.led.recommended_action,
        trial.led.decision_text,
        diagnosis.lasting_action,
        diagnosis.confirm_by,
    ]
    return [*told, *(plan.steps if plan else ()), plan.description if plan else ""]
