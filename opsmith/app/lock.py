"""Who may write to an embedded data folder: one alone, or several workers side by side."""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

from opsmith.errors import BadInput

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no advisory locks of this kind
    fcntl = None


@contextlib.contextmanager
def writing(folder: Path, *, beside: bool = False) -> Generator[None]:
    """Hold the folder's lock; the system lets go of it when the process ends, however it ends.

    Args:
        folder: The data folder.
        beside: Let others in who do so too.

    Raises:
        BadInput: Another opsmith writes there.
    """
    path = folder / "writer.lock"
    with path.open("a+") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, (fcntl.LOCK_SH if beside else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise BadInput(
                    f"Another opsmith (process {holder}) writes to {folder}; "
                    "stop it, or set OPSMITH_DATA_DIR to another folder"
                ) from error
            file.seek(0)
            file.truncate()
            file.write(str(os.getpid()))
            file.flush()
        yield
