"""The servers as any MCP client meets them: another process, over stdio, the official SDK."""

import os
import sys
from pathlib import Path

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

pytestmark = pytest.mark.anyio


async def test_a_plain_client_lists_and_calls_the_settled_tools_over_stdio(tmp_path: Path) -> None:
    server = StdioServerParameters(
        command=str(Path(sys.executable).with_name("opsmith")),
        args=["mcp"],
        env={**os.environ, "OPSMITH_DATA_DIR": str(tmp_path)},
    )
    with anyio.fail_after(60), open(os.devnull, "w") as nowhere:
        async with (
            stdio_client(server, errlog=nowhere) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            empty = await session.call_tool("list_devices", {})
            unknown = await session.call_tool("query_device_status", {"device_id": "PUMP_99"})
    settled = {
        "query_device_status",
        "fetch_telemetry_data",
        "search_maintenance_kb",
        "get_alert_history",
        "predict_failure",
    }
    assert all(tools[name].outputSchema for name in settled)
    assert "create_work_order" not in tools
    assert empty.structuredContent is not None and empty.structuredContent["state"] == "empty"
    assert unknown.isError
    assert "No device 'PUMP_99'" in str(unknown.content)
