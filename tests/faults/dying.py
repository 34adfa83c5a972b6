"""Run opsmith, and die by SIGKILL the n-th time a moment comes: `dying.py MOMENT N COMMAND...`.

The first commit is told on standard error, with its UNIX time: from then on the worker works.
"""

import functools
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from opsmith.bus.kafka_consumer import KafkaConsumer

NEVER = "never"
INGEST = ("after read", "after store", "after alert insert", "before commit")
RESPOND = ("mid-diagnosis", "after order", "before commit")
COMMITTED = "first commit at "


class Countdown:
    """Kills the process at the n-th call."""

    def __init__(self, times: int) -> None:
        self._left = times

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: Any, name: str, comes: Callable[[], None]) -> None:
    whole = getattr(owner, name)

    @functools.wraps(whole)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        comes()
        return whole(*args, **kwargs)

    setattr(owner, name, wrapped)


def _after(
    owner: Any, name: str, comes: Callable[[], None], if_: Callable[[Any], bool] = bool
) -> None:
    whole = getattr(owner, name)

    @functools.wraps(whole)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = whole(*args, **kwargs)
        if if_(result):
            comes()
        return result

    setattr(owner, name, wrapped)


def _mid_diagnosis(comes: Callable[[], None]) -> None:
    from opsmith_agents.rules import RuleDiagnostician
    from opsmith_mcp.door import Door

    diagnose, under_way = RuleDiagnostician.diagnose, [0]

    async def diagnosing(*args: Any, **kwargs: Any) -> Any:
        under_way[0] += 1
        try:
            return await diagnose(*args, **kwargs)
        finally:
            under_way[0] -= 1

    def called() -> None:
        if under_way[0]:
            comes()

    setattr(RuleDiagnostician, "diagnose", diagnosing)  # noqa: B010  pyright: no plain assignment
    _before(Door, "call", called)


def _arm(moment: str, comes: Callable[[], None]) -> None:
    match moment:
        case "after read":
            from opsmith_ingest.pipeline import Pipeline

            _before(Pipeline, "process", comes)
        case "after store":
            from opsmith.storage.series_embedded import EmbeddedSeriesStore

            _after(EmbeddedSeriesStore, "append", comes, lambda stored: stored.new > 0)
            if os.environ.get("OPSMITH_INFLUX_URL"):
                from opsmith.storage.series_influx import InfluxSeriesStore

                _after(InfluxSeriesStore, "append", comes, lambda stored: stored.new > 0)
        case "after alert insert":
            from opsmith.storage.alerts import AlertStore

            _after(AlertStore, "apply", comes)
        case "mid-diagnosis":
            _mid_diagnosis(comes)
        case "after order":
            from opsmith.storage.work_orders import WorkOrderStore

            _after(WorkOrderStore, "create", comes, lambda order: order[1])
        case "before commit":
            _before(KafkaConsumer, "commit", comes)
        case _:
            assert moment == NEVER, moment


def _tell_first_commit() -> None:
    commit, told = KafkaConsumer.commit, list[bool]()

    async def telling(*args: Any) -> None:
        await commit(*args)
        if not told:
            told.append(True)
            sys.stderr.write(f"{COMMITTED}{time.time()}\n")
            sys.stderr.flush()

    setattr(KafkaConsumer, "commit", telling)  # noqa: B010  pyright: no plain assignment


if __name__ == "__main__":
    _tell_first_commit()
    _arm(sys.argv[1], Countdown(int(sys.argv[2])))
    sys.argv[1:] = sys.argv[3:]
    from opsmith.app.cli import main

    main()
