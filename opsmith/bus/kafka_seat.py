"""Names of group members that outlive their processes: started again, one is the same member.

To a member that comes back under its name the brokers give what it had, at once. One without a
name waits until the one that was killed counts as dead.
"""

import hashlib
import re
import socket
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no advisory locks of this kind
    fcntl = None

MOST = 1000
"""Seats of a group in one folder; who comes later has no name."""


class Seat:
    """A name, and the file whose lock keeps others from it; the lock ends with the process."""

    def __init__(self, name: str, file: IO[str]) -> None:
        self.name = name
        self._file = file

    def leave(self) -> None:
        """Let the next one have the name."""
        self._file.close()


def take_seat(folder: Path, group: str) -> Seat | None:
    """The first name of this folder, on this host, that no living member of the group has.

    None where the folder cannot be written, or the system has no locks that end with a process.
    """
    if fcntl is None:
        return None
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:100]
    for number in range(MOST):
        try:
            file = (folder / f"seat-{group}-{number}.lock").open("a")
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        return Seat(f"opsmith-{host}-{place}-{group}-{number}", file)
    return None
