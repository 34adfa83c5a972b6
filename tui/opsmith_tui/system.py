"""opsmith itself, for its admins: workers, stores, dead letters, keys."""

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from opsmith.errors import BadInput, Denied
from opsmith_mcp.alert_history import AlertHistory, AlertList
from opsmith_mcp.system import System
from opsmith_mcp.system_views import (
    DeadLetterList,
    DeadLetterView,
    KeyList,
    Redriven,
    StoreList,
    WorkerList,
)
from opsmith_tui.desk import Change, Desk
from opsmith_tui.figures import plain
from opsmith_tui.form import Field
from opsmith_tui.keys import MOVING, Key, bindings
from opsmith_tui.panes import Pane
from opsmith_tui.room import LOOK, UNDO, Room
from opsmith_tui.system_text import (
    forbidden_text,
    key_cells,
    letter_cells,
    letter_text,
    reasons_text,
    stem,
    stores_text,
    worker_cells,
)
from opsmith_tui.system_words import SYSTEM
from opsmith_tui.table import Table

PANES = {"workers": "#workers", "stores": "#stores", "letters": "#letter-list", "keys": "#keys"}
"""What takes the keys when a pane is chosen."""
SELDOM = {"stores": 10.0, "letters": 5.0, "keys": 30.0}
"""Seconds that an answer is good for; of workers every look tells."""
PAGE = 20
MOST = 1000
"""Letters put back at once."""
ANEW = LOOK._replace(action="look_anew")
"""By itself the room asks for heavy things seldom."""


