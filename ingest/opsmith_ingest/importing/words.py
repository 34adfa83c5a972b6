"""What other systems call our fields, and the words in them: `vocabulary.yaml`, as fields."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from opsmith_ingest.importing.cells import key_of, text_of
from opsmith_ingest.importing.heads import FieldSpec

Records = Literal["devices", "orders", "alerts", "codes", "knowledge", "readings"]


@cache
def fields_of(records: Records) -> tuple[FieldSpec, ...]:
    """The fields that rows of such records may have."""
    text = (files("opsmith_ingest.importing") / "vocabulary.yaml").read_text(encoding="utf-8")
    vocabulary: dict[str, Any] = yaml.safe_load(text)
    fields: dict[str, dict[str, Any]] = vocabulary[records]
    specs = list[FieldSpec]()
    for name, given in fields.items():
        spec = FieldSpec(name, **given)
        if spec.words == vocabulary["levels"]:
            spec = replace(spec, numbers=numbered_levels)
        specs.append(spec)
    return tuple(specs)


def numbered_levels(cells: Sequence[object]) -> Mapping[str, str]:
    """What numbers mean in a column of levels.

    With a 0 among small ones they are P0 to P3 themselves; from 1 on the first is P0; above 10
    they are OPC UA's severities, 1 to 1000, of which the greatest are the worst.
    """
    numbers = {int(text) for cell in cells if (text := text_of(cell)).isdecimal()}
    if max(numbers, default=1) > 10:
        steps = {801: "P0", 601: "P1", 301: "P2", 0: "P3"}
        return {
            str(n): next(level for least, level in steps.items() if n >= least) for n in range(1001)
        }
    first = 0 if 0 in numbers else 1
    levels = {str(first + n): f"P{min(n, 3)}" for n in range(11)}
    return levels | {key_of(f"P{n}"): "P3" for n in (4, 5)}
