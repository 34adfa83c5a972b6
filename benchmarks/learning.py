"""Whether closed orders make the ranking better, and whether one liar can make it worse.

    python benchmarks/learning.py [--seeds 5] [--orders 200] [--held 300] [--lies 500]

For each class and seed a plant is made whose failure modes occur as often as they like. Its first
orders teach; the others, held out, tell how often the likeliest mode was what it was: without
learning, with it, with as many lies of one person among the honest outcomes, and with the lies
alone. Prints shares; ends with 1 where learning made it worse on the whole, where it fell by more
than three standard errors anywhere, or where the liar took more than a twentieth.
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from made_orders import CHANNELS, accuracy, cases, entries_of, judged, learned_of, lies

WORST = 0.05


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--held", type=int, default=300)
    parser.add_argument("--lies", type=int, default=500)
    given = parser.parse_args()
    print(f"{'class':<11} seed  before  learned  with lies  lies alone  largest offset")
    rows = list[tuple[float, float, float, float]]()
    for class_ in CHANNELS:
        entries = entries_of(class_)
        for seed in range(given.seeds):
            rng = np.random.default_rng(100 + seed)
            made = cases(class_, given.orders + given.held, rng, seed)
            taught, held = made[: given.orders], made[given.orders :]
            told = [judged(one, i, entries) for i, one in enumerate(taught)]
            false = lies(told, given.lies, rng)
            learned = learned_of(told)
            row = (
                accuracy(held, {}),
                accuracy(held, learned),
                accuracy(held, learned_of([*told, *false])),
                accuracy(held, learned_of(false)),
            )
            largest = max((abs(one.offset) for one in learned.values()), default=0.0)
            print(f"{class_:<11} {seed:>4}" + "".join(f"{one:>9.3f}" for one in row), end="")
            print(f"{largest:>12.2f}")
            rows.append(row)
    before, after, lied, alone = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    print(f"{'mean':<16}{before:>9.3f}{after:>9.3f}{lied:>9.3f}{alone:>9.3f}")
    noise = 3 * math.sqrt(0.25 / given.held)
    worse = [row for row in rows if row[1] < row[0] - noise]
    broken = [row for row in rows if min(row[2], row[3]) < row[0] - WORST - noise]
    is_good = after > before and not worse and not broken and min(lied, alone) > before - WORST
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
