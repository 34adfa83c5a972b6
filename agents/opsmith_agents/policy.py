"""What opsmith does by itself and what it proposes, as the plant's data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language, Model, Window
from opsmith.domain.diagnoses import Severity
from opsmith.domain.knowledge import Category
from opsmith.domain.work_orders import OrderType
from opsmith.errors import BadInput

R = TypeVar("R", bound="_Rule")
Text = dict[Language, str]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AHEAD = 35
"""Days ahead that are searched for a planned stop: no order is due later."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules of a policy look at: of the alert, the diagnosis and the device alone."""

    level: AlertLevel
    severity: Severity
    category: str
    criticality: int
    lockout: bool
    limit_passed: bool
    cause_known: bool
    remedy: bool


class When(Model):
    """Conditions that all have to hold; without any it always holds."""

    levels: tuple[AlertLevel, ...] = ()
    severities: tuple[Severity, ...] = ()
    categories: tuple[Category, ...] = ()
    not_categories: tuple[Category, ...] = ()
    criticality: tuple[Literal[1, 2, 3], ...] = ()
    lockout: bool | None = None
    limit_passed: bool | None = None
    cause_known: bool | None = None
    remedy: bool | None = None

    def holds(self, case: Case) -> bool:
        """Whether it holds for a case."""
        among = (
            (self.levels, case.level),
            (self.severities, case.severity),
            (self.categories, case.category),
            (self.criticality, case.criticality),
        )
        exact = (
            (self.lockout, case.lockout),
            (self.limit_passed, case.limit_passed),
            (self.cause_known, case.cause_known),
            (self.remedy, case.remedy),
        )
        return (
            all(not wanted or value in wanted for wanted, value in among)
            and all(wanted in (None, value) for wanted, value in exact)
            and case.category not in self.not_categories
        )


class _Rule(Model):
    when: When = When()


class OrderRule(_Rule):
    """Whether a work order is created, and of which type."""

    how: Literal["at_once", "never"] = "at_once"
    type: OrderType = "INSPECTION"


class DueRule(_Rule):
    """By when the work is to be done."""

    hours: float = Field(gt=0, le=8760)


class StatusRule(_Rule):
    """Which status of the device is proposed; a person confirms it."""

    propose: Literal["STOPPED", "MAINTENANCE", "none"]


class ProposeRule(_Rule):
    """Whether something is proposed; a person confirms it."""

    propose: bool


