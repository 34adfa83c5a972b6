"""The way to a server's tools for callers in its own process: the gate, and behind it the tool."""

import logging
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from fastmcp import FastMCP
from fastmcp.exceptions import FastMCPError, NotFoundError
from fastmcp.tools import Tool
from mcp.types import CallToolResult, TextContent

from opsmith_mcp.gate import Gate

logger = logging.getLogger(__name__)


class Door:
    """Calls tools as the server would, without what it does for callers from elsewhere.

    Args:
        gate: The server's.
        tools: By name; more may be added.
    """

    def __init__(self, gate: Gate, tools: Mapping[str, Tool]) -> None:
        self._gate = gate
        self._tools = tools

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool; one that fails says so in its result."""
        try:
            result = await self._gate.through(
                name, arguments, lambda: self._tools[name].run(arguments), _nobody
            )
        except (FastMCPError, NotFoundError) as error:
            return _failed(str(error))
        except Exception:
            # Whatever it is, it is ours, and nothing that a caller should read.
            logger.exception("Tool %s failed", name)
            return _failed(f"Error calling tool {name!r}")
        return CallToolResult(
            content=result.content, structuredContent=result.structured_content, isError=False
        )


DOORS: WeakKeyDictionary[FastMCP[Any], Door] = WeakKeyDictionary()
"""The door of each server that has one."""


def _failed(said: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=said)], isError=True)


async def _nobody(_: float) -> None:
    """Who calls from within waits as long as it takes."""
