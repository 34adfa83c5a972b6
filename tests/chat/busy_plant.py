"""A small plant in which every kind of chart has something to show."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from opsmith.app.bootstrap import open_plant
from opsmith.domain.alerts import AlertChange, AlertLevel, AlertType, Deviation
from opsmith.domain.devices import Device
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.settings import Settings

NOW = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=60)
COUNT = 3 * 360 + 1
"""Readings of each device: three hours at 10 s."""


def busy_plant(folder: Path) -> Settings:
    """PUMP_01 warms from `ONSET` on towards its limit of 85 °C, PUMP_02 does not.

    Alerts: one P1 of PUMP_01 that stands; three of PUMP_02, and one of FAN_07, which are over.
    """
    settings = Settings(data_dir=folder)
    with open_plant(settings, "newest") as plant:
        plant.stores.devices.add(
            [
                Device(device_id="PUMP_01", device_type="pump", rated_temp_max=85.0),
                Device(device_id="PUMP_02", device_type="pump", rated_temp_max=85.0),
                Device(device_id="FAN_07", device_type="fan"),
            ],
            NOW,
        )
        rng = np.random.default_rng(5)
        warmer = 10 * np.clip((np.arange(COUNT) - 720) / 360, 0, None)
        plant.stores.series.append(
            [Frame.of(_readings("PUMP_01", warmer, rng)), Frame.of(_readings("PUMP_02", 0, rng))],
            live=True,
        )
        plant.stores.alerts.apply(
            "PUMP_01", _raised("over_temp", NOW - timedelta(minutes=20), ONSET), {}, None
        )
        kinds: list[tuple[str, AlertType, float]] = [
            ("PUMP_02", "high_vibration", 4),
            ("PUMP_02", "over_temp", 6),
            ("PUMP_02", "no_data", 9),
            ("FAN_07", "no_data", 12),
        ]
        for device, kind, hours in kinds:
            at = NOW - timedelta(hours=hours)
            plant.stores.alerts.apply(device, _raised(kind, at, at), {}, None)
            cleared = _raised(kind, at, at).model_copy(
                update={"change": "cleared", "last_seen": at + timedelta(minutes=30)}
            )
            plant.stores.alerts.apply(device, cleared, {}, None)
    return settings


def _raised(kind: AlertType, at: datetime, onset: datetime) -> AlertChange:
    hot = Deviation(channel="temperature", unit="Cel", value=80.0, limit=85.0, share=1.0)
    return AlertChange(
        change="raised",
        alert_type=kind,
        alert_level=AlertLevel.P1,
        first_seen=at,
        last_seen=at,
        onset=onset,
        count=10,
        score=1.2,
        deviations=(hot,),
    )


def _readings(device_id: str, warmer: object, rng: np.random.Generator) -> ReadingBatch:
    seconds = np.arange(COUNT) * 10
    first = np.datetime64((NOW - timedelta(hours=3)).replace(tzinfo=None), "us")
    heat = 70 + np.asarray(warmer) + rng.normal(0, 0.2, COUNT)
    shake = np.array([0.5 + 0.01 * math.sin(second / 90) for second in seconds])
    return ReadingBatch(
        device_id=device_id,
        channels=("current", "temperature", "vibration"),
        times=first + seconds.astype("timedelta64[s]"),
        values=np.column_stack([heat / 5 + rng.normal(0, 0.05, COUNT), heat, shake]),
        quality=np.zeros((COUNT, 3), np.uint8),
        statuses=("NORMAL",) * COUNT,
    )
