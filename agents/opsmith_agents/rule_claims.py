"""The sentences of the rules' report: claims and timeline, each from the evidence it cites."""

import re
from collections import Counter
from collections.abc import Iterator

from opsmith.domain.base import Language
from opsmith.domain.changes import ChannelChange
from opsmith.domain.devices import DeviceStatus
from opsmith.domain.diagnoses import Claim, TimelineEntry
from opsmith.domain.work_orders import UNDONE
from opsmith_agents.evidence import ALERT
from opsmith_agents.rule_sight import DAYS, NEAR, Sight, statistics
from opsmith_agents.wording import (
    amount,
    channel_name,
    crossing,
    listed,
    moment,
    say,
    share,
    term,
)

_LEADING = 3
"""Failure modes whose history is told."""
_SEVERAL = 3
"""Failure modes that ask for a channel that is worth installing."""
_MOST = 4
"""Sentences of one sort; the rest is in the evidence."""


def claims_of(sight: Sight, language: Language) -> tuple[Claim, ...]:
    """What the rules state, the alert first, then what was seen, then what stands around it."""
    return (
        *_alert(sight, language),
        *_changes(sight, language),
        *_silence(sight, language),
        *_limits(sight, language),
        *_ranked(sight, language),
        *_history(sight, language),
        *_around(sight, language),
    )


def unmeasured(sight: Sight, language: Language) -> tuple[str, ...]:
    """In a sentence: where several likely failure modes would show, and nothing measures.

    What one mode alone asks for, such as a seal's own pressure, few devices have; of that the
    ranking tells.
    """
    ranking = sight.ranking.result
    if ranking is None or not ranking.measured:
        return ()
    asked = Counter(
        channel
        for mode in ranking.ranked
        for channel in dict.fromkeys(line.partition(": ")[0] for line in mode.untested)
        if re.fullmatch(r"[a-z_]+", channel) and not any(map(channel.startswith, ranking.measured))
    )
    lacking = [channel for channel, count in asked.most_common(_MOST) if count >= _SEVERAL]
    if not lacking:
        return ()
    names = listed((channel_name(channel, language) for channel in lacking), language)
    return (say("unmeasured", language, channels=names),)


def timeline_of(sight: Sight, language: Language) -> tuple[TimelineEntry, ...]:
    """What happened when, the first first."""
    alert, change, history = sight.alert, sight.change, sight.history
    entries = [
        TimelineEntry(at=alert.onset, text=say("began", language), evidence=(ALERT,)),
        TimelineEntry(
            at=alert.first_seen,
            text=say("alerted", language, level=alert.alert_level),
            evidence=(ALERT,),
        ),
    ]
    for one in change.result.changes if change.result else ():
        if one.significant and one.onset is not None:
            text = say(
                "differs",
                language,
                channel=channel_name(one.channel, language),
                kind=term(one.kind, language),
            )
            entries.append(TimelineEntry(at=one.onset, text=text, evidence=(change.evidence_id,)))
    earlier = history.result.alerts if history.result else ()
    for line in [one for one in earlier if one.first_seen < alert.first_seen][:_MOST]:
        text = say(
            "alerted_before",
            language,
            level=line.alert_level,
            type=term(line.alert_type, language),
        )
        entries.append(
            TimelineEntry(at=line.first_seen, text=text, evidence=(history.evidence_id,))
        )
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _alert(sight: Sight, language: Language) -> Iterator[Claim]:
    alert = sight.alert
    text = say(
        "raised",
        language,
        device=alert.device_id,
        level=alert.alert_level,
        type=term(alert.alert_type, language),
        at=moment(alert.first_seen),
        onset=moment(alert.onset),
    )
    yield Claim(text=text, kind="fact", evidence=(ALERT,))
    if alert.alert_type == "device_reported":
        yield Claim(text=say("reported", language), kind="fact", evidence=(ALERT,))
    for one in alert.deviations:
        if one.value is not None and one.limit is not None:
            text = say(
                "over",
                language,
                channel=channel_name(one.channel, language),
                value=amount(one.value, one.unit),
                limit=amount(one.limit, one.unit),
            )
            yield Claim(text=text, kind="fact", evidence=(ALERT,))
    device = sight.device.result
    if device is not None and device.device.status is not DeviceStatus.RUNNING:
        status = device.device.status
        text = say("not_running", language, device=device.device.device_id, status=status)
        yield Claim(text=text, kind="fact", evidence=(sight.device.evidence_id,))


def _ranked(sight: Sight, language: Language) -> Iterator[Claim]:
    ranking, verdict = sight.ranking.result, sight.verdict
    for mode in ranking.ranked if ranking else ():
        if verdict is not None and mode.entry_id == verdict.entry_id:
            probability = share(mode.probability)
            text = say("ranked", language, name=mode.name, probability=probability)
            yield Claim(text=text, kind="hypothesis", evidence=(sight.ranking.evidence_id,))


