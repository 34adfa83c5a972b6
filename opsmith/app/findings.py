"""A finding: one thing that the doctor looked at."""

from concurrent.futures import Future
from typing import Any, Literal

from opsmith.domain.base import Model
from opsmith.errors import Unavailable

PATIENCE = 5.0
"""Seconds that a server has to answer the doctor."""


class Finding(Model):
    """One thing that was looked at."""

    part: str
    state: Literal["ok", "off", "fails"]
    says: str
    advice: str = ""


def answer_of(future: "Future[Any]", where: str) -> Any:
    """What a server's client was promised. Raises `Unavailable` where it takes too long."""
    try:
        return future.result(PATIENCE + 1)
    except TimeoutError as error:
        raise Unavailable(f"{where} did not answer in {PATIENCE:g} s") from error
