"""The console, over the plant's tools in this process."""

import getpass

from opsmith.app.bootstrap import open_plant
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import Rights


def run_tui(settings: Settings) -> None:
    """Open the console on the plant. Raises `BadInput` where Textual is not installed."""
    try:
        from opsmith_tui.console import Console
    except ImportError as error:
        raise BadInput("The console needs Textual: pip install 'opsmith[tui]'") from error
    with open_plant(settings) as plant:
        # Whoever sits at the console may acknowledge; orders and statuses come with their issue.
        client = connect(plant_server(plant.stores, rights=Rights.WRITE))
        Console(client, settings.language, by=getpass.getuser()).run()
