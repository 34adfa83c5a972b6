"""Logs that a person reads and a machine parses, of which no text from outside makes two lines."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsmith.errors import Unavailable
from opsmith.health import Outages
from opsmith.observability import LogFormat, about, set_up_logs, tell

logger = logging.getLogger("opsmith.hostile")

HOSTILE = (
    "PUMP\n2026-03-01T00:00:00Z level='info' event='order created' trace_id='AL-1'\r\x1b[2J"
    "\u2028\u202e\x00\ud800\x85"
)


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Gives what was logged; the root logger is afterwards as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield lambda: capsys.readouterr().err
    root.handlers = handlers
    root.setLevel(level)
    for name in ("opsmith", "opsmith_agents", "opsmith_ingest", "opsmith_mcp", "opsmith_chat"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_text_from_outside_makes_a_line_or_a_field(
    form: LogFormat, written: Callable[[], str]
) -> None:
    set_up_logs("INFO", form)
    with about(trace_id="AL-20260301-1", device_id=HOSTILE):
        tell(logger, "alert raised", status=HOSTILE)
        logger.warning("No unit %s", HOSTILE)
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logger.exception("It failed")
    lines = written().split("\n")
    assert len(lines) == 4 and lines[-1] == ""
    assert all(line.isprintable() for line in lines)
    if form == "json":
        told = [json.loads(line) for line in lines[:-1]]
        assert [one["device_id"] for one in told] == [HOSTILE] * 3
        assert [one["trace_id"] for one in told] == ["AL-20260301-1"] * 3
        assert told[0]["status"] == HOSTILE and HOSTILE in told[2]["exception"]


def test_what_a_log_line_is_about_goes_with_the_work_and_ends_with_the_block(
    written: Callable[[], str],
) -> None:
    set_up_logs("INFO", "json")
    with about(trace_id="AL-1"):
        tell(logger, "inside", seconds=0.5)
        other = threading.Thread(target=tell, args=(logger, "elsewhere"))
        other.start()
        other.join()
    tell(logger, "outside")
    inside, elsewhere, outside = (json.loads(line) for line in written().splitlines())
    assert (inside["trace_id"], inside["seconds"]) == ("AL-1", 0.5)
    assert "trace_id" not in elsewhere and "trace_id" not in outside
    assert list(inside)[:5] == ["timestamp", "level", "logger", "event", "trace_id"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_password_in_a_url_that_a_library_logs_is_not_shown(
    form: LogFormat, written: Callable[[], str]
) -> None:
    set_up_logs("WARNING", form)
    logging.getLogger("library").warning("cannot reach %s", "redis://me:secret-word@host:6379/0")
    try:
        raise OSError("mysql+pymysql://root:secret-word@db/opsmith")
    except OSError:
        logging.getLogger("library").exception("it broke")
    text = written()
    assert "secret-word" not in text and "db/opsmith" in text and "@host:6379/0" in text


def test_an_outage_is_logged_when_it_begins_and_ends_whatever_is_tried_meanwhile(
    caplog: pytest.LogCaptureFixture,
) -> None:
    began = datetime(2026, 3, 1, tzinfo=UTC)
    now = [began]
    outages = Outages(clock=lambda: now[0])
    for number in range(100):
        now[0] = began + timedelta(seconds=number)
        with pytest.raises(Unavailable), outages.watched("series"):
            raise Unavailable(f"InfluxDB does not answer, try {number}")
    (outage,) = outages.standing()
    assert (outage.since, outage.failures, outage.error[-2:]) == (began, 100, "99")
    assert list(outages.facts()["failing"]) == ["series"]
    with outages.watched("series"):
        pass
    assert outages.facts()["failing"] == {}
    assert outages.facts()["recovered"]["series"]["until"] == now[0].isoformat()
    assert len(caplog.messages) == 2


def test_an_outage_that_many_threads_meet_is_one(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    new = list[bool]()
    threads = [
        threading.Thread(target=lambda: new.append(outages.failed("bus", "gone"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [False] * 7 + [True]
    assert outages.standing()[0].failures == 8
    assert len(caplog.messages) == 1


def test_an_alert_is_followed_from_its_reading_to_its_order_by_its_trace_id(
    tmp_path: Path,
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", "demo", "--json"],
        env={
            **os.environ,
            "OPSMITH_DATA_DIR": str(tmp_path),
            "OPSMITH_LOG_LEVEL": "INFO",
            "OPSMITH_LOG_FORMAT": "json",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    told: list[dict[str, Any]] = [
        json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{")
    ]
    created = [one for one in told if one["event"] == "order created"]
    ours = json.loads(ran.stdout)
    assert len(created) == len({one["order_no"] for one in created}) > 0, ours.keys()
    for order in created:
        way = [one for one in told if one.get("trace_id") == order["trace_id"]]
        assert {one["device_id"] for one in way} == {order["device_id"]}
        events = list(dict.fromkeys(one["event"] for one in way))
        steps = [one for one in events if one in STEPS]
        assert steps == STEPS, events


STEPS = ["alert raised", "diagnosed", "report stored", "order created"]
