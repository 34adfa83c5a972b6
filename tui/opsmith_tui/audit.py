"""Who changed what, or was refused; and whether the log of it is whole."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from opsmith.domain.audit import AuditRow
from opsmith.errors import Denied, OpsmithError
from opsmith_mcp.alert_history import AlertHistory, AlertList
from opsmith_mcp.system import System
from opsmith_mcp.system_views import AuditCheck
from opsmith_tui.audit_words import AUDIT, OUTCOMES, WAYS
from opsmith_tui.desk import Desk
from opsmith_tui.figures import plain, zoned
from opsmith_tui.keys import Key, bindings
from opsmith_tui.list_room import ListRoom
from opsmith_tui.room import style_of
from opsmith_tui.system_text import forbidden_text
from opsmith_tui.system_words import ROLES
from opsmith_tui.whole_page import WholePage
from opsmith_tui.wording import Wording

PAGE = 20
BAD = ("declined", "refused", "failed")
LONG = ("at", "caller", "via", "action", "device", "outcome", "detail")
SHORT = ("at", "caller", "via", "action", "outcome")


class AuditRoom(ListRoom[AuditRow]):
    """Lists the audit log, the newest first; Enter shows a row whole."""

    NAME = "audit"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("enter", "open", ("Open", "打开"), ("show the row whole", "显示整行"), "↵"),
        Key("m", "more", ("Older", "更早"), ("show older rows", "显示更早的记录")),
        Key(
            "v", "verify", ("Check", "校验"),
            ("check the chain: whether a row was altered or taken out",
             "校验审计链：是否有行被篡改或删除"),
        ),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    AuditRoom #check { height: auto; max-height: 4; padding: 0 1; border-top: solid $primary; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._older: str | None = None
        self._check: AuditCheck | str | None = None
        self._forbidden: str | None = None
        """Why nothing is shown; empty: the tools are not there for who asks."""
        self._seen: AlertList | None = None

    def below(self) -> ComposeResult:
        """What the check of the chain found."""
        yield Static(id="check")

    async def look(self) -> None:
        """Ask for the newest rows; the older ones are known, for a row never changes."""
        await self._ask_log()
        if self._forbidden is not None or self.desk.pulse.as_of is None:
            self._seen = await self.plant.ask(AlertHistory.list_alerts, limit=1)
        self.as_of = self.desk.pulse.as_of or (self._seen.as_of if self._seen else None)

    async def _ask_log(self) -> None:
        if not await self.plant.has(System.list_audit):
            self._forbidden = ""
            return
        try:
            await self._ask_newest()
        except Denied as error:
            self._forbidden = str(error)
        else:
            self._forbidden = None

    def show(self) -> None:
        """Show the rows, and what the check found."""
        super().show()
        if self._forbidden is not None:
            said = forbidden_text(self.desk, self._forbidden, self._seen)
            self.query_one("#message", Static).update(said)
        check = self.query_one("#check", Static)
        text = self._check_text()
        check.display = bool(text)
        check.update(text)

    def columns(self) -> Sequence[str]:
        """See `ListRoom.columns`."""
        return SHORT if self.has_class("-narrow") else LONG

    def heading(self, column: str) -> str:
        """See `ListRoom.heading`."""
        return self.words(AUDIT, column)

    def key(self, item: AuditRow) -> str:
        """See `ListRoom.key`."""
        return str(item.seq)

    def cell(self, column: str, item: AuditRow) -> Text:
        """See `ListRoom.cell`."""
        words = self.words
        match column:
            case "at":
                return Text(f"{item.at:%m-%d %H:%M:%S}")
            case "via":
                return Text(words(WAYS, item.via) if item.via in WAYS else plain(item.via))
            case "outcome":
                return outcome_text(item, words, self)
            case "device":
                return Text(plain(device_of(item)), no_wrap=True)
            case _:
                return Text(plain(getattr(item, column)).replace("\n", " "), no_wrap=True)

    def order(self, column: str, item: AuditRow) -> Any:
        """The newest first."""
        return -item.seq if column == "at" else super().order(column, item)

    def message(self) -> tuple[str, str]:
        """See `ListRoom.message`."""
        return self.words(AUDIT, "empty_title"), self.words(AUDIT, "empty_help")

    def facts(self) -> Text:
        """How many rows are shown."""
        if not self.items:
            return Text()
        name = "shown" if self._older is not None else "all_shown"
        return Text(self.words(AUDIT, name, count=len(self.items)))

    def moved(self) -> None:
        """At the end of the list the older rows come by themselves."""
        table = self.table
        at_end = table.row_count > 1 and table.cursor_row == table.row_count - 1
        if at_end and self._older is not None and not self.sought:
            self.action_more()

    def action_more(self) -> None:
        """Show older rows."""
        if self._older is not None:
            self._ask_older()

    def action_open(self) -> None:
        """Show the row under the cursor whole."""
        if (row := self.item) is not None:
            self.app.push_screen(self._whole(row))  # pyright: ignore[reportUnknownMemberType]  Textual leaves the type of its app open

    def action_verify(self) -> None:
        """Check the chain."""
        if self._forbidden is None:
            self._verify()

    async def _ask_newest(self) -> None:
        newest = self.items[0].seq if self.items else 0
        fresh, cursor = list[AuditRow](), None
        while True:
            page = await self.plant.ask(System.list_audit, limit=PAGE, cursor=cursor)
            fresh += [row for row in page.rows if row.seq > newest]
            cursor = page.next_cursor
            if not self.items:
                self._older = cursor
                break
            if cursor is None or page.rows[-1].seq <= newest:
                break
        if fresh:
            self.items = [*fresh, *self.items]

    @work(exclusive=True, group="older")
    async def _ask_older(self) -> None:
        try:
            page = await self.plant.ask(System.list_audit, limit=PAGE, cursor=self._older)
        except OpsmithError as error:
            self.tell(plain(error), "error")
            return
        last = self.items[-1].seq
        self.items = [*self.items, *(row for row in page.rows if row.seq < last)]
        self._older = page.next_cursor
        self.show_head()
        self.show()

    @work(exclusive=True, group="verify")
    async def _verify(self) -> None:
        try:
            self._check = await self.plant.ask(System.verify_audit)
        except OpsmithError as error:
            self._check = plain(error)
        self.show()

    def _whole(self, row: AuditRow) -> WholePage:
        title = self.words(AUDIT, "row", seq=row.seq)
        return WholePage(row_text(row, self.words, self), self.words, title)

    def _check_text(self) -> Text:
        words, check = self.words, self._check
        if check is None:
            return Text()
        if isinstance(check, str):
            said = words(AUDIT, "not_checked", reason=check)
            return Text(said, style_of("text-warning", self))
        if not check.is_whole:
            said = words(AUDIT, "broken", seq=check.broken_at)
            return Text(said, style_of("text-error", self, bold=True))
        if check.newest_digest is None:
            return Text(words(AUDIT, "whole_empty"))
        said = words(AUDIT, "whole", rows=check.rows, digest=check.newest_digest)
        return Text(said, style_of("text-success", self))


def outcome_text(row: AuditRow, words: Wording, widget: Any) -> Text:
    """What came of it, with its sign: never the colour alone."""
    style = style_of("text-error", widget, bold=True) if row.outcome in BAD else ""
    return Text(words(OUTCOMES, row.outcome), style)


def row_text(row: AuditRow, words: Wording, widget: Any) -> Text:
    """A row whole: every field, the arguments one a line."""
    text, width = Text(), 12
    via = words(WAYS, row.via) if row.via in WAYS else row.via
    for name, value in (
        ("at", zoned(row.at)),
        ("caller", f"{row.caller} ({words(ROLES, row.role.lower())})"),
        ("via", via),
        ("action", row.action),
        ("device", device_of(row)),
    ):
        text.append(f"{words(AUDIT, name)}: ".ljust(width), "dim").append(f"{plain(value)}\n")
    text.append(f"{words(AUDIT, 'outcome')}: ".ljust(width), "dim")
    text.append_text(outcome_text(row, words, widget)).append("\n")
    if row.detail:
        text.append(f"{words(AUDIT, 'detail')}: ".ljust(width), "dim")
        text.append(f"{plain(row.detail)}\n")
    text.append(f"\n{words(AUDIT, 'arguments')}\n", "bold")
    given = arguments_of(row)
    if given is None:
        text.append(f"{plain(row.arguments)}\n").append(f"{words(AUDIT, 'cut')}\n", "italic")
    for name, value in (given or {}).items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text.append(f"  {plain(name)}: ", "dim").append(f"{plain(shown)}\n")
    text.append(f"\n{words(AUDIT, 'digest')}\n  {row.digest}\n", "dim")
    return text.append(f"{words(AUDIT, 'previous')}\n  {row.previous}", "dim")


def arguments_of(row: AuditRow) -> dict[str, Any] | None:
    """The arguments; None: the row has only their beginning."""
    try:
        found = json.loads(row.arguments)
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {"": found}


def device_of(row: AuditRow) -> str:
    """Whom it was about, where the arguments name it."""
    return str((arguments_of(row) or {}).get("device_id", "") or "-")
