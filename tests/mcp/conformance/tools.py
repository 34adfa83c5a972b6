"""Where the command-line tools of the MCP project are, which come from npm."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("OPSMITH_CI_CACHE") or Path.home() / ".cache" / "opsmith-ci")
PACKAGE = Path(__file__).parents[3] / ".ci" / "package.json"
"""Names their versions."""


def tool(name: str) -> list[str]:
    """The command of `conformance` or `mcp-inspector`, on the Node that it needs.

    On a machine without them the test is skipped with what to do; in CI it fails.
    """
    folder = FOLDER / "mcp-tools"
    command, node = folder / "node_modules" / ".bin" / name, _node(folder)
    if command.exists() and node is not None:
        return [node, str(command.resolve())]
    words = (
        f"{name} is not installed: mkdir -p {folder} && cp {PACKAGE} {folder} && "
        f"npm install --prefix {folder} --ignore-scripts"
    )
    if os.environ.get("OPSMITH_CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def _node(folder: Path) -> str | None:
    own = folder / "node_modules" / ".bin" / "node"
    return str(own) if own.exists() else shutil.which("node")


def run(
    command: Sequence[str], timeout: float, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **(environ or {})},
    )
