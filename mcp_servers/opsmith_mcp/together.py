"""Several reading tools in one call, all of one state of the tables."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import Field, ValidationError
from pydantic_core import to_jsonable_python

from opsmith.access import Role
from opsmith.domain.base import Model, ToolResult
from opsmith.errors import OpsmithError
from opsmith.storage.database import Database
from opsmith_mcp.calling import in_words, taken_by
from opsmith_mcp.marks import marked_tools, reads

Tool = Callable[..., Any]


class ToolCall(Model):
    """A tool and its arguments."""

    tool: str
    arguments: dict[str, Any]


class ToolAnswer(Model):
    """What the tool answered, or why it did not."""

    result: dict[str, Any] | None = None
    error: str | None = None


class ToolAnswers(ToolResult):
    """One answer a call, in their order."""

    answers: tuple[ToolAnswer, ...]


class Together:
    """The tool by which opsmith's own code reads much at once: an alert is not to wait.

    Args:
        groups: Whose reading tools can be called so.
        database: Whose state all of them see.
    """

    def __init__(self, groups: Iterable[object], database: Database) -> None:
        self._database = database
        self._methods: dict[str, Tool] = {
            method.__name__: method
            for group in groups
            for method, mark in marked_tools(group)
            if not mark.writes and not inspect.iscoroutinefunction(method)
        }

    @reads(needs=Role.SYSTEM)
    def read_together(
        self, calls: tuple[ToolCall, ...] = Field(min_length=1, max_length=16)
    ) -> ToolAnswers:
        """Call several reading tools; what one answers does not hang on the others."""
        with self._database.snapshot():
            return ToolAnswers(answers=tuple(self._answer(one) for one in calls))

    def _answer(self, asked: ToolCall) -> ToolAnswer:
        method = self._methods.get(asked.tool)
        if method is None:
            return ToolAnswer(error=f"NotFound: No reading tool {asked.tool!r}")
        try:
            arguments = taken_by(method).validate_python(asked.arguments)
        except ValidationError as error:
            return ToolAnswer(error=f"BadInput: {in_words(error)}")
        try:
            answer = method(**arguments)
        except OpsmithError as error:
            return ToolAnswer(error=f"{type(error).__name__}: {error}")
        return ToolAnswer(result=to_jsonable_python(answer))
