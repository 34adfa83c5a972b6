"""An import, over the open plant: from a foreign file to what became of its rows."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from opsmith.access import Role
from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.cli_common import at_the_machine
from opsmith.clock import wall_clock
from opsmith.errors import BadInput, OpsmithError
from opsmith.settings import Settings
from opsmith.storage.audit import AuditLog
from opsmith.storage.failure_codes import FailureCodeStore
from opsmith.storage.knowledge_versions import EntryVersions
from opsmith_ingest.importing.alerts import AlertImport
from opsmith_ingest.importing.base import Importer
from opsmith_ingest.importing.codes import CodeImport
from opsmith_ingest.importing.devices import DeviceImport
from opsmith_ingest.importing.fields import bind
from opsmith_ingest.importing.guessed import lines, mapping_file, readings_file
from opsmith_ingest.importing.knowledge import KnowledgeImport, is_export, open_entries
from opsmith_ingest.importing.orders import OrderImport
from opsmith_ingest.importing.outcome import Ledger
from opsmith_ingest.importing.plan import Plan, read_plan
from opsmith_ingest.importing.readings import Span, import_readings, open_history
from opsmith_ingest.importing.registry import Registry
from opsmith_ingest.importing.run import Progress, import_records
from opsmith_ingest.importing.sheet import Sheet, open_sheet
from opsmith_ingest.mapping import describe

What = Literal["devices", "readings", "alerts", "work-orders", "failure-codes", "knowledge"]

SOURCE = "import"
"""The other system's name where nobody says it."""


@dataclass(frozen=True)
class Request:
    """What the user asks for."""

    what: What
    file: Path
    mapping: Path | None = None
    source: str | None = None
    zone: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    device: str | None = None
    """Of readings: whose they are."""
    adopt: bool = False
    dry_run: bool = False
    rejects: Path | None = None

    def plan(self) -> Plan:
        """The mapping file, and over it what the command says."""
        plan = read_plan(self.mapping) if self.mapping else Plan()
        said = {"source": self.source, "zone": self.zone, "encoding": self.encoding,
                "sheet": self.sheet}  # fmt: skip
        return plan.model_copy(update={name: text for name, text in said.items() if text})


