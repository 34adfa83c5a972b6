"""The page before every change: what exactly will happen, what is to be filled in, yes or no."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static, TextArea

from opsmith.errors import BadInput
from opsmith_tui.desk import Change
from opsmith_tui.figures import plain
from opsmith_tui.keys import Pair
from opsmith_tui.wording import FORM, Wording


def _as_it_is(text: str) -> object:
    return text


@dataclass(frozen=True)
class Field:
    """One argument that the operator fills in."""

    name: str
    """Of the tool's argument."""
    label: Pair
    value: str = ""
    """To begin with."""
    choices: Sequence[tuple[str, str]] = ()
    """What is to be chosen from: as shown, and as given; empty: free text."""
    needed: bool = False
    """False: left empty, the argument is not given."""
    read: Callable[[str], object] = _as_it_is
    """Makes the argument of the text. Raises `BadInput`."""
    hint: Pair = ("", "")
    into: tuple[str, ...] = ()
    """Names of the argument, and of the parts in it, that it is a part of; then what is as it was
    to begin with is not given."""
    is_long: bool = False
    """It may have several lines."""


class Form(ModalScreen[dict[str, Any] | None]):
    """Shows a change and asks; the answer is the arguments as shown, or None.

    Args:
        change: With the arguments that are settled; None: the plant itself asks.
        fields: Of the others.
        words: The language.
        told: What the plant says will happen, where it asks.
    """

    DEFAULT_CSS = """
    Form { align: center middle; }
    Form > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $surface; padding: 0 1;
    }
    Form VerticalScroll { height: auto; max-height: 1fr; }
    Form Static, Form Label { height: auto; width: 1fr; }
    Form .row { height: auto; }
    Form .row Label { width: 18; padding: 0 1 0 0; color: $text-muted; }
    Form Input, Form Select { width: 1fr; }
    Form TextArea { width: 1fr; height: auto; max-height: 6; }
    Form Input:focus, Form Select:focus { background: $boost; }
    Form #call { margin: 1 0 0 0; }
    Form #wrong { color: $text-error; }
    Form #buttons { height: 1; margin: 1 0 0 0; }
    Form Button { min-width: 12; margin: 0 2 0 0; }
    Form Button:focus { text-style: bold reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", priority=True),
        Binding("ctrl+s", "do", "Do it", priority=True),
    ]

    def __init__(
        self, change: Change | None, fields: Sequence[Field], words: Wording, told: str = ""
    ) -> None:
        super().__init__()
        self._change = change
        self._fields = fields
        self._words = words
        self._told = told

    def compose(self) -> ComposeResult:
        """Lay the page out."""
        words = self._words
        with Vertical() as page:
            page.border_title = Text(words(FORM, "title")).markup
            page.border_subtitle = Text(words(FORM, "keys")).markup
            with VerticalScroll(can_focus=False):
                if self._change is not None:
                    yield Static(Text(plain(self._change.title), "bold"), id="what")
                if self._told:
                    asks = self._words(FORM, "plant_asks", text=plain(self._told))
                    yield Static(Text(asks), id="told")
                for one in self._fields:
                    with Horizontal(classes="row"):
                        needed = "*" if one.needed else ""
                        yield Label(f"{words.of(one.label)}{needed}", markup=False)
                        yield self._widget(one)
                yield Static(id="call")
                yield Static(id="wrong")
            with Horizontal(id="buttons"):
                yield Button(words(FORM, "do"), variant="primary", id="do", compact=True)
                yield Button(words(FORM, "cancel"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """Begin with the first field, or with the button."""
        self._show()
        first = self.query("Input, Select").first() if self._fields else self.query_one("#do")
        first.focus()

    def action_cancel(self) -> None:
        """Nothing happens."""
        self.dismiss(None)

    def action_do(self) -> None:
        """Do exactly what is shown, where it is whole."""
        try:
            arguments = self._arguments()
        except BadInput as error:
            self.query_one("#wrong", Static).update(Text(f"✗ {plain(error)}"))
            return
        self.dismiss(arguments)

    @on(Button.Pressed, "#do")
    def _pressed(self) -> None:
        self.action_do()

    @on(Button.Pressed, "#cancel")
    def _dismissed(self) -> None:
        self.action_cancel()

    @on(Input.Changed)
    @on(Select.Changed)
    @on(TextArea.Changed)
    def _show(self) -> None:
        if self._change is None:
            return
        arguments, wrong = dict(self._change.arguments), ""
        for one in self._fields:
            try:
                arguments = _with(arguments, self._given(one))
            except BadInput as error:
                wrong = plain(error)
        self.query_one("#call", Static).update(call_text(self._change, arguments))
        self.query_one("#wrong", Static).update(Text(wrong and f"✗ {wrong}"))

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    def on_key(self, event: Any) -> None:
        """Y and n answer where nothing is to be written."""
        if not self._fields and event.key in ("y", "n"):
            event.stop()
            self.action_do() if event.key == "y" else self.action_cancel()

    def _widget(self, one: Field) -> Input | Select[str] | TextArea:
        if one.choices:
            options = [(plain(shown), given) for shown, given in one.choices]
            return Select(
                options,
                value=one.value if one.value else Select.NULL,
                allow_blank=not one.needed,
                prompt=self._words.of(one.hint),
                id=f"field-{one.name}",
                compact=True,
            )
        if one.is_long:
            return TextArea(one.value, id=f"field-{one.name}", compact=True)
        hint = self._words.of(one.hint)
        return Input(one.value, placeholder=hint, id=f"field-{one.name}", compact=True)

    def _text(self, one: Field) -> str:
        widget = self.query_one(f"#field-{one.name}")
        if isinstance(widget, TextArea):
            return widget.text.strip()
        if isinstance(widget, Input):
            return widget.value.strip()
        assert isinstance(widget, Select)
        return "" if widget.is_blank() else str(widget.value)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  Textual leaves the type of a choice open

    def _given(self, one: Field) -> Mapping[str, Any]:
        text = self._text(one)
        if not text or (one.into and text == one.value.strip()):
            return {}
        given: Any = {one.name: one.read(text)}
        for name in reversed(one.into):
            given = {name: given}
        return given

    def _arguments(self) -> dict[str, Any]:
        arguments = dict(self._change.arguments) if self._change is not None else {}
        for one in self._fields:
            given = self._given(one)
            if one.needed and not given:
                raise BadInput(self._words(FORM, "needed", field=self._words.of(one.label)))
            arguments = _with(arguments, given)
        return arguments


def _with(arguments: Any, given: Any) -> dict[str, Any]:
    """The arguments and what is given besides; what both have parts of has the parts of both."""
    both = {
        name: _with(arguments[name], value)
        for name, value in given.items()
        if isinstance(value, dict) and isinstance(arguments.get(name), dict)
    }
    return {**arguments, **given, **both}


def call_text(change: Change, arguments: Mapping[str, Any]) -> Text:
    """The call, as it will be made with these arguments."""
    text = Text(change.tool.__name__, "bold")
    width = max((len(name) for name in arguments), default=0)
    for name, value in arguments.items():
        text.append(f"\n  {name:<{width}}  ", "dim").append(plain(value))
    return text
