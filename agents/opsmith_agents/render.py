"""A report for people: as Markdown, as plain text, and for a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Coverage, Decision, Diagnosis, DiagnosisReport
from opsmith_agents.wording import listed, moment, share

_HEADS: dict[str, dict[Language, str]] = {
    "cause": {"en": "Cause", "zh": "原因"},
    "severity": {"en": "Severity", "zh": "严重程度"},
    "confidence": {"en": "Confidence", "zh": "置信度"},
    "by": {"en": "By", "zh": "生成者"},
    "hypotheses": {"en": "Hypotheses", "zh": "假设"},
    "claims": {"en": "Claims", "zh": "论断"},
    "evidence": {"en": "Evidence", "zh": "证据"},
    "timeline": {"en": "Timeline", "zh": "时间线"},
    "coverage": {"en": "Coverage", "zh": "检查范围"},
    "action": {"en": "Action", "zh": "处置"},
    "decision": {"en": "Decision", "zh": "决策"},
    "removed": {"en": "Removed by the check", "zh": "核查时删除的内容"},
    "now": {"en": "Now", "zh": "立即"},
    "lasting": {"en": "Lasting", "zh": "根治"},
    "confirm": {"en": "Confirm by", "zh": "确认方法"},
    "mode": {"en": "Failure mode", "zh": "故障模式"},
    "probability": {"en": "Probability", "zh": "概率"},
    "standing": {"en": "Standing", "zh": "状态"},
    "for": {"en": "For", "zh": "支持"},
    "against": {"en": "Against", "zh": "反对"},
    "test": {"en": "Separating test", "zh": "区分检验"},
    "supported": {"en": "supported", "zh": "支持"},
    "refuted": {"en": "refuted", "zh": "排除"},
    "untested": {"en": "untested", "zh": "未检验"},
    "hypothesis": {"en": "hypothesis", "zh": "假设"},
    "checked": {"en": "checked", "zh": "已检查"},
    "empty": {"en": "empty", "zh": "无数据"},
    "stale": {"en": "stale", "zh": "过期"},
    "unavailable": {"en": "unavailable", "zh": "不可用"},
    "steps": {"en": "Steps", "zh": "步骤"},
    "parts": {"en": "Parts", "zh": "备件"},
    "due": {"en": "Due", "zh": "期限"},
    "waiting": {"en": "If nothing is done", "zh": "不处理的后果"},
    "proposals": {"en": "Waits for a person", "zh": "待人工确认"},
    "no_order": {"en": "No work order.", "zh": "不生成工单。"},
    "tool": {"en": "Tool", "zh": "工具"},
    "state": {"en": "State", "zh": "状态"},
    "note": {"en": "Note", "zh": "说明"},
}


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """The diagnosis as plain text in its own language, for the report's column."""
    language = diagnosis.language
    lines = [diagnosis.cause]
    lines += [f"- {claim.text} {_ids(claim.evidence)}".rstrip() for claim in diagnosis.claims]
    blind = diagnosis.coverage.unavailable
    if blind:
        lines.append(_pair("unavailable", listed(blind, language), language))
    return "\n".join(lines)


def decision_text(decision: Decision, language: Language) -> str:
    """The decision as plain text, for the report's column."""
    lines = [decision.reason]
    if decision.plan is None:
        lines.append(_HEADS["no_order"][language])
    else:
        lines += [f"{place}. {step}" for place, step in enumerate(decision.plan.steps, 1)]
    if decision.waiting:
        lines.append(_pair("waiting", decision.waiting, language))
    lines += [_pair("proposals", one, language) for one in decision.proposals]
    return "\n".join(lines)


def report_markdown(report: DiagnosisReport, language: Language) -> str:
    """A report as Markdown, its headings in `language`, its texts in the report's own."""
    diagnosis, decision = report.diagnosis, report.decision
    blocks = [
        f"# {report.device_id} · {report.trace_id} · v{report.version}",
        f"**{_head('cause', language)}**: {diagnosis.cause}  \n{_summary(report, language)}",
        _section("claims", (_claim_line(diagnosis, i, language) for i in
                            range(len(diagnosis.claims))), language),
        _hypotheses_markdown(diagnosis, language),
        _section("action", (f"- {line}" for line in _actions(diagnosis, language)), language),
        _section("decision", decision_text(decision, language).splitlines(), language),
        _section("timeline", (f"- {moment(e.at)}: {e.text} {_ids(e.evidence)}"
                              for e in diagnosis.timeline), language),
        _section("coverage", (f"- {line}" for line in _coverage(diagnosis.coverage, language)),
                 language),
        _section("evidence", (f"- {line}" for line in _evidence(diagnosis)), language),
        _section("removed", (f"- {line}" for line in _removed(report)), language),
    ]  # fmt: skip
    return "\n\n".join(block for block in blocks if block) + "\n"


