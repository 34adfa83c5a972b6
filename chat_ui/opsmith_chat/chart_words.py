"""The words in charts, in English and Chinese."""

from dataclasses import dataclass

from opsmith.domain.base import Language


@dataclass(frozen=True, slots=True)
class ChartWords:
    """Texts of one language; names in braces are filled in."""

    readings: str
    limit_high: str
    limit_low: str
    limit: str
    normal: str
    alert: str
    """Of a mark: the level and the type of an alert, at its onset."""
    forecast: str
    interval: str
    passed_in: str
    open_end: str
    mean: str
    median: str
    span: str
    last: str
    peers: str
    now: str
    then: str
    up_to: str
    correlation: str
    certain: str
    uncertain: str
    alerts: str
    together: str
    rest: str
    alerts_by: str


CHART_WORDS: dict[Language, ChartWords] = {
    "en": ChartWords(
        readings="readings",
        limit_high="upper limit {value}",
        limit_low="lower limit {value}",
        limit="limit {value}",
        normal="normal, {low} to {high}",
        alert="{level} {kind}",
        forecast="forecast",
        interval="80 % interval",
        passed_in="limit {value}: in {hours} h ({low} to {high})",
        open_end="open",
        mean="mean",
        median="median",
        span="lowest to highest",
        last="last",
        peers="others of its class",
        now="now",
        then="before",
        up_to="up to {at}",
        correlation="correlation r, 95 % interval",
        certain="certain",
        uncertain="may be chance",
        alerts="alerts",
        together="together, % of {total}",
        rest="others",
        alerts_by="Alerts by {what}",
    ),
    "zh": ChartWords(
        readings="读数",
        limit_high="上限 {value}",
        limit_low="下限 {value}",
        limit="限值 {value}",
        normal="正常范围 {low} 至 {high}",
        alert="{level} {kind}",
        forecast="预测",
        interval="80 % 区间",
        passed_in="限值 {value}：{hours} 小时后（{low} 至 {high}）",
        open_end="不限",
        mean="均值",
        median="中位数",
        span="最低至最高",
        last="最近值",
        peers="其他同类设备",
        now="现在",
        then="之前",
        up_to="截至 {at}",
        correlation="相关系数 r，95 % 区间",
        certain="确定",
        uncertain="可能出于偶然",
        alerts="报警数",
        together="累计，占 {total} 个的 %",
        rest="其他",
        alerts_by="报警（按{what}）",
    ),
}