class SystemRoom(Room):
    """Shows how opsmith itself does, and puts dead letters back."""

    NAME = "system"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key(
            "tab", "next_pane", ("Pane", "窗格"),
            ("workers, stores, dead letters, keys", "进程、存储、死信、密钥"), "Tab",
        ),
        Key(
            "d", "redrive", ("Re-drive", "重投"),
            ("put the dead letter under the cursor back", "重投光标处的死信"),
        ),
        Key(
            "D", "redrive_reason", ("Of a reason", "按原因重投"),
            ("put back all dead letters that have a reason", "重投具有同一原因的死信"),
        ),
        Key(
            "x", "every", ("Put back", "已重投"),
            ("show or hide letters that were put back", "显示或隐藏已重投的死信"),
            on_line=False,
        ),
        Key("m", "more", ("More", "更多"), ("more dead letters", "更多死信"), on_line=False),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings((*KEYS, ANEW)),
        ("shift+tab", "next_pane(-1)", "Pane before"),
    ]
    DEFAULT_CSS = """
    SystemRoom #panes { height: 1fr; }
    SystemRoom .pane { height: 1fr; border: round $primary; padding: 0 1; }
    SystemRoom .pane:focus, SystemRoom .pane:focus-within { border: round $accent; }
    SystemRoom Table { height: 1fr; scrollbar-size-horizontal: 0; }
    SystemRoom .pane Static { height: auto; }
    SystemRoom #reasons { max-height: 4; }
    SystemRoom #letter { max-height: 9; border-top: solid $primary; }
    SystemRoom.-narrow #letter { max-height: 6; }
    SystemRoom.-broad #panes, SystemRoom.-wide #panes {
        layout: grid; grid-size: 2 2; grid-columns: 3fr 2fr; grid-rows: 2fr 3fr;
    }
    SystemRoom.-broad .pane, SystemRoom.-wide .pane { height: 100%; }
    SystemRoom.-broad #stores, SystemRoom.-wide #stores { row-span: 1; }
    SystemRoom.-narrow .pane { display: none; }
    SystemRoom.-narrow.-workers #workers-pane, SystemRoom.-narrow.-stores #stores,
    SystemRoom.-narrow.-letters #letters, SystemRoom.-narrow.-keys #keys-pane { display: block; }
    SystemRoom #message {
        display: none; height: 1fr; padding: 1 2; content-align: center middle;
    }
    SystemRoom.-forbidden #message { display: block; }
    SystemRoom.-forbidden #panes { display: none; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._workers: WorkerList | None = None
        self._stores: StoreList | None = None
        self._keys: KeyList | None = None
        self._letters: DeadLetterList | None = None
        self._rows: Sequence[DeadLetterView] = ()
        self._asked = dict[str, float]()
        self._pages = 1
        self._every = False
        self._pane = "workers"
        self._forbidden: str | None = None
        """Why nothing is shown; empty: the tools are not there for who asks."""
        self._seen: AlertList | None = None
        """What he may see who may not see the rest."""

    def body(self) -> ComposeResult:
        """The four panes, or why there are none."""
        with Container(id="panes"):
            with Vertical(id="workers-pane", classes="pane"):
                yield Table("workers")
                yield Static(id="no-workers")
            with Pane(id="stores", classes="pane"):
                yield Static(id="stores-text")
            with Vertical(id="letters", classes="pane"):
                yield Static(id="reasons")
                yield Table("letter-list")
                yield Static(id="letter")
            with Vertical(id="keys-pane", classes="pane"):
                yield Table("keys")
                yield Static(id="no-keys")
        yield Static(id="message")

    def all_keys(self) -> Sequence[Key]:
        """Those of the room, of moving, and of all."""
        return (*self.KEYS, *MOVING, ANEW, UNDO)

    def on_mount(self) -> None:
        """Begin with the workers."""
        self._to_pane("workers")

    async def look(self) -> None:
        """Ask for the workers each time, for the rest where it was asked long ago."""
        if not await self.plant.has(System.list_workers):
            self._forbidden = ""
            self._seen = await self.plant.ask(AlertHistory.list_alerts, limit=1)
            return
        try:
            await self._ask()
        except Denied as error:
            self._forbidden = str(error)
            self._seen = await self.plant.ask(AlertHistory.list_alerts, limit=1)
        else:
            self._forbidden = None

    def show(self) -> None:
        """Show what is known."""
        self.set_class(self._forbidden is not None, "-forbidden")
        if self._forbidden is not None:
            said = forbidden_text(self.desk, self._forbidden, self._seen)
            self.query_one("#message", Static).update(said)
            return
        words = self.words
        for name, pane in (
            ("workers", "#workers-pane"), ("stores", "#stores"), ("letters", "#letters"),
            ("keys", "#keys-pane"),
        ):  # fmt: skip
            number = list(PANES).index(name) + 1
            title = f"{words(SYSTEM, name)} {number}/{len(PANES)}"
            self.query_one(pane).border_title = title
        self._show_workers()
        workers = self._workers.workers if self._workers else ()
        stores = stores_text(self._stores, workers, words, self)
        self.query_one("#stores-text", Static).update(stores)
        self._show_letters()
        self._show_keys()

    def action_look_anew(self) -> None:
        """Ask for everything again."""
        self._asked.clear()
        self.action_look()

    def action_next_pane(self, step: int = 1) -> None:
        """Give the keys to the next pane; where there is room for one alone, show that."""
        names = list(PANES)
        self._to_pane(names[(names.index(self._pane) + step) % len(names)])

    def action_more(self) -> None:
        """Show more dead letters."""
        if self._letters is not None and self._letters.next_cursor is not None:
            self._pages += 1
            self.action_look_anew()

    def action_every(self) -> None:
        """Show letters that were put back too, or hide them again."""
        self._every, self._pages = not self._every, 1
        self.action_look_anew()

    def action_redrive(self) -> None:
        """Put the letter under the cursor back."""
        letter = self._chosen()
        if letter is None:
            self.tell(self.words(SYSTEM, "no_letters"), "warning")
            return
        title = self.words(SYSTEM, "redrive_one", source=plain(letter.source))
        arguments = {"digests": [letter.digest], "again": letter.redriven_at is not None}
        self.change(Change(title, System.redrive_dead_letters, arguments))

    def action_redrive_reason(self) -> None:
        """Put all letters back that have a reason."""
        letter = self._chosen()
        if letter is None:
            self.tell(self.words(SYSTEM, "no_letters"), "warning")
            return
        title = self.words(SYSTEM, "redrive_reason")
        fields = (
            Field("reason", ("Reason has", "原因包含"), stem(letter.reason), needed=True),
            Field("at_most", ("At most", "最多条数"), "100", needed=True, read=self._count),
        )
        self.change(Change(title, System.redrive_dead_letters, {}), fields)

    def outcome(self, change: Change, answer: object) -> str:
        """How many went back, and how many would fail again."""
        self._asked.clear()
        if isinstance(answer, Redriven):
            return self.words(
                SYSTEM,
                "redriven",
                redriven=answer.redriven,
                unusable=answer.unusable,
                left=answer.left,
            )
        return super().outcome(change, answer)

    async def _ask(self) -> None:
        self._workers = await self.plant.ask(System.list_workers)
        if self._is_old("stores"):
            self._stores = await self.plant.ask(System.list_stores)
        if self._is_old("letters"):
            await self._ask_letters()
        if self._is_old("keys"):
            self._keys = await self.plant.ask(System.list_keys)

    async def _ask_letters(self) -> None:
        rows, cursor = list[DeadLetterView](), None
        for _ in range(self._pages):
            self._letters = await self.plant.ask(
                System.list_dead_letters,
                redriven=None if self._every else False,
                limit=PAGE,
                cursor=cursor,
            )
            rows += self._letters.letters
            cursor = self._letters.next_cursor
            if cursor is None:
                break
        self._rows = rows

    def _is_old(self, what: str) -> bool:
        now = time.monotonic()
        if now - self._asked.get(what, float("-inf")) < SELDOM[what]:
            return False
        self._asked[what] = now
        return True

    def _count(self, text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= MOST:
            raise BadInput(self.words.of((f"1 to {MOST}", f"1 至 {MOST}")))
        return int(text)

    def _chosen(self) -> DeadLetterView | None:
        chosen = self.query_one("#letter-list", Table).chosen
        return next((one for one in self._rows if one.digest == chosen), None)

    def _show_workers(self) -> None:
        words, found = self.words, self._workers
        names = ["state", "stage", "lag", "failures", "silent", "host"]
        if self.has_class("-wide"):
            names.append("since")
        rows = {
            f"{one.host}:{one.pid}:{one.stage}": worker_cells(one, words, self)[: len(names)]
            for one in (found.workers if found else ())
        }
        table = self.query_one("#workers", Table)
        table.show([words(SYSTEM, name) for name in names], rows)
        nothing = words(SYSTEM, "no_workers") if found is not None and not rows else ""
        self._say("#no-workers", nothing)

    def _show_letters(self) -> None:
        words, found = self.words, self._letters
        text = Text()
        if found is not None:
            text = reasons_text(found, 3) if found.total else Text(words(SYSTEM, "no_letters"))
        self.query_one("#reasons", Static).update(text)
        rows = {one.digest: letter_cells(one) for one in self._rows}
        table = self.query_one("#letter-list", Table)
        table.show([words(SYSTEM, name) for name in ("at", "source", "reason")], rows)
        pane = self.query_one("#letters")
        shown = ""
        if found is not None and found.total > len(rows):
            shown = words(SYSTEM, "shown", shown=len(rows), total=found.total)
        if self._every:
            shown = f"{shown} {words(SYSTEM, 'every')}".strip()
        pane.border_subtitle = shown
        self._show_letter()

    @on(Table.RowHighlighted, "#letter-list")
    def _show_letter(self) -> None:
        letter, said = self._chosen(), self.query_one("#letter", Static)
        said.display = letter is not None
        said.update(Text() if letter is None else letter_text(letter, self.words))

    def _show_keys(self) -> None:
        words = self.words
        names = ("name", "role", "state", "factories", "last_used", "expires")
        found = self._keys.keys if self._keys else ()
        rows = {f"{at}": key_cells(one, words) for at, one in enumerate(found)}
        self.query_one("#keys", Table).show([words(SYSTEM, name) for name in names], rows)
        self._say("#no-keys", "" if rows or self._keys is None else words(SYSTEM, "no_keys"))

    def _say(self, where: str, text: str) -> None:
        said = self.query_one(where, Static)
        said.update(Text(text))
        said.display = bool(text)

    def _to_pane(self, name: str) -> None:
        self._pane = name
        for pane in PANES:
            self.set_class(pane == name, f"-{pane}")
        # What was hidden can take the keys only when it is laid out.
        self.call_after_refresh(self.query_one(PANES[name]).focus)
