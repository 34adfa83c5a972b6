"""Draws the plots of `docs/forecasting.md`: `python docs/forecast_plots.py` writes `docs/plots/`.

The series are made from fixed seeds; what came after the forecast is drawn beside it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.forecast_compete import backtest, forecast
from opsmith_detectors.forecast_wear import wear_crossing

WIDTH, HEIGHT, EDGE = 860, 260, 40
WORDS = {
    "en": {
        "day": "A day ahead: median, 80 % interval (band), and what came",
        "walk": "What wanders: nothing beats the last value, and the interval widens",
        "wear": "Wear: when the limit is passed, 80 % interval (band), and how it went on",
    },
    "zh": {
        "day": "预测一天：中位数、80 % 区间（色带）与实际值",
        "walk": "随机游走：没有方法优于末值，区间随时间变宽",
        "wear": "磨损：何时超过限值、80 % 区间（色带）与后续实际值",
    },
}


def main() -> None:
    """Draw all of them, in both languages."""
    folder = Path(__file__).with_name("plots")
    folder.mkdir(exist_ok=True)
    for language, words in WORDS.items():
        ending = "" if language == "en" else f".{language}"
        for name, draw in (("day", _day), ("walk", _walk), ("wear", _wear)):
            svg = draw(words[name])
            (folder / f"forecast_{name}{ending}.svg").write_text(svg, encoding="utf-8")


def _day(title: str) -> str:
    rng = np.random.default_rng(1)
    at = np.arange(15 * 96, dtype=np.float64)
    level = 60 + 5 * np.sin(2 * np.pi * at / 96) + np.cumsum(rng.normal(0, 0.05, len(at)))
    return _ahead(title, level + rng.normal(0, 0.5, len(at)), 96, 96)


def _walk(title: str) -> str:
    walk = np.random.default_rng(2).normal(size=800).cumsum()
    return _ahead(title, walk, 96, 0)


def _ahead(title: str, values: FloatArray, horizon: int, season: int) -> str:
    history, came = values[:-horizon], values[-horizon:]
    told = forecast(history[None], backtest(history[None], horizon, season))
    low, high = told.interval(0.8)
    shown = history[-2 * horizon :]
    x0 = np.arange(-len(shown) + 1.0, 1.0)
    x1 = np.arange(1.0, horizon + 1.0)
    plot = _Plot(title, (x0[0], horizon), np.concatenate([shown, came, low[0], high[0]]))
    plot.band(x1, low[0], high[0])
    plot.line(x0, shown, "#334155")
    plot.line(x1, came, "#94a3b8")
    plot.line(x1, told.median[0], "#b45309", wide=2)
    return plot.text()


def _wear(title: str) -> str:
    rng = np.random.default_rng(3)
    at = np.arange(-199.0, 61)
    values = 2 + 3 * np.exp((at - 40) / 55) + rng.normal(0, 0.12, len(at))
    told = wear_crossing(values[:200], 5.0, upward=True)
    assert told is not None
    median, low, high = told
    plot = _Plot(title, (-199, 60), values)
    plot.box(low, 60.0 if high is None else min(60.0, high))
    plot.line(np.array([-199.0, 60.0]), np.array([5.0, 5.0]), "#dc2626")
    plot.line(at[:200], values[:200], "#334155")
    plot.line(at[200:], values[200:], "#94a3b8")
    plot.line(np.array([median, median]), np.array(plot.reach), "#b45309", wide=2)
    return plot.text()


class _Plot:
    """One picture; steps from now along, values up."""

    def __init__(self, title: str, along: tuple[float, float], values: FloatArray) -> None:
        self._along = along
        margin = 0.05 * float(np.ptp(values))
        self.reach = (float(values.min()) - margin, float(values.max()) + margin)
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{EDGE}" y="20" font-size="14">{title}</text>',
        ]

    def line(
        self, x: Sequence[float] | FloatArray, y: FloatArray, colour: str, wide: float = 1
    ) -> None:
        """Through points."""
        points = " ".join(self._point(a, b) for a, b in zip(x, y, strict=True))
        self._parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{wide}"/>'
        )

    def band(self, x: Sequence[float] | FloatArray, low: FloatArray, high: FloatArray) -> None:
        """Between two lines."""
        there = [self._point(a, b) for a, b in zip(x, high, strict=True)]
        back = [self._point(a, b) for a, b in zip(x, low, strict=True)]
        points = " ".join(there + back[::-1])
        self._parts.append(f'<polygon points="{points}" fill="#fde68a" opacity="0.7"/>')

    def box(self, begin: float, end: float) -> None:
        """A stretch of time."""
        ends = np.array([begin, end])
        low, high = self.reach
        self.band(ends, np.full(2, low), np.full(2, high))

    def text(self) -> str:
        """The whole picture, with now marked."""
        self.line(np.zeros(2), np.array(self.reach), "#64748b")
        low, high = self.reach
        for value in np.linspace(low, high, 5)[1:-1]:
            place = self._point(self._along[0], value).split(",")[1]
            self._parts.append(f'<text x="2" y="{place}" fill="#64748b">{value:.3g}</text>')
        return "\n".join([*self._parts, "</svg>"]) + "\n"

    def _point(self, x: float, y: float) -> str:
        begin, end = self._along
        low, high = self.reach
        across = EDGE + (WIDTH - 2 * EDGE) * (x - begin) / (end - begin)
        down = HEIGHT - 15 - (HEIGHT - 55) * (y - low) / (high - low)
        return f"{across:.1f},{down:.1f}"


if __name__ == "__main__":
    main()
