"""A report as one HTML page that fetches nothing and runs nothing."""

from collections.abc import Iterator

from opsmith.app.markup import Html, alone, joined, tag
from opsmith.app.report_chart import Frame, beyond, chart
from opsmith.app.report_parts import Page, word_of
from opsmith.app.report_style import STYLE
from opsmith.domain.base import Language, State
from opsmith_agents.check import cap
from opsmith_agents.reply_notes import note_in_chinese
from opsmith_agents.reply_words import quantity, unit_sign
from opsmith_agents.report_dossier import Curve, Dossier, up_to
from opsmith_agents.report_times import is_utc, stamp, zone_name
from opsmith_agents.report_words import pair
from opsmith_agents.wording import channel_name, listed, share, term

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "charts": "What the readings show",
        "span": "Readings from {start} to {end}, as they are stored now.",
        "curve": "reading", "minute": "statistics of one minute", "usual": "usual: lowest to "
        "highest from {start} to {end}", "limit": "rated limit", "onset": "onset (of the "
        "channel, else of the alert)", "alert": "alert raised",
        "moved": "{before} → {now} ({kind})", "around": "around {now} ({kind})",
        "gone": "no value any more ({kind})", "unmoved": "no change beyond its own past",
        "first": "first to change",
        "order": "change no. {order}",
        "beyond": "rated limit {limit} is beyond the picture",
        "still": "No change beyond their own past: {channels}.",
        "lost": "No picture can be drawn: there are no readings of that time (any more). "
        "The figures below are those that the evidence kept.",
        "unreached": "No picture can be drawn: the readings cannot be reached now. "
        "The figures below are those that the evidence kept.",
        "said": "The tools say: {said}",
        "foot": "Every number in a claim was derived again from the evidence that it cites. "
        "Text from devices, people and models is shown as it came, and acts on nothing.",
    },
    "zh": {
        "charts": "读数所示",
        "span": "{start} 至 {end} 的读数，以目前存储的为准。",
        "curve": "读数", "minute": "一分钟统计值",
        "usual": "平常范围：{start} 至 {end} 的最低至最高值",
        "limit": "额定限值", "onset": "偏离起点（该通道的，否则为报警的）", "alert": "触发报警",
        "moved": "{before} → {now}（{kind}）", "around": "约 {now}（{kind}）",
        "gone": "已无数值（{kind}）", "unmoved": "未超出自身以往变化范围",
        "first": "最先变化", "order": "第 {order} 个变化",
        "beyond": "额定限值 {limit} 在图外",
        "still": "未超出自身以往变化范围的通道：{channels}。",
        "lost": "无法绘图：该时段没有（或已不再保存）读数。下文数值来自随报告保存的证据。",
        "unreached": "无法绘图：目前无法查询读数。下文数值来自随报告保存的证据。",
        "said": "工具说明：{said}",
        "foot": "论断中的每个数值都已由其所引证据重新核算。来自设备、人员和模型的文字按原样显示，"
        "不产生任何作用。",
    },
}  # fmt: skip


