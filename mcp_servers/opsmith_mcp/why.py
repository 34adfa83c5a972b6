"""Why an alert was told or held back, in fields and in words."""

from datetime import UTC, datetime, tzinfo

from pydantic import Field

from opsmith.domain.alerts import Alert, HeldBy, Hold
from opsmith.domain.base import Language, Model, Moment

_BY: dict[Language, dict[HeldBy, str]] = {
    "en": {
        HeldBy.MAINTENANCE: "{device} was in MAINTENANCE, which silences its alerts",
        HeldBy.RETIRED: "{device} is RETIRED: its alerts are recorded and not told",
        HeldBy.SHELVED: "{person} shelved the alerts of {device} of type {type}",
        HeldBy.RATE_LIMIT: "{device} had raised as many new alerts as one device may in a minute",
        HeldBy.FLOOD: "its line or plant raised more than 10 new alerts within 10 minutes, and it "
        "is grouped under {under}, which came first",
        HeldBy.COLLECTOR: "most devices of its line fell silent together, as when a collector is "
        "down, and it is grouped under {under}",
    },
    "zh": {
        HeldBy.MAINTENANCE: "{device} 处于检修状态（MAINTENANCE），期间报警不发出",
        HeldBy.RETIRED: "{device} 已退役（RETIRED），报警只记录、不发出",
        HeldBy.SHELVED: "{person} 搁置了 {device} 的 {type} 报警",
        HeldBy.RATE_LIMIT: "{device} 一分钟内的新报警已达单台设备上限",
        HeldBy.FLOOD: "所在产线或工厂 10 分钟内新报警超过 10 个，已归并到最先出现的 {under}",
        HeldBy.COLLECTOR: "所在产线多数设备同时无数据（常见于采集器故障），已归并到 {under}",
    },
}
_OUT: dict[Language, dict[HeldBy, str]] = {
    "en": {
        HeldBy.MAINTENANCE: "the end of the maintenance, or status RUNNING before, if it stands "
        "then; no rise in level does",
        HeldBy.RETIRED: "another status of the device; no rise in level does",
        HeldBy.SHELVED: "the end of the shelf or ending it before (shelve_alert with minutes=0), "
        "if it stands then; a rise to P0 or P1 above the level that was shelved",
        HeldBy.RATE_LIMIT: "the next free minute if it stands then; any rise in level",
        HeldBy.FLOOD: "the end of the flood (fewer than 5 new alerts in 10 minutes) if it stands "
        "then; a rise to P0 or P1",
        HeldBy.COLLECTOR: "the return of the line's other devices, if this one stays silent",
    },
    "zh": {
        HeldBy.MAINTENANCE: "检修结束或提前恢复为 RUNNING，且届时偏离仍在；级别升高不会使其发出",
        HeldBy.RETIRED: "设备改为其他状态；级别升高不会使其发出",
        HeldBy.SHELVED: "搁置到期或提前取消（shelve_alert，minutes=0），且届时偏离仍在；"
        "或升到高于搁置时级别的 P0/P1",
        HeldBy.RATE_LIMIT: "到下一个空闲的一分钟且偏离仍在；或级别升高",
        HeldBy.FLOOD: "报警泛滥结束（10 分钟内新报警少于 5 个）且偏离仍在；或升到 P0/P1",
        HeldBy.COLLECTOR: "产线其他设备恢复，而该设备仍无数据",
    },
}
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "told": "It was told to the operators; nothing holds it back.",
        "held": "It is held back since {since}: {why}.",
        "until": "This ends at {until}.",
        "out": "What brings it out: {out}.",
        "gone": "It was held back from {since} until it cleared, and not told: {why}.",
        "past": "It was held back from {since} to {ended}: {why}.",
        "once": "Device and type make a repeat the same alert ({fingerprint}); it came once.",
        "again": "Device and type make a repeat the same alert ({fingerprint}); it came {raises} "
        "times within this event.",
        "flapping": "It comes and goes, and is told once for all.",
        "grouped": "Alerts grouped under it: {grouped}.",
        "related": "It may follow from {related}, which came just before it on the same line.",
        "none": "without an end",
    },
    "zh": {
        "told": "该报警已发给操作人员，未被抑制。",
        "held": "自 {since} 起未发出：{why}。",
        "until": "到 {until} 为止。",
        "out": "以下情况会使其发出：{out}。",
        "gone": "自 {since} 起未发出，直至偏离自行消失：{why}。",
        "past": "{since} 至 {ended} 期间未发出：{why}。",
        "once": "设备与类型相同即视为同一报警（{fingerprint}）；本次事件只出现一次。",
        "again": "设备与类型相同即视为同一报警（{fingerprint}）；本次事件内出现 {raises} 次。",
        "flapping": "该报警反复出现又消失，只汇总告知一次。",
        "grouped": "归并到该报警之下的报警数：{grouped}。",
        "related": "可能由同一产线上稍早的 {related} 引起。",
        "none": "无期限",
    },
}


