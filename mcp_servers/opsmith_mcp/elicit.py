"""Ask the person at a client, where his client can."""

from typing import Any

from mcp.types import ClientCapabilities, ElicitationCapability
from pydantic import BaseModel, Field


class Consent(BaseModel):
    """What the person fills in: some clients show an empty form to nobody."""

    confirm: bool = Field(title="Confirm", description="Do exactly what is shown. 按所示执行。")


async def ask(context: Any | None, text: str) -> bool | None:
    """Show a change to the person and let him accept it.

    Args:
        context: FastMCP's context of the call; None: there is none.
        text: What exactly will happen.

    Returns:
        Whether he accepted; None where his client cannot ask.
    """
    if context is None or context.request_context is None:
        return None
    wanted = ClientCapabilities(elicitation=ElicitationCapability())
    if not context.session.check_client_capability(wanted):
        return None
    answer: Any = await context.elicit(text, response_type=Consent)
    return answer.action == "accept" and answer.data.confirm is True
