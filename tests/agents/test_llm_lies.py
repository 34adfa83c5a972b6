"""A model that makes numbers up: none of them is ever published."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from llm_people import Liar
from llm_server import LlmServer
from llm_trials import strange_numbers, texts_of, trials
from pump_plant import PumpPlant, pump_plant

from opsmith.domain.diagnoses import DiagnosisReport

pytestmark = pytest.mark.anyio

LIES = int(os.environ.get("OPSMITH_TEST_LLM_LIES", "20"))
"""Models that lie, each in another way; 200 is the long form."""


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[PumpPlant]:
    with pump_plant(tmp_path) as plant:
        yield plant


async def test_no_number_of_a_lying_model_is_published_that_is_not_in_the_evidence(
    plant: PumpPlant,
) -> None:
    published, shown, lies, strange = 0, 0, list[str](), list[str]()
    with LlmServer(Liar(0)) as server:
        async with trials(plant, server) as tries:
            for seed in range(LIES):
                liar = Liar(seed * 7)
                trial = await tries.run(liar)
                if trial.led is None:
                    continue
                published += 1
                told = texts_of(trial.led)
                shown += not strange_numbers(trial.led, [f"It is {liar.number}."])
                lies += [text for text in told if liar.number in text]
                strange += [
                    f"{one} of {seed}" for one in strange_numbers(trial.led, _own(trial.led))
                ]
    assert server.errors == []
    # Where the lie alone is cut, the honest rest is published.
    assert published > LIES / 2
    # Who looks for strange numbers would have found all but those that a tool repeated.
    assert shown <= LIES / 2
    assert lies == []
    assert strange == []
    if LIES >= 200:
        print(f"\n{LIES} lying runs, {published} published, 0 invented numbers")  # noqa: T201


def _own(report: DiagnosisReport) -> list[str]:
    """What the model wrote of a published report, as its readers see it."""
    diagnosis, decision = report.diagnosis, report.decision
    hypotheses = (
        text
        for one in diagnosis.hypotheses
        for text in (*one.speaks_for, *one.speaks_against, one.separating_test or "")
    )
    told = [diagnosis.cause, diagnosis.immediate_action, diagnosis.lasting_action]
    told += [diagnosis.confirm_by, *diagnosis.coverage.not_checked, *hypotheses]
    told += [one.text for one in (*diagnosis.claims, *diagnosis.timeline)]
    return [*told, decision.reason, decision.waiting, *decision.proposals, *diagnosis.removed]