@dataclass
class Report:
    """What became of a file."""

    request: Request
    ledger: Ledger
    seconds: float = 0.0
    read_as: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Field, column, what was assumed; of readings one line of text each."""
    unused: tuple[str, ...] = ()
    notes: Sequence[str] = ()
    span: Span | None = None
    """Of readings."""

    def as_json(self) -> dict[str, Any]:
        """One object with the counts, the first refusals, and how the file was read."""
        ledger, span = self.ledger, self.span
        found: dict[str, Any] = {
            "import": self.request.what,
            "file": str(self.request.file),
            "dry_run": self.request.dry_run,
            "counts": {
                "rows": ledger.rows,
                "new": ledger.new,
                "changed": ledger.changed,
                "unchanged": ledger.unchanged,
                "refused": ledger.refused,
                "seconds": round(self.seconds, 2),
            },
            "refused": [asdict(refused) for refused in ledger.first],
            "refused_by": dict(ledger.reasons.most_common(20)),
            "rejects": str(self.request.rejects) if self.request.rejects else None,
            "adopted": list(ledger.adopted),
            "columns": {name: column for name, column, _ in self.read_as if name},
            "unused_columns": list(self.unused),
            "notes": list(self.notes),
        }
        if span is not None:
            found["readings"] = {
                "devices": span.devices,
                "first": span.first.isoformat() if span.first else None,
                "last": span.last.isoformat() if span.last else None,
                "bad_values": span.bad_values,
                "implausible_values": span.implausible_values,
            }
        return found


def run_import(settings: Settings, request: Request, progress: Progress) -> Report:
    """Carry a file into the plant, and leave one row about it in the audit log.

    Readings need the data folder's writer lock; everything else is written beside a running plant.

    Raises:
        BadInput: The file or its mapping cannot be used, or another opsmith writes readings.
        Unavailable: A store did not answer.
    """
    began = time.perf_counter()
    plan = request.plan()
    sheet = _open(request, plan)
    report = Report(request, Ledger())
    locks = request.what == "readings" and not request.dry_run
    with (
        open_plant(settings, writer=locks) as plant,
        report.ledger.rejects_to(request.rejects, sheet.columns),
    ):
        try:
            if request.what == "readings":
                _readings(plant, report, sheet, plan, progress)
            else:
                _records(plant, report, sheet, plan, progress)
        except OpsmithError as error:
            if not request.dry_run and report.ledger.rows:
                _note(plant, report, plan, "failed", str(error))
            raise
        report.seconds = time.perf_counter() - began
        if not request.dry_run:
            _note(plant, report, plan, "done", "")
    return report


def guessed_mapping(settings: Settings, request: Request) -> str:
    """The mapping file that the file suggests. Raises `BadInput`."""
    plan = request.plan()
    sheet = _open(request, plan)
    zone = plan.zone or settings.timezone
    with open_plant(settings) as plant:
        registry = Registry(plant.stores.devices, plan.devices, adopt=request.what == "readings")
        if request.what == "readings":
            recording = open_history(sheet, plan, zone, registry, request.device)
            strict = Registry(plant.stores.devices, plan.devices, adopt=False)
            return readings_file(sheet, recording.mapping, plan, strict, zone)
        importer = _importer(plant, request, plan, registry)
        specs = importer.specs(sheet)
        reader = bind(specs, sheet, plan, zone)
        source = plan.source or SOURCE
        return mapping_file(request.what, sheet, reader, specs, registry, source, zone)


def _open(request: Request, plan: Plan) -> Sheet:
    entries = open_entries(request.file) if request.what == "knowledge" else None
    return entries or open_sheet(request.file, plan.encoding, plan.sheet)


def _importer(plant: Plant, request: Request, plan: Plan, registry: Registry) -> Importer[Any]:
    stores, source = plant.stores, plan.source or SOURCE
    match request.what:
        case "devices":
            return DeviceImport(stores.devices, registry)
        case "alerts":
            return AlertImport(stores.alerts, registry, source)
        case "work-orders":
            return OrderImport(stores.orders, registry, source)
        case "failure-codes":
            return CodeImport(FailureCodeStore(stores.database), source)
        case "knowledge":
            return KnowledgeImport(
                EntryVersions(stores.database),
                source,
                at_the_machine(Role.ADMIN).name,
                exported=is_export(request.file),
            )
        case "readings":
            raise AssertionError("readings are no records")


def _records(plant: Plant, report: Report, sheet: Sheet, plan: Plan, progress: Progress) -> None:
    request = report.request
    registry = Registry(plant.stores.devices, plan.devices, adopt=request.adopt)
    importer = _importer(plant, request, plan, registry)
    reader = bind(importer.specs(sheet), sheet, plan, plan.zone or plant.settings.timezone)
    report.notes = importer.start(reader)
    report.read_as = lines(reader)
    report.unused = reader.unused if reader.bindings else ()
    report.ledger.adopted = registry.adopted
    import_records(
        sheet,
        importer,
        report.ledger,
        plant.stores.database,
        wall_clock(),
        dry_run=request.dry_run,
        progress=progress,
    )


def _readings(plant: Plant, report: Report, sheet: Sheet, plan: Plan, progress: Progress) -> None:
    request, settings = report.request, plant.settings
    registry = Registry(plant.stores.devices, plan.devices, adopt=request.adopt)
    zone = plan.zone or settings.timezone
    recording = open_history(sheet, plan, zone, registry, request.device)
    report.ledger.adopted = registry.adopted
    report.span = import_readings(
        recording,
        plant.stores.series,
        registry,
        report.ledger,
        wall_clock(),
        dry_run=request.dry_run,
        progress=progress,
    )
    report.read_as = [("", "", line) for line in describe(recording.mapping, settings.language)]
    if not report.ledger.rows:
        raise BadInput(f"{request.file} has no readings")


def _note(
    plant: Plant, report: Report, plan: Plan, outcome: Literal["done", "failed"], why: str
) -> None:
    """Write the run into the audit log."""
    request, ledger = report.request, report.ledger
    arguments = {
        "file": str(request.file),
        "source": plan.source or SOURCE,
        "mapping": str(request.mapping) if request.mapping else None,
        "adopt": request.adopt,
    }
    counts = (
        f"{ledger.new} new, {ledger.changed} changed, {ledger.unchanged} unchanged, "
        f"{ledger.refused} refused, {len(ledger.adopted)} devices adopted"
    )
    AuditLog(plant.stores.database).append(
        at_the_machine(Role.ADMIN),
        f"import {request.what}",
        json.dumps(arguments, ensure_ascii=False),
        outcome,
        wall_clock(),
        f"{counts}; {why}" if why else counts,
    )
