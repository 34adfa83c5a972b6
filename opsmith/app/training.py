"""Learn models from recorded histories, and keep them with all that they rest on."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from opsmith.settings import Settings
from opsmith.storage.models import ModelStore, Stored
from opsmith_detectors.rul import RulModel
from opsmith_detectors.rul_arrays import FORMAT, from_arrays, to_arrays


def model_store(settings: Settings) -> ModelStore:
    """Where learned remaining lives are kept."""
    return ModelStore(settings.data_dir / "models", "rul")


def load_rul(settings: Settings, name: str) -> tuple[Stored, RulModel]:
    """The active version of a learned remaining life, or that of `NAME@3`."""
    stored, arrays = model_store(settings).load(name)
    return stored, from_arrays(arrays)


def train_rul(
    settings: Settings,
    paths: Sequence[Path],
    name: str,
    machine: str | None = None,
    conditions: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Stored:
    """Learn a remaining life and keep it as a new version.

    Raises:
        BadInput: The files are no run-to-failure histories, or too few.
    """
    from opsmith.app.training_files import read_histories
    from opsmith_detectors.rul_training import SETTINGS, train

    histories = read_histories(paths, machine, conditions)
    model, backtest = train(histories.lives, histories.channels, histories.conditions, progress)
    about: dict[str, Any] = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": {each: _version(each) for each in ("opsmith", "scikit-learn", "numpy")}
        | {"format": FORMAT},
        "data": histories.files,
        "channels": list(model.scaling.channels),
        "conditions": list(model.scaling.conditions),
        "features": list(model.scaling.names()),
        "settings": SETTINGS,
        "cap_readings": model.cap,
        "step_hours": histories.step_hours,
        "backtest": {key: _rounded(value) for key, value in asdict(backtest).items()},
        "method": "gradient boosted trees, the mean over 5 folds of whole machines; conformal "
        "80 % intervals from the machines left out",
    }
    return model_store(settings).keep(name, to_arrays(model), about)


def comparable(stored: Sequence[Stored]) -> list[Stored]:
    """The versions, best backtest first."""
    return sorted(stored, key=lambda each: each.about["backtest"]["rmse"])


def _rounded(value: float) -> float:
    return round(value, 3) if isinstance(value, float) else value


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
