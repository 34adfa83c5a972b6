"""A client of a server in the same process, without a wire between."""

import asyncio
from typing import Any

from fastmcp import Client, FastMCP
from mcp.types import CallToolResult

from opsmith_mcp.door import DOORS


class InProcess(Client[Any]):
    """A client that calls the tools of a server in the same process without a wire between.

    The gate does all that it does for any caller: rights, checked arguments, masked errors. What
    is spared is JSON-RPC through two queues, several times what a short tool takes, the SDK's
    check of what Pydantic has just made from the same model, and the server's search for a tool.
    """

    def __init__(self, server: FastMCP[Any]) -> None:
        super().__init__(server)
        self._door = DOORS.get(server)

    async def call_tool_mcp(
        self,
        name: str,
        arguments: dict[str, Any],
        progress_handler: Any = None,
        timeout: Any = None,
        meta: dict[str, Any] | None = None,
    ) -> CallToolResult:
        """See `Client.call_tool_mcp`."""
        plain = progress_handler is None and timeout is None and meta is None
        if self._door is None or not plain:
            return await super().call_tool_mcp(name, arguments, progress_handler, timeout, meta)
        if not self.is_connected():
            raise RuntimeError("The client is not open; use `async with`")
        # A task of its own: a tool's thread cannot be stopped, and whoever gives up waiting, in
        # whatever scope, must not wait for it.
        return await asyncio.create_task(self._door.call(name, arguments))
