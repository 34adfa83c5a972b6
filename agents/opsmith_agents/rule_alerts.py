"""Answers about alerts: which there are, why one was raised or held back, what is behind it."""

import math
from collections.abc import Mapping
from datetime import timedelta

from opsmith.domain.alerts import Alert, AlertLevel, AlertState, AlertType, trace_id_of
from opsmith.domain.diagnoses import Diagnosis, DiagnosisReport, Evidence
from opsmith.domain.events import AlertEvent
from opsmith_agents import replies_plant, replies_report, replies_studies
from opsmith_agents.check import check
from opsmith_agents.evidence import ALERT
from opsmith_agents.grammar import has
from opsmith_agents.reply_words import joined, moment, plain, word
from opsmith_agents.rule_turn import CannotSay, Turn
from opsmith_agents.rules import RuleDiagnostician
from opsmith_mcp.alert_analytics import AlertAnalytics
from opsmith_mcp.alert_arguments import Dimension
from opsmith_mcp.alert_history import AlertHistory, AlertView, ReportView
from opsmith_mcp.why import in_words

_WEEK = 10_080
"""Minutes."""
_MONTH = 43_200
_COUNTED = (
    r"\bpareto\b|\bmost frequent|\bmost (alerts|alarms)\b"
    r"|\b(alerts?|alarms?) (counted )?by (device|type|level|line|code)"
    r"|帕累托|柏拉图|按(设备|类型|级别|产线|代码)|(报警|异常)(统计|分布|排名|排行)"
)
_BY: Mapping[Dimension, str] = {
    "device": r"\bby device|按设备",
    "type": r"\bby type|\btypes?\b|按类型|类型",
    "level": r"\bby level|按级别",
    "line": r"\bby line|按产线",
    "code": r"\bby code|按代码",
}
_AGO = timedelta(hours=1)
"""Since when a device without an alert is diagnosed, where no time is named."""


async def alerts(turn: Turn) -> str:
    """The alerts of a device or of the plant, or what most of them are of."""
    asked = turn.asked
    device = await turn.device_if_named()
    if has(_COUNTED, turn.text):
        return await _counted(turn, device)
    if asked.day is not None or asked.line or asked.is_unseen:
        start, end = turn.since(_WEEK)
        is_past = asked.day is not None or asked.minutes is not None
        listed = turn.need(
            await turn.ledger.call(
                AlertHistory.list_alerts,
                standing=not is_past,
                level=asked.level,
                device_id=device,
                line_id=asked.line,
                state="unacknowledged" if asked.is_unseen else None,
                since=start if is_past else None,
                until=end if is_past and end < turn.now else None,
            )
        )
        return replies_plant.alerts(listed, turn.language, turn.zone, standing=not is_past)
    if device is not None and asked.level is None:
        days = _days(asked.minutes)
        history = await turn.ledger.call(AlertHistory.get_alert_history, device, days=days)
        return replies_plant.alerts(turn.need(history), turn.language, turn.zone)
    listed = turn.need(
        await turn.ledger.call(
            AlertHistory.list_alerts,
            standing=asked.minutes is None,
            level=asked.level,
            device_id=device,
            days=_days(asked.minutes),
        )
    )
    if asked.minutes is None and listed.total == 1:
        turn.found["trace_id"] = listed.alerts[0].trace_id
    return replies_plant.alerts(listed, turn.language, turn.zone, standing=asked.minutes is None)


async def _counted(turn: Turn, device: str | None) -> str:
    """How many alerts there were, by what the question names, else by device or by type."""
    named: list[Dimension] = [one for one, words in _BY.items() if has(words, turn.text)]
    by = named[0] if named else "device" if device is None else "type"
    start, end = turn.since(_MONTH)
    seen = await turn.ledger.call(
        AlertAnalytics.count_alerts,
        group_by=(by,),
        device_id=device,
        line_id=turn.asked.line,
        level=turn.asked.level,
        since=start,
        until=end if end < turn.now else None,
    )
    return replies_studies.counted(turn.need(seen), turn.language, turn.zone)


async def why(turn: Turn) -> str:
    """The stored report on an alert, else what raised it."""
    trace_id = await the_alert(turn)
    seen = await newest_report(turn, trace_id)
    turn.found["trace_id"] = trace_id
    said = replies_report.report(seen, turn.language, turn.zone)
    if seen.report is not None:
        turn.cited = await _cited(turn, seen.report)
        turn.found["devices"] = (seen.report.device_id,)
        turn.found["cause"] = seen.report.failure_mode or ""
        return said
    view = turn.need(await turn.ledger.call(AlertHistory.get_alert, trace_id))
    turn.found["devices"] = (view.alert.device_id,)
    return joined(said, replies_plant.deviations(view, turn.language, turn.zone))


async def _cited(turn: Turn, seen: DiagnosisReport) -> tuple[Evidence, ...]:
    """What the report cites, with what the tools answered then."""
    found = await turn.ledger.call(
        AlertHistory.get_report, seen.trace_id, version=seen.version, full=True
    )
    whole = found.result.report if found.result is not None else None
    return (whole or seen).diagnosis.evidence