def _history(sight: Sight, language: Language) -> Iterator[Claim]:
    """Why history made a failure mode that is told likelier or less likely."""
    verdict, weighed = sight.verdict, sight.weighed
    names = {one.entry_id: one.name for one in weighed.ranked}
    if verdict is not None:
        for other in verdict.also:
            text = say("together", language, name=names[verdict.entry_id], other=names[other])
            yield Claim(text=text, kind="hypothesis", evidence=(sight.ranking.evidence_id,))
    told = {one.entry_id for one in weighed.ranked[:_LEADING]}
    evidence = (sight.orders.evidence_id, sight.ranking.evidence_id)
    for shift in [one for one in weighed.shifts if one.entry_id in told][:_LEADING]:
        text = say(
            shift.reason,
            language,
            device=sight.alert.device_id,
            name=shift.name,
            order=shift.order_no,
        )
        yield Claim(text=text, kind="hypothesis", evidence=evidence)


def _around(sight: Sight, language: Language) -> Iterator[Claim]:
    device, history, orders = sight.alert.device_id, sight.history.result, sight.orders.result
    if history is not None and history.total > 1:
        text = say("history", language, device=device, total=str(history.total), days=str(DAYS))
        yield Claim(text=text, kind="fact", evidence=(sight.history.evidence_id,))
    for order in orders.orders if orders else ():
        if order.status in UNDONE:
            number, status = order.order_no, order.status
            text = say("order", language, device=device, order=number, status=status)
            yield Claim(text=text, kind="fact", evidence=(sight.orders.evidence_id,))


def _changes(sight: Sight, language: Language) -> Iterator[Claim]:
    found = sight.change.result
    if found is None or not found.readings_since:
        return
    evidence = (sight.change.evidence_id,)
    moved = sorted(
        (c for c in found.changes if c.significant), key=lambda c: (c.order or 99, -abs(c.sigmas))
    )
    for change in moved[:_MOST]:
        yield Claim(text=_change(change, language), kind="fact", evidence=evidence)
    still = [c for c in found.changes if not c.significant and c.now is not None]
    if still:
        names = listed((channel_name(c.channel, language) for c in still), language)
        text = say("still", language, channels=names)
        yield Claim(text=text, kind="fact", evidence=evidence)


def _change(change: ChannelChange, language: Language) -> str:
    channel = channel_name(change.channel, language)
    kind = term(change.kind, language)
    at = moment(change.onset) if change.onset else ""
    before, now = (
        None if value is None else amount(value, change.unit)
        for value in (change.before, change.now)
    )
    match change.kind:
        case "flat" if now and at:
            return say("flat", language, channel=channel, now=now, at=at)
        case "dropout" if change.missing_share > 0:
            missing = share(change.missing_share)
            return say("dropout", language, channel=channel, missing=missing)
        case "dropout":
            return say("dropout_values", language, channel=channel)
        case "implausible" if now:
            return say("implausible", language, channel=channel, now=now)
        case "variance" | "oscillation" if now:
            ratio = amount(change.spread_ratio)
            return say("unrest", language, channel=channel, ratio=ratio, kind=kind, now=now)
        case _ if before and now and at:
            way = term(change.direction, language)
            return say(
                "moved", language, channel=channel, way=way, before=before, now=now, kind=kind,
                at=at,
            )  # fmt: skip
        case _:
            return say("differs", language, channel=channel, kind=kind)


def _silence(sight: Sight, language: Language) -> Iterator[Claim]:
    window = sight.window.result
    if sight.alert.alert_type == "no_data" and window is not None and window.last_reading:
        text = say("silent", language, device=sight.alert.device_id, at=moment(window.last_reading))
        yield Claim(text=text, kind="fact", evidence=(sight.window.evidence_id,))


def _limits(sight: Sight, language: Language) -> Iterator[Claim]:
    told = {d.channel for d in sight.alert.deviations if d.limit is not None}
    for one in statistics(sight):
        if one.channel in told or one.limit_high is None or one.high is None:
            continue
        if one.high >= NEAR * one.limit_high:
            text = say(
                "near",
                language,
                channel=channel_name(one.channel, language),
                value=amount(one.high, one.unit),
                limit=amount(one.limit_high, one.unit),
            )
            yield Claim(text=text, kind="fact", evidence=(sight.window.evidence_id,))
    forecast = sight.forecast.result if sight.forecast else None
    for line in forecast.channels if forecast else ():
        text = crossing(line, language)
        if text is not None:
            assert sight.forecast is not None
            evidence = (sight.forecast.evidence_id,)
            yield Claim(text=text, kind="hypothesis", evidence=evidence)
