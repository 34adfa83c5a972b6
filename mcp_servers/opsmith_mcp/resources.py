"""What a client opens by its address: `device://`, `alert://`, `report://`, `manual://`."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import anyio.to_thread
from fastmcp import FastMCP
from fastmcp.exceptions import NotFoundError, ResourceError
from fastmcp.resources import Resource, ResourceContent, ResourceResult
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext

from opsmith.access import Caller, acting_as, scope
from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.names import plain
from opsmith.errors import NotFound, OpsmithError, Unavailable
from opsmith.ports import SeriesStore, Wake
from opsmith.storage.alerts import AlertStore
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore
from opsmith.storage.knowledge import KnowledgeStore
from opsmith.storage.known_ids import trace_ids
from opsmith.storage.reports import ReportStore
from opsmith_mcp.documents import alert_page, device_page, manual_page, report_page
from opsmith_mcp.lookup import find_device
from opsmith_mcp.low_level import on_subscription
from opsmith_mcp.manuals import Manuals
from opsmith_mcp.prose import spoken
from opsmith_mcp.subscriptions import EVERY, Subscriptions

LISTED = 20
"""Of each kind: a client that wants another knows its id, or completes it."""

_MARKDOWN = "text/markdown"


@dataclass(frozen=True, slots=True)
class Listed:
    """One document that a client is shown unasked."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of document. What its functions give is what the caller may see."""

    scheme: str
    key: str
    """Name of the template's argument."""
    about: str
    read: Callable[[str, str, tzinfo], str]
    """(key, language, zone) -> Markdown. Raises `OpsmithError`."""
    few: Callable[[], Sequence[Listed]]
    ids: Callable[[str, int], tuple[Sequence[str], int]]
    """(typed, at most) -> keys that have it, and how many there are."""
    speaks: bool = True
    """It can be had in both languages; else in its own."""

    @property
    def template(self) -> str:
        """Its URI template (RFC 6570)."""
        return f"{self.scheme}://{{{self.key}}}" + ("{?language}" if self.speaks else "")


def device_shelf(devices: DeviceStore, alerts: AlertStore, series: SeriesStore) -> Shelf:
    """Devices: nameplate, status, alerts that stand."""

    def read(device_id: str, language: str, zone: tzinfo) -> str:
        device = find_device(devices, device_id)
        standing = AlertFilter(device.device_id, standing=True, suppressed=False, factories=scope())
        extent, reachable = None, True
        try:
            extent = series.extent(device.device_id)
        except Unavailable:
            reachable = False
        return device_page(
            device,
            alerts.queries.page(standing, LISTED, 0),
            extent,
            reachable=reachable,
            language=spoken(language),
            zone=zone,
        )

    def few() -> list[Listed]:
        return [Listed(one, name) for one, name in devices.names(scope())[:LISTED]]

    def ids(typed: str, most: int) -> tuple[list[str], int]:
        wanted = plain(typed)
        named = devices.names(scope())
        found = [one for one, name in named if wanted in plain(one) or wanted in plain(name)]
        found.sort(key=lambda one: not plain(one).startswith(wanted))
        return found[:most], len(found)

    about = "A device: nameplate, status, what it measures, the alerts that stand."
    return Shelf("device", "device_id", about, read, few, ids)


def alert_shelf(alerts: AlertStore, reports: ReportStore, database: Database) -> Shelf:
    """Alerts: what deviated, and where it stands."""

    def read(trace_id: str, language: str, zone: tzinfo) -> str:
        alert = alerts.get(trace_id, scope())
        versions = [one.version for one in reports.outlines(alert.trace_id)]
        return alert_page(alert, versions, language=spoken(language), zone=zone)

    def few() -> list[Listed]:
        which = AlertFilter(standing=True, suppressed=False, factories=scope())
        return [
            Listed(one.trace_id, f"{one.device_id} {one.alert_level} {one.alert_type}")
            for one in alerts.queries.page(which, LISTED, 0)
        ]

    def ids(typed: str, most: int) -> tuple[list[str], int]:
        return trace_ids(database, typed, scope(), most)

    about = "An alert: what deviated by how much, since when, its state."
    return Shelf("alert", "trace_id", about, read, few, ids)


def report_shelf(alerts: AlertStore, reports: ReportStore, database: Database) -> Shelf:
    """Reports of record, in the language they were written in."""

    def read(trace_id: str, language: str, zone: tzinfo) -> str:
        alert = alerts.get(trace_id, scope())
        versions = reports.versions(alert.trace_id)
        if not versions:
            raise NotFound(f"No report on {trace_id!r} yet; alert://{trace_id} is the alert")
        return report_page(versions[-1], zone=zone)

    def few() -> list[Listed]:
        found, _ = trace_ids(database, "", scope(), LISTED, reported=True)
        return [Listed(one, f"Report on {one}") for one in found]

    def ids(typed: str, most: int) -> tuple[list[str], int]:
        return trace_ids(database, typed, scope(), most, reported=True)

    about = "The newest report on an alert: cause, evidence, what was not checked, decision."
    return Shelf("report", "trace_id", about, read, few, ids, speaks=False)


