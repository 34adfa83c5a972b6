"""The console: over the plant's tools in this process, or over those of a plant elsewhere."""

import getpass

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import open_plant
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.http import PATH


def run_tui(settings: Settings, url: str = "", key: str = "") -> None:
    """Open the console on the plant.

    Args:
        settings: Where the plant is, and the language.
        url: Of an `opsmith serve`; empty: the plant of the settings.
        key: Of opsmith, for the URL.

    Raises:
        BadInput: Textual is not installed; the URL is none.
    """
    try:
        from opsmith_tui.console import Console
        from opsmith_tui.feed import FarWake
    except ImportError as error:
        raise BadInput("The console needs Textual: pip install 'opsmith[tui]'") from error
    if url:
        wake = FarWake(url, key)
        client = connect(url.rstrip("/") + PATH, key)
        Console(client, settings.language, by=getpass.getuser(), wake=wake).run()
        return
    with open_plant(settings) as plant:
        # Whoever may open the plant's own files may do what its console offers.
        who = Caller(getpass.getuser(), Role.ENGINEER, via="console", is_person=True)
        client = connect(plant_server(plant.stores, caller=who))
        Console(client, settings.language, by=who.name).run()
