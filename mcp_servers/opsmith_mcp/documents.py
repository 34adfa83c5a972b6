"""One device, alert, report or knowledge entry as a document for people and models."""

from collections.abc import Sequence
from datetime import tzinfo

from opsmith.domain.alerts import Alert, Deviation
from opsmith.domain.base import Language
from opsmith.domain.devices import Device
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.knowledge import KnowledgeEntry, Sign
from opsmith.ports import Extent
from opsmith_mcp.prose import at, bullets, fields, inert, page, section

_ZH = {
    "name": "名称", "class": "类型", "maker": "制造商", "model": "型号", "factory": "工厂",
    "line": "产线", "place": "位置", "status": "状态", "until": "检修至", "criticality": "重要度",
    "channels": "已装通道", "limits": "额定限值", "readings": "读数", "standing": "未消除的报警",
    "device": "设备", "type": "类型", "level": "级别", "state": "状态", "onset": "开始偏离",
    "raised": "触发", "last": "最近", "cleared": "消除", "score": "得分（1 为限值）",
    "count": "偏离读数", "held": "未通知原因", "acknowledged": "确认人", "code": "代码",
    "message": "原文", "deviations": "偏离的通道", "report": "报告", "cause": "原因",
    "severity": "严重程度", "confidence": "置信度", "by": "生成者", "claims": "论断",
    "hypotheses": "假设", "actions": "处置", "decision": "决策", "not_checked": "未能检查",
    "evidence": "证据", "removed": "核查时删除的内容", "mode": "故障模式", "now": "立即",
    "lasting": "根治", "confirm": "确认方法", "versions": "版本", "symptoms": "症状",
    "root_cause": "根本原因", "solution": "处理方法", "prevention": "预防",
    "immediate": "立即措施", "signs": "通道表现", "alike": "易混淆的故障模式", "parts": "备件",
    "hours": "计划工时（小时）", "lockout": "需要挂牌上锁", "source": "来源",
    "iso": "ISO 14224 代码", "pattern": "故障模式特征", "category": "类别", "yes": "是", "no": "否",
    "unreachable": "无法访问读数存储，不可视为正常", "none": "无", "installed": "投运日期",
}  # fmt: skip
_EN = {
    "class": "Device class", "place": "Location", "until": "In maintenance until",
    "channels": "Installed channels", "limits": "Rated limits", "standing": "Standing alerts",
    "last": "Last seen", "score": "Score (1 is the limit)", "count": "Readings that deviated",
    "held": "Not announced because", "acknowledged": "Acknowledged by", "code": "Code",
    "message": "In its words", "deviations": "Channels that deviate", "claims": "Claims",
    "not_checked": "What could not be checked", "removed": "Removed by the check",
    "mode": "Failure mode", "now": "Now", "lasting": "Lasting", "confirm": "Confirm by",
    "immediate": "Immediate action", "signs": "How channels show it", "alike": "Look-alikes",
    "hours": "Planned labour hours", "lockout": "Needs lock-out", "iso": "ISO 14224 code",
    "pattern": "Fault pattern", "root_cause": "Root cause",
    "unreachable": "the readings cannot be reached; not to be read as fine",
}  # fmt: skip


def _label(key: str, language: Language) -> str:
    if language == "zh":
        return _ZH[key]
    return _EN.get(key, key.replace("_", " ").capitalize())


def device_page(
    device: Device,
    standing: Sequence[Alert],
    extent: Extent | None,
    *,
    reachable: bool,
    language: Language,
    zone: tzinfo,
) -> str:
    """A device: nameplate, status, readings, the alerts that stand."""

    def label(key: str) -> str:
        return _label(key, language)

    limits = ", ".join(
        f"{channel} {'' if one.low is None else f'{one.low:g} '}…"
        f"{'' if one.high is None else f' {one.high:g}'}"
        for channel, one in sorted(device.rated().items())
    )
    readings = label("none") if reachable else label("unreachable")
    if extent is not None:
        readings = f"{extent.count}: {at(extent.first, zone)} … {at(extent.last, zone)}"
    return page(
        f"# {inert(device.device_id)}",
        fields(
            [
                (label("name"), device.device_name),
                (label("class"), device.device_type),
                (label("maker"), device.manufacturer),
                (label("model"), device.model),
                (label("factory"), device.factory_id),
                (label("line"), device.line_id),
                (label("place"), device.location),
                (label("installed"), device.install_date),
                (label("status"), device.status),
                (label("until"), device.maintenance_end() and at(device.maintenance_end(), zone)),
                (label("criticality"), device.criticality),
                (label("channels"), ", ".join(device.channels)),
                (label("limits"), limits),
                (label("readings"), readings),
            ],
            language,
        ),
        section(
            label("standing"),
            [_alert_line(one, zone) for one in standing] or [label("none")],
        ),
    )


def _alert_line(alert: Alert, zone: tzinfo) -> str:
    what = f"{alert.alert_level} {alert.alert_type}, {at(alert.first_seen, zone)}"
    return f"- alert://{inert(alert.trace_id)} {what}"


