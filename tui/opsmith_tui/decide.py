"""What waits for a person: changes that were proposed, and knowledge to be reviewed."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static
from textual.worker import WorkerCancelled

from opsmith.domain.base import State
from opsmith.domain.proposals import Proposal, ProposalStatus
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.proposals import Proposals, ProposalView
from opsmith_mcp.reasons import without_reason
from opsmith_mcp.reviews import Candidate
from opsmith_tui.decide_text import entry_text, proposal_text
from opsmith_tui.decide_words import DECIDE, STATUSES
from opsmith_tui.desk import Change, Desk
from opsmith_tui.figures import plain
from opsmith_tui.form import Field
from opsmith_tui.keys import Key, bindings
from opsmith_tui.list_room import ListRoom
from opsmith_tui.panes import Pane
from opsmith_tui.room import Open
from opsmith_tui.system_words import ROLES
from opsmith_tui.whole_page import WholePage

LONG = ("kind", "what", "about", "by", "since", "until", "needs")
BROAD = ("kind", "about", "by", "until", "what")
SHORT = ("kind", "about", "by", "until", "what")
REVIEWER = "engineer"

Waiting = Proposal | Candidate


class DecideRoom(ListRoom[Waiting]):
    """Lists what waits; beside or below it stands exactly what would happen."""

    NAME = "decide"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("enter", "open", ("Open", "打开"), ("show it whole", "显示全文"), "↵"),
        Key(
            "y", "confirm", ("Confirm", "批准"),
            ("confirm the change, or accept the knowledge", "批准更改，或收入知识"),
        ),
        Key(
            "x", "reject", ("Reject", "否决"),
            ("end it without doing it, with the reason", "否决并说明原因"),
        ),
        Key("d", "device", ("Device", "设备"), ("show its device", "查看设备")),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    DecideRoom #list { layout: vertical; }
    DecideRoom #whole { height: 1fr; border: round $primary; padding: 0 1; }
    DecideRoom #whole:focus { border: round $accent; }
    DecideRoom #whole > Static { height: auto; }
    DecideRoom.-broad #list, DecideRoom.-wide #list { layout: horizontal; }
    DecideRoom.-broad #whole, DecideRoom.-wide #whole { width: 2fr; height: 100%; }
    DecideRoom.-broad Table, DecideRoom.-wide Table { width: 3fr; }
    DecideRoom.-bare #whole { display: none; }
    DecideRoom #absent { height: auto; padding: 0 1; display: none; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._absent = list[str]()
        self._is_cut = False
        self._shown: tuple[object, ...] = ()

    def beside(self) -> ComposeResult:
        """The thing under the cursor, whole."""
        with Pane(id="whole"):
            yield Static(id="text")

    def below(self) -> ComposeResult:
        """What is not shown to who sits here."""
        yield Static(id="absent")

    async def look(self) -> None:
        """Ask for proposals and for candidates."""
        found, absent, cut = list[Waiting](), list[str](), False
        if await self.plant.has(Proposals.list_proposals):
            listed = await self.plant.ask(Proposals.list_proposals)
            found += listed.proposals
            cut = listed.state is State.TRUNCATED
        else:
            absent.append("no_proposals")
        if await self.plant.has(Knowledge.show_learning):
            language = self.words.language
            learning = await self.plant.ask(Knowledge.show_learning, language=language)
            found += learning.candidates
            cut = cut or learning.candidates_total > len(learning.candidates)
        else:
            absent.append("no_knowledge")
        known = {self.key(one): one for one in self.items}
        kept = [known.get(self.key(one), one) for one in found]
        self.items = [old if old == new else new for old, new in zip(kept, found, strict=True)]
        self._absent, self._is_cut = absent, cut
        self.as_of = self.desk.pulse.as_of or self.as_of
        if self.as_of is None:
            self.as_of = (await self.plant.ask(AlertHistory.list_alerts, limit=1)).as_of

    def reword(self) -> None:
        """Entries have their own text in each language."""
        super().reword()
        if any(isinstance(one, Candidate) for one in self.items):
            self.action_look()

    def show(self) -> None:
        """Show the list, and what is not shown."""
        super().show()
        absent = self.query_one("#absent", Static)
        absent.display = bool(self._absent)
        absent.update(Text("\n".join(self.words(DECIDE, name) for name in self._absent)))

    def columns(self) -> Sequence[str]:
        """See `ListRoom.columns`."""
        if self.has_class("-wide"):
            return LONG
        return SHORT if self.has_class("-narrow") else BROAD

    def heading(self, column: str) -> str:
        """See `ListRoom.heading`."""
        return self.words(DECIDE, column)

    def key(self, item: Waiting) -> str:
        """See `ListRoom.key`."""
        return item.proposal_id if isinstance(item, Proposal) else item.entry_id

    def cell(self, column: str, item: Waiting) -> Text:
        """See `ListRoom.cell`."""
        is_change = isinstance(item, Proposal)
        match column:
            case "kind":
                return Text(self.words(DECIDE, "proposal" if is_change else "entry"))
            case "what":
                what = without_reason(item.shown) if is_change else item.name
                return Text(" ".join(plain(what).split()), no_wrap=True)
            case "about":
                about = (item.device_id or "-") if is_change else item.entry_id
                return Text(plain(about), no_wrap=True)
            case "by":
                return Text(plain(item.proposed_by), no_wrap=True)
            case "since":
                return Text(f"{item.proposed_at:%m-%d %H:%M}")
            case "until":
                return Text(f"{item.expires_at:%m-%d %H:%M}" if is_change else "-")
            case _:
                needs = item.needs.lower() if is_change else REVIEWER
                return Text(self.words(ROLES, needs))

    def order(self, column: str, item: Waiting) -> Any:
        """Times by themselves; what never ends comes last."""
        if column == "since":
            return item.proposed_at.timestamp()
        if column == "until":
            return item.expires_at.timestamp() if isinstance(item, Proposal) else float("inf")
        return super().order(column, item)

    def message(self) -> tuple[str, str]:
        """See `ListRoom.message`."""
        return self.words(DECIDE, "empty_title"), self.words(DECIDE, "empty_help")

    def facts(self) -> Text:
        """How much waits."""
        if not self.items:
            return Text()
        said = self.words(DECIDE, "waiting", count=len(self.items))
        return Text(f"{said}; {self.words(DECIDE, 'more')}" if self._is_cut else said)

    def moved(self) -> None:
        """Show the thing under the cursor whole."""
        item, pane = self.item, self.query_one("#whole", Pane)
        state = (item, self.words.language)
        if item is None or state == self._shown:
            return
        is_other = not self._shown or self._shown[0] is not item
        self._shown = state
        pane.border_title = Text(self._title(item)).markup
        self.query_one("#text", Static).update(self._whole(item))
        if is_other:
            pane.scroll_home(animate=False)

    def action_open(self) -> None:
        """Show the thing under the cursor on a page of its own."""
        if (item := self.item) is not None:
            page = WholePage(self._whole(item), self.words, self._title(item))
            self.app.push_screen(page)  # pyright: ignore[reportUnknownMemberType]  Textual leaves the type of its app open

    def action_confirm(self) -> None:
        """Do what was proposed, or let the entry into the knowledge."""
        item = self.item
        if isinstance(item, Proposal):
            what = f"{self.words(DECIDE, 'confirm')} {self._title(item)}\n{plain(item.shown)}"
            given = {"proposal_id": item.proposal_id}
            self._decide(Change(what, Proposals.confirm_proposal, given))
        elif item is not None:
            self._review(item, "accept")

    def action_reject(self) -> None:
        """End it, with the reason."""
        item = self.item
        if isinstance(item, Proposal):
            what = f"{self.words(DECIDE, 'reject')} {self._title(item)}\n{plain(item.shown)}"
            change = Change(what, Proposals.reject_proposal, {"proposal_id": item.proposal_id})
            self._decide(change, [Field("reason", ("Reason", "原因"), needed=True)])
        elif item is not None:
            self._review(item, "reject")

    def action_device(self) -> None:
        """Show the device that it is about."""
        item = self.item
        if isinstance(item, Proposal) and item.device_id:
            self.post_message(Open("device", item.device_id))
        elif item is not None:
            self.tell(self.words(DECIDE, "no_device"))

    def outcome(self, change: Change, answer: object) -> str:
        """A proposal that came to its end before it was decided says so."""
        wanted: dict[Callable[..., Any], ProposalStatus] = {
            Proposals.confirm_proposal: ProposalStatus.DONE,
            Proposals.reject_proposal: ProposalStatus.REJECTED,
        }
        if isinstance(answer, ProposalView) and answer.proposal.status != wanted[change.tool]:
            proposal = answer.proposal
            return self.words(
                DECIDE, "ended", number=proposal.proposal_id,
                status=self.words(STATUSES, proposal.status), outcome=proposal.outcome or "",
            ).strip()  # fmt: skip
        return super().outcome(change._replace(title=change.title.splitlines()[0]), answer)

    @work(name="change")
    async def _decide(self, change: Change, fields: Sequence[Field] = ()) -> None:
        try:
            await self.change(change, fields).wait()
        except WorkerCancelled:
            # The console was left meanwhile.
            return
        # What was refused has often come to its end meanwhile: it is to leave the list too.
        self.action_look()

    def _review(self, item: Candidate, decision: str) -> None:
        what = f"{self.words(DECIDE, decision)} {self._title(item)}\n{plain(item.name)}"
        given = {"entry_id": item.entry_id, "decision": decision}
        reason = Field("reason", ("Reason", "原因"), needed=True)
        self._decide(Change(what, Knowledge.review_knowledge, given), [reason])

    def _title(self, item: Waiting) -> str:
        kind = self.words(DECIDE, "proposal" if isinstance(item, Proposal) else "entry")
        return self.words(DECIDE, "one", kind=kind, number=plain(self.key(item)))

    def _whole(self, item: Waiting) -> Text:
        if isinstance(item, Proposal):
            return proposal_text(item, self.words)
        return entry_text(item, self.words)
