"""Charts as Plotly figures: each kind has a module of its own."""

from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith_agents.charts import (
    Chart,
    ComparisonChart,
    CorrelationChart,
    ForecastChart,
    TrendChart,
)
from opsmith_chat.chart_comparison import draw_comparison
from opsmith_chat.chart_correlation import draw_correlation
from opsmith_chat.chart_forecast import draw_forecast
from opsmith_chat.chart_look import Piece
from opsmith_chat.chart_pareto import draw_pareto
from opsmith_chat.chart_trend import draw_trend


def draw(chart: Chart, language: Language, zone: tzinfo) -> Piece:
    """Draw a chart.

    Args:
        chart: Its numbers are drawn as they are.
        language: Of the words in it.
        zone: Of the times along it.
    """
    match chart:
        case TrendChart():
            return draw_trend(chart, language, zone)
        case ForecastChart():
            return draw_forecast(chart, language, zone)
        case ComparisonChart():
            return draw_comparison(chart, language, zone)
        case CorrelationChart():
            return draw_correlation(chart, language, zone)
        case _:
            return draw_pareto(chart, language, zone)
