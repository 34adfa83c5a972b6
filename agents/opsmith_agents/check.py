"""Hold every sentence of a diagnosis against the evidence that it cites; what fails is cut."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, cast

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language, State
from opsmith.domain.diagnoses import (
    Claim,
    Coverage,
    Diagnosis,
    Evidence,
    Hypothesis,
    Severity,
    TimelineEntry,
)
from opsmith.domain.events import AlertEvent
from opsmith_agents.evidence import coverage_of
from opsmith_agents.figures import Figure, figures, normal
from opsmith_agents.grounds import Grounds, base, grounds_of, plain
from opsmith_kb.load import load_entries

CORE = frozenset({"fetch_telemetry_data", "describe_change", "match_failure_modes"})
"""Tools without which nothing can be said about the cause."""
_SEVERITIES: tuple[Severity, ...] = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_LEAST_SEVERE: dict[AlertLevel, Severity] = {AlertLevel.P0: "HIGH", AlertLevel.P1: "MEDIUM"}
"""No text can talk a serious alert down."""
_WORDS: dict[str, tuple[str, ...]] = {
    "temperature": ("temperature", "温度"), "vibration": ("vibration", "振动"),
    "pressure": ("pressure", "压力"), "flow": ("flow", "流量"), "voltage": ("voltage", "电压"),
    "current": ("current", "电流"), "speed": ("speed", "转速"), "power": ("power", "功率"),
}  # fmt: skip
_CURRENT_NOW = r"current(?! (?:status|state|level|value|reading|alert|order|window|condition)s?\b)"
_CHANNEL = re.compile(
    "|".join(
        rf"(?P<{name}>\b(?:{_CURRENT_NOW if name == 'current' else en})s?\b|{zh})"
        for name, (en, zh) in _WORDS.items()
    ),
    re.IGNORECASE,
)
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|[。！？；\n]|$)", re.DOTALL)
_TOLD: dict[str, dict[Language, str]] = {
    "cut": {"en": "Cut from {place}: “{text}” ({why})", "zh": "已从{place}删除：“{text}”（{why}）"},
    "demoted": {
        "en": "Now a hypothesis: “{text}” ({why})",
        "zh": "已降为假设：“{text}”（{why}）",
    },
    "not_there": {"en": "not in the evidence cited", "zh": "所引证据中没有"},
    "uncited": {"en": "cites no usable evidence", "zh": "未引用可用证据"},
    "mode": {
        "en": "The failure mode is withdrawn: {why}",
        "zh": "撤回故障模式结论：{why}",
    },
    "mode_unknown": {"en": "no evidence names it", "zh": "没有证据提及"},
    "mode_unsupported": {
        "en": "no hypothesis for it is supported",
        "zh": "没有得到支持的对应假设",
    },
    "no_cause": {"en": "Cause not established.", "zh": "原因未确定。"},
    "claim": {"en": "the claims", "zh": "论断"}, "cause": {"en": "the cause", "zh": "原因"},
    "hypothesis": {"en": "the hypotheses", "zh": "假设"},
    "timeline": {"en": "the timeline", "zh": "时间线"},
    "action": {"en": "the actions", "zh": "处置"},
}  # fmt: skip


def check(diagnosis: Diagnosis, event: AlertEvent) -> Diagnosis:
    """Cut what a diagnosis says beyond its evidence, and tell what was cut.

    Every number with its unit, time, device, order, alert, channel and failure mode in a claim, a
    hypothesis or an entry of the timeline must stand in the evidence that it cites; in the cause
    and the actions, in any of the evidence. `opsmith_agents.grounds` says what may be derived. A
    claim with such a fault is cut whole; one that cites nothing usable is demoted to a hypothesis;
    of longer texts the faulty sentences are cut. In `removed` the faults are blanked, so that a
    figure that nothing supports appears nowhere. Category, coverage and the cap of the confidence
    are worked out anew.

    Args:
        diagnosis: From rules or from an LLM; its `evidence` came from a ledger, not from an LLM.
        event: The alert that it is about.
    """
    return _Check(diagnosis, event).result()


def cap(coverage: Coverage) -> float:
    """The most confidence that a coverage allows.

    0.95 with everything there; 0.3 where a tool of `CORE` is unavailable or empty; 0.6 where one is
    stale; a tenth less for each other tool that is unavailable, to no less than 0.5.
    """
    if CORE.intersection((*coverage.unavailable, *coverage.empty)):
        return 0.3
    if CORE.intersection(coverage.stale):
        return 0.6
    return max(0.5, 0.95 - 0.1 * len(coverage.unavailable))


class _Check:
    def __init__(self, diagnosis: Diagnosis, event: AlertEvent) -> None:
        self._diagnosis = diagnosis
        self._event = event
        self._device = event.alert.device_id
        self._evidence = {one.evidence_id: one for one in diagnosis.evidence}
        self._grounds: dict[str, Grounds] = {}
        self._removed: list[str] = []

    def result(self) -> Diagnosis:
        old = self._diagnosis
        hypotheses = tuple(
            kept for one in old.hypotheses if (kept := self._hypothesis(one)) is not None
        )
        mode, withdrawn = self._mode(old.failure_mode, hypotheses)
        everything = tuple(self._evidence)
        cause = "" if withdrawn else self._sentences(old.cause, everything, "cause")
        actions = {
            name: "" if withdrawn else self._sentences(getattr(old, name), everything, "action")
            for name in ("immediate_action", "lasting_action", "confirm_by")
        }
        coverage = coverage_of(old.evidence)
        least = _LEAST_SEVERE.get(self._event.alert.alert_level, "LOW")
        return old.model_copy(
            update={
                "trace_id": self._event.alert.trace_id,
                "device_id": self._device,
                "failure_mode": mode,
                "fault_category": self._category(mode),
                "severity": max(old.severity, least, key=_SEVERITIES.index),
                "confidence": round(min(old.confidence, cap(coverage)), 3),
                "cause": cause or self._plain_cause(mode, hypotheses),
                "hypotheses": hypotheses,
                "claims": tuple(kept for one in old.claims if (kept := self._claim(one))),
                "timeline": tuple(kept for one in old.timeline if (kept := self._entry(one))),
                "coverage": coverage,
                **actions,
                "removed": (*old.removed, *self._removed),
            }
        )

    def _claim(self, claim: Claim) -> Claim | None:
        cited = self._known(claim.evidence)
        if not self._stands(claim.text, cited, "claim"):
            return None
        usable = [one for one in cited if self._evidence[one].state is not State.UNAVAILABLE]
        if claim.kind == "fact" and not usable:
            self._tell("demoted", text=claim.text, why=self._word("uncited"))
            return claim.model_copy(update={"kind": "hypothesis", "evidence": cited})
        return claim.model_copy(update={"evidence": cited})

    def _hypothesis(self, one: Hypothesis) -> Hypothesis | None:
        if not self._names_mode(one.failure_mode):
            self._tell("cut", place=self._word("hypothesis"), text=_BLANK, why=self._not_there())
            return None
        cited = self._known(one.evidence)
        entry = self._entry_of(one.failure_mode)
        usable = any(self._evidence[e].state is not State.UNAVAILABLE for e in cited)
        standing = one.standing if usable else "untested"
        return one.model_copy(
            update={
                "name": str(entry.get("name", one.failure_mode)),
                "fault_category": str(entry.get("category", "unknown")),
                "standing": standing,
                "speaks_for": self._lines(one.speaks_for, cited),
                "speaks_against": self._lines(one.speaks_against, cited),
                "evidence": cited,
                "separating_test": self._sentences(
                    one.separating_test or "", tuple(self._evidence), "hypothesis"
                )
                or None,
            }
        )

    def _entry(self, entry: TimelineEntry) -> TimelineEntry | None:
        cited = self._known(entry.evidence)
        known = any(
            abs((moment - entry.at).total_seconds()) < 1
            for one in cited
            for moment in self._ground(one).moments
        )
        if not known:
            self._tell("cut", place=self._word("timeline"), text=_BLANK, why=self._not_there())
            return None
        if not self._stands(entry.text, cited, "timeline"):
            return None
        return entry.model_copy(update={"evidence": cited})

    def _lines(self, lines: Iterable[str], cited: Sequence[str]) -> tuple[str, ...]:
        return tuple(line for line in lines if self._stands(line, cited, "hypothesis"))

    def _sentences(self, text: str, cited: Sequence[str], place: str) -> str:
        found = _SENTENCE.finditer(text)
        return "".join(m.group() for m in found if self._stands(m.group(), cited, place)).strip()

    def _stands(self, text: str, cited: Sequence[str], place: str) -> bool:
        faults = self._faults(text, cited)
        if faults:
            blanked = _blanked(text, faults)
            self._tell("cut", place=self._word(place), text=blanked, why=self._not_there())
        return not faults

    def _faults(self, text: str, cited: Sequence[str]) -> list[tuple[int, int]]:
        """Where a sentence says what the cited evidence does not hold."""
        said, asserted = normal(text), figures(text)
        devices = {plain(f.text) for f in asserted if f.kind == "name"}
        grounds = [g for g in map(self._ground, cited) if self._is_about(g, devices)]
        spoken = [
            (m.span(), m.lastgroup) for m in _CHANNEL.finditer(said) if m.lastgroup is not None
        ]
        channels = frozenset(
            base(c)
            for g in grounds
            for c in g.channels
            if any(base(c).endswith(name) for _, name in spoken)
        )
        faults = [
            (f.start, f.end) for f in asserted if not self._holds(f, cited, grounds, channels)
        ]
        faults += [span for span, name in spoken if not _measures(grounds, name)]
        faults += [
            m.span()
            for m in _mode_names().finditer(said.casefold())
            if not any(_names_mode(g, m.group()) for g in grounds)
        ]
        return sorted(faults)

    def _holds(
        self,
        figure: Figure,
        cited: Sequence[str],
        grounds: Sequence[Grounds],
        channels: frozenset[str],
    ) -> bool:
        if figure.kind == "citation":
            return figure.text in cited
        return any(g.hold(figure, channels) for g in grounds)

    def _is_about(self, grounds: Grounds, names: set[str]) -> bool:
        """What was read of another device speaks only for a sentence that names it."""
        device = grounds.device_id
        return device is None or plain(device) in names or plain(device) == plain(self._device)

    def _mode(self, mode: str | None, hypotheses: Sequence[Hypothesis]) -> tuple[str | None, bool]:
        if mode is None:
            return None, False
        if not self._names_mode(mode):
            self._tell("mode", why=self._word("mode_unknown"))
            return None, True
        if not any(h.failure_mode == mode and h.standing == "supported" for h in hypotheses):
            self._tell("mode", why=self._word("mode_unsupported"))
            return None, True
        return mode, False

    def _names_mode(self, mode: str) -> bool:
        return bool(self._entry_of(mode))

    def _category(self, mode: str | None) -> str:
        return "unknown" if mode is None else str(self._entry_of(mode).get("category", "unknown"))

    def _entry_of(self, mode: str) -> dict[str, Any]:
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

    def _plain_cause(self, mode: str | None, hypotheses: Sequence[Hypothesis]) -> str:
        name = next((h.name for h in hypotheses if h.failure_mode == mode), None)
        stop: dict[Language, str] = {"en": ".", "zh": "。"}
        return self._word("no_cause") if name is None else name + stop[self._diagnosis.language]

    def _known(self, cited: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one for one in cited if one in self._evidence))

    def _ground(self, evidence_id: str) -> Grounds:
        if evidence_id not in self._grounds:
            self._grounds[evidence_id] = grounds_of(self._evidence[evidence_id])
        return self._grounds[evidence_id]

    def _tell(self, key: str, **said: str) -> None:
        self._removed.append(self._word(key).format(**said))

    def _not_there(self) -> str:
        return self._word("not_there")

    def _word(self, key: str) -> str:
        return _TOLD[key][self._diagnosis.language]


_BLANK = "[…]"


def _blanked(text: str, faults: Sequence[tuple[int, int]]) -> str:
    """The sentence without what nothing supports, lest it be read as if something did."""
    said, place, parts = normal(text).strip(), 0, list[str]()
    shift = len(normal(text)) - len(normal(text).lstrip())
    for start, end in faults:
        if start - shift >= place:
            parts += [said[place : start - shift], _BLANK]
        place = max(place, end - shift)
    return "".join((*parts, said[place:]))


def _measures(grounds: Sequence[Grounds], name: str) -> bool:
    """Whether any of the evidence is about a channel of that measurement."""
    return any(
        any(base(channel).endswith(name) for channel in one.channels)
        or any(word in one.prose for word in _WORDS[name])
        for one in grounds
    )


@lru_cache(maxsize=1)
def _modes() -> dict[str, frozenset[str]]:
    """Each name of a failure mode, in lower case, with all that it goes by."""
    return {
        name: frozenset(names)
        for entry in load_entries()
        for names in [
            {entry.entry_id.casefold(), *(p.name.casefold() for p in entry.text.values())}
        ]
        for name in names
    }


@lru_cache(maxsize=1)
def _mode_names() -> re.Pattern[str]:
    names = sorted(_modes(), key=len, reverse=True)
    return re.compile("|".join(rf"(?<![a-z_]){re.escape(n)}(?![a-z_])" for n in names) or r"(?!)")


def _names_mode(grounds: Grounds, name: str) -> bool:
    return any(known in grounds.prose for known in _modes()[name])
