"""Ask the person at a client, where his client can."""

from typing import Any

import anyio
from mcp import McpError
from mcp.types import ClientCapabilities, ElicitationCapability
from pydantic import BaseModel, Field, ValidationError

PATIENCE = 600.0
"""Seconds that a person has; whoever went away is not waited for without end."""


class Consent(BaseModel):
    """What the person fills in: some clients show an empty form to nobody."""

    confirm: bool = Field(title="Confirm", description="Do exactly what is shown. 按所示执行。")


async def ask(context: Any | None, text: str) -> bool | None:
    """Show a change to the person and let him accept it.

    Args:
        context: FastMCP's context of the call; None: there is none.
        text: What exactly will happen.

    Returns:
        Whether he accepted; None where his client cannot ask, or nobody answered.
    """
    if context is None or context.request_context is None:
        return None
    wanted = ClientCapabilities(elicitation=ElicitationCapability())
    if not context.session.check_client_capability(wanted):
        return None
    try:
        with anyio.move_on_after(PATIENCE):
            answer: Any = await context.elicit(text, response_type=Consent)
            return answer.action == "accept" and answer.data.confirm is True
    except ValidationError:
        # Accepted, but nothing was filled in: that is no consent.
        return False
    except McpError:
        # The client said that it could ask, and could not.
        return None
    return None
