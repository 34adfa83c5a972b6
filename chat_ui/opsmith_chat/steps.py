"""A tool call in words: its title, and its result as JSON that people can read."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from opsmith_agents.answers import Step

_plain = json.JSONEncoder(ensure_ascii=False).encode
_WIDTH = 100
_TITLE = 140
_ARGUMENT = 60


def title(step: Step) -> str:
    """The call in one line, with how it went once it has ended.

    >>> title(Step(number=1, tool="get_alert", arguments={"trace_id": "AL-1"}, state="running"))
    'get_alert(trace_id=AL-1)'
    """
    given = ", ".join(
        f"{name}={_brief(value)}" for name, value in step.arguments.items() if value is not None
    )
    called = _cut(f"{step.tool}({given})", _TITLE)
    if step.state == "running":
        return called
    took = "" if step.seconds is None else f" · {step.seconds:.2f} s"
    return f"{called} · {step.state.value}{took}"


def outcome(step: Step) -> str:
    """The result, or why there is none, as JSON."""
    if step.result:
        return pretty(step.result)
    return pretty({"state": step.state, "note": step.note})


def pretty(value: Any, indent: int = 0) -> str:
    """JSON with as few lines as fit the width.

    >>> print(pretty({"unit": "Cel", "values": [1.5, 2.0]}))
    {"unit": "Cel", "values": [1.5, 2.0]}
    """
    if not isinstance(value, Mapping | list):
        return _plain(value)
    if _least(cast("Mapping[str, Any] | list[Any]", value)) + indent <= _WIDTH:
        plain = _plain(value)
        if len(plain) + indent <= _WIDTH:
            return plain
    pad = " " * (indent + 2)
    if isinstance(value, Mapping):
        named = cast(Mapping[str, Any], value)
        items = [f"{_plain(key)}: {pretty(one, indent + 2)}" for key, one in named.items()]
        return "{\n" + ",\n".join(pad + item for item in items) + "\n" + " " * indent + "}"
    lines: list[str] = []
    for item, is_scalar in _items(cast(list[Any], value), indent + 2):
        if is_scalar and lines and len(lines[-1]) + len(item) + indent + 5 <= _WIDTH:
            lines[-1] += f", {item}"
        else:
            lines.append(item)
    return "[\n" + ",\n".join(pad + line for line in lines) + "\n" + " " * indent + "]"


def _items(values: list[Any], indent: int) -> Iterator[tuple[str, bool]]:
    """Each value, and whether it may share its line."""
    if all(isinstance(one, int | float) for one in values):
        # Hundreds of readings: one by one they take ten times as long.
        for item in _plain(values)[1:-1].split(", "):
            yield item, True
        return
    for one in values:
        yield pretty(one, indent), not isinstance(one, Mapping | list)


def _least(value: "Mapping[str, Any] | list[Any]") -> int:
    """Characters that it has in one line at least; cheap, where writing it out is not."""
    if isinstance(value, Mapping):
        return sum(len(name) + 7 for name in value)
    return 3 * len(value)


def _brief(value: Any) -> str:
    return _cut(value if isinstance(value, str) else _plain(value), _ARGUMENT)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
