"""The cards of a conversation: what would be done, and the buttons by which a person decides."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its callbacks nor its session.

import asyncio
import logging
from dataclasses import dataclass
from datetime import tzinfo

import chainlit as cl

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
_SHOWN = "cards"


@dataclass(slots=True)
class Shown:
    """A card on the page."""

    card: ProposedCall
    message: cl.Message
    until: asyncio.Task[None] | None = None
    """Waits for its end."""
    is_over: bool = False
    """Somebody decided on it, or nobody in time."""


class Cards:
    """Shows cards and does what a person decides on them.

    Args:
        zone: Of the times that it shows.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def open(self) -> None:
        """Take the presses of the buttons; there is one page in a process."""
        cl.action_callback(CONFIRM)(self._confirm)
        cl.action_callback(DISMISS)(self._dismiss)

    async def show(self, card: ProposedCall) -> None:
        """Show a card; the buttons go when it is over."""
        words, who = ANSWER_WORDS[card.language], visit_of().who
        payload = {"card": card.proposal_id}
        buttons = [
            cl.Action(name=CONFIRM, label=words.confirm, icon="check", payload=payload),
            cl.Action(name=DISMISS, label=words.dismiss, icon="x", payload=payload),
        ]
        said = words.waits.format(at=self._moment(card))
        if not who.may(role_named(card.needs)):
            said = words.needs_more.format(**_roles(who, card))
            del buttons[0]
        text = without_directives(f"{card.shown}\n\n**{said}**")
        shown = Shown(card, cl.Message(text, actions=buttons))
        await shown.message.send()
        _shown()[card.proposal_id] = shown
        shown.until = asyncio.create_task(self._expire(shown))
        visit_of().at_end.callback(shown.until.cancel)

    async def _confirm(self, action: cl.Action) -> None:
        number, visit = _number(action), visit_of()
        shown = _shown().get(number)
        if shown is None or shown.is_over:
            await _again(shown, number)
            return
        await _close(shown)
        words = ANSWER_WORDS[shown.card.language]
        try:
            answer = await visit.conversation.confirm(number, visit.hands)
        except Denied:
            visit.conversation.dismiss(number)
            await _tell(shown, words.denied.format(**_roles(visit.who, shown.card)))
        except Unavailable as error:
            await _tell(shown, words.unknown.format(reason=plain(str(error))))
        except OpsmithError as error:
            await _tell(shown, words.not_done.format(reason=plain(str(error))))
        else:
            at = moment(wall_clock(), self._zone)
            await _tell(shown, words.confirmed.format(who=plain(visit.who.name), at=at))
            await cl.Message(without_directives(answer.text)).send()

    async def _dismiss(self, action: cl.Action) -> None:
        number, visit = _number(action), visit_of()
        shown = _shown().get(number)
        if shown is None or shown.is_over:
            await _again(shown, number)
            return
        visit.conversation.dismiss(number)
        await _close(shown)
        words = ANSWER_WORDS[shown.card.language]
        await _tell(shown, words.dismissed.format(who=plain(visit.who.name)))

    async def _expire(self, shown: Shown) -> None:
        await asyncio.sleep(max((shown.card.expires_at - wall_clock()).total_seconds(), 0))
        if shown.is_over:
            return
        shown.is_over = True
        visit_of().conversation.dismiss(shown.card.proposal_id)
        await shown.message.remove_actions()
        words = ANSWER_WORDS[shown.card.language]
        await _tell(shown, words.expired.format(at=self._moment(shown.card)))

    def _moment(self, card: ProposedCall) -> str:
        return moment(card.expires_at, self._zone)


async def _close(shown: Shown) -> None:
    """Take the buttons away, before anything that takes long."""
    shown.is_over = True
    if shown.until is not None:
        shown.until.cancel()
    await shown.message.remove_actions()


async def _tell(shown: Shown, said: str) -> None:
    """Say on the card what came of it."""
    shown.message.content = without_directives(f"{shown.card.shown}\n\n**{said}**")
    await shown.message.update()


async def _again(shown: Shown | None, number: str) -> None:
    """Say of a card that nobody waits for that nothing is done."""
    language: Language = "en" if shown is None else shown.card.language
    await cl.Message(without_directives(NO_CARD[language].format(number=plain(number)))).send()


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