def page_of(dossier: Dossier) -> str:
    """A whole HTML document, in the language in which the report is written.

    Its charts are drawn from what the telemetry tools gave, never from the report's sentences.
    """
    page = Page(dossier)
    report = dossier.report
    title = f"{report.device_id} · {page.head('title')} · {report.trace_id}"
    body = tag(
        "main",
        _top(page),
        page.action(),
        _charts(page),
        page.hypotheses(),
        page.claims(),
        page.decision(),
        page.timeline(),
        page.coverage(),
        page.versions(),
        page.removed(),
        page.evidence(),
        tag("footer", tag("p", _say(page, "foot"))),
    )
    names = {"en": "en", "zh": "zh-CN"}
    return "<!doctype html>\n" + tag(
        "html",
        tag(
            "head",
            alone("meta", charset="utf-8"),
            alone("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            alone("meta", name="viewport", content="width=device-width, initial-scale=1"),
            alone("meta", name="referrer", content="no-referrer"),
            tag("title", title),
            tag("style", Html(STYLE)),
        ),
        tag("body", body),
        lang=names[page.language],
    ) + "\n"  # fmt: skip


def _say(page: Page, key: str, **values: object) -> str:
    return WORDS[page.language][key].format(**values)


def _top(page: Page) -> Html:
    known, report = page.known, page.known.report
    diagnosis, alert, language = report.diagnosis, known.alert, page.language
    confidence = pair("confidence", share(diagnosis.confidence), language)
    if diagnosis.confidence >= cap(diagnosis.coverage) - 1e-9:
        confidence += " · " + page.head("capped")
    severe = report.severity in ("CRITICAL", "HIGH")
    chips = [
        tag(
            "li",
            pair("severity", word_of(report.severity, language), language),
            class_="strong" if severe else None,
        ),
        tag("li", confidence),
        tag("li", pair("category", word_of(report.fault_category, language), language)),
    ]
    if alert is not None:
        kind = term(alert.alert_type, language)
        chips.insert(1, tag("li", pair("alert", f"{alert.alert_level} · {kind}", language)))
    if report.failure_mode:
        chips.append(tag("li", pair("mode", report.failure_mode, language)))
    if diagnosis.grouped:
        chips.append(tag("li", pair("grouped", str(diagnosis.grouped), language)))
    as_of = up_to(report)
    times = zone_name(known.zone, as_of)
    if not is_utc(known.zone, as_of):
        times += ("。" if language == "zh" else ". ") + page.head("unmarked")
    device = " · ".join(filter(None, (report.device_id, known.device_name)))
    facts: list[tuple[str, str | None]] = [
        ("alert", report.trace_id),
        ("onset", stamp(alert.onset, known.zone) if alert else None),
        ("raised", stamp(alert.first_seen, known.zone) if alert else None),
        ("message", alert.message if alert else None),
        ("as_of", stamp(as_of, known.zone)),
        *page.author(),
        ("times", times),
    ]
    return tag(
        "header",
        tag("p", f"{page.head('title')} · {device}", class_="soft"),
        tag("h1", page.text(diagnosis.cause)),
        tag("ul", *chips, class_="chips"),
        page.facts(facts),
        class_="top",
    )


def _charts(page: Page) -> Html | None:
    known = page.known
    title = tag("h2", _say(page, "charts"))
    if not known.curves:
        if known.lost is None:
            return None
        why = "unreached" if known.unreached else "lost"
        note = page.text(known.lost)
        if page.language == "zh":
            state = State.UNAVAILABLE if known.unreached else State.EMPTY
            note = note_in_chinese(note, state)
        said = tag("p", _say(page, "said", said=note), class_="soft") if note else None
        return tag("section", title, tag("p", _say(page, why)), said, id="charts")
    assert known.window is not None, "curves have a window"
    alert = known.alert
    frame = Frame(
        known.window,
        alert.onset if alert else known.window.end,
        alert.first_seen if alert else None,
        page.language,
        known.zone,
    )
    span = _say(
        page,
        "span",
        start=stamp(known.window.start, known.zone),
        end=stamp(known.window.end, known.zone),
    )
    still = listed((channel_name(one, page.language) for one in known.still), page.language)
    return tag(
        "section",
        title,
        tag("p", span, class_="soft small"),
        tag("ul", *_key(page), class_="key"),
        tag("div", *(_figure(page, curve, frame) for curve in known.curves), class_="charts"),
        tag("p", _say(page, "still", channels=still)) if still else None,
        id="charts",
    )


def _figure(page: Page, curve: Curve, frame: Frame) -> Html:
    series, language = curve.series, page.language
    unit = unit_sign(series.unit)
    name = channel_name(series.channel, language)
    heading = tag("b", f"{name}, {unit}" if unit else name)
    limits = " / ".join(f"{limit:g} {unit}".strip() for limit in beyond(curve))
    notes = list(_change(page, curve))
    if limits:
        notes.append(_say(page, "beyond", limit=limits))
    if series.source != "raw":
        notes.append(_say(page, "minute"))
    note = tag("span", " · ".join(notes)) if notes else None
    return tag("figure", tag("figcaption", heading, note), chart(curve, frame, name, unit))


def _change(page: Page, curve: Curve) -> Iterator[str]:
    """How the channel changed, in the figures of the evidence."""
    change = curve.change
    if change is None:
        return
    if not change.significant:
        if change.now is not None:
            yield _say(page, "unmoved")
        return
    kind = term(change.kind, page.language)
    now = None if change.now is None else quantity(change.now, change.unit)
    if now is None:
        yield _say(page, "gone", kind=kind)
    elif change.before is None:
        yield _say(page, "around", now=now, kind=kind)
    else:
        before = quantity(change.before, change.unit)
        yield _say(page, "moved", before=before, now=now, kind=kind)
    if change.order is not None:
        yield _say(page, "first" if change.order == 1 else "order", order=change.order)


def _key(page: Page) -> Iterator[Html]:
    """What the lines mean, each drawn as it is in the pictures."""
    known = page.known
    samples: list[tuple[str, Html, str]] = [
        ("curve", tag("path", d="M1,10L9,4L17,9L29,3", class_="curve"), _say(page, "curve"))
    ]
    if known.usual is not None:
        start, end = (f"{at.astimezone(known.zone):%H:%M}" for at in
                      (known.usual.start, known.usual.end))  # fmt: skip
        band = tag("rect", x=1, y=2, width=28, height=10, class_="usual")
        samples.append(("usual", band, _say(page, "usual", start=start, end=end)))
    if any(c.series.limit_low is not None or c.series.limit_high is not None for c in known.curves):
        samples.append(("limit", tag("path", d="M1,7H29", class_="limit"), _say(page, "limit")))
    for key in ("onset", "alert"):
        if key == "alert" and known.alert is None:
            continue
        mark = joined(
            tag("path", d="M15,3V14", class_=f"mark {key}"),
            tag("circle", cx=15, cy=4, r=3.2, class_=f"dot {key}"),
        )
        samples.append((key, mark, _say(page, key)))
    for _, drawn, said in samples:
        yield tag("li", tag("svg", drawn, viewBox="0 0 30 14", aria_hidden="true"), said)
