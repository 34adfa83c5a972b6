"""Chainlit's data layer over our own history: what it keeps and finds is of who asks alone."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types little of what it hands over.

import asyncio
import functools
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import chainlit as cl
from chainlit.context import ChainlitContextException
from chainlit.data.base import BaseDataLayer
from chainlit.data.utils import queue_until_user_message
from chainlit.element import Element, ElementDict
from chainlit.step import StepDict
from chainlit.types import (
    Feedback,
    PageInfo,
    PaginatedResponse,
    Pagination,
    ThreadDict,
    ThreadFilter,
)
from chainlit.user import PersistedUser, User

from opsmith.clock import wall_clock
from opsmith.ports import ChatElement, ChatFeedback, ChatHistory, ChatStep, ChatThread, KeptThread
from opsmith_chat.lately import Lately
from opsmith_chat.sign_in import asking
from opsmith_chat.writing import Writing

logger = logging.getLogger(__name__)

_LONGEST = 200_000
"""Characters of a step's input or output that are kept."""
_BYTES = 8_000_000
"""Of an element; of a larger one the content is not kept."""
_PAGE = 50
_BEGAN = "1970-01-01T00:00:00Z"


class History(BaseDataLayer):
    """What Chainlit asks to be kept.

    Args:
        history: Where.
        root: Path under which the page is, such as `/chat`; empty at the top.
        memory: What the assistant would go on with, of the session served here and now.
    """

    def __init__(self, history: ChatHistory, root: str, memory: Callable[[], str | None]) -> None:
        self._history = history
        self._root = root
        self._memory = memory
        self._writing = Writing(history)
        self._lately = Lately()
        self._dropped: set[str] = set()

    async def get_user(self, identifier: str) -> PersistedUser | None:
        """Everybody who came in so far is known."""
        return PersistedUser(id=identifier, createdAt=_BEGAN, identifier=identifier)

    async def create_user(self, user: User) -> PersistedUser | None:
        """See `get_user`."""
        return await self.get_user(user.identifier)

    async def upsert_feedback(self, feedback: Feedback) -> str:
        """Keep what was thought of an answer. Raises `NotFound`, `Unavailable`."""
        await self._writing.flush()
        judge = functools.partial(
            self._history.judge,
            _owner(),
            feedback.forId,
            feedback.value == 1,
            (feedback.comment or "")[:_LONGEST],
            wall_clock(),
        )
        return (await asyncio.to_thread(judge)).feedback_id

    async def delete_feedback(self, feedback_id: str) -> bool:
        """Take it back."""
        await asyncio.to_thread(self._history.drop_feedback, _owner(), feedback_id)
        return True

    @queue_until_user_message()
    async def create_element(self, element: Element) -> None:
        """Keep a chart, a table or a file, so that it is there after a reload."""
        # What is at hand is taken at once: the page asks for it as soon as it is told of it.
        content = element.content
        if content is None:
            content = await asyncio.to_thread(_content_in, element.path)
        content = content.encode() if isinstance(content, str) else content
        if len(content) > _BYTES:
            logger.warning("An element of %d bytes is not kept in the history", len(content))
            content = b""
        shown = {
            key: value
            for key, value in element.to_dict().items()
            if value is not None and key not in ("url", "path", "chainlitKey", "objectKey")
        }
        mime = element.mime or "application/octet-stream"
        kept = ChatElement(element.id, mime, shown, content, wall_clock())
        if element.thread_id not in self._dropped:
            owner = _owner()
            self._lately.add(owner, element.thread_id, kept)
            self._writing.keep(owner, element.thread_id, kept)

    async def get_element(self, thread_id: str, element_id: str) -> ElementDict | None:
        """An element of who asks, without its content."""
        await self._writing.flush()
        found = await asyncio.to_thread(self._history.element, _owner(), thread_id, element_id)
        return None if found is None else self._element(thread_id, found)

    async def content(self, thread_id: str, element_id: str) -> ChatElement | None:
        """An element of who asks, with its content."""
        owner = _owner()
        lately = self._lately.find(owner, thread_id, element_id)
        if lately is not None:
            return lately
        await self._writing.flush()
        return await asyncio.to_thread(self._history.element, owner, thread_id, element_id)

    @queue_until_user_message()
    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        """Forget it."""
        self._lately.drop(_owner(), element_id)
        self._writing.put(functools.partial(self._history.drop_element, _owner(), element_id))

    @queue_until_user_message()
    async def create_step(self, step_dict: StepDict) -> None:
        """Keep what was said or called."""
        self._keep(step_dict)

    @queue_until_user_message()
    async def update_step(self, step_dict: StepDict) -> None:
        """Keep it as it is now."""
        self._keep(step_dict)

    @queue_until_user_message()
    async def delete_step(self, step_id: str) -> None:
        """Forget it."""
        self._writing.put(functools.partial(self._history.drop_step, _owner(), step_id))

    async def get_thread_author(self, thread_id: str) -> str:
        """Who asks, where it is his; else nobody, so that no other learns that it is there."""
        await self._writing.flush()
        owner = _owner()
        return owner if await asyncio.to_thread(self._history.owns, owner, thread_id) else ""

    async def delete_thread(self, thread_id: str) -> None:
        """Forget a conversation."""
        self._dropped.add(thread_id)
        self._lately.forget(_owner(), thread_id)
        await self._writing.flush()
        await asyncio.to_thread(self._history.drop, _owner(), thread_id)

    async def list_threads(
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        """The conversations of who asks, the last used first."""
        await self._writing.flush()
        owner, most = _owner(), max(1, min(pagination.first, _PAGE))
        found = await asyncio.to_thread(
            self._history.threads, owner, most + 1, pagination.cursor, (filters.search or "")[:200]
        )
        shown = [self._thread(owner, one) for one in found[:most]]
        page = PageInfo(
            hasNextPage=len(found) > most,
            startCursor=shown[0]["id"] if shown else None,
            endCursor=shown[-1]["id"] if shown else None,
        )
        return PaginatedResponse(pageInfo=page, data=shown)

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """A conversation of who asks, as it was."""
        await self._writing.flush()
        owner = _owner()
        found = await asyncio.to_thread(self._history.thread, owner, thread_id)
        return None if found is None else self._whole(owner, found)

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: dict[Any, Any] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        """Name a conversation; Chainlit's own notes are not kept."""
        if name is not None:
            begin = functools.partial(self._history.begin, at=wall_clock(), name=name)
            if thread_id not in self._dropped:
                self._writing.put(functools.partial(begin, _owner(), thread_id))

    async def build_debug_url(self) -> str:
        """There is none."""
        return ""

    async def get_favorite_steps(self, user_id: str) -> list[StepDict]:
        """There are none."""
        return []

    def address(self, thread_id: str, element_id: str) -> str:
        """Where the content of an element is, for its owner: see `content`."""
        return f"{self._root}/kept/{thread_id}/{element_id}"

    async def close(self) -> None:
        """Return when everything is written."""
        await self._writing.flush()

    async def memory(self, thread_id: str) -> str | None:
        """What the assistant goes on with, of a conversation of who asks."""
        await self._writing.flush()
        return await asyncio.to_thread(self._history.memory, _owner(), thread_id)

    def _keep(self, step: StepDict) -> None:
        body: dict[str, Any] = {
            key: value[:_LONGEST] if isinstance(value, str) else value
            for key, value in step.items()
            if value is not None and key not in ("feedback", "threadId")
        }
        kind, thread_id = str(body.get("type", "")), str(step.get("threadId"))
        is_said = kind.endswith("_message")
        kept = ChatStep(
            step_id=str(body["id"]),
            kind=kind,
            text=str(body.get("output", "")) if is_said else "",
            body={**body, "streaming": False},
            created_at=_moment(body.get("createdAt")),
            parent_id=body.get("parentId"),
        )
        if thread_id not in self._dropped:
            memory = self._memory() if kind == "assistant_message" else None
            self._writing.keep(_owner(), thread_id, kept, memory)

    def _thread(self, owner: str, thread: ChatThread) -> ThreadDict:
        return ThreadDict(
            id=thread.thread_id,
            createdAt=_told(thread.updated_at),
            name=thread.name or None,
            userId=owner,
            userIdentifier=owner,
            tags=[],
            metadata={},
            steps=[],
            elements=[],
        )

    def _whole(self, owner: str, found: KeptThread) -> ThreadDict:
        thread_id = found.thread.thread_id
        judged = {one.step_id: _feedback(one) for one in found.feedback}
        steps = [
            {**one.body, "threadId": thread_id, "feedback": judged.get(one.step_id)}
            for one in found.steps
        ]
        return {
            **self._thread(owner, found.thread),
            "createdAt": _told(found.thread.created_at),
            "steps": cast(list[StepDict], steps),
            "elements": [self._element(thread_id, one) for one in found.elements],
        }

    def _element(self, thread_id: str, element: ChatElement) -> ElementDict:
        url = self.address(thread_id, element.element_id)
        shown = {**element.body, "threadId": thread_id, "url": url, "mime": element.mime}
        return cast(ElementDict, shown)


def _owner() -> str:
    """The name of who asks. Raises `LookupError` where nobody does."""
    caller = asking.get()
    if caller is not None:
        return caller.name
    try:
        user = cl.context.session.user
    except ChainlitContextException as error:
        raise LookupError("Nobody asks") from error
    if user is None:
        raise LookupError("Nobody asks")
    return user.identifier


def _content_in(path: str | None) -> bytes:
    try:
        file = Path(path or "")
        return file.read_bytes() if file.stat().st_size <= _BYTES else b""
    except OSError:
        return b""


def _feedback(one: ChatFeedback) -> dict[str, Any]:
    value = 1 if one.good else 0
    return {"id": one.feedback_id, "forId": one.step_id, "value": value, "comment": one.comment}


def _moment(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return wall_clock()
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
