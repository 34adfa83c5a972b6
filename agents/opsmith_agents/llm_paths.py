"""How an LLM came to its diagnosis, in words for people, and which evidence code gathers for it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Diagnosis
from opsmith.domain.events import AlertEvent
from opsmith_agents.check import CORE
from opsmith_agents.evidence import ALERT
from opsmith_mcp.windows import INSTANT

Path = Literal["led", "unguessed", "endless", "late", "clumsy", "refused", "evidence", "idle"]

_PATHS: dict[Path, dict[Language, str]] = {
    "led": {
        "en": "The LLM chose the tools, guessed first and then saw the rules' ranking",
        "zh": "大模型自行选用工具，先提出假设，再看规则的排序",
    },
    "unguessed": {
        "en": "The LLM chose the tools; it made no guess of its own first",
        "zh": "大模型自行选用工具；未先提出自己的假设",
    },
    "endless": {
        "en": "The LLM came to no end: it judged the evidence that it had",
        "zh": "大模型未能收尾：依据已有证据作出判断",
    },
    "late": {
        "en": "The LLM's time for looking was over: it judged the evidence that it had",
        "zh": "大模型调查时间用尽：依据已有证据作出判断",
    },
    "clumsy": {
        "en": "The LLM called no tools rightly: code gathered the evidence",
        "zh": "大模型未能正确调用工具：由代码收集证据",
    },
    "refused": {
        "en": "The LLM's server takes no tools: code gathered the evidence",
        "zh": "大模型的服务器不支持工具：由代码收集证据",
    },
    "evidence": {
        "en": "The LLM works on evidence alone: code gathered the evidence",
        "zh": "大模型仅依据证据工作：由代码收集证据",
    },
    "idle": {
        "en": "The LLM called no tools: code gathered the evidence",
        "zh": "大模型没有调用工具：由代码收集证据",
    },
}
_BEFORE: dict[Language, str] = {"en": "{path}. Before it: {failed}", "zh": "{path}。此前：{failed}"}


def path_text(path: Path, failed: Sequence[str], language: Language) -> str:
    """How it came to a diagnosis.

    Args:
        path: Of the LLM that wrote it.
        failed: Why the LLMs before it in the chain gave none.
        language: Of the text.
    """
    told = _PATHS[path][language]
    return _BEFORE[language].format(path=told, failed="; ".join(failed)) if failed else told


def pack(
    event: AlertEvent, language: Language, rules: Diagnosis | None
) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """The tool calls whose answers make up the evidence: those of the rules, where they looked.

    Returns:
        Tools with their arguments; those without which nothing can be said first.
    """
    if rules is not None:
        asked = [(one.tool, one.arguments) for one in rules.evidence if one.evidence_id != ALERT]
        return sorted(asked, key=lambda one: one[0] not in CORE)
    device = {"device_id": event.alert.device_id}
    until = {"until": event.as_of.isoformat()}
    since = {"onset": event.alert.onset.isoformat()}
    return [
        ("fetch_telemetry_data", {**device, **until}),
        ("describe_change", {**device, **since, **until}),
        ("match_failure_modes", {**device, **since, **until, "language": language}),
        ("query_device_status", device),
        ("get_alert_history", {**device, **until}),
        ("list_work_orders", {**device, "until": (event.as_of + INSTANT).isoformat(), "limit": 10}),
    ]