async def held(turn: Turn) -> str:
    """Why an alert was told or held back; of no one in particular, which are held back."""
    if turn.asked.trace_id is None:
        device = await turn.device_if_named()
        seen = turn.need(
            await turn.ledger.call(
                AlertHistory.list_alerts,
                standing=True,
                device_id=device,
                include_suppressed=True,
                days=30,
            )
        )
        quiet = tuple(one for one in seen.alerts if one.suppressed is not None)
        if device is None or len(quiet) > 1:
            return replies_plant.held(quiet, seen, turn.language, turn.zone)
        if not quiet and not seen.alerts:
            name = plain(device)
            raise CannotSay(turn.say(f"No alert of {name} stands.", f"{name} 没有未恢复的报警。"))
        trace_id = (quiet or seen.alerts)[0].trace_id
    else:
        trace_id = turn.asked.trace_id
    view = turn.need(await turn.ledger.call(AlertHistory.get_alert, trace_id))
    alert = view.alert
    turn.found |= {"trace_id": alert.trace_id, "devices": (alert.device_id,)}
    kind = word(turn.language, alert.alert_type)
    head = f"**{plain(alert.trace_id)}** {plain(alert.device_id)}, {alert.alert_level}, {kind}"
    return joined(head, plain(in_words(alert, turn.language, turn.zone)))


async def diagnose(turn: Turn) -> str:
    """Run the rules now, reading only, over the same tools; nothing is stored."""
    alert, about = await _to_diagnose(turn)
    event = AlertEvent(change="raised", as_of=turn.now, alert=alert)
    found = check(await RuleDiagnostician(turn.ledger.plant).diagnose(event, turn.language), event)
    turn.ledger.adopt(found.evidence)
    turn.found["devices"] = (alert.device_id,)
    if turn.found.get("trace_id") is None:
        found = _without_alert(found)
    named = next((one for one in found.hypotheses if one.failure_mode == found.failure_mode), None)
    turn.found["cause"] = named.name if named else ""
    turn.cited = found.evidence
    return replies_report.diagnosed(found, about, turn.language, turn.zone)


async def _to_diagnose(turn: Turn) -> tuple[Alert, str]:
    """The alert that is meant; of a device without one, what an alert now would say."""
    trace_id = turn.asked.trace_id
    if trace_id is None:
        device = await turn.device()
        seen = await turn.ledger.call(AlertHistory.list_alerts, standing=True, device_id=device)
        standing = seen.result.alerts if seen.result is not None else ()
        if not standing:
            since = turn.since(int(_AGO.total_seconds() / 60))[0]
            name, at = plain(device), moment(since, turn.zone)
            return _supposed(turn, device), turn.say(
                f"No alert of {name} stands; the rules looked at what changed since {at}.",
                f"{name} 没有未恢复的报警；规则检查了自 {at} 起的变化。",
            )
        trace_id = min(standing, key=lambda one: (one.alert_level, one.first_seen)).trace_id
    view = turn.need(await turn.ledger.call(AlertHistory.get_alert, trace_id))
    turn.found["trace_id"] = view.alert.trace_id
    name, kind = plain(view.alert.device_id), word(turn.language, view.alert.alert_type)
    return view.alert, turn.say(
        f"Alert {plain(trace_id)} of {name} ({view.alert.alert_level}, {kind}).",
        f"报警 {plain(trace_id)}（{name}，{view.alert.alert_level}，{kind}）。",
    )


def _without_alert(found: Diagnosis) -> Diagnosis:
    """What the rules say of an alert that nobody raised is left out."""
    real = [one for one in found.evidence if one.evidence_id != ALERT]
    return found.model_copy(
        update={
            "claims": tuple(one for one in found.claims if ALERT not in one.evidence),
            "timeline": tuple(one for one in found.timeline if ALERT not in one.evidence),
            "evidence": tuple(real),
        }
    )


def _supposed(turn: Turn, device: str) -> Alert:
    since, now = turn.since(int(_AGO.total_seconds() / 60))[0], turn.now
    kind: AlertType = "composite"
    return Alert(
        trace_id=trace_id_of(device, kind, now),
        device_id=device,
        alert_level=AlertLevel.P3,
        alert_type=kind,
        state=AlertState.NORMAL,
        onset=since,
        first_seen=now,
        last_seen=now,
        created_at=now,
    )


async def the_alert(turn: Turn) -> str:
    """The alert that is meant: of the device, else of the plant; one that stands before others."""
    if turn.asked.trace_id is not None:
        return turn.asked.trace_id
    device = await turn.device_if_named()
    for standing in (True, False):
        seen = turn.need(
            await turn.ledger.call(
                AlertHistory.list_alerts, standing=standing, device_id=device, days=30
            )
        )
        if device is None and len(seen.alerts) > 1:
            question = turn.say("Which alert do you mean?", "请问是哪个报警？")
            rows = replies_plant.alerts(seen, turn.language, turn.zone, standing=standing)
            raise CannotSay(joined(question, rows))
        if seen.alerts:
            return seen.alerts[0].trace_id
    where = "" if device is None else turn.say(f" of {plain(device)}", plain(device))
    raise CannotSay(turn.say(f"No alert{where} in the last 30 days.", f"{where}近 30 天没有报警。"))


async def newest_report(turn: Turn, trace_id: str) -> ReportView:
    """The newest report in the language of the question, else the newest of all."""
    return turn.need(
        await turn.ledger.call(AlertHistory.get_report, trace_id, language=turn.language)
    )


async def view_of(turn: Turn, trace_id: str) -> AlertView:
    """One alert. Raises `CannotSay`."""
    return turn.need(await turn.ledger.call(AlertHistory.get_alert, trace_id))


def _days(minutes: int | None) -> int:
    return 7 if minutes is None else max(1, math.ceil(minutes / 1440))
