"""Prompts: tasks of a shift, each as the order in which the tools serve it, in both languages."""

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

from fastmcp import FastMCP
from fastmcp.exceptions import PromptError
from pydantic import Field

from opsmith.errors import BadInput
from opsmith_mcp.prompt_texts import DIAGNOSE, HAND_OVER, PLAN, RULES
from opsmith_mcp.prose import inert, spoken

NEEDS: Mapping[str, frozenset[str]] = {
    "diagnose_alert": frozenset({"alert_history", "telemetry", "knowledge", "work_orders"}),
    "hand_over_shift": frozenset({"device_registry", "alert_history", "work_orders"}),
    "plan_maintenance": frozenset(
        {"device_registry", "alert_history", "forecasting", "work_orders"}
    ),
}
"""Groups whose tools each prompt calls for; where one is missing the prompt is not published."""

LANGUAGES = ("en", "zh")
ARGUMENTS: Mapping[str, str] = {"trace_id": "alert", "device_id": "device"}
"""Arguments that are completed, by the scheme of the documents whose keys they are."""

LONGEST = 200

Language = Annotated[str, Field(description="en or zh.")]


def diagnose_alert(
    trace_id: Annotated[str, Field(description="Id of the alert.")], language: Language = "en"
) -> str:
    """Find out why an alert was raised, on evidence, and say what to do."""
    return _filled(DIAGNOSE, language, trace_id=trace_id)


def hand_over_shift(
    hours: Annotated[str, Field(description="Length of the shift, 1 to 24.")] = "8",
    line_id: Annotated[str, Field(description="Of one line; empty: all.")] = "",
    language: Language = "en",
) -> str:
    """Write the handover of a shift: what stands, what was done, what to watch."""
    if not (hours.isascii() and hours.isdecimal() and 1 <= int(hours) <= 24):
        raise PromptError(f"hours: {hours!r} is no whole number from 1 to 24")
    return _filled(HAND_OVER, language, hours=hours, line_id=line_id)


def plan_maintenance(
    device_id: Annotated[str, Field(description="Of the device.")],
    days: Annotated[str, Field(description="How far ahead to look, 1 to 90.")] = "14",
    language: Language = "en",
) -> str:
    """Plan a maintenance window: what to do in it, in which order, with what."""
    if not (days.isascii() and days.isdecimal() and 1 <= int(days) <= 90):
        raise PromptError(f"days: {days!r} is no whole number from 1 to 90")
    return _filled(PLAN, language, device_id=device_id, days=days)


_PROMPTS: tuple[tuple[Callable[..., str], str], ...] = (
    (diagnose_alert, "Diagnose an alert · 诊断报警"),
    (hand_over_shift, "Hand over a shift · 交接班"),
    (plan_maintenance, "Plan a maintenance window · 安排检修窗口"),
)


def add_prompts(server: FastMCP[Any], groups: Collection[str]) -> tuple[str, ...]:
    """Publish the prompts for which there are tools; their names."""
    published = list[str]()
    for prompt, title in _PROMPTS:
        if NEEDS[prompt.__name__] <= set(groups):
            server.prompt(prompt, title=title)
            published.append(prompt.__name__)
    return tuple(published)


def _filled(texts: Mapping[str, str], language: str, **given: str) -> str:
    """The text with what was given in it, as names on one line that end nothing."""
    try:
        spoken_in = spoken(language.strip().lower() or "en")
    except BadInput as error:
        raise PromptError(str(error)) from error
    named = dict[str, str]()
    for name, value in given.items():
        if len(value) > LONGEST:
            raise PromptError(f"{name} is longer than {LONGEST} signs")
        named[name] = inert(value).replace('"', "'") or "*"
    text = texts[spoken_in]
    for name, value in named.items():
        text = text.replace(f"{{{name}}}", value)
    return f"{text}\n{RULES[spoken_in]}"
