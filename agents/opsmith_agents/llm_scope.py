"""What an LLM says beyond its reach: deeds on other devices, and windows of its own choice."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Diagnosis, Evidence
from opsmith.domain.events import AlertEvent
from opsmith_agents.figures import normal
from opsmith_agents.grounds import device_of, plain
from opsmith_agents.llm_guess import RANKING

_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|[。！？；\n]|$)", re.DOTALL)
_NUMBERED = re.compile(
    r"(?:(?<![a-z])(?:pump|motor|compressor|fan|blower|gearbox|machine|device)|泵|电机|压缩机|风机|设备)"
    r"[\s_-]*(?:no\.?\s*|#\s*)?(?P<a>\d+)(?!\d|\.\d)|(?P<b>\d+)\s*(?:号|#)\s*(?:泵|电机|压缩机|风机|设备|机)"
)
"""How people number devices of a class."""
_CHOOSES = ("since", "against_since", "against_until", "window_mins", "before_mins")
"""Arguments by which a window of readings is chosen, beside `onset` and `until`."""
_SUFFIX: dict[Language, str] = {
    "en": " (window {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC)",
    "zh": "（时段 {start:%Y-%m-%d %H:%M} 至 {end:%Y-%m-%d %H:%M} UTC）",
}
OTHER_DEVICE: dict[Language, str] = {
    "en": "Cut from the cause or the actions: a sentence about another device",
    "zh": "已从原因或处置中删除：涉及其他设备的语句",
}


class Others:
    """The devices beside the one at hand, however a text writes them.

    Args:
        evidence: Names some of them.
        device_id: The one at hand; what is numbered like it is one of the others too.

    >>> others = Others((), "PUMP_01")
    >>> others.without("Check PUMP_01. Lock out pump 02. Stop 3号泵。")
    'Check PUMP_01.'
    """

    def __init__(self, evidence: Iterable[Evidence], device_id: str) -> None:
        looked = tuple(evidence)
        found = {name for one in looked for name in _devices(one.result)}
        found |= {name for one in looked if (name := device_of(one)) is not None}
        self._ids = frozenset(map(plain, found)) - {plain(device_id)}
        numbers = re.findall(r"\d+", device_id)
        self._number = int(numbers[-1]) if numbers else None

    def named_in(self, text: str) -> bool:
        """Whether a text names one of them."""
        said = normal(text).casefold()
        if any(_written(one).search(said) for one in self._ids):
            return True
        return any(int(m["a"] or m["b"]) != self._number for m in _NUMBERED.finditer(said))

    def without(self, text: str) -> str:
        """A text without its sentences that name one of them."""
        kept = (m.group() for m in _SENTENCE.finditer(text))
        return "".join(one for one in kept if not self.named_in(one)).strip()


class Windows:
    """Tells readers the window of a claim where the LLM chose that itself.

    Some window can be found in which almost any change shows. The numbers are true of it all the
    same; so it is told to the reader, who else would take it for the time since the onset.

    Args:
        event: Whose moment is nobody's choice.
        rules: What the rules said, whose windows are not the LLM's choice either.
    """

    def __init__(self, event: AlertEvent, rules: Diagnosis | None) -> None:
        asked = [one.arguments for one in rules.evidence] if rules else []
        self._given = {_text(one) for one in asked}
        ranked = [one.arguments for one in rules.evidence if one.tool == RANKING] if rules else []
        self.onset = str((ranked or [{}])[0].get("onset") or event.alert.onset.isoformat())
        """As the rules took it: the alert's, or that of an earlier one that still stands."""
        self._onset = _at(self.onset)
        self._until = event.as_of

    def told(self, text: str, cited: Sequence[Evidence], language: Language) -> str:
        """A claim that rests on this evidence, with the first window that the LLM chose."""
        window = next((one.window for one in cited if one.window and self._is_chosen(one)), None)
        if window is None:
            return text
        bare = text.rstrip().rstrip(".。")
        end = text.rstrip()[len(bare) :]
        return f"{bare}{_SUFFIX[language].format(start=window.start, end=window.end)}{end}"

    def _is_chosen(self, evidence: Evidence) -> bool:
        given = evidence.arguments
        if _text(given) in self._given:
            return False
        if _at(given.get("until")) not in (None, self._until):
            return True
        if _at(given.get("onset")) not in (None, self._onset):
            return True
        return any(given.get(name) is not None for name in _CHOOSES)


@lru_cache(maxsize=1024)
def _written(name: str) -> re.Pattern[str]:
    signs = r"[\s_-]*".join(map(re.escape, name))
    return re.compile(rf"(?<![a-z0-9]){signs}(?![a-z0-9])")


def _text(arguments: Mapping[str, Any]) -> str:
    told = {name: str(_at(value) or value) for name, value in arguments.items()}
    return json.dumps(told, sort_keys=True)


def _at(value: object) -> datetime | None:
    """The moment that a text is, however it writes the zone."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _devices(value: Any) -> Iterator[str]:
    match value:
        case Mapping():
            for name, one in cast(Mapping[str, Any], value).items():
                if name == "device_id" and isinstance(one, str):
                    yield one
                elif name in ("peers", "devices", "device_ids") and isinstance(one, Sequence):
                    yield from (each for each in cast(Sequence[Any], one) if isinstance(each, str))
                yield from _devices(one)
        case list() | tuple():
            for one in cast(Sequence[Any], value):
                yield from _devices(one)
        case _:
            pass
