"""The words of a report's frame, and how text from outside is shown within it."""

import unicodedata

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis, DiagnosisReport
from opsmith_agents.reply_words import word
from opsmith_agents.wording import share

HEADS: dict[str, dict[Language, str]] = {
    "title": {"en": "Diagnosis report", "zh": "诊断报告"},
    "cause": {"en": "Cause", "zh": "原因"},
    "severity": {"en": "Severity", "zh": "严重程度"},
    "confidence": {"en": "Confidence", "zh": "置信度"},
    "category": {"en": "Fault category", "zh": "故障类别"},
    "by": {"en": "By", "zh": "生成者"},
    "hypotheses": {"en": "Hypotheses", "zh": "假设"},
    "claims": {"en": "Claims", "zh": "论断"},
    "evidence": {"en": "Evidence", "zh": "证据"},
    "timeline": {"en": "Timeline", "zh": "时间线"},
    "coverage": {"en": "Coverage", "zh": "检查范围"},
    "action": {"en": "Action", "zh": "处置"},
    "decision": {"en": "Decision", "zh": "决策"},
    "removed": {"en": "Removed by the check", "zh": "核查时删除的内容"},
    "also": {"en": "Further faults at the same time", "zh": "同时存在的其他故障"},
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
    "fact": {"en": "fact", "zh": "事实"},
    "none": {"en": "None of the known failure modes", "zh": "以上皆非（已知故障模式之外）"},
    "checked": {"en": "checked", "zh": "已检查"},
    "empty": {"en": "empty", "zh": "无数据"},
    "stale": {"en": "stale", "zh": "过期"},
    "unavailable": {"en": "unavailable", "zh": "不可用"},
    "truncated": {"en": "in part", "zh": "部分"},
    "ok": {"en": "complete", "zh": "完整"},
    "not_checked": {"en": "not checked", "zh": "未检查"},
    "steps": {"en": "Steps", "zh": "步骤"},
    "parts": {"en": "Parts", "zh": "备件"},
    "skills": {"en": "Trades", "zh": "工种"},
    "hours": {"en": "Hours", "zh": "工时"},
    "estimated": {"en": "{hours:g} h estimated", "zh": "预计 {hours:g} 小时"},
    "due": {"en": "Due", "zh": "期限"},
    "planned": {"en": "Planned for", "zh": "计划时间"},
    "isolation": {
        "en": "Isolate and lock out before the work.",
        "zh": "作业前须隔离并上锁挂牌。",
    },
    "assigned": {"en": "Assigned to", "zh": "负责人"},
    "reviewed": {"en": "Reviewed by", "zh": "审核人"},
    "unreviewed": {"en": "no person yet", "zh": "尚无人审核"},
    "orders": {"en": "Work order", "zh": "工单"},
    "plan": {"en": "Plan", "zh": "计划"},
    "waiting": {"en": "If nothing is done", "zh": "不处理的后果"},
    "proposals": {"en": "Waits for a person", "zh": "待人工确认"},
    "no_order": {"en": "No work order.", "zh": "不生成工单。"},
    "no_order_yet": {"en": "Planned; no work order is stored.", "zh": "已计划；尚无存储的工单。"},
    "closing": {"en": "Closing notes", "zh": "关闭说明"},
    "tool": {"en": "Tool", "zh": "工具"},
    "arguments": {"en": "Arguments", "zh": "参数"},
    "state": {"en": "State", "zh": "状态"},
    "window": {"en": "Window", "zh": "时段"},
    "digest": {"en": "Digest (SHA-256)", "zh": "摘要（SHA-256）"},
    "result": {"en": "Result as it is stored", "zh": "存储的结果"},
    "note": {"en": "Note", "zh": "说明"},
    "versions": {"en": "Versions", "zh": "版本"},
    "version": {"en": "Version", "zh": "版本"},
    "written": {"en": "Written", "zh": "写成时间"},
    "as_of": {"en": "Data up to", "zh": "数据截至"},
    "differs": {
        "en": "What changed from version {old} to {new}",
        "zh": "第 {old} 版到第 {new} 版的变化",
    },
    "same": {"en": "Nothing that this page shows.", "zh": "本页所示内容没有变化。"},
    "more": {"en": "and {count} more", "zh": "另有 {count} 句"},
    "path": {"en": "Why this author", "zh": "由其生成的原因"},
    "tokens": {"en": "Tokens", "zh": "令牌数"},
    "cost": {"en": "Cost", "zh": "费用"},
    "latency": {"en": "Took", "zh": "耗时"},
    "alert": {"en": "Alert", "zh": "报警"},
    "device": {"en": "Device", "zh": "设备"},
    "onset": {"en": "Deviation began", "zh": "偏离起点"},
    "raised": {"en": "Alert raised", "zh": "报警触发"},
    "message": {"en": "Message of the source", "zh": "来源消息"},
    "stop": {"en": "Planned stop", "zh": "计划停机"},
    "grouped": {"en": "Speaks for grouped alerts", "zh": "代表的同组报警"},
    "order_of": {"en": "Text", "zh": "内容"},
    "times": {"en": "Times", "zh": "时间"},
    "capped": {
        "en": "the most that the coverage allows",
        "zh": "检查范围所允许的最高值",
    },
    "unmarked": {
        "en": "In a sentence, a time without a date or a zone is in UTC.",
        "zh": "句中未注明日期或时区的时间为 UTC。",
    },
}  # fmt: skip


def head(key: str, language: Language) -> str:
    """A word of the frame."""
    return HEADS[key][language]


def pair(key: str, text: str, language: Language) -> str:
    """A word of the frame, and what it is."""
    return f"{head(key, language)}{'：' if language == 'zh' else ': '}{text}"


def visible(text: str) -> str:
    r"""Foreign text without what steers a terminal or turns its order: such signs are shown as �.

    >>> visible("PUMP\x1b[31m_01\u202e")
    'PUMP\ufffd[31m_01\ufffd'
    """
    return "".join(
        sign if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for sign in text.replace("\t", "    ")
    )


def author_of(report: DiagnosisReport, language: Language) -> str:
    """Who wrote a version, as people say it."""
    made_by = report.llm_model
    return word(language, made_by) if made_by == "rules" else visible(made_by)


def tokens_of(report: DiagnosisReport, language: Language) -> str:
    """What a version took of an LLM: tokens, and money where the price is known; empty: none."""
    parts: tuple[Diagnosis | Decision, ...] = (report.diagnosis, report.decision)
    total = report.tokens_used or sum(part.tokens_used for part in parts)
    if not total:
        return ""
    read, wrote = (
        sum(getattr(p, name) for p in parts) for name in ("input_tokens", "output_tokens")
    )
    told = f"{total:,}"
    if read or wrote:
        told += {
            "en": f" ({read:,} read, {wrote:,} written)",
            "zh": f"（读入 {read:,}，写出 {wrote:,}）",
        }[language]
    cost = sum(part.cost for part in parts)
    return f"{told} · {pair('cost', f'{cost:.4g}', language)}" if cost else told


def also_of(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Further faults at the same time, where the diagnostician names any."""
    told: list[str] = []
    for one in getattr(diagnosis, "also", ()):
        name = getattr(one, "name", None)
        if name is None:
            told.append(str(one))
            continue
        likely = getattr(one, "probability", None)
        told.append(str(name) if likely is None else f"{name} ({share(likely)})")
    return tuple(told)
