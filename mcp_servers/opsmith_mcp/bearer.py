"""Who calls over HTTP: the holder of the key in the Authorization header."""

from typing import Any

import anyio
import anyio.to_thread
from fastmcp.server.auth import AccessToken, TokenVerifier
from fastmcp.server.dependencies import get_http_request
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend
from starlette.requests import HTTPConnection
from starlette.types import Scope

from opsmith.access import Caller, role_named
from opsmith.storage.keys import KeyStore, looks_like_key
from opsmith_mcp.server import READER

_FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"}
_OWN = ("127.", "::1", "::ffff:127.")


class KeyVerifier(TokenVerifier):
    """Takes opsmith's own keys for bearer tokens."""

    def __init__(self, keys: KeyStore) -> None:
        super().__init__()
        self._keys = keys
        # Threads of its own: tools that take long must not keep others from coming in.
        self._threads = anyio.CapacityLimiter(4)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Who holds it; asked anew each time, so that a revoked key ends at once."""
        if not looks_like_key(token):
            return None
        found = await anyio.to_thread.run_sync(self._keys.find, token, limiter=self._threads)
        if found is None:
            return None
        assert found.key_id is not None
        seen = None if found.factories is None else sorted(found.factories)
        claims = {"name": found.name, "role": found.role.name, "factories": seen}
        # The session that a key opens is bound to its `client_id`.
        return AccessToken(token="", client_id=found.key_id, scopes=[], claims=claims)


class Doorman:
    """Says who sends a request.

    Args:
        keys: Those that open.
        is_local: We listen on this machine's own address alone: until a key is made, whoever
            comes from here may read.
    """

    def __init__(self, keys: KeyStore, *, is_local: bool) -> None:
        self._keys = keys
        self._backend = BearerAuthBackend(KeyVerifier(keys))
        self._is_local = is_local

    async def admit(self, scope: Scope) -> tuple[Any, str] | None:
        """The user for the scope, and the name under which he is counted; None: nobody.

        Raises:
            Unavailable: The keys cannot be read.
        """
        found = await self._backend.authenticate(HTTPConnection(scope))
        if found is not None:
            return found[1], found[1].access_token.client_id
        if not self._may_be_nobody(scope):
            return None
        if await anyio.to_thread.run_sync(self._keys.has_any):
            return None
        return None, READER.name

    def _may_be_nobody(self, scope: Scope) -> bool:
        if not self._is_local:
            return False
        names = {name for name, _ in scope["headers"]}
        if b"authorization" in names or names & _FORWARDED:
            # A wrong key is never as good as none; and who comes through a proxy is not from here.
            return False
        client = scope.get("client")
        return client is not None and str(client[0]).startswith(_OWN)


def calling() -> Caller:
    """Who calls, within a call over HTTP."""
    return caller_of(get_http_request().scope["user"])


def caller_of(user: Any) -> Caller:
    """Who that is, as `Doorman.admit` says it."""
    if not isinstance(user, AuthenticatedUser):
        return READER
    claims = user.access_token.claims or {}
    seen = claims["factories"]
    return Caller(
        claims["name"],
        role_named(claims["role"]),
        None if seen is None else frozenset(seen),
        via="http",
        key_id=user.access_token.client_id,
    )
