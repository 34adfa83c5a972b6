"""Conversations with the assistant, kept in the data folder so that one can go on."""

import contextlib
import logging
import os
from pathlib import Path

from pydantic import ValidationError

from opsmith.errors import Unavailable
from opsmith_agents.memory import Memory

logger = logging.getLogger(__name__)


class Conversations:
    """One small file each, for its owner's eyes.

    Args:
        data_dir: The data folder.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "conversations"

    def load(self, name: str) -> Memory:
        """What was spoken of; a new memory where nothing is kept or it cannot be read."""
        try:
            return Memory.model_validate_json(self._file(name).read_bytes())
        except FileNotFoundError:
            return Memory()
        except (OSError, ValidationError) as error:
            logger.warning("The conversation %r cannot be read, a new one begins: %s", name, error)
            return Memory()

    def keep(self, name: str, memory: Memory) -> None:
        """Keep it in the place of what was kept. Raises `Unavailable`."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            written = self._file(f"{name}.{os.getpid()}")
            with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(memory.model_dump_json())
            written.replace(self._file(name))
        except OSError as error:
            raise Unavailable(f"Cannot keep the conversation in {self._folder}: {error}") from error

    def forget(self, name: str) -> None:
        """Keep nothing of it."""
        with contextlib.suppress(OSError):
            self._file(name).unlink(missing_ok=True)

    @property
    def history(self) -> Path:
        """File of the questions that were typed, for the arrow keys."""
        return self._folder / "typed"

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"
