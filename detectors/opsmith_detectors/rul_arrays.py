"""A learned remaining life as arrays to keep, and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.errors import BadInput
from opsmith_detectors.rul import Lives, RulModel, Trees
from opsmith_detectors.rul_features import Scaling

FORMAT = 1
"""Of the arrays; another number means that the model has to be learned anew."""

_PARTS = {"scaling": Scaling, "trees": Trees, "lives": Lives}


def to_arrays(model: RulModel) -> dict[str, npt.NDArray[Any]]:
    """Each field as one array, text as an array of text."""
    out: dict[str, npt.NDArray[Any]] = {"format": np.array(FORMAT)}
    for name, kind in _PARTS.items():
        part = getattr(model, name)
        for field in fields(kind):
            value: Any = getattr(part, field.name)
            texts = field.name in ("channels", "conditions")
            out[f"{name}.{field.name}"] = np.array(value, dtype=np.str_ if texts else None)
    for name in ("cap", "grid", "quantiles"):
        out[name] = np.array(getattr(model, name))
    return out


def from_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> RulModel:
    """The model again. Raises `BadInput` for what is none of this format."""
    if "format" not in arrays or int(arrays["format"]) != FORMAT:
        raise BadInput("The model was kept by another version of opsmith: learn it anew")
    try:
        parts: dict[str, Any] = {
            name: kind(
                **{field.name: _value(arrays[f"{name}.{field.name}"]) for field in fields(kind)}
            )
            for name, kind in _PARTS.items()
        }
        return RulModel(
            **parts,
            cap=float(arrays["cap"]),
            grid=arrays["grid"],
            quantiles=arrays["quantiles"],
        )
    except KeyError as error:
        raise BadInput(f"The model lacks {error}: learn it anew") from error


def _value(array: npt.NDArray[Any]) -> Any:
    if array.dtype.kind == "U":
        return tuple(str(each) for each in array)
    return array if array.ndim else array.item()
