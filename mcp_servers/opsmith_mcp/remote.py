"""A client of a server elsewhere, whose answers are checked by validators made once a tool."""

from typing import Any, NoReturn, cast

import jsonschema_rs
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from mcp import ClientSession
from mcp.types import (
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    ClientRequest,
    PaginatedRequestParams,
    RequestParams,
)

from opsmith.errors import OpsmithError


class Remote(Client[Any]):
    """Over stdio or HTTP.

    The SDK makes the validator of an answer anew at each call, which takes longer than most tools.
    """

    def __init__(self, server: StdioTransport | str, key: str = "") -> None:
        super().__init__(server, **({"auth": key} if key else {}))
        self._checked: _Checked | None = None

    @property
    def session(self) -> ClientSession:
        """The open session. Raises `RuntimeError` where there is none."""
        session = super().session
        if self._checked is None or self._checked.inner is not session:
            self._checked = _Checked(session)
        return cast(ClientSession, self._checked)


class _Checked:
    """A session whose answers are checked here instead."""

    def __init__(self, inner: ClientSession) -> None:
        self.inner = inner
        self._validators: dict[str, jsonschema_rs.Validator | None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        read_timeout_seconds: Any = None,
        progress_callback: Any = None,
        *,
        meta: dict[str, Any] | None = None,
    ) -> CallToolResult:
        """See `ClientSession.call_tool`. Raises `OpsmithError` for an answer against its schema."""
        params = CallToolRequestParams(
            name=name,
            arguments=arguments,
            _meta=None if meta is None else RequestParams.Meta(**meta),
        )
        result = await self.inner.send_request(
            ClientRequest(CallToolRequest(params=params)),
            CallToolResult,
            request_read_timeout_seconds=read_timeout_seconds,
            progress_callback=progress_callback,
        )
        if not result.isError:
            await self._check(name, result)
        return result

    async def _check(self, name: str, result: CallToolResult) -> None:
        if name not in self._validators:
            await self._learn()
        validator = self._validators.setdefault(name, None)
        if validator is None:
            return
        try:
            validator.validate(result.structuredContent)
        except jsonschema_rs.ValidationError as error:
            raise OpsmithError(
                f"What {name} answered is against its own schema: {error.message}"
            ) from error

    async def _learn(self) -> None:
        cursor: str | None = None
        while True:
            page = await self.inner.list_tools(params=PaginatedRequestParams(cursor=cursor))
            for tool in page.tools:
                if tool.outputSchema is not None:
                    self._validators[tool.name] = jsonschema_rs.validator_for(
                        tool.outputSchema, retriever=_refuse
                    )
            cursor = page.nextCursor
            if cursor is None:
                return


def _refuse(uri: str) -> NoReturn:
    # A schema from outside makes us fetch nothing.
    raise ValueError(f"{uri} is not part of the schema")
