"""What the chart under an answer says, in English and in Chinese."""

from opsmith_tui.wording import Texts

CHART: Texts = {
    "readings": ("readings", "读数"),
    "limit": ("limit {value}", "限值 {value}"),
    "normal": ("normal {low} to {high}", "正常范围 {low} 至 {high}"),
    "forecast": ("forecast", "预测"),
    "interval": ("80 % interval", "80 % 区间"),
    "passed_in": ("limit {value}: in {hours} h ({low} to {high})",
                  "限值 {value}：{hours} 小时后（{low} 至 {high}）"),
    "open_end": ("open", "不限"),
    "mean": ("mean", "均值"),
    "median": ("median", "中位数"),
    "span": ("lowest to highest", "最低至最高"),
    "last": ("last", "最近值"),
    "peers": ("others of its class", "其他同类设备"),
    "up_to": ("up to {at}", "截至 {at}"),
    "correlation": ("correlation r, 95 % interval", "相关系数 r，95 % 区间"),
    "uncertain": ("may be chance", "可能出于偶然"),
    "rest": ("others", "其他"),
    "alerts_by": ("Alerts by {what}", "报警（按{what}）"),
}  # fmt: skip
