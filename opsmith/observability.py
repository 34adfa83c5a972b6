"""Logs: structured, to standard error, so that standard output stays the product's."""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Literal

import structlog

LogFormat = Literal["text", "json"]

_FIRST = ["timestamp", "level", "logger", "event", "trace_id", "device_id"]
_PASSWORD = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
_FIELDS = "opsmith_fields"


def set_up_logs(level: str, form: LogFormat = "text") -> None:
    """Send the logs of opsmith and of its libraries to standard error, one line an event.

    Whatever a text holds, it stays within its line and its field: both forms escape it.
    """
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_fields,
        structlog.processors.format_exc_info,
        _without_passwords,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _in_order,
                structlog.processors.JSONRenderer()
                if form == "json"
                else structlog.processors.KeyValueRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("opsmith", "opsmith_agents", "opsmith_ingest", "opsmith_mcp", "opsmith_chat"):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("fastmcp.server.server").addFilter(_is_ours)


def about(**fields: str) -> AbstractContextManager[None]:
    """Put fields, such as `trace_id` and `device_id`, on every log line of a block.

    They go with it into the tasks and threads that it starts.
    """
    return structlog.contextvars.bound_contextvars(**fields)


def tell(logger: logging.Logger, event: str, **fields: Any) -> None:
    """Log at INFO what happened, a few fixed words, with what it is about in fields."""
    if logger.isEnabledFor(logging.INFO):
        logger.info(event, extra={_FIELDS: fields}, stacklevel=2)


def _with_fields(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The fields of `tell`, beside those of `about`."""
    event.update(getattr(event.get("_record"), _FIELDS, {}))
    return event


def _without_passwords(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A library may log the URL that it was given."""
    for name, value in event.items():
        if isinstance(value, str) and "://" in value:
            event[name] = _PASSWORD.sub(r"\1:***@", value)
    return event


def _in_order(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What people look for first comes first."""
    first = {name: event[name] for name in _FIRST if name in event}
    return first | {name: value for name, value in event.items() if name not in first}


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether it is no mistake of who called a tool, who is told of it in the answer."""
    return bool(record.exc_info) or not record.getMessage().startswith(
        ("Error calling tool", "Invalid arguments for tool")
    )
