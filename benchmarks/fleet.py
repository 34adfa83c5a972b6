"""What the detectors cost: time a reading, bytes a device, memory of a large fleet.

    python benchmarks/fleet.py [--devices 10000] [--rounds 60] [--large 100000]

Healthy noise of a wandering load, batched: one reading of every device a frame, one core, after the
machine code is there. The time is that of `Fleet.step`, alert logic and Python's part included; the
first half of the rounds, in which everything is young, is left out.
"""

import argparse
import resource
import time
from collections.abc import Iterator

import numpy as np

from opsmith.domain.devices import Limits
from opsmith.domain.readings import Frame
from opsmith_detectors.fleet import Fleet
from opsmith_detectors.pool import bytes_a_device

CHANNELS = (
    "current", "flow", "fluid_temperature", "pressure", "speed", "temperature", "vibration",
    "voltage",
)  # fmt: skip
START = np.datetime64("2026-03-01T00:00:00", "us")
SECOND = np.timedelta64(1, "s")


def frames(devices: int, c: int, rounds: int) -> Iterator[Frame]:
    """One reading of every device a frame, a second apart."""
    rng = np.random.default_rng(1)
    names = tuple(f"D{number:06d}" for number in range(devices))
    place = np.arange(devices, dtype=np.int32)
    load = np.zeros((devices, 1))
    for second in range(rounds):
        load += 0.05 * rng.normal(size=(devices, 1)) - 0.01 * load
        yield Frame(
            devices=names,
            device=place,
            times=np.full(devices, START + second * SECOND),
            channels=CHANNELS[:c],
            values=np.linspace(20, 60, c) + load + rng.normal(size=(devices, c)),
            quality=np.zeros((devices, c), np.uint8),
            statuses=("NORMAL",),
            status=np.zeros(devices, np.int32),
        )


def microseconds(devices: int, c: int, rounds: int, *, light: bool) -> tuple[float, float]:
    """Mean and least time a reading, of the later half of the rounds."""
    fleet = Fleet(light=light)
    for number in range(devices):
        fleet.register(f"D{number:06d}", {"temperature": Limits(high=90.0)})
    took: list[float] = []
    for frame in frames(devices, c, rounds):
        began = time.perf_counter()
        fleet.step(frame)
        took.append((time.perf_counter() - began) / devices * 1e6)
    late = took[rounds // 2 :]
    return float(np.mean(late)), min(late)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--large", type=int, default=100_000, help="devices of the large fleet")
    arguments = parser.parse_args()
    microseconds(10, 2, 3, light=False)
    print(f"us a reading, {arguments.devices} devices, one core: mean (least)")
    for c in (1, 4, 8):
        for light in (True, False):
            mean, least = microseconds(arguments.devices, c, arguments.rounds, light=light)
            path = "light" if light else "full "
            print(f"  {c} channels, {path}  {mean:6.2f} ({least:.2f})")
    for c in (1, 4, 8):
        print(
            f"bytes of state a device of {c} channels: {bytes_a_device(c)}, "
            f"light {bytes_a_device(c, light=True)}"
        )
    fleet = Fleet()
    for frame in frames(arguments.large, 8, 3):
        fleet.step(frame)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{arguments.large} devices of 8 channels: state {fleet.nbytes / 1e6:.0f} MB, "
        f"peak of the process {peak:.0f} MB"
    )


if __name__ == "__main__":
    main()
