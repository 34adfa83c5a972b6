"""What creeps over days, in made series whose truth is known."""

from math import exp, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray
from opsmith_detectors import drift
from opsmith_detectors.drift import DRIFTS
from opsmith_detectors.drift_days import DRIFT

START = 1_772_000_000_000_000
SIGMA = 0.37
Records = npt.NDArray[Any]


class Device:
    """One device with c channels."""

    def __init__(self, channels: int, driven: tuple[int, ...] = ()) -> None:
        self.drifts = np.zeros((1, channels), DRIFT)
        self.devices = np.zeros(1, DRIFTS)
        self.driven = np.zeros(channels, np.uint8)
        self.driven[list(driven)] = 1

    def run(self, times: npt.NDArray[np.int64], x: FloatArray, running: Any = None) -> FloatArray:
        """Shape (n,), the score after each reading."""
        usable = np.ones(len(times), np.bool_) if running is None else running
        return np.array(
            [
                drift.step(
                    self.drifts, self.devices, 0, x.shape[1], int(time), row, bool(ran), self.driven
                )
                for time, row, ran in zip(times, x, usable, strict=True)
            ]
        )


def made(
    seed: int, days: float, channels: int = 1, *, minutes: float = 10, cycle: float = 4.0,
    memory_h: float = 0.0, wander: float = 0.0, load: float = 0.0,
) -> tuple[npt.NDArray[np.int64], FloatArray]:  # fmt: skip
    """Times, and shape (n, c) in sigmas: a daily cycle, noise, weather and a load of each day.

    Noise is autocorrelated over `memory_h` hours; weather wanders, bounded, over three days.
    """
    rng = np.random.default_rng(seed)
    n = int(days * 24 * 60 / minutes)
    t = np.arange(n) * minutes / 60 / 24
    x = _wander(rng, n, channels, exp(-minutes / 60 / memory_h) if memory_h else 0.0)
    x += cycle * np.sin(2 * np.pi * (t[:, None] + rng.random(channels)))
    x += wander * _wander(rng, n, channels, exp(-minutes / 60 / 72))
    loads = load * rng.normal(size=int(days) + 2)
    follows = np.r_[1.0, rng.normal(size=channels - 1)]
    x += loads[(t + rng.random()).astype(int), None] * follows
    first = int(rng.integers(0, 86_400)) * 1_000_000
    return START + first + (np.arange(n) * minutes * 60e6).astype(np.int64), x


def _wander(rng: np.random.Generator, n: int, channels: int, memory: float) -> FloatArray:
    shocks = rng.normal(size=(n, channels)) * sqrt(1 - memory**2)
    if memory == 0:
        return shocks
    x = np.empty((n, channels))
    level = rng.normal(size=channels)
    for i in range(n):
        level = memory * level + shocks[i]
        x[i] = level
    return x


def ramp(times: npt.NDArray[np.int64], from_day: float) -> FloatArray:
    """Half a sigma a day."""
    return 0.5 * np.maximum((times - times[0]) / 86_400e6 - from_day, 0.0)


def found(device: Device, times: npt.NDArray[np.int64], sigmas: FloatArray) -> bool:
    return bool((device.run(times, 80 + SIGMA * sigmas) >= 1).any())


def test_ramps_of_half_a_sigma_a_day_are_found_within_fourteen_days() -> None:
    for from_day, memory_h, minutes in ((0, 0, 10), (5, 1, 10), (5, 0, 60)):
        hits = 0
        for seed in range(20):
            times, x = made(seed, from_day + 14, 3, minutes=minutes, memory_h=memory_h)
            x[:, 1] += ramp(times, from_day) * (1 if seed % 2 else -1)
            device = Device(3)
            hits += found(device, times, x) and int(device.devices[0]["channel"]) == 1
        assert hits == 20, (from_day, memory_h, minutes)


def test_healthy_devices_hardly_ever_drift_in_thirty_days() -> None:
    wrong = 0
    for seed in range(50):
        kinds: tuple[dict[str, float], ...] = (
            {}, {"memory_h": 2.0}, {"wander": 1.0}, {"load": 5.0},
        )  # fmt: skip
        times, x = made(seed, 30, 6, minutes=30, **kinds[seed % 4])
        wrong += found(Device(6, driven=(0,) if seed % 8 == 3 else ()), times, x)
    assert wrong <= 1


def test_short_histories_say_nothing() -> None:
    times, x = made(1, 4)
    x[:, 0] += 5 * ramp(times, 0)
    assert not found(Device(1), times, x)
    minutes, x = made(1, 20 / 60 / 24, minutes=1 / 60)
    x[:, 0] += np.linspace(0, 50, len(x))
    assert not found(Device(1), minutes, x)


def test_a_machine_that_stands_at_night_is_compared_with_its_own_hours() -> None:
    times, x = made(3, 24)
    hour = times // 3_600_000_000 % 24
    running = (hour >= 8) & (hour < 16)
    x[~running] = -200.0
    assert (Device(1).run(times, 80 + SIGMA * x, running) == 0).all()
    x[:, 0] += ramp(times, 5)
    assert (Device(1).run(times, 80 + SIGMA * x, running) >= 1).any()


def test_a_repair_freezes_anew_and_a_drift_that_goes_back_is_over() -> None:
    times, x = made(4, 40)
    x[:, 0] += np.minimum(ramp(times, 4), 7)
    device = Device(1)
    half = len(times) // 2
    assert (device.run(times[:half], 80 + SIGMA * x[:half]) >= 1).any()
    drifts, devices = device.drifts.copy(), device.devices.copy()
    drift.reset(device.drifts, device.devices, 0)
    assert (device.run(times[half:], 80 + SIGMA * x[half:]) == 0).all()
    known = drift.frozen(device.drifts, 0, 0)
    assert known is not None
    level, sigma, off = known
    assert abs(level - (80 + 7 * SIGMA)) < SIGMA and 0.8 < sigma / SIGMA < 1.25 and abs(off) < 1
    device.drifts, device.devices = drifts, devices
    x[half:, 0] -= 7
    score = device.run(times[half:], 80 + SIGMA * x[half:])
    assert score[0] >= 1 and score[-1] == 0


def test_a_state_restored_from_its_bytes_goes_on_alike() -> None:
    times, x = made(5, 20, 2)
    x[:, 0] += ramp(times, 4)
    whole, first, second = Device(2), Device(2), Device(2)
    cut = len(times) // 3 + 7
    score = whole.run(times, x)
    first.run(times[:cut], x[:cut])
    second.drifts = np.frombuffer(first.drifts.tobytes(), DRIFT).reshape(1, 2).copy()
    second.devices = np.frombuffer(first.devices.tobytes(), DRIFTS).copy()
    assert (second.run(times[cut:], x[cut:]) == score[cut:]).all()
    assert score[-1] >= 1


def test_a_channel_that_stands_still_or_is_absent_never_drifts() -> None:
    times, x = made(6, 30, 3)
    x[:, 1], x[:, 2] = 0.0, np.nan
    x[times > times[0] + 10 * 86_400_000_000, 1] = 50.0
    assert not found(Device(3), times, x)
