"""MCP over stdio: for the client that started us, with the rights of its key."""

from collections.abc import Callable, Sequence

from fastmcp.exceptions import ToolError

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import open_plant
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith.storage.keys import KeyStore
from opsmith_mcp.groups import ALL, EVERY, plant_server


def run_stdio(settings: Settings, groups: Sequence[str]) -> None:
    """Serve until the client closes. Raises `BadInput` where its key does not open."""
    with open_plant(settings) as plant:
        key = settings.api_key.get_secret_value()
        if not key:
            caller = Caller("local", Role.ENGINEER, via="stdio", may_write=settings.allow_writes)
            server = plant_server(plant.stores, groups or ALL, caller, settings.zone)
        else:
            holder = _holder(KeyStore(plant.stores.database), key)
            names = groups or (EVERY if holder().role >= Role.ADMIN else ALL)
            server = plant_server(plant.stores, names, holder, settings.zone)
        server.run(transport="stdio", show_banner=False)


def _holder(keys: KeyStore, key: str) -> Callable[[], Caller]:
    """Who holds it, asked anew at each call."""

    def holder() -> Caller:
        found = keys.find(key, "stdio")
        if found is None:
            raise ToolError("Denied: the key of OPSMITH_API_KEY is revoked or expired")
        return found

    if keys.find(key, "stdio") is None:
        raise BadInput(
            "The key of OPSMITH_API_KEY does not open: it is unknown, revoked or expired; "
            "`opsmith keys list` shows them, `opsmith keys add` makes one"
        )
    return holder
