"""The door of the page: it answers its own page alone, and loads nothing from elsewhere."""

import base64
import hashlib
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsmith_mcp.origins import Names

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_FOREIGN = re.compile(r'<link\b[^>]*href="https?://[^>]*>', re.DOTALL)


class Guard:
    """Refuses calls that another site's page makes, and other names for this address.

    Without it any page that is open in the same browser could read the plant through this one.

    Args:
        app: Whom it guards.
        names: Hosts that it answers to.
        policy: Content security policy of every answer.
    """

    def __init__(self, app: ASGIApp, names: Names, policy: str) -> None:
        self._app = app
        self._names = names
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._is_own(headers.get("host", ""), headers.get("origin")):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                refusal = PlainTextResponse("Only this page itself may ask.", 403)
                await refusal(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                added["content-security-policy"] = self._policy
                added["x-content-type-options"] = "nosniff"
                added["referrer-policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, send_safely)

    def _is_own(self, host: str, origin: str | None) -> bool:
        # A port may differ from ours: a tunnel has its own.
        if not self._names.is_host(host):
            return False
        return origin is None or urlsplit(origin).netloc == host


def without_foreign_links(page: str) -> str:
    """The page without the style sheets and fonts that it would ask of other sites."""
    return _FOREIGN.sub("", page)


def policy_of(page: str) -> str:
    """A content security policy under which only this page's own scripts run."""
    inline = (
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in _SCRIPT.findall(page)
    )
    scripts = " ".join(f"'sha256-{digest}'" for digest in inline)
    return (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
