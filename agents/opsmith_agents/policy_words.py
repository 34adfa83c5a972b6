"""What the decision says of its own: plan, date, proposals, the group of an alert."""

from opsmith.domain.base import Language
from opsmith.domain.knowledge import Skill

SKILLS: dict[Skill, dict[Language, str]] = {
    "mechanic": {"en": "mechanic", "zh": "机修工"},
    "electrician": {"en": "electrician", "zh": "电工"},
    "instrument_technician": {"en": "instrument technician", "zh": "仪表工"},
    "automation_technician": {"en": "automation technician", "zh": "自动化工程师"},
    "vibration_analyst": {"en": "vibration analyst", "zh": "振动分析师"},
    "lubrication_technician": {"en": "lubrication technician", "zh": "润滑技师"},
    "operator": {"en": "operator", "zh": "操作工"},
}

_SENTENCES: dict[str, dict[Language, str]] = {
    "trades": {"en": "Trades: {skills}.", "zh": "所需工种：{skills}。"},
    "speaks_for": {
        "en": "Alerts of other devices that are grouped under it: {count}.",
        "zh": "归并在其下的其他设备报警数：{count}。",
    },
    "hours_similar": {
        "en": "Completed orders of the same fault on this class of device: {count}; they took a "
        "median of {median} ({low} to {high}), which is planned.",
        "zh": "同类设备同一故障的已完成工单：{count} 个，工时中位数 {median}（{low} 至 {high}），"
        "按此计划。",
    },
    "hours_few": {
        "en": "Completed orders of the same fault whose hours are known: {count}, too few to go "
        "by; the knowledge base plans {hours}.",
        "zh": "同一故障且有工时记录的已完成工单：{count} 个，数量不足；按知识库计划 {hours}。",
    },
    "hours_unknown": {
        "en": "How long such work took could not be looked up; the knowledge base plans {hours}.",
        "zh": "无法查询以往同类工单的工时；按知识库计划 {hours}。",
    },
    "parts_similar": {
        "en": "At least half of these orders also took: {parts}.",
        "zh": "其中至少半数工单还使用了：{parts}。",
    },
    "due": {
        "en": "By the policy work at {level} is due within {hours}.",
        "zh": "按策略，{level} 的工作应在 {hours} 内完成。",
    },
    "due_forecast": {
        "en": "It is due before that: {channel} may pass its limit of {limit} in {low}.",
        "zh": "期限提前：{channel}最早可能在 {low} 后超过限值 {limit}。",
    },
    "window": {
        "en": "The work needs a stop; it fits into the planned one from {start} to {end}.",
        "zh": "检修需停机，安排在计划停机时段 {start} 至 {end}。",
    },
    "no_window": {
        "en": "The work needs a stop, and no planned one is long enough before it is due.",
        "zh": "检修需停机，但到期前没有足够长的计划停机时段。",
    },
    "wait_critical": {
        "en": "By the registry {device} stops the plant.",
        "zh": "设备台账中 {device} 为停机即停产的设备。",
    },
    "propose_dispatch": {
        "en": "Dispatch the work order of {device} at once.",
        "zh": "立即派发 {device} 的工单。",
    },
    "propose_cancel": {
        "en": "Cancel the open work order of {device}: nothing calls for it any more.",
        "zh": "取消 {device} 的未开工工单：已无需处理。",
    },
    "group": {
        "en": "Grouped under this alert, as of one cause: {count} alerts, of {devices}.",
        "zh": "因同一原因归并在本报警下的报警：{count} 条，涉及 {devices}。",
    },
    "group_more": {
        "en": "Grouped under this alert, as of one cause: {count} alerts, among them of {devices}.",
        "zh": "因同一原因归并在本报警下的报警：{count} 条，其中包括 {devices}。",
    },
    "cause_collector": {
        "en": "Their devices fell silent together: what they share is the data collector, its "
        "mains and its network, not a machine.",
        "zh": "这些设备同时无数据：共同点是数据采集器、其供电和网络，而不是某台设备。",
    },
    "cause_supply": {
        "en": "Most of them deviate in voltage: look at the supply that they share first.",
        "zh": "其中多数电压偏离：先检查共用的供电。",
    },
    "cause_cooling": {
        "en": "Most of them deviate in temperature: look at the cooling and the air that they "
        "share first.",
        "zh": "其中多数温度偏离：先检查共用的冷却和环境通风。",
    },
    "cause_hydraulics": {
        "en": "Most of them deviate in pressure or flow: look at the pipes and tanks that they "
        "share first.",
        "zh": "其中多数压力或流量偏离：先检查共用的管路和储罐。",
    },
    "cause_line": {
        "en": "They came from one line within minutes and share no one channel: look at what the "
        "line was doing then first.",
        "zh": "这些报警在数分钟内来自同一产线，偏离的通道不一：先查当时产线的工况变化。",
    },
}  # fmt: skip


def tell(key: str, language: Language, **parts: str) -> str:
    """One sentence of the decision, filled in.

    >>> tell("trades", "en", skills="mechanic")
    'Trades: mechanic.'
    """
    return _SENTENCES[key][language].format(**parts)
