"""A change that was drafted in a conversation: exactly the call that a person may confirm."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pydantic import Field

from opsmith.access import Role
from opsmith.domain.base import Language, Model, Moment

LIFE = timedelta(minutes=15)
"""After which nobody confirms a card any more: the plant has moved on."""

NEEDS: dict[str, Role] = {
    "create_work_order": Role.OPERATOR,
    "acknowledge_alert": Role.OPERATOR,
    "shelve_alert": Role.OPERATOR,
    "update_device_status": Role.OPERATOR,
    "update_work_order": Role.OPERATOR,
    "start_work_order": Role.OPERATOR,
    "review_knowledge": Role.ENGINEER,
}
"""The tools that a conversation may draft a call of, and the least role of who confirms it."""


class ProposedCall(Model):
    """A card: one tool call that is done when a person confirms it, exactly as it is shown."""

    proposal_id: str
    tool: str
    arguments: dict[str, Any] = Field(description="JSON values, as they will be sent.")
    otherwise: dict[str, Any] | None = Field(
        default=None, description="Arguments of the other decision, where a person has two."
    )
    device_id: str = Field(description="Whom it is about; empty: no device.")
    shown: str = Field(description="Markdown, written by code: what exactly will happen.")
    needs: str = Field(description="Least role of who confirms it.")
    drafted_by: str = Field(description="Name of the LLM, or `rules`.")
    language: Language
    made_at: Moment
    expires_at: Moment

    @classmethod
    def draft(
        cls,
        tool: str,
        arguments: dict[str, Any],
        device_id: str,
        shown: str,
        *,
        language: Language,
        now: datetime,
        drafted_by: str = "rules",
        otherwise: dict[str, Any] | None = None,
    ) -> "ProposedCall":
        """A new card.

        Args:
            tool: One of `NEEDS`.
            arguments: JSON values.
            device_id: Whom it is about.
            shown: What `opsmith_agents.replies_card.card` wrote.
            language: Of the card.
            now: By the clock of people, not of the plant.
            drafted_by: Who filled it in.
            otherwise: Arguments of the other decision.
        """
        return cls(
            proposal_id=f"C-{uuid4().hex[:8]}",
            tool=tool,
            arguments=arguments,
            otherwise=otherwise,
            device_id=device_id,
            shown=shown,
            needs=NEEDS[tool].name.lower(),
            drafted_by=drafted_by,
            language=language,
            made_at=now,
            expires_at=now + LIFE,
        )
