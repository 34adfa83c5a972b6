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
from opsmith_mcp.reviews import Candidate
from opsmith_mcp.whole_entry import WholeEntry
from opsmith_tui.decide_edit import edits
from opsmith_tui.decide_text import beginning, candidate_text, proposal_text, what_of
from opsmith_tui.decide_words import ACTIONS, DECIDE, STATUSES
from opsmith_tui.desk import Change, Desk
from opsmith_tui.figures import plain
from opsmith_tui.form import Field
from opsmith_tui.keys import Key, bindings
from opsmith_tui.list_room import ListRoom
from opsmith_tui.reading import ReadingRoom
from opsmith_tui.room import Open
from opsmith_tui.system_words import ROLES

LONG = ("about", "action", "what", "by", "since", "until", "needs")
SHORT = ("about", "action", "what", "by", "until")
OTHERS, OTHERS_LONG = 54, 84
"""Cells that the columns beside `what` take."""
SHORTEST = 20
REVIEWER = "engineer"

Waiting = Proposal | Candidate


class DecideRoom(ReadingRoom, ListRoom[Waiting]):
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
        Key(
            "e", "edit", ("Edit", "修改"),
            ("accept the knowledge with another text", "修改文字后收入知识"),
        ),
        Key("d", "device", ("Device", "设备"), ("show its device", "查看设备")),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    DecideRoom Table { height: 2fr; }
    DecideRoom Reading { height: 3fr; }
    DecideRoom.-broad Table, DecideRoom.-wide Table { width: 3fr; height: 100%; }
    DecideRoom #absent { height: auto; padding: 0 1; display: none; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._absent = list[str]()
        self._is_cut = False
        self._wholes: dict[str, WholeEntry] = {}

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
        self._wholes.clear()
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
        return LONG if self.has_class("-wide") else SHORT

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
            case "action":
                action = item.tool if is_change else "knowledge"
                return Text(self.words(ACTIONS, action), no_wrap=True)
            case "what":
                what = what_of(item) if is_change else " ".join(plain(item.name).split())
                shown = Text(what, no_wrap=True)
                # Who asks and until when stand right of it, and are to be seen.
                shown.truncate(self._room_for_what, overflow="ellipsis")
                return shown
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
        if (item := self.item) is None:
            return
        whole = self._wholes.get(self.key(item))
        if isinstance(item, Candidate) and whole is None:
            self.read_on()
        state = (item, whole, self.words.language, self.theme)
        self.reading.read(self.key(item), state, self._title(item), lambda: self._whole(item))

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

    def action_edit(self) -> None:
        """Accept the entry with another text than was proposed."""
        item = self.item
        if not isinstance(item, Candidate):
            self.tell(self.words(DECIDE, "no_edit"))
        elif (whole := self._wholes.get(item.entry_id)) is None:
            self.tell(self.words(DECIDE, "loading"))
        else:
            self._review(item, "accept", edits(whole, self.words))

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

    def _review(self, item: Candidate, decision: str, more: Sequence[Field] = ()) -> None:
        what = f"{self.words(DECIDE, decision)} {self._title(item)}\n{plain(item.name)}"
        given = {"entry_id": item.entry_id, "decision": decision}
        reason = Field("reason", ("Reason", "原因"), needed=True)
        self._decide(Change(what, Knowledge.review_knowledge, given), [reason, *more])

    def _title(self, item: Waiting) -> str:
        kind = self.words(DECIDE, "proposal" if isinstance(item, Proposal) else "entry")
        return self.words(DECIDE, "one", kind=kind, number=plain(self.key(item)))

    def _whole(self, item: Waiting) -> Text:
        if isinstance(item, Proposal):
            return proposal_text(item, self.words)
        whole = self._wholes.get(item.entry_id)
        return beginning(item, self.words) if whole is None else candidate_text(whole, self.words)

    @property
    def _room_for_what(self) -> int:
        """Cells that the other columns leave of the list."""
        width = self.size.width
        if not self.has_class("-narrow"):
            width = width * 3 // 5
        return max(width - (OTHERS_LONG if self.has_class("-wide") else OTHERS), SHORTEST)

    async def ask_whole(self) -> bool:
        """See `ReadingRoom.ask_whole`."""
        item = self.item
        if not isinstance(item, Candidate) or item.entry_id in self._wholes:
            return False
        seen = await self.plant.ask(Knowledge.show_learning, entry_id=item.entry_id)
        if seen.whole is None:
            return False
        self._wholes[item.entry_id] = seen.whole
        return True
