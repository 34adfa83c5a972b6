"""The doctor: what is configured, what answers, and what to do about the rest."""

import asyncio
import importlib.util
import socket
from collections.abc import Callable, Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.clock import wall_clock
from opsmith.domain.base import Model
from opsmith.errors import BadInput, OpsmithError, Unavailable
from opsmith.settings import Settings
from opsmith.storage.keys import KeyStore
from opsmith_agents.models import Entry, chain_in, model_from

KNOCK = 3.0
"""Seconds that a server has to take a connection."""
TRIAL = 20.0
"""Seconds that an LLM has to show what it can do."""

EXTRAS = {"llm": "pydantic_ai", "chat": "chainlit", "tui": "textual"}


class Finding(Model):
    """One thing that was looked at."""

    part: str
    state: Literal["ok", "off", "fails"]
    says: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at every part; one that fails does not keep the others from being looked at."""
    findings = [_clock(settings)]
    try:
        with open_plant(settings) as plant:
            findings.append(Finding(part="data folder", state="ok", says=str(settings.data_dir)))
            findings.extend(_stores(plant))
    except OpsmithError as error:
        findings.append(Finding(part="stores", state="fails", says=str(error)))
    findings.append(
        Finding(
            part="bus",
            state="ok",
            says=f"in process, announcements kept in {settings.journal_path}",
        )
    )
    findings.extend(_llms(settings))
    for extra, package in EXTRAS.items():
        there = importlib.util.find_spec(package) is not None
        findings.append(
            Finding(
                part=f"extra {extra}",
                state="ok" if there else "off",
                says=f"{package} is {'installed' if there else 'not installed'}",
                advice="" if there else f"pip install 'opsmith[{extra}]'",
            )
        )
    findings.append(
        Finding(
            part="write tools",
            state="ok" if settings.allow_writes else "off",
            says="published to clients without a key"
            if settings.allow_writes
            else "clients without a key only read",
            advice=""
            if settings.allow_writes
            else "`opsmith keys add NAME --role operator`, or OPSMITH_ALLOW_WRITES=true",
        )
    )
    return findings


def _clock(settings: Settings) -> Finding:
    return Finding(
        part="language and zone", state="ok", says=f"{settings.language}, {settings.timezone}"
    )


def _stores(plant: Plant) -> Iterator[Finding]:
    stores = plant.stores

    def tables() -> str:
        standing = sum(stores.alerts.counts().values())
        return f"{plant.shown_url}: {len(stores.devices.list())} devices, {standing} alerts stand"

    def series() -> str:
        extents = stores.series.extents()
        readings = sum(extent.count for extent in extents.values())
        newest = stores.series.newest()
        until = f", the newest of {newest.isoformat()}" if newest else ""
        return f"{readings} readings of {len(extents)} devices{until}"

    def knowledge() -> str:
        return f"{len(stores.entries.all())} failure modes"

    def dead() -> str:
        return f"{plant.dead_letters.count()} messages could not be used"

    def keys() -> str:
        states = [key.state(wall_clock()) for key in KeyStore(stores.database).list()]
        return f"{states.count('active')} open, {len(states) - states.count('active')} do not"

    def waiting() -> str:
        found = stores.guard.proposals.find(wall_clock())
        return f"{len(found)} changes wait for a person (`opsmith proposals list`)"

    looks: dict[str, Callable[[], str]] = {
        "tables": tables,
        "series": series,
        "knowledge": knowledge,
        "dead letters": dead,
        "keys": keys,
        "proposals": waiting,
    }
    for part, look in looks.items():
        try:
            yield Finding(part=part, state="ok", says=look())
        except OpsmithError as error:
            yield Finding(part=part, state="fails", says=str(error))


def _llms(settings: Settings) -> Iterator[Finding]:
    """What each LLM of the chain can do, tried out."""
    if not settings.llm_model:
        yield Finding(
            part="LLM",
            state="off",
            says="none configured; rules write every report",
            advice="set OPSMITH_LLM_MODEL, and OPSMITH_LLM_API_KEY or OPSMITH_LLM_BASE_URL",
        )
        return
    try:
        model, chain = model_from(settings), chain_in(settings)
    except OpsmithError as error:
        advice = "or unset OPSMITH_LLM_MODEL: rules alone need nothing"
        yield Finding(part="LLM", state="fails", says=str(error), advice=advice)
        return
    assert model is not None, "the settings name one"
    # Here, for the LLM's libraries take a second to import.
    from opsmith_agents.llm_probe import chain_of

    for entry, one in zip(chain, chain_of(model), strict=True):
        yield _llm(entry, one)


def _llm(entry: Entry, model: Any) -> Finding:
    from opsmith_agents.llm_probe import told

    where = f"{entry.name} at {entry.host}"
    advice = "until it answers, rules write every report"
    try:
        if entry.base_url:
            _knock(entry.base_url)
    except OpsmithError as error:
        return Finding(part="LLM", state="fails", says=str(error), advice=advice)
    ability = asyncio.run(told(model, TRIAL))
    match ability.mode:
        case "tools":
            says = f"{where} answers and calls tools ({ability.seconds:.1f} s)"
            return Finding(part="LLM", state="ok", says=says)
        case "evidence":
            says = f"{where} answers, evidence first: {ability.why} ({ability.seconds:.1f} s)"
            return Finding(part="LLM", state="ok", says=says)
        case "none":
            says = f"{where} is of no use: {ability.why}"
            return Finding(part="LLM", state="fails", says=says, advice=advice)


def _knock(url: str) -> None:
    """See whether anything listens there. Raises `BadInput` or `Unavailable`."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise BadInput(f"Bad setting OPSMITH_LLM_BASE_URL: {error}") from error
    try:
        socket.create_connection((parts.hostname, port), timeout=KNOCK).close()
    except OSError as error:
        raise Unavailable(f"Nothing answers at {parts.hostname}:{port} ({error})") from error
