"""What is logged and counted of an alert that was written."""

import logging

from opsmith.domain.alerts import Alert
from opsmith.metrics import count_alert
from opsmith.observability import tell

logger = logging.getLogger(__name__)


def tell_alert(change: str, alert: Alert | None) -> None:
    """Log and count one change of an alert, once it stands in the log.

    Args:
        change: As in `AlertChange`; or `brought_out`.
        alert: As it is now; None: nothing was written.
    """
    if alert is None:
        return
    count_alert(change, alert)
    tell(
        logger,
        f"alert {change.replace('_', ' ')}",
        trace_id=alert.trace_id,
        device_id=alert.device_id,
        alert_level=alert.alert_level.value,
        type=alert.alert_type,
        held=alert.held.value if alert.held is not None else None,
    )
