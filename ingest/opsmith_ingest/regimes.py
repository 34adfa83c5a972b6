"""A deviation that stays may be how the device is to run from now on: a person says so."""

from pydantic_core import to_jsonable_python

from opsmith.access import Role
from opsmith.clock import wall_clock
from opsmith.domain.alerts import Alert
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.proposals import ProposalStore
from opsmith.storage.reports import ReportStore

STANDS = 1000
"""Deviating readings after which it is proposed: until then the normal is not relearnt at all."""

LEARNED = ("composite", "drift")
"""Alerts that stand on what was learnt; a rated limit does not move with the regime."""

RENEW = "renew_baseline"
"""The tool that does it."""


class Regimes:
    """Proposes to learn the normal of devices anew.

    Args:
        proposals: Where people find what waits for them.
        devices: The registry.
        alerts: The alert log.
        reports: What was found to be the cause.
    """

    def __init__(
        self,
        proposals: ProposalStore,
        devices: DeviceStore,
        alerts: AlertStore,
        reports: ReportStore,
    ) -> None:
        self._proposals = proposals
        self._devices = devices
        self._alerts = alerts
        self._reports = reports

    def consider(self, alert: Alert) -> None:
        """Propose it where the alert has stood for long; each time its count has doubled since.

        What waits already is not proposed again.
        """
        if alert.alert_type not in LEARNED or alert.count < STANDS or alert.cleared_at is not None:
            return
        if alert.held is not None or self._is_fault(alert):
            return
        self._proposals.add(
            RENEW,
            {"device_id": alert.device_id, "since": to_jsonable_python(alert.onset)},
            self._devices.get(alert.device_id).renewal(alert.onset),
            alert.device_id,
            Role.ENGINEER.name.lower(),
            "opsmith",
            # People decide by their own time, whatever the plant goes by.
            wall_clock(),
        )

    def _is_fault(self, alert: Alert) -> bool:
        """Whether a cause was found, or the device stands beyond what it is rated for as well."""
        found = self._reports.outlines(alert.trace_id)
        if found and found[-1].failure_mode is not None:
            return True
        others = self._alerts.find(alert.device_id, standing=True)
        return any(other.alert_level < alert.alert_level for other in others)