class PlannedStop(Model):
    """A stretch of the week in which the plant can stop a device."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(min_length=1)
    begins: str = Field(
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Plant time, such as 22:00."
    )
    hours: float = Field(gt=0, le=168)


class Measures(Model):
    """Names of safety measures, in their sequence."""

    isolated: tuple[str, ...] = ()
    running: tuple[str, ...] = ()


class Safety(Model):
    """Which safety measures come before the work, by device class and fault category."""

    measures: dict[str, Text]
    classes: dict[str, Measures]
    categories: dict[Category, Measures] = Field(default_factory=dict[Category, Measures])

    @field_validator("measures")
    @classmethod
    def _both_languages(cls, measures: dict[str, Text]) -> dict[str, Text]:
        for name, text in measures.items():
            if not text.get("en", "").strip() or not text.get("zh", "").strip():
                raise ValueError(f"measure {name!r} needs a text in en and in zh")
        return measures

    @model_validator(mode="after")
    def _known(self) -> "Safety":
        groups = (*self.classes.values(), *self.categories.values())
        for name in chain.from_iterable((*one.isolated, *one.running) for one in groups):
            if name not in self.measures:
                raise ValueError(f"no measure {name!r}; there are {', '.join(self.measures)}")
        if not self.classes.get("*", Measures()).isolated:
            raise ValueError("class '*' needs isolated measures: any device may need a lock-out")
        return self

    def steps(self, class_: str, category: str, language: Language, *, isolated: bool) -> list[str]:
        """The measures before work on a device of that class, each once, as steps."""
        of_class = self.classes.get(class_) or self.classes["*"]
        of_fault = next((one for key, one in self.categories.items() if key == category), None)
        groups = (of_class, of_fault or Measures())
        names = chain.from_iterable(one.isolated if isolated else one.running for one in groups)
        return [self.measures[name][language] for name in dict.fromkeys(names)]


class Policy(Model):
    """What opsmith does by itself and what it proposes; see `policy.yaml`.

    Dispatching, cancelling and a device's status can only be proposed, and a P0 always gets an
    order: no file says otherwise.
    """

    orders: tuple[OrderRule, ...] = Field(min_length=1)
    due: tuple[DueRule, ...] = Field(min_length=1)
    status: tuple[StatusRule, ...] = Field(min_length=1)
    dispatch: tuple[ProposeRule, ...] = Field(min_length=1)
    cancel: tuple[ProposeRule, ...] = Field(min_length=1)
    windows: tuple[PlannedStop, ...] = ()
    least_orders: int = Field(default=3, ge=1, le=100)
    safety: Safety

    @field_validator("orders", "due", "status", "dispatch", "cancel")
    @classmethod
    def _complete(cls, rules: tuple[R, ...]) -> tuple[R, ...]:
        if rules[-1].when != When():
            raise ValueError("the last rule has to hold always: leave out its `when`")
        return rules

    @field_validator("orders")
    @classmethod
    def _urgent_is_ordered(cls, rules: tuple[OrderRule, ...]) -> tuple[OrderRule, ...]:
        for place, rule in enumerate(rules):
            levels = rule.when.levels
            if rule.how == "never" and (not levels or AlertLevel.P0 in levels):
                raise ValueError(f"rule {place}: a P0 always gets an order; name other levels")
        return rules

    def order(self, case: Case) -> OrderRule:
        """Whether and as what an order is created."""
        return _first(self.orders, case)

    def hours(self, case: Case) -> float:
        """Hours in which the work is to be done."""
        return _first(self.due, case).hours

    def proposes_status(self, case: Case) -> Literal["STOPPED", "MAINTENANCE", "none"]:
        """The device's status that is proposed."""
        return _first(self.status, case).propose

    def proposes_dispatch(self, case: Case) -> bool:
        """Whether it is proposed to send somebody."""
        return _first(self.dispatch, case).propose

    def proposes_cancelling(self, case: Case) -> bool:
        """Whether it is proposed to cancel an order that nothing calls for any more."""
        return _first(self.cancel, case).propose

    def planned_stop(self, after: datetime, before: datetime, hours: float) -> Window | None:
        """The first planned stop of that length that begins in [after, before), or None.

        Args:
            after: In the plant's zone: the stops begin by its clock.
            before: By when the work is to be done.
            hours: That the work takes; a shorter stop does not do.
        """
        found = [
            Window(start=start, end=start + timedelta(hours=stop.hours))
            for stop in self.windows
            if stop.hours >= hours
            for start in _beginnings(stop, after)
            if after <= start and start + timedelta(hours=hours) <= before
        ]
        return min(found, key=lambda one: one.start, default=None)


class _Ruled(Protocol):
    @property
    def when(self) -> When: ...


S = TypeVar("S", bound=_Ruled)


def _first(rules: Iterable[S], case: Case) -> S:
    return next(rule for rule in rules if rule.when.holds(case))


def _beginnings(stop: PlannedStop, after: datetime) -> Iterable[datetime]:
    begins = time.fromisoformat(stop.begins)
    for ahead in range(_AHEAD):
        day = (after + timedelta(days=ahead)).date()
        if _DAYS[day.weekday()] in stop.days:
            yield datetime.combine(day, begins, after.tzinfo)


def read_policy(path: Path) -> Policy:
    """The policy of a YAML file, whole: it replaces opsmith's own.

    Raises:
        BadInput: It cannot be read, or something in it is not right; one line says what.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Cannot read the policy {path}: {error}") from error
    return _policy(text, str(path))


@lru_cache(maxsize=1)
def default_policy() -> Policy:
    """The policy that opsmith comes with."""
    text = (files("opsmith_agents") / "policy.yaml").read_text(encoding="utf-8")
    return _policy(text, "policy.yaml")


def _policy(text: str, name: str) -> Policy:
    try:
        return Policy.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        line = " ".join(str(error).split())
        raise BadInput(f"Cannot read the policy {name}: {line}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"Policy {name}, {place}: {first['msg']}") from error
