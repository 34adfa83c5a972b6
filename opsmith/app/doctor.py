"""The doctor: what is configured, what answers, and what to do about the rest."""

import importlib.util
from collections.abc import Callable, Iterator
from typing import Literal

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.domain.base import Model
from opsmith.errors import OpsmithError
from opsmith.settings import Settings

EXTRAS = {"llm": "pydantic_ai", "chat": "chainlit", "tui": "textual"}


class Finding(Model):
    """One thing that was looked at."""

    part: str
    state: Literal["ok", "off", "fails"]
    says: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at every part; one that fails does not keep the others from being looked at."""
    findings = [
        Finding(part="data folder", state="ok", says=str(settings.data_dir)),
        _clock(settings),
    ]
    try:
        with open_plant(settings) as plant:
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
    findings.append(_llm(settings))
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
            says="published to MCP clients" if settings.allow_writes else "MCP clients only read",
            advice="" if settings.allow_writes else "OPSMITH_ALLOW_WRITES=true publishes them",
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

    looks: dict[str, Callable[[], str]] = {
        "tables": tables,
        "series": series,
        "knowledge": knowledge,
        "dead letters": dead,
    }
    for part, look in looks.items():
        try:
            yield Finding(part=part, state="ok", says=look())
        except OpsmithError as error:
            yield Finding(part=part, state="fails", says=str(error))


def _llm(settings: Settings) -> Finding:
    if not settings.llm_model:
        return Finding(
            part="LLM",
            state="off",
            says="none configured; rules write every report",
            advice="set OPSMITH_LLM_MODEL and OPSMITH_LLM_API_KEY",
        )
    where = settings.llm_base_url or settings.llm_provider
    return Finding(part="LLM", state="ok", says=f"{settings.llm_model} at {where} (not called)")
