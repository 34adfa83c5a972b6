"""How the state of opsmith itself reads: workers, stores, the LLM, dead letters."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.text import Text
from textual.widget import Widget

from opsmith.domain.base import State
from opsmith_mcp.alert_history import AlertList
from opsmith_mcp.system_views import (
    DeadLetterList,
    DeadLetterView,
    KeyView,
    StoreList,
    StoreView,
    WorkerView,
)
from opsmith_tui.desk import Desk
from opsmith_tui.figures import age, moment, number, plain, zoned
from opsmith_tui.room import style_of
from opsmith_tui.system_words import CIRCUITS, FAILURES, KEY_STATES, ROLES, STAGES, SYSTEM
from opsmith_tui.wording import RESULT_STATES, SCREEN, Wording

VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|\d+|…")
"""What differs between reasons that say the same."""
LLM = ("llm_reports", "rules_stand", "llm_tokens", "llm_cost", "llm_last")
"""Facts of the stage that asks the LLM."""


def size(count: int | None) -> str:
    """Bytes as a person reads them.

    >>> size(20_480), size(3_500_000), size(None)
    ('20.5 kB', '3.5 MB', '-')
    """
    if count is None:
        return "-"
    for limit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {name}"
    return f"{count} B"


def state_text(state: State, words: Wording, widget: Widget) -> Text:
    """A state with its sign: never the colour alone."""
    good = state in (State.OK, State.EMPTY)
    style = style_of("text-success" if good else "text-error", widget, bold=not good)
    return Text(f"{'●' if good else '✗'} {words(RESULT_STATES, state)}", style)


def worker_cells(one: WorkerView, words: Wording, widget: Widget) -> Sequence[Text]:
    """A row of the workers: state, stage, host, lag, failures, silence, start."""
    state = Text(words(SYSTEM, "runs"), style_of("text-success", widget))
    if one.is_late:
        state = Text(words(SYSTEM, "late"), style_of("text-error", widget, bold=True))
    silent = age(timedelta(seconds=one.silent_s), words.language)
    return (
        state,
        Text(words(STAGES, one.stage) if one.stage in STAGES else plain(one.stage)),
        Text(_figure(one.facts.get("lag")), justify="right"),
        Text(_figure(one.facts.get("failures")), justify="right"),
        Text(silent, justify="right"),
        Text(f"{plain(one.host)}:{one.pid}", no_wrap=True),
        Text(moment(one.started_at)),
    )


def key_cells(one: KeyView, words: Wording) -> Sequence[Text]:
    """A row of the API keys."""
    factories = words(SYSTEM, "all")
    if one.factories is not None:
        factories = ", ".join(plain(name) for name in one.factories)
    return (
        Text(plain(one.name)),
        Text(words(ROLES, one.role)),
        Text(words(KEY_STATES, one.state), "" if one.state == "active" else "dim"),
        Text(factories),
        Text(moment(one.last_used_at)),
        Text(moment(one.expires_at)),
    )


def letter_cells(one: DeadLetterView) -> Sequence[Text]:
    """A row of the dead letters."""
    return (
        Text(f"{one.created_at:%m-%d %H:%M:%S}"),
        Text(plain(one.source), no_wrap=True),
        Text(plain(one.reason), no_wrap=True),
    )


def letter_text(one: DeadLetterView, words: Wording) -> Text:
    """One dead letter whole, as far as it is told."""
    text = Text()
    text.append(f"{plain(one.reason)}\n", "bold")
    facts = [
        plain(one.source),
        f"{words(SYSTEM, 'topic')} {plain(one.topic)}",
        words(SYSTEM, "bytes", count=one.size_bytes),
        zoned(one.created_at),
    ]
    if one.redriven_at is not None:
        facts.append(words(SYSTEM, "redriven_at", at=zoned(one.redriven_at)))
    text.append("  ".join(facts))
    text.append(f"\n{words(SYSTEM, 'value')}\n", "dim")
    return text.append(plain(one.value))


def reasons_text(letters: DeadLetterList, most: int) -> Text:
    """How many letters each reason has."""
    text = Text(no_wrap=True, overflow="ellipsis")
    width = max((len(str(one.count)) for one in letters.by_reason), default=0)
    for one in letters.by_reason[:most]:
        text.append(f"{one.count:>{width}} × ", "bold").append(f"{plain(one.reason)}\n")
    if len(letters.by_reason) > most:
        text.append("…\n")
    text.rstrip()
    return text


def stem(reason: str) -> str:
    """The longest part that reasons saying the same have in common.

    >>> stem("device 'P-1': 17 is no number")
    'is no number'
    """
    return max((part.strip(" :,.;") for part in VARIABLE.split(reason)), key=len)[:300]


def stores_text(
    stores: StoreList | None, workers: Sequence[WorkerView], words: Wording, widget: Widget
) -> Text:
    """The stores, what waits to be published, and what the LLM did."""
    text = Text()
    _llm(text, workers, words, widget)
    if stores is None:
        return text
    text.append(f"{words(SYSTEM, 'outbox')}\n", "bold")
    for topic, count in sorted(stores.outbox.items()):
        said = words(SYSTEM, "outbox_waits", count=count, topic=plain(topic))
        text.append(f"  {said}\n")
    if not stores.outbox:
        text.append(f"  {words(SYSTEM, 'outbox_empty')}\n")
    for one in stores.stores:
        _store(text, one, words, widget)
    return text


def forbidden_text(desk: Desk, reason: str, seen: AlertList | None) -> Text:
    """What is missing, how to get it, and what may be seen without it."""
    words, pulse = desk.words, desk.pulse
    text = Text()
    text.append(f"{words(SYSTEM, 'forbidden_title')}\n\n", "bold")
    text.append(words(SCREEN, "forbidden", role=words(ROLES, "admin")))
    if reason:
        text.append(f"\n{words(SYSTEM, 'refused', reason=plain(reason))}")
    text.append(f"\n{words(SYSTEM, 'forbidden_how')}\n\n")
    text.append(f"{words(SYSTEM, 'you_see')}\n", "bold")
    feed = "feed_none"
    if desk.feed is not None:
        feed = "feed_on" if desk.feed() else "feed_off"
    for name, value in (
        ("plant_time", zoned(seen.as_of if seen else pulse.as_of)),
        ("alerts", str(seen.total if seen else pulse.standing)),
        ("feed", words(SYSTEM, feed, seconds=f"{desk.refresh_seconds:g}")),
    ):
        text.append(f"{words(SYSTEM, name)}: ", "dim").append(f"{value}\n")
    if pulse.failed is not None:
        text.append(f"✗ {plain(pulse.failed)}\n", "bold")
    return text


def _llm(text: Text, workers: Sequence[WorkerView], words: Wording, widget: Widget) -> None:
    text.append(f"{words(SYSTEM, 'llm')}\n", "bold")
    asking = [one for one in workers if "llm" in one.facts]
    for one in asking:
        text.append(f"  {plain(one.facts['llm'])}")
        text.append(f"  {words(SYSTEM, 'late')}" if one.is_late else "", "bold")
        facts = [
            f"{words(SYSTEM, name)} {_figure(one.facts[name])}"
            for name in LLM
            if one.facts.get(name) not in (None, "")
        ]
        text.append("\n")
        models = one.facts.get("llm_models") or ()
        for model in models:
            _model(text, model, one, words, widget)
        if models and all(model.get("circuit") == "open" for model in models):
            warning = style_of("text-error", widget, bold=True)
            text.append(f"  {words(SYSTEM, 'llm_rests')}\n", warning)
        since = words(SYSTEM, "llm_since", at=zoned(one.started_at))
        text.append(f"  {since}: {', '.join(facts)}\n")
    if not asking:
        text.append(f"  {words(SYSTEM, 'llm_none')}\n")


def _model(
    text: Text, model: Mapping[str, Any], of: WorkerView, words: Wording, widget: Widget
) -> None:
    """One LLM: whether it is asked, how often it answered, and how it failed last."""
    circuit = str(model.get("circuit"))
    good = circuit == "closed"
    style = style_of("text-success" if good else "text-error", widget, bold=not good)
    text.append(f"  {plain(model.get('model'))}  ", "bold")
    text.append(words(CIRCUITS, circuit) if circuit in CIRCUITS else plain(circuit), style)
    count, answered = model.get("requests", 0), model.get("answered", 0)
    text.append(f"\n    {words(SYSTEM, 'llm_requests', count=count, answered=answered)}\n")
    if model.get("failed_at"):
        # JSON has it in UTC; the plant's zone is that of the other times.
        at = datetime.fromisoformat(model["failed_at"]).astimezone(of.seen_at.tzinfo)
        why = str(model.get("failure"))
        why = words(FAILURES, why) if why in FAILURES else plain(why)
        text.append(f"    {words(SYSTEM, 'llm_failed', at=zoned(at), why=why)}\n")


def _store(text: Text, one: StoreView, words: Wording, widget: Widget) -> None:
    text.append(f"{words(SYSTEM, one.store)}  ", "bold")
    text.append_text(state_text(one.state, words, widget)).append("\n")
    facts = list[str]()
    if one.size_bytes is not None:
        facts.append(words(SYSTEM, "size", size=size(one.size_bytes)))
    if one.migration is not None:
        facts.append(words(SYSTEM, "migration", name=plain(one.migration)))
    if one.newest is not None:
        facts.append(words(SYSTEM, "newest", at=zoned(one.newest)))
    if facts:
        text.append(f"  {'  '.join(facts)}\n")
    if one.note:
        text.append(f"  {plain(one.note)}\n", "italic")
    counts = sorted(one.rows.items(), key=lambda row: (-row[1], row[0]))
    if any(one.rows.values()):
        # The names of tables are those of the database.
        named = [
            f"{words(SYSTEM, name) if one.store == 'series' else plain(name)} {count}"
            for name, count in counts
            if count
        ]
        text.append(f"  {words(SYSTEM, 'rows')}: ", "dim").append(f"{', '.join(named)}\n")


def _figure(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return "-" if value is None else plain(value)
