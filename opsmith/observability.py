"""Logs: structured, to standard error, so that standard output stays the product's."""

import logging
import sys

import structlog


def set_up_logs(level: str) -> None:
    """Send the logs of opsmith and of its libraries to standard error, one line an event."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.KeyValueRenderer(
                    key_order=["timestamp", "level", "logger", "event"], drop_missing=True
                ),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("opsmith", "opsmith_agents", "opsmith_ingest", "opsmith_mcp", "opsmith_chat"):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("fastmcp.server.server").addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether it is no mistake of who called a tool, who is told of it in the answer."""
    return bool(record.exc_info) or not record.getMessage().startswith(
        ("Error calling tool", "Invalid arguments for tool")
    )
