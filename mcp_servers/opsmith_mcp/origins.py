"""Host and Origin: whom a browser may make call us, wherever we listen.

A page of somebody else's must not reach the plant through the browser of who may (DNS rebinding).

>>> names = Names(hosts=("plant.example",), origins=("https://desk.example",))
>>> names.is_host("plant.example:8321"), names.is_host("plant.example.evil.com")
(True, False)
>>> names.is_origin("http://localhost:6274"), names.is_origin("https://evil.com")
(True, False)
"""

import re
from dataclasses import dataclass, field

from opsmith.errors import BadInput

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""What this machine calls itself."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?", re.IGNORECASE)


@dataclass(frozen=True)
class Names:
    """The names that we answer to, and the pages that may call us."""

    hosts: tuple[str, ...] = ()
    """`name` or `name:port`, beside those of this machine; no port: any."""
    origins: tuple[str, ...] = ()
    """`scheme://name` or `scheme://name:port`, beside pages of this machine."""
    _hosts: frozenset[str] = field(init=False)
    _origins: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Raises `BadInput` for a name that can never be met."""
        for host in self.hosts:
            if not _HOST.fullmatch(host):
                raise BadInput(f"No host: {host!r} of OPSMITH_MCP_HOSTS; such as plant.example")
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise BadInput(
                    f"No origin: {origin!r} of OPSMITH_MCP_ORIGINS; such as https://desk.example"
                )
        hosts = frozenset(one.lower() for one in (*LOOPBACK, *self.hosts))
        object.__setattr__(self, "_hosts", hosts)
        object.__setattr__(self, "_origins", frozenset(one.lower() for one in self.origins))

    def is_host(self, host: str) -> bool:
        """Whether a Host header names us."""
        found = _HOST.fullmatch(host)
        return found is not None and not self._hosts.isdisjoint((found[1].lower(), host.lower()))

    def is_origin(self, origin: str) -> bool:
        """Whether a page of that Origin header may call us."""
        found = _ORIGIN.fullmatch(origin)
        if found is None:
            return False
        return found[2].lower() in LOOPBACK or origin.lower() in self._origins
