"""What a drafted call does and meets in the plant, looked up when it is shown and once more."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from opsmith.clock import wall_clock
from opsmith.domain.base import Language
from opsmith.errors import BadInput
from opsmith_agents.evidence import EvidenceLedger
from opsmith_agents.proposed import NEEDS, ProposedCall
from opsmith_agents.replies_card import card
from opsmith_agents.rule_card_facts import FACTS
from opsmith_agents.rule_card_plant import CardPlant


async def drafted(
    ledger: EvidenceLedger,
    tool: str,
    arguments: Mapping[str, Any],
    language: Language,
    zone: tzinfo,
    drafted_by: str = "rules",
    otherwise: Mapping[str, Any] | None = None,
) -> ProposedCall:
    """Make a card of a call, with what it meets in the plant now.

    Args:
        ledger: Over a client with read rights: nothing is written here.
        tool: One of `opsmith_agents.proposed.NEEDS`.
        arguments: JSON values.
        language: Of the card.
        zone: Of its times.
        drafted_by: Name of the LLM, or `rules`.
        otherwise: Arguments of the other decision that a person has, JSON values.

    Raises:
        OpsmithError: It cannot be done, or would change nothing; the message says why, in
            `language`.
    """
    if tool not in NEEDS:
        raise BadInput(f"No card for {tool!r}; there are {', '.join(NEEDS)}")
    device_id, facts = await FACTS[tool](CardPlant(ledger, language, zone), arguments)
    given, other = dict(arguments), None if otherwise is None else dict(otherwise)
    return ProposedCall.draft(
        tool,
        given,
        device_id,
        card(tool, given, facts, language, drafted_by, other),
        language=language,
        now=wall_clock(),
        drafted_by=drafted_by,
        otherwise=other,
    )
