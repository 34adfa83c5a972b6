"""What the console's screens have in common: the head, the line of keys, looking, and changing."""

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.color import Color
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.proposals import ChangeResult
from opsmith.errors import OpsmithError
from opsmith_tui.desk import Change, Desk
from opsmith_tui.figures import moment, plain
from opsmith_tui.form import Field, Form
from opsmith_tui.keys import Key, Pair, bindings
from opsmith_tui.wording import FORM, ROOMS, SCREEN

LEVEL_COLOURS = {
    AlertLevel.P0: "error",
    AlertLevel.P1: "warning",
    AlertLevel.P2: "text-warning",
    AlertLevel.P3: "foreground",
}

BACK = Key("escape", "back", ("Back", "返回"), ("back to where you came from", "返回上一页"), "Esc")
LOOK = Key("r", "look", ("Refresh", "刷新"), ("ask the plant again now", "立即重新查询"))
UNDO = Key(
    "u", "undo", ("Undo", "撤销"),
    ("take back the last change made here", "撤销在此所做的上一项操作"), on_line=False,
)  # fmt: skip
COMMON = (LOOK, UNDO)
"""Keys of every room."""


REST = 3.0
"""Times as long as a look took, the room looks not again by itself: that bounds what it takes."""


class Open(Message):
    """The operator wants to see one thing of the plant."""

    def __init__(self, what: Literal["alert", "device"], name: str) -> None:
        super().__init__()
        self.what = what
        self.name = name
        """Its trace id, or its device id."""


