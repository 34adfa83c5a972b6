"""HTML in which no text can act: whatever is not `Html` is escaped."""

from html import escape

from opsmith_agents.report_words import visible


class Html(str):
    """Markup that was made here; any other `str` is text."""

    __slots__ = ()


def tag(name: str, /, *parts: str | None, **attributes: object) -> Html:
    r"""One element; a part that is no `Html` is text, and None is nothing.

    Args:
        name: Of the element.
        *parts: What is in it.
        **attributes: Their values are escaped; None and False: not there; `class_` is `class`,
            `aria_label` is `aria-label`.

    >>> tag("p", "1 < 2", tag("b", "\u202e<script>"), class_='a"b')
    '<p class="a&quot;b">1 &lt; 2<b>\ufffd&lt;script&gt;</b></p>'
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    return Html(f"<{name}{given}>{joined(*parts)}</{name}>")


def alone(name: str, /, **attributes: object) -> Html:
    """An element that holds nothing and is not closed, such as `<br>`."""
    return Html(f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>")


def joined(*parts: str | None) -> Html:
    """Several parts in a row."""
    return Html("".join(_shown(part) for part in parts if part is not None))


def _shown(part: str) -> str:
    return part if isinstance(part, Html) else escape(visible(part))


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(visible(str(value)))}"'
