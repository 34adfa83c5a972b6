"""The console, over the plant's tools in this process."""

import getpass

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import open_plant
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server


def run_tui(settings: Settings) -> None:
    """Open the console on the plant. Raises `BadInput` where Textual is not installed."""
    try:
        from opsmith_tui.console import Console
    except ImportError as error:
        raise BadInput("The console needs Textual: pip install 'opsmith[tui]'") from error
    with open_plant(settings) as plant:
        # Whoever may open the plant's own files may do what its console offers.
        who = Caller(getpass.getuser(), Role.ENGINEER, via="console", is_person=True)
        client = connect(plant_server(plant.stores, caller=who))
        Console(client, settings.language, by=who.name).run()