class Room(Screen[None]):
    """A screen on the plant, which can be told to say everything again in another language.

    A room says its `NAME` (of `ROOMS`; a detail has none), its `KEYS`, what it is made of
    (`body`), how it asks (`look`), and how it shows what it knows (`show`).
    """

    NAME: ClassVar[str] = ""
    KEYS: ClassVar[tuple[Key, ...]] = ()
    HORIZONTAL_BREAKPOINTS = [
        (0, "-narrow"), (110, "-broad"), (176, "-wide"),
    ]  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = bindings(COMMON)
    DEFAULT_CSS = """
    Room #rooms, Room #head { height: 1; background: $panel; padding: 0 1; }
    Room #rooms { link-style: none; link-color: $foreground; link-background-hover: $primary; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.words = desk.words
        self.plant = desk.plant
        self._looking = self._again = False
        self._next = 0.0
        self.as_of: datetime | None = None
        """Plant time of the last answer; None: there was none yet."""
        self.failed: str | None = None
        """Why the last question had no answer; None: it had one."""

    @abstractmethod
    def body(self) -> ComposeResult:
        """What stands between the head and the line of keys."""

    @abstractmethod
    async def look(self) -> None:
        """Ask the plant, keep the answer and `as_of`. Raises `OpsmithError` where none came."""

    @abstractmethod
    def show(self) -> None:
        """Show what is known, in the language, the theme and the width as they are now."""

    def facts(self) -> Text:
        """The room's own part of the head."""
        return Text()

    def reword(self) -> None:
        """Say everything again, after the language or the theme has changed."""
        self.query_one(KeyLine).say(self)
        self.show_head()
        self.show()

    def all_keys(self) -> Sequence[Key]:
        """Every key of this room, for the line, the help and the palette."""
        return (*self.KEYS, *COMMON)

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield Static(id="rooms")
        yield Static(id="head")
        yield from self.body()
        yield KeyLine()

    def on_mount(self) -> None:
        """Look at once, and again and again."""
        self.set_interval(self.desk.refresh_seconds, self._look_if_seen)
        self.reword()

    def on_screen_resume(self) -> None:
        """Look when the operator comes (back) here."""
        self.reword()
        self.action_look()

    def on_resize(self) -> None:
        """Fit what is shown; the new width has its class only after this message."""
        self.call_after_refresh(self.reword)

    def action_look(self) -> None:
        """Ask the plant again; while a question is under way, once more after it."""
        # What is asked now may have come after the answer that is on its way.
        self._again = self._looking
        if not self._looking:
            self._looking = True
            self._look()

    @property
    def stands(self) -> bool:
        """Whether the room is there still: an answer may come while the console is being left."""
        return self.is_attached and bool(self.query("#head"))

    @property
    def resting(self) -> float:
        """Seconds that the room rests still before it looks again by itself."""
        return max(0.0, self._next - time.monotonic())

    def action_back(self) -> None:
        """Go back to where the operator came from."""
        self.dismiss()

    def action_undo(self) -> None:
        """Take back the last change that was made here and can be taken back."""
        if not self.desk.undo:
            self.tell(self.words(FORM, "nothing_to_undo"), "warning")
            return
        self.change(self.desk.undo[-1], is_undo=True)

    def tell(self, text: str, severity: Any = "information") -> None:
        """Say something in the corner for a while."""
        self.notify(plain(text), severity=severity, markup=False)

    @work
    async def change(
        self,
        change: Change,
        fields: Sequence[Field] = (),
        undo: Callable[[dict[str, Any]], Change | None] = lambda _: None,
        *,
        is_undo: bool = False,
    ) -> None:
        """Show what would be done, and do exactly that when the operator says so.

        Args:
            change: The call.
            fields: What the operator fills in first.
            undo: What takes it back, of the arguments with which it was done; None: nothing.
            is_undo: It takes back the last change itself.
        """
        words, tool = self.words, change.tool
        if change.signed:
            change = change._replace(arguments=change.arguments | {"by": self.desk.by})
        try:
            if not await self.plant.has(tool):
                said = words(FORM, "not_enabled", tool=tool.__name__)
                self.tell(said, "warning")
                return
            arguments = await self._filled(Form(change, fields, words))
            if arguments is None:
                return
            answer = await self.plant.do(tool, **arguments)
        except OpsmithError as error:
            self.tell(words(FORM, "not_done", reason=plain(error)), "error")
            return
        if isinstance(answer, ChangeResult) and answer.proposal is not None:
            self.tell(words(FORM, "waits", number=answer.proposal.proposal_id), "warning")
        else:
            if is_undo:
                self.desk.undo.pop()
            elif (back := undo(arguments)) is not None:
                self.desk.undo.append(back)
            self.tell(self.outcome(change, answer))
        self.action_look()

    def outcome(self, change: Change, answer: object) -> str:
        """What is said of a change that was made, by what the tool answered."""
        return self.words(FORM, "done", what=change.title)

    async def _filled(self, form: Form) -> dict[str, Any] | None:
        # Textual leaves the type of its app open.
        return await self.app.push_screen_wait(form)  # pyright: ignore[reportUnknownMemberType]

    @property
    def theme(self) -> str:
        """Name of the theme that is seen."""
        return self.app.theme  # pyright: ignore[reportUnknownMemberType]  as above

    def show_head(self) -> None:
        """Show the two lines on top: the rooms, and how the plant does."""
        self.query_one("#rooms", Static).update(self._rooms())
        self.query_one("#head", Static).update(self._state())

    def _look_if_seen(self) -> None:
        if self.is_current and not self._looking and not self.resting:
            self.action_look()

    @work
    async def _look(self) -> None:
        began = time.monotonic()
        try:
            await self.look()
        except OpsmithError as error:
            self.failed = plain(error)
        else:
            self.failed = None
        finally:
            self._looking = False
        if self.stands:
            self.show_head()
            self.show()
        ended = time.monotonic()
        self._next = ended + REST * (ended - began)
        if self._again:
            self.action_look()

    def _rooms(self) -> str:
        # Our own words alone stand in this markup, nothing from the plant.
        narrow = self.has_class("-narrow")
        parts = list[str]()
        for number, (name, (long, short)) in enumerate(ROOMS.items(), 1):
            word = self.words.of(short if narrow else long)
            look = "reverse" if name == self.NAME else "bold"
            waits = f" ({self.desk.pulse.waiting})" if name == "decide" and self._waits else ""
            parts.append(f"[@click=app.room('{name}')][{look}]{number} {word}{waits}[/][/]")
        return "  ".join(parts) if not narrow else " ".join(parts)

    @property
    def _waits(self) -> bool:
        return self.desk.pulse.waiting > 0

    def _state(self) -> Text:
        words, pulse = self.words, self.desk.pulse
        head = Text(no_wrap=True, overflow="ellipsis")
        for level in (AlertLevel.P0, AlertLevel.P1):
            head.append_text(level_text(level, self)).append(f" {pulse.urgent.get(level, 0)}  ")
        head.append(words(SCREEN, "standing", count=pulse.standing)).append("  ")
        as_of, failed = self.as_of or pulse.as_of, self.failed or pulse.failed
        if failed is not None:
            since = "-" if as_of is None else f"{as_of:%H:%M:%S}"
            warning = style_of("text-error", self, bold=True)
            head.append(f"✗ {words(SCREEN, 'stale_since', at=since)}", warning)
        elif as_of is None:
            head.append(f"○ {words(SCREEN, 'connecting')}")
        else:
            head.append(f"● {words(SCREEN, 'live')}", style_of("text-success", self))
        if as_of is not None:
            head.append(f"  {moment(as_of)} {as_of:%Z}")
        facts = self.facts()
        if facts:
            head.append("  ").append_text(facts)
        if failed is not None:
            head.append(f"  {failed}")
        return head


