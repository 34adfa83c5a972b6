"""The sections of a report's page."""

import json
from collections.abc import Iterator, Sequence

from opsmith.app.markup import Html, joined, tag
from opsmith.domain.base import Language, Window
from opsmith.domain.diagnoses import Claim, Evidence, Hypothesis
from opsmith.domain.work_orders import Material, Plan, WorkOrder
from opsmith_agents.render import MARKS, states_of
from opsmith_agents.reply_notes import in_signs
from opsmith_agents.reply_words import word
from opsmith_agents.report_dossier import Dossier, up_to
from opsmith_agents.report_times import localized, stamp
from opsmith_agents.report_versions import differences
from opsmith_agents.report_words import also_of, author_of, head, tokens_of
from opsmith_agents.wording import share

_RESULT = 12_000
"""Signs of a tool's result that are shown; the digest is of the whole."""
_LOOKS = {"supported": "sure", "refuted": "never", "untested": "maybe"}
_STATES = {"ok": "✓", "checked": "✓", "truncated": "◐", "empty": "∅", "stale": "◷",
           "unavailable": "✗"}  # fmt: skip


class Page:
    """Writes the sections of one dossier; every text in them has its times in the plant's zone."""

    def __init__(self, dossier: Dossier) -> None:
        self.known = dossier
        self.language: Language = dossier.report.diagnosis.language
        self.zone = dossier.zone

    def head(self, key: str) -> str:
        """A word of the frame."""
        return head(key, self.language)

    def text(self, said: str) -> str:
        """A text of the report, with units and times as people at the plant read them."""
        return in_signs(localized(said, self.zone))

    def section(self, key: str, *parts: str | None) -> Html | None:
        """A section under its heading; None where there is nothing in it."""
        body = joined(*parts)
        return tag("section", tag("h2", self.head(key)), body, id=key) if body else None

    def facts(self, pairs: Sequence[tuple[str, str | None]]) -> Html:
        """Words and what they are; those that are nothing fall away."""
        rows = [
            joined(tag("dt", self.head(key)), tag("dd", value)) for key, value in pairs if value
        ]
        return tag("dl", *rows, class_="facts") if rows else Html()

    def listed(self, lines: Sequence[str], kind: str = "ul", **attributes: object) -> Html | None:
        """A list of texts of the report; None where there is none."""
        items = [tag("li", self.text(line)) for line in lines]
        return tag(kind, *items, **attributes) if items else None

    def action(self) -> Html | None:
        """What to do at once, for good, and to be sure."""
        diagnosis = self.known.report.diagnosis
        now = diagnosis.immediate_action
        rest: list[Html] = []
        for key, text in (
            ("lasting", diagnosis.lasting_action),
            ("confirm", diagnosis.confirm_by),
            ("waiting", self.known.report.decision.waiting),
        ):
            if text:
                rest.append(tag("div", tag("h3", self.head(key)), tag("p", self.text(text))))
        first = (
            tag("p", tag("span", self.head("now"), class_="tagged"), self.text(now), class_="now")
            if now
            else None
        )
        more = tag("div", *rest, class_="two") if rest else None
        return self.section("action", first, more)

    def decision(self) -> Html | None:
        """What was decided, the orders as they are now, and what waits for a person."""
        decision, orders = self.known.report.decision, self.known.orders
        parts: list[str | None] = [
            tag("p", self.text(decision.reason)) if decision.reason else None
        ]
        parts += [self._order(order) for order in orders]
        if not orders and decision.plan is not None:
            parts.append(self._plan(decision.plan))
        elif not orders:
            parts.append(tag("p", self.head("no_order")))
        if decision.claims:
            parts.append(self._sentences(decision.claims))
        if decision.proposals:
            parts += [tag("h3", self.head("proposals")), self.listed(decision.proposals)]
        return self.section("decision", *parts)

    def _order(self, order: WorkOrder) -> Html:
        told = " · ".join(
            (order.priority.value, word_of(order.order_type, self.language),
             word_of(order.status, self.language))
        )  # fmt: skip
        plan = self.known.report.decision.plan
        own = plan if plan and plan.steps == order.steps else None
        return self._work(
            f"{self.head('orders')} {order.order_no}",
            told,
            order,
            own,
            [
                ("planned", stamp(order.planned_at, self.zone) if order.planned_at else None),
                ("assigned", order.assigned_to),
                ("reviewed", order.reviewed_by or self.head("unreviewed")),
                ("order_of", self.text(order.description)),
                ("closing", order.closing_notes and self.text(order.closing_notes)),
            ],
        )

    def _plan(self, plan: Plan) -> Html:
        told = f"{plan.priority} · {word_of(plan.order_type, self.language)}"
        note = self.head("no_order_yet")
        return self._work(self.head("plan"), told, plan, plan, [("note", note)])

    def _work(
        self,
        title: str,
        told: str,
        work: WorkOrder | Plan,
        plan: Plan | None,
        more: Sequence[tuple[str, str | None]],
    ) -> Html:
        hours = work.estimated_hours
        stop = plan.window if plan else None
        skills = [word_of(skill, self.language) for skill in plan.skills] if plan else []
        facts: list[tuple[str, str | None]] = [
            ("due", stamp(work.due_at, self.zone) if work.due_at else None),
            ("hours", None if hours is None else f"{hours:g} h"),
            ("parts", ", ".join(self._part(one) for one in work.materials)),
            ("skills", ", ".join(skills)),
            ("stop", self._span(stop) if stop else None),
            *more,
        ]
        caution = tag("p", self.head("isolation"), class_="caution")
        return tag(
            "div",
            tag("h3", title),
            tag("p", told),
            caution if plan and plan.isolation else None,
            self.facts(facts),
            tag("h3", self.head("steps")) if work.steps else None,
            self.listed(work.steps, "ol"),
            class_="order",
        )

    def _part(self, one: Material) -> str:
        return f"{one.quantity:g} × {one.part}"

    def hypotheses(self) -> Html | None:
        """What could explain it, how probable, and what speaks for and against."""
        diagnosis = self.known.report.diagnosis
        parts = [self._hypothesis(one) for one in diagnosis.hypotheses]
        none, cited = self._none()
        if none is not None and parts:
            parts.append(self._bar(self.head("none"), none, "untested", None, self.cites(cited)))
        also = also_of(diagnosis)
        more = [tag("h3", self.head("also")), self.listed(also)] if also else []
        return self.section("hypotheses", *parts, *more)

    def _hypothesis(self, one: Hypothesis) -> Html:
        signs = [("+", text) for text in dict.fromkeys(one.speaks_for)]
        signs += [("−", text) for text in dict.fromkeys(one.speaks_against)]
        items = [
            tag("li", tag("b", sign, aria_label=self.head("for" if sign == "+" else "against")),
                self.text(text))
            for sign, text in signs
        ]  # fmt: skip
        test = one.separating_test
        below = joined(
            tag("ul", *items, class_="signs") if items else None,
            tag("p", tag("span", self.head("test"), class_="tagged"), self.text(test))
            if test
            else None,
        )
        return self._bar(one.name, one.probability, one.standing, below, self.cites(one.evidence))

    def _bar(
        self, name: str, likely: float, standing: str, below: Html | None, cites: Html
    ) -> Html:
        is_none = below is None
        mark = tag("span", f"{MARKS[standing]} {self.head(standing)}", class_=_LOOKS[standing])
        width = f"width:{100 * min(max(likely, 0), 1):.1f}%"
        return tag(
            "div",
            tag(
                "div",
                tag("span", tag("b", name), None if is_none else joined(" · ", mark), " ", cites),
                tag("b", share(likely)),
                class_="line",
            ),
            tag("div", tag("span", style=width), class_="meter", role="img",
                aria_label=f"{name}: {share(likely)}"),
            below,
            class_=f"likely {standing}",
        )  # fmt: skip

    def _none(self) -> tuple[float | None, tuple[str, ...]]:
        """The probability that it is none of the known ones, where the rules weighed that."""
        report = self.known.report
        if report.llm_model != "rules":
            return None, ()
        for one in reversed(report.diagnosis.evidence):
            if one.tool == "match_failure_modes":
                value = one.result.get("none_probability")
                if isinstance(value, int | float):
                    return float(value), (one.evidence_id,)
        return None, ()

    def claims(self) -> Html | None:
        """The sentences, each with what it rests on."""
        claims = self.known.report.diagnosis.claims
        return self.section("claims", self._sentences(claims) if claims else None)

    def _sentences(self, claims: Sequence[Claim]) -> Html:
        items: list[Html] = []
        for claim in claims:
            kind = tag("span", f"{MARKS['untested']} {self.head('hypothesis')}", class_="maybe")
            mark = joined(" ", kind) if claim.kind == "hypothesis" else None
            items.append(tag("li", self.text(claim.text), mark, " ", self.cites(claim.evidence)))
        return tag("ol", *items, class_="claims")

    def cites(self, evidence: Sequence[str]) -> Html:
        """Links to the blocks of the evidence."""
        links = [tag("a", one, href=f"#{one}") for one in evidence]
        return tag("span", "[", *_between(links, " "), "]", class_="cites") if links else Html()

    def timeline(self) -> Html | None:
        """What happened when, the first first."""
        entries = sorted(self.known.report.diagnosis.timeline, key=lambda entry: entry.at)
        items = [
            tag(
                "li",
                tag("time", stamp(entry.at, self.zone), datetime=entry.at.isoformat()),
                self.text(entry.text),
                " ",
                self.cites(entry.evidence),
                class_="own" if "E0" in entry.evidence else None,
            )
            for entry in entries
        ]
        return self.section("timeline", tag("ul", *items, class_="when") if items else None)

    def coverage(self) -> Html | None:
        """What was looked at, and what could not be: never told by a blank."""
        seen = self.known.report.diagnosis.coverage
        columns = [
            tag(
                "div",
                tag("h3", f"{_STATES[state]} {self.head(state)} ({len(tools)})"),
                tag("ul", *(tag("li", tag("code", tool)) for tool in tools)) if tools
                else tag("p", "–"),
                class_="gap" if tools and state in ("stale", "unavailable") else None,
            )
            for state, tools in states_of(seen)
        ]  # fmt: skip
        more = [tag("h3", self.head("not_checked")), self.listed(seen.not_checked)]
        return self.section(
            "coverage",
            tag("div", *columns, class_="cover"),
            *(more if seen.not_checked else ()),
        )

    def versions(self) -> Html | None:
        """Who wrote which version, and what changed from one to the next."""
        shown, versions = self.known.report, self.known.versions or (self.known.report,)
        keys = ("version", "by", "written", "as_of", "cause", "confidence")
        rows = [
            tag(
                "tr",
                tag("td", f"{'▸ ' if one.version == shown.version else ''}{one.version}"),
                tag("td", author_of(one, self.language)),
                tag("td", stamp(one.created_at, self.zone), class_="time"),
                tag("td", stamp(up_to(one), self.zone), class_="time"),
                tag("td", self.text(one.diagnosis.cause)),
                tag("td", share(one.diagnosis.confidence)),
                class_="shown" if one.version == shown.version else None,
            )
            for one in versions
        ]
        heads = tag("tr", *(tag("th", self.head(key)) for key in keys))
        parts: list[str | None] = [tag("div", tag("table", heads, *rows), class_="scroll")]
        for old, new in zip(versions, versions[1:], strict=False):
            title = self.head("differs").format(old=old.version, new=new.version)
            lines = [one.told() for one in differences(old, new, self.language, self.zone)]
            parts += [tag("h3", title), self.listed(lines) or tag("p", self.head("same"))]
        return self.section("versions", *parts)

    def removed(self) -> Html | None:
        """What the check cut."""
        report = self.known.report
        return self.section(
            "removed", self.listed((*report.diagnosis.removed, *report.decision.removed))
        )

    def evidence(self) -> Html | None:
        """Every tool's answer that the report rests on, as it was stored."""
        report, seen = self.known.report, set[str]()
        blocks: list[Html] = []
        for one in (*report.diagnosis.evidence, *report.decision.evidence):
            blocks.append(self._block(one, is_first=one.evidence_id not in seen))
            seen.add(one.evidence_id)
        return self.section("evidence", *blocks)

    def _block(self, one: Evidence, *, is_first: bool) -> Html:
        given = ", ".join(f"{name}={value}" for name, value in one.arguments.items())
        state = f"{_STATES[one.state]} {self.head(one.state)}"
        window = one.window
        told = json.dumps(one.result, ensure_ascii=False, indent=1)
        return tag(
            "details",
            tag(
                "summary",
                tag("b", one.evidence_id),
                tag("code", one.tool),
                " · ",
                state,
                id=one.evidence_id if is_first else None,
            ),
            tag(
                "div",
                self.facts(
                    [
                        ("arguments", tag("code", given)),
                        ("window", self._span(window) if window else None),
                        ("note", one.note),
                        ("digest", tag("code", one.digest)),
                    ]
                ),
                tag("pre", told if len(told) <= _RESULT else f"{told[:_RESULT]} …"),
            ),
        )  # fmt: skip

    def _span(self, window: Window) -> str:
        return " – ".join(stamp(at, self.zone) for at in (window.start, window.end))

    def author(self) -> list[tuple[str, str | None]]:
        """Who wrote the version, why, and what that took."""
        report = self.known.report
        return [
            ("by", f"{author_of(report, self.language)} · v{report.version}"),
            ("path", report.diagnosis.path and self.text(report.diagnosis.path)),
            ("tokens", tokens_of(report, self.language)),
            ("latency", f"{report.latency_ms:.0f} ms" if report.latency_ms else None),
        ]


def word_of(code: str, language: Language) -> str:
    """A code of ours in words."""
    return word(language, str(code)).replace("_", " ")


def _between(parts: Sequence[Html], mark: str) -> Iterator[str]:
    for place, part in enumerate(parts):
        if place:
            yield mark
        yield part
