"""Tool calls as steps of a conversation, in as few messages as tell them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Chainlit types neither its emitter nor its session.

import asyncio
import json
from uuid import uuid4

import chainlit as cl
from chainlit.data import get_data_layer
from chainlit.step import StepDict
from chainlit.utils import utc_now

from opsmith.domain.base import State
from opsmith_agents.answers import Step
from opsmith_chat.steps import outcome, title

_SOON = 0.3
"""Seconds within which a call that ends is told once: nobody would have read that it ran."""


class Calls:
    """The tool calls of one answer.

    Chainlit's own step sleeps when it is made and is told twice, which many who ask at once feel.
    """

    def __init__(self) -> None:
        run = cl.context.current_run
        self._parent: str | None = run.id if run else None
        self._running: dict[int, StepDict] = {}
        self._late: dict[int, asyncio.Task[None]] = {}
        self._told: set[int] = set()

    async def take(self, step: Step) -> None:
        """Tell of a call that starts, or has ended."""
        if step.state == "running":
            self._running[step.number] = self._made(step)
            self._late[step.number] = asyncio.create_task(self._tell_late(step.number))
            return
        self._late.pop(step.number).cancel()
        shown = self._running.pop(step.number)
        shown["name"] = title(step)
        shown["output"] = outcome(step)
        shown["isError"] = step.state == State.UNAVAILABLE
        await self._end(step.number, shown)

    async def stop(self, mark: str) -> None:
        """End those that still run: nothing may look as if it did.

        Args:
            mark: Says why.
        """
        for number, shown in self._running.items():
            self._late[number].cancel()
            shown["name"] = f"{shown.get('name')} · {mark}"
            shown["isError"] = True
            await self._end(number, shown)
        self._running.clear()

    def _made(self, step: Step) -> StepDict:
        now = utc_now()
        return StepDict(
            name=title(step),
            type="tool",
            id=str(uuid4()),
            threadId=cl.context.session.thread_id,
            parentId=self._parent,
            streaming=False,
            metadata={"icon": "wrench"},
            input=json.dumps(step.arguments, indent=4, ensure_ascii=False),
            isError=False,
            output="",
            createdAt=now,
            start=now,
            language="json",
            defaultOpen=False,
            autoCollapse=False,
            showInput="json",
        )

    async def _tell_late(self, number: int) -> None:
        await asyncio.sleep(_SOON)
        self._told.add(number)
        await cl.context.emitter.send_step(self._running[number])

    async def _end(self, number: int, shown: StepDict) -> None:
        shown["end"] = utc_now()
        emitter, kept = cl.context.emitter, get_data_layer()
        if kept is not None:
            await kept.create_step(shown.copy())
        await (emitter.update_step if number in self._told else emitter.send_step)(shown)
