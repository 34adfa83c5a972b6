"""The secret that signs the cookies: kept, so that a restart signs nobody out."""

import os
import secrets
from pathlib import Path

_LEAST = 43


def secret_in(folder: Path) -> str:
    """The secret of that folder, made where there is none; both are for their owner's eyes.

    Raises:
        OSError: It can be neither read nor written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    file = folder / "secret"
    try:
        kept = file.read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        kept = ""
    if len(kept) >= _LEAST:
        file.chmod(0o600)
        return kept
    made = secrets.token_urlsafe(48)
    making = folder / f".secret.{os.getpid()}"
    with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        written.write(made)
    try:
        # Of two processes that make one, the first one's stands.
        os.link(making, file)
    except FileExistsError:
        if not kept and len(file.read_text("ascii").strip()) >= _LEAST:
            return file.read_text("ascii").strip()
        making.replace(file)
    finally:
        making.unlink(missing_ok=True)
    return made
