"""The libraries that read documents, fetched when a document is read."""

from importlib import import_module
from typing import Any

from opsmith.errors import BadInput


def library(name: str) -> Any:
    """A module of the extra `documents`. Raises `BadInput` where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise BadInput(
            f"{name.partition('.')[0]} is not installed: pip install 'opsmith[documents]'"
        ) from error
