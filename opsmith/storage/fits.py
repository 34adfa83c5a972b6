"""That a value fits its column: SQLite would keep any, MySQL refuses; here both refuse alike."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Float, String, event
from sqlalchemy.engine import ExecutionContext
from sqlalchemy.sql.compiler import SQLCompiler

from opsmith.errors import BadInput

_SHOWN = 40


class _Bounds(NamedTuple):
    """What a statement that writes gives to columns with bounds, by the names of its values."""

    table: str
    texts: tuple[tuple[str, int], ...]
    """With the most characters."""
    numbers: tuple[str, ...]


def check_what_is_written(engine: Engine) -> None:
    """Have every insert and update refuse what does not fit, as `BadInput` that names it."""
    event.listen(engine, "before_cursor_execute", _check)


def _check(
    connection: Connection,
    cursor: Any,
    statement: str,
    parameters: Any,
    context: ExecutionContext | None,
    executemany: bool,
) -> None:
    compiled = getattr(context, "compiled", None)
    if not isinstance(compiled, SQLCompiler) or not (compiled.isinsert or compiled.isupdate):
        return
    bounds = _bounds(compiled)
    rows: Sequence[Mapping[str, Any]] = getattr(context, "compiled_parameters", ())
    for row in rows:
        for name, most in bounds.texts:
            value = row.get(name)
            if isinstance(value, str) and len(value) > most:
                raise BadInput(
                    f"{bounds.table}.{name}: {len(value)} characters, {most} at most: "
                    f"{value[:_SHOWN]!r}…"
                )
        for name in bounds.numbers:
            value = row.get(name)
            if isinstance(value, float) and not math.isfinite(value):
                raise BadInput(f"{bounds.table}.{name}: {value} is no number")


@lru_cache(maxsize=500)
def _bounds(compiled: SQLCompiler) -> _Bounds:
    statement: Any = compiled.statement
    columns = statement.table.c
    texts, numbers = list[tuple[str, int]](), list[str]()
    for name in compiled.binds:
        # Only what is written has the name of its column; what is looked for may be anything.
        kind = columns[name].type if name in columns else None
        if isinstance(kind, String) and kind.length:
            texts.append((name, kind.length))
        elif isinstance(kind, Float):
            numbers.append(name)
    return _Bounds(statement.table.name, tuple(texts), tuple(numbers))
