"""An answer that is shown while the rest of it still comes."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its messages nor its session.

import chainlit as cl
from chainlit.utils import utc_now

from opsmith_chat.markdown import without_directives

_STOPPED = "Task manually stopped."
"""What Chainlit says."""


class Growing:
    """One answer, of which nothing need be shown yet."""

    def __init__(self) -> None:
        self._message: cl.Message | None = None

    @property
    def is_shown(self) -> bool:
        """Whether some of it can be read."""
        return self._message is not None

    async def grow(self, text: str) -> None:
        """Show all that there is so far; of no text nothing, also what was shown before."""
        text = without_directives(text)
        if not text:
            if self._message is not None:
                await self._message.remove()
                self._message = None
            return
        if self._message is None:
            self._message = cl.Message("")
            self._message.created_at = utc_now()
        message = self._message
        if text.startswith(message.content):
            await message.stream_token(text[len(message.content) :])
        else:
            await message.stream_token(text, is_sequence=True)

    async def end(self, text: str) -> cl.Message:
        """Show it as it is in the end, and have it kept."""
        message = self._message or cl.Message("")
        message.content = without_directives(text)
        await message.send()
        return message

    async def stop(self, mark: str) -> None:
        """Keep what is shown, with a mark that there is no more."""
        if self._message is not None:
            self._message.content += f"\n\n*{mark}*"
            await self._message.send()


async def reword_stop(growing: Growing | None, text: str) -> None:
    """Say in our words that an answer was stopped, where Chainlit has just said it in its own.

    Args:
        growing: The answer; what is shown of it bears a mark of its own.
        text: What to say where nothing is shown.
    """
    for said in reversed(cl.chat_context.get()):
        if said.content == _STOPPED:
            if growing is not None and growing.is_shown:
                await said.remove()
            else:
                said.content = text
                await said.update()
            return
