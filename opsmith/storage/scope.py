"""What of the plant a query may see: the rows of devices in given factories."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, select

from opsmith.storage.tables import device_registry


def in_factories(device_id: ColumnElement[str], factories: Collection[str]) -> ColumnElement[bool]:
    """That the device which a row names is in one of the factories.

    A device that nobody registered, or that has no factory, is in none.
    """
    devices = select(device_registry.c.device_id).where(
        device_registry.c.factory_id.in_(sorted(factories))
    )
    return device_id.in_(devices)
