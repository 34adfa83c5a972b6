"""Calls that take longer than a client waits: they go on, and are asked for by a number."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastmcp.exceptions import ToolError
from fastmcp.tools.base import ToolResult as Result
from pydantic import Field

from opsmith.access import Role, caller
from opsmith.domain.base import State, ToolResult
from opsmith.errors import NotFound, OpsmithError

PATIENCE = 5.0
"""Seconds after which a call becomes a job: clients give up at some tens."""

KEPT = 100
"""Jobs that are remembered."""

_BEAT = 1.0


class JobView(ToolResult):
    """A call that took longer."""

    job_id: str
    tool: str
    done: bool
    seconds: float = Field(description="Since it was called.")
    result: dict[str, Any] | None = Field(description="What the tool answered, once done.")


@dataclass(slots=True)
class _Job:
    tool: str
    caller: str
    began: float
    task: "asyncio.Task[Result]"


class JobBook:
    """The calls that take longer than `patience` seconds."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._count = 0

    def find(self, job_id: str) -> _Job | None:
        """One that is remembered."""
        return self._jobs.get(job_id.strip())

    async def watched(
        self,
        tool: str,
        call: Callable[[], Awaitable[Result]],
        tell: Callable[[float], Awaitable[None]],
    ) -> Result:
        """Wait for a call; one that takes too long goes on as a job.

        Args:
            tool: Its name.
            call: What is called.
            tell: Told every second how many have passed.

        Raises:
            ToolError: It goes on; the message says how to ask for it.
        """
        who = caller()
        if who.role is Role.SYSTEM:
            return await call()
        began = time.monotonic()
        task: asyncio.Task[Result] = asyncio.ensure_future(_awaited(call))
        try:
            while (left := began + self._patience - time.monotonic()) > 0:
                done, _ = await asyncio.wait([task], timeout=min(left, _BEAT))
                if done:
                    return task.result()
                await tell(time.monotonic() - began)
        except asyncio.CancelledError:
            task.cancel()
            raise
        self._count += 1
        job_id = f"JOB-{self._count:04d}"
        self._jobs[job_id] = _Job(tool, who.name, began, task)
        while len(self._jobs) > KEPT:
            _, oldest = self._jobs.popitem(last=False)
            oldest.task.cancel()
        raise ToolError(
            f"Unavailable: {tool} is not done within {self._patience:g} s and goes on as {job_id}; "
            f"call get_job with it in some seconds, or narrow the question"
        )


class Jobs:
    """The tool that gives what came of a call that took longer."""

    def __init__(self, book: JobBook) -> None:
        self._book = book

    def get_job(
        self, job_id: Annotated[str, Field(max_length=24, description="As the call's error said.")]
    ) -> JobView:
        """What came of a call that took longer than a client waits."""
        job = self._book.find(job_id)
        if job is None or job.caller != caller().name:
            raise NotFound(f"No job {job_id!r}; it is forgotten, or was never begun: call anew")
        seconds = round(time.monotonic() - job.began, 3)
        if not job.task.done():
            return JobView(
                state=State.EMPTY,
                note="Not done yet; ask again in some seconds.",
                job_id=job_id,
                tool=job.tool,
                done=False,
                seconds=seconds,
                result=None,
            )
        error = job.task.exception()
        if error is not None:
            if isinstance(error, ToolError):
                raise OpsmithError(str(error)) from error
            raise error
        return JobView(
            job_id=job_id,
            tool=job.tool,
            done=True,
            seconds=seconds,
            result=job.task.result().structured_content,
        )


async def _awaited(call: Callable[[], Awaitable[Result]]) -> Result:
    return await call()
