"""Call a tool's method with arguments that came as JSON; say in words what was wrong with them."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError


def taken_by(method: Callable[..., Any]) -> TypeAdapter[dict[str, Any]]:
    """What makes arguments that came over the wire those that a tool's method takes."""
    return _taken(getattr(method, "__func__", method))


@functools.cache
def _taken(function: Callable[..., Any]) -> TypeAdapter[dict[str, Any]]:
    def taken(**arguments: Any) -> dict[str, Any]:
        return arguments

    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.name != "self"]
    taken.__annotations__ = get_type_hints(function, include_extras=True)
    setattr(taken, "__signature__", signature.replace(parameters=own))  # noqa: B010  for Pydantic
    return TypeAdapter(cast(Any, taken))


def in_words(error: ValidationError) -> str:
    """What was wrong with arguments, without the arguments."""
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    )
