"""Say where a sentence goes beyond the evidence that it cites."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from opsmith.domain.base import State
from opsmith.domain.diagnoses import Evidence
from opsmith_agents.figures import Figure, figures, normal
from opsmith_agents.grounds import Grounds, base, device_of, grounds_of, plain
from opsmith_kb.load import load_entries

BLANK = "[…]"

_WORDS: dict[str, tuple[str, ...]] = {
    "temperature": ("temperature", "温度"), "vibration": ("vibration", "振动"),
    "pressure": ("pressure", "压力"), "flow": ("flow", "流量"), "voltage": ("voltage", "电压"),
    "current": ("current", "电流"), "speed": ("speed", "转速"), "power": ("power", "功率"),
}  # fmt: skip
_CURRENT_NOW = r"current(?! (?:status|state|level|value|reading|alert|order|window|condition)s?\b)"
_CHANNEL = re.compile(
    # The first sign is looked at before the words are tried: most signs begin none.
    f"(?=[{''.join(sorted({word[0] for words in _WORDS.values() for word in words}))}])(?:"
    + "|".join(
        rf"(?P<{name}>\b(?:{_CURRENT_NOW if name == 'current' else en})s?\b|{zh})"
        for name, (en, zh) in _WORDS.items()
    )
    + ")",
    re.IGNORECASE,
)


class Judge:
    """Knows a body of evidence, and what it is evidence of.

    Args:
        evidence: From a ledger.
        device_id: The device that a sentence is about unless it names another.
    """

    def __init__(self, evidence: Iterable[Evidence], device_id: str) -> None:
        self._evidence = {one.evidence_id: one for one in evidence}
        self._device = plain(device_id)
        self._devices = {
            one: None if (device := device_of(what)) is None else plain(device)
            for one, what in self._evidence.items()
        }
        self._read: dict[str, Grounds] = {}
        self._spoken_of: dict[tuple[object, ...], frozenset[str]] = {}

    @property
    def all(self) -> tuple[str, ...]:
        """The ids of all the evidence."""
        return tuple(self._evidence)

    def known(self, cited: Iterable[str]) -> tuple[str, ...]:
        """Those ids that there are, each once."""
        return tuple(dict.fromkeys(one for one in cited if one in self._evidence))

    def usable(self, cited: Iterable[str]) -> bool:
        """Whether any of them could be looked at."""
        return any(self._evidence[one].state is not State.UNAVAILABLE for one in cited)

    def holds_moment(self, at: datetime, cited: Iterable[str]) -> bool:
        """Whether that moment, to the second, stands in the evidence."""
        return any(
            abs((moment - at).total_seconds()) < 1
            for one in cited
            for moment in self._ground(one).moments
        )

    def entry(self, mode: str) -> dict[str, Any]:
        """What the evidence says of a knowledge entry; empty where none has it."""
        for evidence in self._evidence.values():
            result = evidence.result
            if result.get("entry_id") == mode:
                return result
            for key in ("ranked", "hits"):
                for one in cast(list[dict[str, Any]], result.get(key) or []):
                    if one.get("entry_id") == mode:
                        return one
        return {}

    def faults(self, text: str, cited: Sequence[str]) -> list[tuple[int, int]]:
        """Where a sentence, made `normal`, says what the cited evidence does not hold."""
        said = _said(text)
        about = [one for one in cited if self._is_about(one, said.names)]
        channels = self._channels(said, about)
        faults = [
            (f.start, f.end) for f in said.figures if not self._holds(f, cited, about, channels)
        ]
        faults += [span for span, name in said.spoken if not _measures(self._grounds(about), name)]
        faults += [
            span
            for span, name in said.modes
            if not any(_names_mode(g, name) for g in self._grounds(about))
        ]
        return sorted(faults)

    def _channels(self, said: "_Said", about: Sequence[str]) -> frozenset[str]:
        """The channels that a sentence speaks of; they matter to what it measures alone."""
        if not said.measures or not (said.words or said.names):
            return frozenset()
        asked = (tuple(about), said.names, said.words)
        if asked not in self._spoken_of:
            self._spoken_of[asked] = frozenset(
                channel
                for g in self._grounds(about)
                for channel in g.channels
                if plain(channel) in said.names
                or (said.words and base(channel).endswith(said.words))
            )
        return self._spoken_of[asked]

    def _holds(
        self,
        figure: Figure,
        cited: Sequence[str],
        about: Sequence[str],
        channels: frozenset[str],
    ) -> bool:
        if figure.kind == "citation":
            return figure.text in cited
        return any(g.hold(figure, channels) for g in self._grounds(about))

    def _is_about(self, evidence_id: str, names: Collection[str]) -> bool:
        """What was read of another device speaks only for a sentence that names it."""
        device = self._devices[evidence_id]
        return device is None or device == self._device or device in names

    def _grounds(self, evidence_ids: Iterable[str]) -> Iterator[Grounds]:
        """What they hold, each read only when it is reached: mostly the first one will do."""
        return (self._ground(one) for one in evidence_ids)

    def _ground(self, evidence_id: str) -> Grounds:
        if evidence_id not in self._read:
            self._read[evidence_id] = grounds_of(self._evidence[evidence_id])
        return self._read[evidence_id]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a sentence asserts, wherever it stands."""

    figures: tuple[Figure, ...]
    names: frozenset[str]
    """The identifiers among them, as `plain` gives them."""
    spoken: tuple[tuple[tuple[int, int], str], ...]
    """Where it speaks of a measurement, and of which."""
    words: tuple[str, ...]
    """Those measurements, each once."""
    modes: tuple[tuple[tuple[int, int], str], ...]
    """Where it names a failure mode, and how."""
    measures: bool
    """Whether it has a number with a unit."""


