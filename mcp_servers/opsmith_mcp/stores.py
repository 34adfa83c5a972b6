"""What the tools work on; it is there without the servers that publish them."""

from dataclasses import dataclass, field

from opsmith.clock import PlantClock
from opsmith.ports import SeriesStore, Wake
from opsmith.storage.alerts import AlertStore
from opsmith.storage.audit import AuditLog
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore
from opsmith.storage.forecasts import ForecastStore
from opsmith.storage.knowledge import KnowledgeStore
from opsmith.storage.knowledge_documents import DocumentStore
from opsmith.storage.models import ModelStore
from opsmith.storage.proposals import ProposalStore
from opsmith.storage.reports import ReportStore
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_mcp.forecast_cache import ForecastCache
from opsmith_mcp.forecast_failure import Sources
from opsmith_mcp.manuals import Manuals
from opsmith_mcp.meaning import Meaning
from opsmith_mcp.order_outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class Stores:
    """What the tools work on."""

    devices: DeviceStore
    alerts: AlertStore
    reports: ReportStore
    orders: WorkOrderStore
    entries: KnowledgeStore
    series: SeriesStore
    clock: PlantClock
    proposals: ProposalStore
    audit: AuditLog
    database: Database
    records: ForecastStore
    outcomes: Outcomes
    manuals: Manuals
    forecasts: ForecastCache = field(default_factory=ForecastCache)
    """What the forecasts of this process found; shared by its servers."""
    models: ModelStore | None = None
    """Learned remaining lives; None: there are none."""
    wake: Wake | None = None
    """Rings when something was announced; None: feeds look by time alone."""

    meaning: Meaning | None = None
    """Orders what the knowledge search found; None: by words alone."""

    @classmethod
    def of(cls, database: Database, series: SeriesStore, clock: PlantClock) -> "Stores":
        """All relational stores over one database."""
        entries = KnowledgeStore(database)
        return cls(
            DeviceStore(database),
            AlertStore(database),
            ReportStore(database),
            WorkOrderStore(database),
            entries,
            series,
            clock,
            ProposalStore(database),
            AuditLog(database),
            database,
            ForecastStore(database),
            Outcomes(database, entries),
            Manuals(DocumentStore(database)),
        )


def sources_of(stores: Stores) -> Sources:
    """What the forecasts rest on."""
    return Sources(
        stores.series,
        stores.devices,
        stores.alerts,
        stores.orders,
        stores.records,
        stores.forecasts,
        stores.models,
        stores.clock,
    )
