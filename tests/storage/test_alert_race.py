"""Writers with connections of their own, all at the same alert: it is there once, so its order."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RACE = Path(__file__).parents[2] / "benchmarks" / "alert_race.py"


@pytest.mark.parametrize("kind", ["--writers", "--processes"])
def test_many_writers_make_one_alert_and_one_order_of_each_fault(
    tables_url: str, kind: str
) -> None:
    sizes = ["--devices", "12", "--triggers", "40", "--writers", "8"]
    if kind == "--processes":
        sizes = ["--devices", "12", "--triggers", "20", "--writers", "3", kind]
    ran = subprocess.run(
        [sys.executable, str(RACE), *sizes, "--url", tables_url],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    came = json.loads(ran.stdout)
    assert (came["alerts"], came["open_orders"]) == (12, 12)
    assert (came["announced_alerts"], came["announced_orders"]) == (12, 12)
