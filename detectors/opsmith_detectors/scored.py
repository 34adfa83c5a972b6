"""What the learned normal says about one reading, before the reading is learnt."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsmith.domain.readings import FloatArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What one reading says before it is learnt."""

    score: float
    """Dimensionless, 0 or more; 1 is the limit; 0 in the grace."""
    level: FloatArray
    """Shape (h, c), fast levels on each time scale after this reading, in the channels' units."""
    shift: FloatArray
    """Shape (h, c), signed shift of the level in its own standard deviations; 0 where unusable."""
    residual: FloatArray
    """Shape (c,), one-step residual in its own standard deviations; 0 where unusable."""
    unforeseen: FloatArray
    """Shape (c,), one-step residual of every channel, in the channels' units."""
    smooth: float
    """Smoothed T2 of the residual."""
    statistics: FloatArray | None
    """Shape (hc + h + 1,), cube roots of T2-like statistics: each level shift alone, all shifts of
    a time scale together, the residual; None before the first fit."""
    ratio: FloatArray | None
    """Same shape, each from its usual value (0) to its limit (1); None in the grace."""
    by_level: bool
    """The score comes from a shifted level, not from the residual."""
    x: FloatArray
    """Shape (c,), the reading, with what was unusable replaced by the fast level."""
    usable: BoolArray
    """Shape (c,), channels that arrived and are believed."""
    spoken: BoolArray
    """Shape (c,), those of them that were judged, and may be learnt."""
    sudden: FloatArray
    """Shape (c,), the reading less its baseline, in the channels' units."""
    past: FloatArray
    """Shape (2c,), the last reading and its fast level, less the same; what foretells `sudden`."""

    @property
    def strength(self) -> FloatArray:
        """Shape (c,), how far each channel is from what was expected; dimensionless."""
        return np.abs(self.shift).max(0) if self.by_level else np.abs(self.residual)

    @property
    def foremost(self) -> int:
        """The channel that deviates most."""
        return int(self.strength.argmax())
