from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsmith_agents.charts import TrendChart

chart_module = pytest.importorskip("opsmith_chat.chart", reason="install opsmith[chat]")
graph_objects = pytest.importorskip("plotly.graph_objects", reason="install opsmith[chat]")

START = datetime(2026, 2, 28, 8, 0, tzinfo=UTC)


def drawn(*minutes: float, **more: Any) -> dict[str, Any]:
    chart = TrendChart(
        device_id="PUMP_01",
        channel="temperature",
        unit="Cel",
        times=tuple(START + timedelta(minutes=minute) for minute in minutes),
        values=tuple(float(minute) for minute in minutes),
        **more,
    )
    figure = chart_module.draw(chart, "en", ZoneInfo("Asia/Shanghai"))
    # Plotly refuses what it does not know.
    graph_objects.Figure(figure)
    return figure


def test_the_line_is_broken_where_nothing_was_read() -> None:
    minutes = (*range(30), *range(90, 120))
    line = drawn(*minutes)["data"][0]
    assert list(line["y"]).count(None) == 1
    assert line["y"][30] is None
    assert None not in drawn(*range(60))["data"][0]["y"]


def test_a_limit_far_away_is_drawn_too() -> None:
    figure = drawn(0, 1, 2, limit_high=85.0)
    assert list(figure["data"][1]["y"]) == [85.0, 85.0]
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["upper limit 85 °C"]


def test_times_are_those_of_the_plant() -> None:
    figure = drawn(0, 1)
    assert figure["data"][0]["x"][0] == datetime.fromisoformat("2026-02-28T16:00")
    assert figure["layout"]["xaxis"]["title"]["text"] == "Asia/Shanghai"
