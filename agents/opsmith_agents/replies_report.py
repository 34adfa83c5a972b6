"""What the assistant says of diagnoses, stored or made now, in Markdown, in both languages."""

from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Diagnosis
from opsmith_agents.reply_words import (
    caveat,
    joined,
    moment,
    plain,
    prose,
    say,
    table,
    word,
)
from opsmith_agents.report_times import localized
from opsmith_mcp.alert_history import ReportView


def report(seen: ReportView, language: Language, zone: tzinfo) -> str:
    """The stored report on an alert, as it was checked: nothing is diagnosed here."""
    trace = plain(seen.trace_id)
    if seen.report is None:
        return say(
            language,
            f"No report on alert {trace} yet; *diagnose {trace}* runs the rules now.",
            f"报警 {trace} 尚无诊断报告；可问“诊断 {trace}”立即运行规则。",
        )
    stored, diagnosis = seen.report, seen.report.diagnosis
    cause = _told(diagnosis.cause, zone)
    head = say(
        language,
        f"**{cause}**\n\nReport, version {stored.version}, on alert {trace} of "
        f"{plain(stored.device_id)}, by {plain(stored.llm_model)}, "
        f"{moment(stored.created_at, zone)}. Severity {stored.severity}, confidence "
        f"{diagnosis.confidence:.0%}, category {word(language, stored.fault_category)}.",
        f"**{cause}**\n\n报警 {trace}（{plain(stored.device_id)}）第 "
        f"{stored.version} 版报告，出自{word(language, stored.llm_model)}，"
        f"{moment(stored.created_at, zone)}。严重程度{word(language, stored.severity)}，"
        f"置信度 {diagnosis.confidence:.0%}，类别{word(language, stored.fault_category)}。",
    )
    other = ""
    if diagnosis.language != language:
        other = say(
            language,
            "*The report was written in Chinese; it is shown as it was checked.*",
            "*报告原文为英文，按核对后的原文显示。*",
        )
    decision = _told(stored.decision.reason, zone)
    return joined(
        head,
        other,
        _body(diagnosis, language, zone),
        say(language, f"- Decision: {decision}", f"- 决定: {decision}") if decision else "",
        _coverage(diagnosis, language),
        caveat(language, seen),
    )


def diagnosed(found: Diagnosis, about: str, language: Language, zone: tzinfo) -> str:
    """A diagnosis that the rules made just now, with its hypotheses and its evidence.

    Args:
        found: What came of it, checked.
        about: What it was made of, in a sentence.
        language: Of the answer.
        zone: Of the times.
    """
    head = say(
        language,
        f"**{_told(found.cause, zone)}**\n\n{about} Severity {found.severity}, confidence "
        f"{found.confidence:.0%}, category {word(language, found.fault_category)}.",
        f"**{_told(found.cause, zone)}**\n\n{about}严重程度{word(language, found.severity)}，"
        f"置信度 {found.confidence:.0%}，类别{word(language, found.fault_category)}。",
    )
    heads = say(language, "Evidence,Tool,State,Of", "证据,工具,状态,对象").split(",")
    rows = [
        [
            one.evidence_id,
            f"`{plain(one.tool)}`",
            word(language, one.state.value) if one.state.value != "ok" else "✓",
            plain(", ".join(str(value) for value in one.arguments.values())[:80]),
        ]
        for one in found.evidence
    ]
    stored = say(
        language,
        "*Made by the rules just now, reading only; nothing is stored.*",
        "*由规则刚刚生成，只读取数据，未存储。*",
    )
    return joined(
        head,
        _body(found, language, zone),
        _timeline(found, language, zone),
        table(heads, rows) if rows else "",
        _coverage(found, language),
        stored,
    )


def _told(text: str, zone: tzinfo) -> str:
    return prose(localized(text, zone))


def _body(diagnosis: Diagnosis, language: Language, zone: tzinfo) -> str:
    supposed = say(language, "supposed: ", "推断：")
    claims = "\n".join(
        f"- {supposed if one.kind == 'hypothesis' else ''}{_told(one.text, zone)} "
        f"({', '.join(one.evidence)})"
        for one in diagnosis.claims
    )
    labels = say(language, "Now,For good,Confirm by", "立即,根治,确认方法").split(",")
    texts = (diagnosis.immediate_action, diagnosis.lasting_action, diagnosis.confirm_by)
    todo = [
        f"- {label}: {_told(text, zone)}" for label, text in zip(labels, texts, strict=True) if text
    ]
    return joined(_hypotheses(diagnosis, language), claims, "\n".join(todo))


def _hypotheses(diagnosis: Diagnosis, language: Language) -> str:
    if not diagnosis.hypotheses:
        return ""
    heads = say(
        language, "Candidate,Probability,Standing,Told apart by", "可能原因,概率,结论,区分方法"
    )
    rows = [
        [
            plain(one.name),
            f"{one.probability:.0%}",
            word(language, one.standing),
            prose(one.separating_test or "-"),
        ]
        for one in diagnosis.hypotheses[:5]
    ]
    return table(heads.split(","), rows)


def _timeline(found: Diagnosis, language: Language, zone: tzinfo) -> str:
    if not found.timeline:
        return ""
    lines = [f"- {moment(one.at, zone)}: {_told(one.text, zone)}" for one in found.timeline]
    return joined(say(language, "What happened:", "时间线："), "\n".join(lines))


def _coverage(diagnosis: Diagnosis, language: Language) -> str:
    seen = diagnosis.coverage
    labels = say(language, "Checked,Empty,Stale,Unavailable", "已查,无结果,陈旧,无法查询")
    parts = (seen.checked, seen.empty, seen.stale, seen.unavailable)
    lines = [
        f"{label}: {', '.join(tools)}"
        for label, tools in zip(labels.split(","), parts, strict=True)
        if tools
    ]
    return f"*{'; '.join(lines)}*" if lines else ""
