"""The cards of a conversation: what would be done, and the buttons by which a person decides."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its callbacks nor its session.

import asyncio
import logging
from dataclasses import dataclass
from datetime import tzinfo
from typing import cast

import chainlit as cl
from chainlit.step import StepDict

from opsmith.access import Caller, role_named
from opsmith.clock import wall_clock
from opsmith.domain.base import Language
from opsmith.errors import Denied, OpsmithError, Unavailable
from opsmith_agents.proposed import ProposedCall
from opsmith_agents.reply_words import moment, plain, word
from opsmith_agents.wording_help import NO_CARD
from opsmith_chat.answer_words import ANSWER_WORDS
from opsmith_chat.markdown import without_directives
from opsmith_chat.visits import visit_of

logger = logging.getLogger(__name__)

CONFIRM = "confirm_card"
DISMISS = "dismiss_card"
REJECT = "reject_card"
_SHOWN = "cards"
_CARD = "card"
"""Of a message's metadata: the card that it shows, while that waits."""


@dataclass(slots=True)
class Shown:
    """A card on the page."""

    card: ProposedCall
    message: cl.Message
    until: asyncio.Task[None] | None = None
    """Waits for its end."""


class Cards:
    """Shows cards and does what a person decides on them.

    Args:
        zone: Of the times that it shows.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        # One conversation may be open twice; what was decided on one page is decided.
        self._over: set[str] = set()

    def open(self) -> None:
        """Take the presses of the buttons; there is one page in a process."""
        cl.action_callback(CONFIRM)(self._confirm)
        cl.action_callback(DISMISS)(self._dismiss)
        cl.action_callback(REJECT)(self._reject)

    async def show(self, card: ProposedCall) -> None:
        """Show a card; the buttons go when it is over."""
        words, who = ANSWER_WORDS[card.language], visit_of().who
        said = words.waits.format(at=self._moment(card))
        if not who.may(role_named(card.needs)):
            said = words.needs_more.format(**_roles(who, card))
        text = without_directives(f"{card.shown}\n\n**{said}**")
        kept = {_CARD: card.proposal_id, "language": card.language, "until": self._moment(card)}
        message = cl.Message(text, actions=_buttons(card, who), metadata=kept)
        await message.send()
        self._await(card, message)

    async def resume(self, steps: list[StepDict]) -> None:
        """Say on each card of a conversation that goes on what became of it.

        Args:
            steps: Of the conversation, as they will be shown; changed where a card waits no more.
        """
        visit = visit_of()
        waiting = {one.proposal_id: one for one in visit.conversation.cards}
        for step in steps:
            kept = cast(dict[str, object], step.get("metadata") or {})
            if _CARD not in kept:
                continue
            number = str(kept[_CARD])
            card = None if number in self._over else waiting.get(number)
            if card is not None:
                message = cl.Message.from_dict(step)
                message.actions = _buttons(card, visit.who)
                for button in message.actions:
                    await button.send(for_id=message.id)
                self._await(card, message)
                continue
            language: Language = "zh" if kept.get("language") == "zh" else "en"
            text = str(step.get("output", "")).rpartition("\n\n**")[0]
            said = ANSWER_WORDS[language].lapsed.format(until=plain(str(kept.get("until", ""))))
            step["output"] = f"{text}\n\n**{without_directives(said)}**"
            step["metadata"] = {}
            await cl.Message.from_dict(step).update()

    def _await(self, card: ProposedCall, message: cl.Message) -> None:
        """Let a card that is shown be decided on, until it expires."""
        shown = _shown()[card.proposal_id] = Shown(card, message)
        shown.until = asyncio.create_task(self._expire(shown))
        visit_of().at_end.callback(shown.until.cancel)

    async def _confirm(self, action: cl.Action) -> None:
        await self._do(action, otherwise=False)

    async def _reject(self, action: cl.Action) -> None:
        await self._do(action, otherwise=True)

    async def _do(self, action: cl.Action, *, otherwise: bool) -> None:
        number, visit = _number(action), visit_of()
        shown = _shown().get(number)
        if shown is None or number in self._over:
            await _again(shown, number)
            return
        await self._close(shown)
        words = ANSWER_WORDS[shown.card.language]
        try:
            answer = await visit.conversation.confirm(number, visit.hands, otherwise=otherwise)
        except Denied:
            visit.conversation.dismiss(number)
            await _tell(shown, words.denied.format(**_roles(visit.who, shown.card)))
        except Unavailable as error:
            await _tell(shown, words.unknown.format(reason=plain(str(error))))
        except OpsmithError as error:
            await _tell(shown, words.not_done.format(reason=plain(str(error))))
        else:
            at = moment(wall_clock(), self._zone)
            said = words.rejected if otherwise else words.confirmed
            await _tell(shown, said.format(who=plain(visit.who.name), at=at))
            await cl.Message(without_directives(answer.text)).send()

    async def _dismiss(self, action: cl.Action) -> None:
        number, visit = _number(action), visit_of()
        shown = _shown().get(number)
        if shown is None or number in self._over:
            await _again(shown, number)
            return
        visit.conversation.dismiss(number)
        await self._close(shown)
        words = ANSWER_WORDS[shown.card.language]
        await _tell(shown, words.dismissed.format(who=plain(visit.who.name)))

    async def _expire(self, shown: Shown) -> None:
        await asyncio.sleep(max((shown.card.expires_at - wall_clock()).total_seconds(), 0))
        if shown.card.proposal_id in self._over:
            return
        self._over.add(shown.card.proposal_id)
        visit_of().conversation.dismiss(shown.card.proposal_id)
        await shown.message.remove_actions()
        words = ANSWER_WORDS[shown.card.language]
        await _tell(shown, words.expired.format(at=self._moment(shown.card)))

    async def _close(self, shown: Shown) -> None:
        """Take the buttons away, before anything that takes long."""
        self._over.add(shown.card.proposal_id)
        if shown.until is not None:
            shown.until.cancel()
        await shown.message.remove_actions()

    def _moment(self, card: ProposedCall) -> str:
        return moment(card.expires_at, self._zone)


async def _tell(shown: Shown, said: str) -> None:
    """Say on the card what came of it."""
    shown.message.content = without_directives(f"{shown.card.shown}\n\n**{said}**")
    shown.message.metadata = {}
    await shown.message.update()


async def _again(shown: Shown | None, number: str) -> None:
    """Say of a card that nobody waits for that nothing is done."""
    language: Language = "en" if shown is None else shown.card.language
    await cl.Message(without_directives(NO_CARD[language].format(number=plain(number)))).send()


def _buttons(card: ProposedCall, who: Caller) -> list[cl.Action]:
    words, payload = ANSWER_WORDS[card.language], {"card": card.proposal_id}
    name = card.proposal_id
    has_two = card.otherwise is not None
    do, leave = (words.accept, words.later) if has_two else (words.confirm, words.dismiss)
    dismiss = cl.Action(DISMISS, payload, leave, icon="x", id=f"dismiss-{name}")
    if not who.may(role_named(card.needs)):
        return [dismiss]
    buttons = [cl.Action(CONFIRM, payload, do, icon="check", id=f"confirm-{name}"), dismiss]
    if has_two:
        reject = cl.Action(REJECT, payload, words.reject, icon="ban", id=f"reject-{name}")
        buttons.insert(1, reject)
    return buttons


def _number(action: cl.Action) -> str:
    payload: dict[str, object] = action.payload
    return str(payload.get("card", ""))


def _roles(who: Caller, card: ProposedCall) -> dict[str, str]:
    language = card.language
    return {
        "who": plain(who.name),
        "role": word(language, who.role.name.lower()),
        "needs": word(language, card.needs),
    }


def _shown() -> dict[str, Shown]:
    """The cards on this page, those that are over too."""
    cards: dict[str, Shown] | None = cl.user_session.get(_SHOWN)
    if cards is None:
        cards = {}
        cl.user_session.set(_SHOWN, cards)
    return cards