class KeyLine(Static):
    """The keys that work here; each can be clicked."""

    DEFAULT_CSS = """
    KeyLine {
        dock: bottom; height: 1; background: $panel; padding: 0 1;
        link-style: none; link-color: $foreground; link-background-hover: $primary;
    }
    """

    def say(self, room: Room) -> None:
        """Show the keys of a room: each as it is pressed, and its word."""
        # Our own words alone stand in this markup, nothing from the plant.
        self.update("  ".join(self._parts(room)))

    @staticmethod
    def _parts(room: Room) -> Iterator[str]:
        keys = [key for key in room.all_keys() if key.on_line]
        for key in (*keys, *LINE_OF_ALL):
            word = room.words.of(key.word)
            run = f"@click={key.run}"
            yield f"[{run}][bold $footer-key-foreground]{_escaped(key.sign)}[/] {word}[/]"


LINE_OF_ALL = (
    Key("colon", "app.palette", ("Commands", "命令"), ("", ""), ":"),
    Key("question_mark", "app.help", ("Help", "帮助"), ("", ""), "?"),
)
"""What the line of keys shows in every room."""


def _escaped(sign: str) -> str:
    return sign.replace("[", r"\[")


def colour_of(name: str, widget: Widget) -> Color:
    """The theme's colour of that name."""
    # Textual leaves the type of its app open.
    return Color.parse(widget.app.theme_variables[name])  # pyright: ignore[reportUnknownMemberType]


def style_of(name: str, widget: Widget, *, bold: bool = False) -> Style:
    """The theme's colour of that name, as a style for Rich."""
    return Style(color=colour_of(name, widget).rich_color, bold=bold)


def level_text(level: AlertLevel, widget: Widget) -> Text:
    """A level as its own text on its colour: never the colour alone."""
    colour = colour_of(LEVEL_COLOURS[level], widget)
    if level in (AlertLevel.P0, AlertLevel.P1):
        ink = colour.get_contrast_text(1).rich_color
        return Text(level.value, Style(color=ink, bgcolor=colour.rich_color, bold=True))
    return Text(level.value, Style(color=colour.rich_color))


def pair(text: str) -> Pair:
    """A name that is the same in both languages."""
    return (text, text)
