"""The mapping file: what a person says about a foreign table."""

import re
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import Field, ValidationError, field_validator

from opsmith.domain.base import Model
from opsmith.errors import BadInput


class DeviceNames(Model):
    """How the other system's device ids become the plant's own."""

    aliases: dict[str, str | None] = Field(
        default_factory=dict[str, str | None],
        description="Theirs: ours, where the spelling says nothing.",
    )
    pattern: str | None = Field(
        default=None, description="Regular expression; its first group is the id to be looked for."
    )

    @field_validator("aliases", mode="before")
    @classmethod
    def _texts(cls, given: object) -> object:
        return _as_texts(given)

    @field_validator("pattern")
    @classmethod
    def _usable(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
            if groups == 0:
                raise ValueError(f"{pattern!r} has no group (...) around the id")
        return pattern


class Plan(Model):
    """How a foreign table is read; whatever is not said is guessed."""

    source: str | None = Field(
        default=None, min_length=1, max_length=64, description="The other system, such as SAP PM."
    )
    zone: str | None = Field(
        default=None, description="Of times that name none, such as Asia/Shanghai; else the plant's"
    )
    dates: str | None = Field(
        default=None, description="Pattern of strptime for all dates, such as %d.%m.%Y %H:%M."
    )
    decimal_comma: bool | None = Field(default=None, description="Numbers are written 1,5.")
    encoding: str | None = Field(default=None, description="Of a text; else found out.")
    sheet: str | None = Field(default=None, description="Of a workbook; else the first with rows.")
    columns: dict[str, str | list[str] | None] = Field(
        default_factory=dict[str, str | list[str] | None],
        description="Our field: their column, or several that are joined; null: none.",
    )
    values: dict[str, dict[str, str | None]] = Field(
        default_factory=dict[str, dict[str, str | None]],
        description="Our field: theirs: ours.",
    )
    units: dict[str, str] = Field(
        default_factory=dict[str, str], description="Our field: unit of the numbers in the file."
    )
    constants: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        description="Our field: what it is wherever a row does not say.",
    )
    devices: DeviceNames = DeviceNames()

    @field_validator("values", mode="before")
    @classmethod
    def _texts(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        fields = cast(dict[object, object], given)
        return {field: _as_texts(words) for field, words in fields.items()}


def read_plan(path: Path) -> Plan:
    """Read a mapping file.

    Raises:
        BadInput: With the file's name, the place and the reason.
    """
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        return Plan.model_validate({} if given is None else given)
    except OSError as error:
        raise BadInput(f"No mapping file {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise BadInput(f"{path}: {place}: {first['msg']}") from error


def _as_texts(given: object) -> object:
    """YAML reads 1, 007 and `yes` as numbers and truths; here they are words of the file."""
    if not isinstance(given, dict):
        return given
    words = cast(dict[object, object], given)
    return {_word(theirs): ours for theirs, ours in words.items()}


def _word(theirs: object) -> str:
    return str(theirs).lower() if isinstance(theirs, bool) else str(theirs)