@lru_cache(maxsize=2048)
def _said(text: str) -> _Said:
    """Read a sentence; most of the knowledge's own come again with each diagnosis."""
    said, asserted = normal(text), figures(text)
    spoken = tuple((m.span(), m.lastgroup) for m in _CHANNEL.finditer(said) if m.lastgroup)
    return _Said(
        asserted,
        frozenset(plain(f.text) for f in asserted if f.kind == "name"),
        spoken,
        tuple({name for _, name in spoken}),
        tuple((m.span(), m.group()) for m in _mentions(said.lower())),
        any(f.kind == "number" and f.unit is not None for f in asserted),
    )


def blanked(text: str, faults: Sequence[tuple[int, int]]) -> str:
    """The sentence without what nothing supports, lest it be read as if something did."""
    said, place, parts = normal(text).strip(), 0, list[str]()
    shift = len(normal(text)) - len(normal(text).lstrip())
    for start, end in faults:
        if start - shift >= place:
            parts += [said[place : start - shift], BLANK]
        place = max(place, end - shift)
    return "".join((*parts, said[place:]))


def _measures(grounds: Iterable[Grounds], name: str) -> bool:
    """Whether any of the evidence is about a channel of that measurement."""
    return any(
        any(base(channel).endswith(name) for channel in one.channels)
        or any(word in one.prose for word in _WORDS[name])
        for one in grounds
    )


@lru_cache(maxsize=1)
def _modes() -> dict[str, frozenset[str]]:
    """Each name of a failure mode, in lower case, with all that it goes by in either language."""
    return {
        name: frozenset(names)
        for entry in load_entries()
        for names in [{entry.entry_id.lower(), *(p.name.lower() for p in entry.text.values())}]
        for name in names
    }


def _mentions(said: str) -> Iterator[re.Match[str]]:
    """Where a text, in lower case, names a failure mode."""
    for name in _modes():
        if name in said:
            yield from re.finditer(rf"(?<![a-z_]){re.escape(name)}(?![a-z_])", said)


def _names_mode(grounds: Grounds, name: str) -> bool:
    return any(known in grounds.prose for known in _modes()[name])