def render_report(report: DiagnosisReport, language: Language) -> RenderableType:
    """A report for a terminal; no text of it is taken for markup."""
    diagnosis = report.diagnosis
    parts: list[RenderableType] = [
        Text(diagnosis.cause, style="bold"),
        Text(_summary(report, language), style="dim"),
    ]
    claims = [_claim_line(diagnosis, i, language) for i in range(len(diagnosis.claims))]
    parts += _lines("claims", claims, language)
    if diagnosis.hypotheses:
        parts += [Text(), _hypotheses_table(diagnosis, language)]
    parts += _lines("action", _actions(diagnosis, language), language)
    parts += _lines("decision", decision_text(report.decision, language).splitlines(), language)
    parts += _lines(
        "timeline",
        [f"{moment(e.at)}  {e.text} {_ids(e.evidence)}" for e in diagnosis.timeline],
        language,
    )
    parts += _lines("coverage", _coverage(diagnosis.coverage, language), language)
    parts += _lines("evidence", _evidence(diagnosis), language)
    parts += _lines("removed", _removed(report), language)
    title = Text(f"{report.device_id} · {report.trace_id} · v{report.version}")
    return Panel(Group(*parts), title=title, title_align="left")


def _removed(report: DiagnosisReport) -> tuple[str, ...]:
    return (*report.diagnosis.removed, *report.decision.removed)


def _head(key: str, language: Language) -> str:
    return _HEADS[key][language]


def _pair(key: str, text: str, language: Language) -> str:
    return f"{_head(key, language)}{'：' if language == 'zh' else ': '}{text}"


def _ids(evidence: Sequence[str]) -> str:
    return f"[{', '.join(evidence)}]" if evidence else ""


def _summary(report: DiagnosisReport, language: Language) -> str:
    pairs = (
        ("mode", report.failure_mode or "-"),
        ("severity", report.severity),
        ("confidence", share(report.diagnosis.confidence)),
        ("by", report.llm_model),
    )
    return " · ".join(_pair(key, text, language) for key, text in pairs)


def _claim_line(diagnosis: Diagnosis, index: int, language: Language) -> str:
    claim = diagnosis.claims[index]
    mark = f" ({_head('hypothesis', language)})" if claim.kind == "hypothesis" else ""
    return f"{index + 1}. {claim.text}{mark} {_ids(claim.evidence)}".rstrip()


def _actions(diagnosis: Diagnosis, language: Language) -> list[str]:
    pairs = (
        ("now", diagnosis.immediate_action),
        ("lasting", diagnosis.lasting_action),
        ("confirm", diagnosis.confirm_by),
    )
    return [_pair(key, text, language) for key, text in pairs if text]


def _coverage(coverage: Coverage, language: Language) -> list[str]:
    pairs = (
        ("checked", coverage.checked),
        ("empty", coverage.empty),
        ("stale", coverage.stale),
        ("unavailable", coverage.unavailable),
    )
    return [_pair(key, listed(tools, language), language) for key, tools in pairs if tools]


def _evidence(diagnosis: Diagnosis) -> list[str]:
    lines: list[str] = []
    for one in diagnosis.evidence:
        given = ", ".join(f"{name}={value}" for name, value in one.arguments.items())
        note = f" - {one.note}" if one.note else ""
        lines.append(f"{one.evidence_id} {one.tool}({given}) {one.state} {one.digest[:12]}{note}")
    return lines


def _rows(diagnosis: Diagnosis, language: Language) -> list[tuple[str, ...]]:
    return [
        (
            one.name,
            share(one.probability),
            _head(one.standing, language),
            # Two signs that the same change bears out are one line to a reader.
            "\n".join(dict.fromkeys(one.speaks_for)),
            "\n".join(dict.fromkeys(one.speaks_against)),
            one.separating_test or "",
        )
        for one in diagnosis.hypotheses
    ]


_COLUMNS = ("mode", "probability", "standing", "for", "against", "test")


def _hypotheses_table(diagnosis: Diagnosis, language: Language) -> Table:
    table = Table(title=_head("hypotheses", language), title_justify="left", expand=True)
    for key in _COLUMNS:
        table.add_column(_head(key, language), overflow="fold")
    for row in _rows(diagnosis, language):
        table.add_row(*(Text(cell) for cell in row))
    return table


def _hypotheses_markdown(diagnosis: Diagnosis, language: Language) -> str:
    if not diagnosis.hypotheses:
        return ""
    heads = [_head(key, language) for key in _COLUMNS]
    rows = [heads, ["---"] * len(heads), *(_rows(diagnosis, language))]
    table = "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in rows)
    return f"## {_head('hypotheses', language)}\n\n{table}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def _section(key: str, lines: Iterable[str], language: Language) -> str:
    body = "\n".join(lines)
    return f"## {_head(key, language)}\n\n{body}" if body else ""


def _lines(key: str, lines: Sequence[str], language: Language) -> list[RenderableType]:
    if not lines:
        return []
    return [Text(), Text(_head(key, language), style="bold"), *(Text(line) for line in lines)]
