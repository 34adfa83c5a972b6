"""`opsmith chat` as a process, to be looked at and stopped."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from opsmith.settings import Settings

OPSMITH = ("-m", "opsmith.app.cli")
_PATIENCE = 60
"""Seconds that a server may take to come up on a busy machine."""


@dataclass(frozen=True)
class Chat:
    """A running page."""

    process: subprocess.Popen[str]
    settings: Settings
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def interrupt(self) -> int:
        """Press Ctrl-C; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=_PATIENCE)


@contextmanager
def serving(
    settings: Settings, port: int = 0, program: Sequence[str] = OPSMITH, **more: str
) -> Generator[Chat]:
    """Run `opsmith chat`.

    Args:
        settings: Where the plant is.
        port: To listen on; 0: a free one.
        program: What Python runs.
        **more: Settings such as OPSMITH_LLM_MODEL.
    """
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
    outside = {key: value for key, value in os.environ.items() if not key.startswith("OPSMITH_")}
    # What other programs' settings could make Chainlit do, it must not.
    outside |= {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "LITERAL_API_KEY": "none"}
    process = subprocess.Popen(
        [sys.executable, *program, "chat", "--port", str(port)],
        env={**outside, "OPSMITH_DATA_DIR": str(settings.data_dir), **more},
        cwd=settings.data_dir,
        stderr=subprocess.PIPE,
        text=True,
    )
    guard = threading.Timer(_PATIENCE, process.kill)
    with process:
        try:
            assert process.stderr is not None
            guard.start()
            said = process.stderr.readline()
            guard.cancel()
            assert f"http://127.0.0.1:{port}/" in said, said + process.stderr.read()
            yield Chat(process, settings, port)
        finally:
            guard.cancel()
            process.kill()
