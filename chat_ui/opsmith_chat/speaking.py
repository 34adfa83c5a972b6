"""In whose language the page itself speaks: that of whoever looks at it."""

from contextvars import ContextVar
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from opsmith.domain.base import Language
from opsmith_chat.wording import WORDS

_TEXTS = ("/project/translations", "/project/settings")
"""Where the browser asks for texts, and names its language."""

_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)


def spoken(otherwise: Language) -> Language:
    """The language of whoever is served here and now.

    Args:
        otherwise: Where the browser names none of ours.
    """
    return _spoken.get() or otherwise


def language_in(tags: str) -> Language | None:
    """The first of our languages among those that a browser wants; None: there is none.

    >>> language_in("de-CH,zh-TW;q=0.9,en;q=0.8"), language_in("fr")
    ('zh', None)
    """
    for tag in tags.split(","):
        name = tag.partition(";")[0].strip().lower().partition("-")[0]
        for language in WORDS:
            if name == language:
                return language
    return None


class Speaking:
    """Has Chainlit serve each browser in one of our languages.

    Args:
        app: Chainlit, and what is beside it.
        otherwise: For a browser that names none of ours.
    """

    def __init__(self, app: ASGIApp, otherwise: Language) -> None:
        self._app = app
        self._otherwise: Language = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        wanted = language_in(Headers(scope=scope).get("accept-language", ""))
        if scope["path"].removeprefix(scope.get("root_path", "")) in _TEXTS:
            asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            wanted = language_in(asked.get("language", "")) or wanted
            asked["language"] = WORDS[wanted or self._otherwise].locale
            scope = {**scope, "query_string": urlencode(asked).encode()}
        token = _spoken.set(wanted)
        try:
            await self._app(scope, receive, send)
        finally:
            _spoken.reset(token)
