"""What all parts of a picture share: its words and colours, its scales, lines and texts as SVG."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape

from opsmith.app.axes import Scale, path_of
from opsmith.app.watched_run import WatchedRun
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.readings import FloatArray

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "span": "{start} to {end} ({zone}), {count:,} readings",
        "value": "reading", "expected": "expected", "limit": "rated limit",
        "onset": "deviation began", "score": "score", "score_note": "1 is the limit",
        "alerts": "alerts", "none": "no alert", "beyond": "rated limit {limit}",
        "flapping": "comes and goes", "time": "time ({zone})",
        "P0": "P0 within minutes", "P1": "P1 this shift", "P2": "P2 this week",
        "P3": "P3 next planned stop",
    },
    "zh": {
        "span": "{start} 至 {end}（{zone}），{count:,} 条读数",
        "value": "读数", "expected": "预期值", "limit": "额定限值",
        "onset": "偏离起点", "score": "得分", "score_note": "1 为限值",
        "alerts": "报警", "none": "无报警", "beyond": "额定限值 {limit}",
        "flapping": "时有时无", "time": "时间（{zone}）",
        "P0": "P0 数分钟内", "P1": "P1 本班内", "P2": "P2 本周内", "P3": "P3 下次计划停机",
    },
}  # fmt: skip

COLOURS = {
    AlertLevel.P0: "#882255",
    AlertLevel.P1: "#d55e00",
    AlertLevel.P2: "#e69f00",
    AlertLevel.P3: "#56b4e9",
}
"""After Okabe and Ito (2008): told apart by the colour-blind too; the level is written beside."""
VALUE, EXPECTED, LIMIT = "#1b4965", "#009e73", "#cc3311"
INK, FAINT, GRID = "#222b33", "#5c6873", "#e3e8ec"
FONTS = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', 'Microsoft YaHei', " \
    "'DejaVu Sans', sans-serif"  # fmt: skip

WIDTH = 960
LEFT, RIGHT = 70, 22
PANEL, SCORE, LANE = 84, 84, 22
GAP = 30
"""Between panels; the heading of the next is in it."""
_COLUMNS = 430
"""Of a line: what a screen tells apart, and a file of some ten kilobytes a channel."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A run on its time axis, in a language and a zone."""

    run: WatchedRun
    start: datetime
    end: datetime
    language: Language
    zone: tzinfo

    def say(self, key: str, **values: object) -> str:
        """A phrase in the language of the picture."""
        return WORDS[self.language][key].format(**values)

    def x(self, moment: datetime) -> float:
        """Where a moment is; one beyond the run is at its edge."""
        part = (moment - self.start) / (self.end - self.start)
        return LEFT + min(max(part, 0.0), 1.0) * (WIDTH - RIGHT - LEFT)

    def lines(self, at: FloatArray, values: FloatArray, scale: Scale) -> str:
        """The data of a path; `at` is 0 to 1."""
        return path_of(at, values, Scale(0.0, 1.0, LEFT, WIDTH - RIGHT), scale, _COLUMNS)


def width_of(text: str) -> float:
    """About how wide a text of size 11 is."""
    return sum(11.5 if ord(sign) > 0x2E80 else 6.2 for sign in text)


def stroked(path: str, colour: str, width: float, *, dashes: str = "") -> str:
    """A line along the data of a path; empty where there is none."""
    if not path:
        return ""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-linejoin="round" stroke-linecap="round"{dashed}/>'
    )


def written(
    x: float,
    y: float,
    said: str,
    *,
    size: int = 12,
    weight: int = 400,
    fill: str = INK,
    anchor: str = "start",
    halo: bool = False,
) -> str:
    """A text; `halo`: legible on bars too."""
    looks = f' font-size="{size}"' if size != 12 else ""
    looks += f' font-weight="{weight}"' if weight != 400 else ""
    looks += f' fill="{fill}"' if fill != INK else ""
    looks += f' text-anchor="{anchor}"' if anchor != "start" else ""
    if halo:
        looks += ' stroke="#ffffff" stroke-width="3" paint-order="stroke" stroke-opacity="0.8"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{looks}>{escape(said)}</text>'


def headed(text: str, y: float) -> str:
    """The heading of a panel whose top is at `y`."""
    return written(LEFT, y - 8, text, weight=600)