def alert_page(alert: Alert, versions: Sequence[int], *, language: Language, zone: tzinfo) -> str:
    """An alert: what deviated, since when, and where it stands."""

    def label(key: str) -> str:
        return _label(key, language)

    report = f"report://{alert.trace_id}" if versions else label("none")
    return page(
        f"# {inert(alert.trace_id)}",
        fields(
            [
                (label("device"), alert.device_id),
                (label("type"), alert.alert_type),
                (label("level"), alert.alert_level),
                (label("state"), alert.state),
                (label("onset"), at(alert.onset, zone)),
                (label("raised"), at(alert.first_seen, zone)),
                (label("last"), at(alert.last_seen, zone)),
                (label("cleared"), alert.cleared_at and at(alert.cleared_at, zone)),
                (label("score"), f"{alert.score:.3g}"),
                (label("count"), alert.count),
                (label("held"), alert.suppressed),
                (label("acknowledged"), alert.acknowledged_by),
                (label("code"), alert.code),
                (label("message"), alert.message),
                (label("report"), report),
            ],
            language,
        ),
        section(label("deviations"), bullets(_deviation(one) for one in alert.deviations)),
    )


def _deviation(one: Deviation) -> str:
    unit = f" {one.unit}" if one.unit else ""
    value = "–" if one.value is None else f"{one.value:.4g}{unit}"
    parts = [f"{one.channel}: {value}", f"{one.share:.0%}", one.direction, one.kind]
    if one.expected is not None:
        parts.append(f"expected {one.expected:.4g}{unit}")
    if one.limit is not None:
        parts.append(f"limit {one.limit:.4g}{unit}")
    return ", ".join(part for part in parts if part not in ("none", "unknown"))


def report_page(report: DiagnosisReport, *, zone: tzinfo) -> str:
    """A report in its own language: cause, claims with their evidence, what was not checked."""
    diagnosis, decision, language = report.diagnosis, report.decision, report.diagnosis.language

    def label(key: str) -> str:
        return _label(key, language)

    claims = (
        f"{claim.text} {' '.join(f'({one})' for one in claim.evidence)}".strip()
        for claim in diagnosis.claims
    )
    hypotheses = (
        f"{one.name} ({one.failure_mode}): {one.probability:.0%}, {one.standing}"
        for one in diagnosis.hypotheses
    )
    actions = {
        "now": diagnosis.immediate_action,
        "lasting": diagnosis.lasting_action,
        "confirm": diagnosis.confirm_by,
    }
    return page(
        f"# {inert(report.device_id)} · {inert(report.trace_id)} · v{report.version}",
        fields(
            [
                (label("cause"), diagnosis.cause),
                (label("mode"), diagnosis.failure_mode),
                (label("severity"), diagnosis.severity),
                (label("confidence"), f"{diagnosis.confidence:.2f}"),
                (label("by"), f"{diagnosis.made_by}, {at(report.created_at, zone)}"),
            ],
            language,
        ),
        section(label("claims"), bullets(claims)),
        section(label("hypotheses"), bullets(hypotheses)),
        section(label("actions"), [fields(_named(actions, language), language)]),
        section(label("decision"), bullets([decision.reason, *decision.proposals])),
        section(label("not_checked"), bullets(diagnosis.coverage.unavailable)),
        section(
            label("evidence"),
            bullets(
                f"{one.evidence_id}: {one.tool}, {one.state}, {one.note or ''}".rstrip(", ")
                for one in diagnosis.evidence
            ),
        ),
        section(label("removed"), bullets([*diagnosis.removed, *decision.removed])),
    )


def manual_page(entry: KnowledgeEntry, *, language: Language) -> str:
    """A knowledge entry: how it shows, why, what to do."""

    def label(key: str) -> str:
        return _label(key, language)

    text = entry.text[language]
    prose = {
        "symptoms": text.symptoms,
        "pattern": text.fault_pattern,
        "root_cause": text.root_cause,
        "immediate": text.immediate_action,
        "confirm": text.confirm_by,
        "solution": text.solution,
        "prevention": text.prevention,
    }
    return page(
        f"# {inert(text.name)}",
        fields(
            [
                ("ID", entry.entry_id),
                (label("class"), ", ".join(entry.device_types)),
                (label("category"), entry.category),
                (label("iso"), entry.iso_code),
                (label("severity"), entry.severity),
                (label("parts"), ", ".join(entry.parts_in(language))),
                (label("hours"), f"{entry.hours:g}"),
                (label("lockout"), label("yes" if entry.lockout else "no")),
                (label("source"), f"{entry.source} {entry.reference}".strip()),
            ],
            language,
        ),
        *(section(label(key), [inert(words)]) for key, words in prose.items() if words),
        section(label("signs"), bullets(_sign(one) for one in entry.signs)),
        section(
            label("alike"),
            bullets(f"{k}: {entry.test_from(k, language)}" for k in entry.separable_from),
        ),
    )


def _sign(sign: Sign) -> str:
    how = [sign.direction, *sign.kinds]
    return f"{sign.channel}: {', '.join(how)}{f' ({sign.note})' if sign.note else ''}"


def _named(texts: dict[str, str], language: Language) -> list[tuple[str, object]]:
    return [(_label(key, language), text) for key, text in texts.items()]