class Why(Model):
    """Whether an alert was told, and what holds or held it back."""

    fingerprint: str = Field(description="Device and type: a repeat of both is the same alert.")
    is_held_back: bool = Field(description="It stands, and neither operators nor agents hear it.")
    by: HeldBy | None = Field(description="What holds it back, or did until it cleared.")
    person: str | None = Field(description="Who put it aside; None: a rule or the device's status.")
    until: Moment | None = Field(description="When it is judged anew; None: no set time.")
    grouped_under: str | None
    grouped: int = Field(description="Alerts that are grouped under this one.")
    related_to: str | None = Field(description="Of its line, just before it: a hint.")
    raises: int = Field(description="Times it was raised within this event.")
    flapping: bool
    brings_out: str | None = Field(description="What makes it heard; None: it was told.")
    words: dict[Language, str] = Field(description="All of it in sentences; times in UTC.")


def why(alert: Alert) -> Why:
    """Say why an alert was told or held back."""
    last = alert.holds[-1] if alert.holds and alert.held is not None else None
    return Why(
        fingerprint=alert.fingerprint,
        is_held_back=alert.held is not None and alert.cleared_at is None,
        by=alert.held,
        person=last.person if last is not None else None,
        until=alert.held_until,
        grouped_under=alert.grouped_under,
        grouped=alert.grouped,
        related_to=alert.related_to,
        raises=alert.raises,
        flapping=alert.flapping,
        brings_out=_OUT["en"][alert.held] if alert.held and alert.cleared_at is None else None,
        words={language: in_words(alert, language, UTC) for language in ("en", "zh")},
    )


def in_words(alert: Alert, language: Language, zone: tzinfo) -> str:
    """Why an alert was told or held back, in sentences.

    Args:
        alert: As the log has it.
        language: Of the sentences.
        zone: Of the times.
    """
    words = _WORDS[language]
    said: list[str] = []
    for hold in alert.holds:
        said += _of_hold(hold, alert, language, zone)
    if alert.held is None:
        said.append(words["told"])
    if alert.held is not None and alert.cleared_at is None:
        said.append(words["out"].format(out=_OUT[language][alert.held]))
    same = words["again" if alert.raises > 1 else "once"]
    said.append(same.format(fingerprint=alert.fingerprint, raises=alert.raises))
    if alert.flapping:
        said.append(words["flapping"])
    if alert.grouped:
        said.append(words["grouped"].format(grouped=alert.grouped))
    if alert.related_to is not None:
        said.append(words["related"].format(related=alert.related_to))
    return ("" if language == "zh" else " ").join(said)


def _of_hold(hold: Hold, alert: Alert, language: Language, zone: tzinfo) -> list[str]:
    words = _WORDS[language]

    def shown(at: datetime | None) -> str:
        return words["none"] if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S%z}"

    why = _BY[language][hold.by].format(
        device=alert.device_id, type=alert.alert_type, person=hold.person, under=hold.under
    )
    key = {None: "past", "brought_out": "past", "cleared": "gone"}[hold.outcome]
    if hold.ended is None:
        key = "held"
    said = [words[key].format(since=shown(hold.since), ended=shown(hold.ended), why=why)]
    if hold.ended is None and hold.until is not None:
        said.append(words["until"].format(until=shown(hold.until)))
    return said
