"""Writers with connections of their own, all at the same alert: it is there once, so its order."""

import json
import subprocess
import sys
from pathlib import Path

RACE = Path(__file__).parents[2] / "benchmarks" / "alert_race.py"


def test_eight_writers_make_one_alert_and_one_order_of_each_fault() -> None:
    ran = subprocess.run(
        [sys.executable, str(RACE), "--devices", "12", "--triggers", "40", "--writers", "8"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    came = json.loads(ran.stdout)
    assert (came["alerts"], came["open_orders"]) == (12, 12)
    assert (came["announced_alerts"], came["announced_orders"]) == (12, 12)
