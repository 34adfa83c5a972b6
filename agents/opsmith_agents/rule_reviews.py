"""What waits for review in the plant's knowledge: a card for each entry, never decided here."""

from opsmith.domain.base import Language
from opsmith.errors import OpsmithError
from opsmith_agents.reply_words import joined, plain
from opsmith_agents.rule_cards import drafted
from opsmith_agents.rule_turn import CannotSay, Turn
from opsmith_mcp.knowledge import Knowledge

_MOST = 4
"""Cards of one answer."""
_REASONS: dict[Language, tuple[str, str]] = {
    "en": ("Accepted on its card in a conversation.", "Rejected on its card in a conversation."),
    "zh": ("在对话的卡片上接受。", "在对话的卡片上拒绝。"),
}


async def review(turn: Turn) -> str:
    """Draft a decision on each entry that waits, the oldest first."""
    seen = turn.need(await turn.ledger.call(Knowledge.show_learning, turn.language))
    if not seen.candidates:
        raise CannotSay(
            turn.say("No entry of the knowledge waits for review.", "没有等待审核的知识条目。")
        )
    accepted, rejected = _REASONS[turn.language]
    try:
        cards = [
            await drafted(
                turn.ledger,
                "review_knowledge",
                {"entry_id": one.entry_id, "decision": "accept", "reason": accepted},
                turn.language,
                turn.zone,
                otherwise={"entry_id": one.entry_id, "decision": "reject", "reason": rejected},
            )
            for one in seen.candidates[:_MOST]
        ]
    except OpsmithError as error:
        raise CannotSay(plain(str(error))) from error
    turn.proposal, *turn.more = cards
    total, shown = seen.candidates_total, len(cards)
    said = turn.say(
        f"{total} {'entry' if total == 1 else 'entries'} of the knowledge "
        f"wait{'s' if total == 1 else ''} for review.",
        f"有 {total} 个知识条目等待审核。",
    )
    if shown < total:
        said += turn.say(
            f" Here are {shown}; ask again when they are decided.",
            f"先列出 {shown} 个，处理后可再问。",
        )
    return joined(said, turn.proposal.shown)