def manual_shelf(entries: KnowledgeStore, manuals: Manuals) -> Shelf:
    """Knowledge entries, and the plant's own documents by page."""

    def read(entry_id: str, language: str, zone: tzinfo) -> str:
        known = {entry.entry_id: entry for entry in entries.all()}
        entry = known.get(entry_id.strip().lower())
        if entry is None:
            told = manuals.read(entry_id, spoken(language))
            if told is None:
                hint = manuals.hint(entry_id, list(known))
                raise NotFound(f"No knowledge entry or document {entry_id!r}{hint}")
            return told
        return manual_page(entry, language=spoken(language))

    def few() -> list[Listed]:
        held = [Listed(one.document_id, one.title) for one in manuals.documents.held()[:LISTED]]
        named = [Listed(one.entry_id, one.text["en"].name) for one in entries.all()[:LISTED]]
        return [*held, *named][:LISTED]

    def ids(typed: str, most: int) -> tuple[list[str], int]:
        wanted = plain(typed)
        found = [
            one.entry_id
            for one in entries.all()
            if wanted in plain(one.entry_id)
            or any(wanted in plain(text.name) for text in one.text.values())
        ]
        found += manuals.ids(typed)
        return found[:most], len(found)

    about = "A failure mode, or a page of a document of the plant (ID.PAGE)."
    return Shelf("manual", "entry_id", about, read, few, ids)


def add_resources(
    server: FastMCP[Any],
    shelves: Sequence[Shelf],
    who: Callable[[], Caller],
    zone: tzinfo | None = None,
    every: float = EVERY,
    wake: Wake | None = None,
) -> None:
    """Publish the shelves' templates, and a few of each as the caller sees them.

    Args:
        server: Where they are published.
        shelves: Whose documents they are.
        who: Says who calls, within a call.
        zone: The plant's; None: UTC.
        every: Seconds between looks at what a client subscribed to.
        wake: Rings when something was announced; None: nothing does.
    """
    for shelf in shelves:
        server.resource(
            shelf.template,
            name=shelf.scheme,
            title=shelf.scheme.capitalize(),
            description=shelf.about,
            mime_type=_MARKDOWN,
        )(_reader(shelf, zone or UTC))
    if shelves:
        server.add_middleware(_Lists(shelves, who))
        subscriptions = Subscriptions(
            lambda uri: _text(shelves, uri, zone or UTC), who, every, wake
        )
        on_subscription(server, subscriptions.subscribe, subscriptions.unsubscribe)


class _Document(Resource):
    """What a list tells of a document; it is read by its template."""


class _Lists(Middleware):
    """Lists a few documents of each shelf in the caller's name; says which are not there."""

    def __init__(self, shelves: Sequence[Shelf], who: Callable[[], Caller]) -> None:
        self._shelves = shelves
        self._who = who

    async def on_read_resource(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """What is not there is told by the protocol's own code."""
        try:
            return await call_next(context)
        except ResourceError as error:
            if isinstance(error.__cause__, NotFound):
                raise NotFoundError(str(error.__cause__)) from error
            raise

    async def on_list_resources(
        self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]
    ) -> Any:
        """Those that are published, then a few of each shelf."""
        published: list[Resource] = list(await call_next(context))
        with acting_as(self._who()):
            return [*published, *await anyio.to_thread.run_sync(self._few)]

    def _few(self) -> list[_Document]:
        return [
            _Document(
                uri=f"{shelf.scheme}://{quote(one.key, safe='')}",  # pyright: ignore[reportArgumentType]  Pydantic makes a URL of it
                name=one.key,
                title=one.title or one.key,
                description=shelf.about,
                mime_type=_MARKDOWN,
            )
            for shelf in self._shelves
            for one in shelf.few()
        ]


def _text(shelves: Sequence[Shelf], uri: str, zone: tzinfo) -> str:
    """A document by its URI. Raises `OpsmithError`."""
    scheme, _, rest = uri.partition("://")
    key, _, query = rest.partition("?")
    for shelf in shelves:
        if shelf.scheme == scheme and key and "/" not in key:
            language = parse_qs(query).get("language", ["en"])[0]
            return shelf.read(unquote(key), language, zone)
    raise NotFound(f"No document {uri!r}")


def _reader(shelf: Shelf, zone: tzinfo) -> Callable[..., Any]:
    async def read(language: str = "en", **key: str) -> ResourceResult:
        try:
            text = await anyio.to_thread.run_sync(shelf.read, key[shelf.key], language, zone)
        except OpsmithError as error:
            words = f"{type(error).__name__}: {error}"
            raise ResourceError(words, log_level=logging.DEBUG) from error
        return ResourceResult([ResourceContent(text, mime_type=_MARKDOWN)])

    return read
