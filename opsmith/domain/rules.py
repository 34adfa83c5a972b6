"""Rules that an operator writes over several channels of a device."""

from typing import Literal

from pydantic import Field, FiniteFloat

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language, Model


class Condition(Model):
    """One channel beyond one value."""

    channel: str = Field(min_length=1)
    side: Literal["above", "below"]
    value: FiniteFloat = Field(description="In the channel's unit.")
    deadband: FiniteFloat = Field(
        default=0.0, ge=0, description="How far it has to come back to clear, in the same unit."
    )


class CompositeRule(Model):
    """An alert that several channels raise together.

    Temperature above 70 and current below 5 for a minute, to be seen to this shift:

    >>> rule = CompositeRule.model_validate({
    ...     "name": "hot_without_load", "for_seconds": 60, "level": "P1",
    ...     "conditions": [
    ...         {"channel": "temperature", "side": "above", "value": 70},
    ...         {"channel": "current", "side": "below", "value": 5},
    ...     ],
    ...     "text": {"en": "hot without load", "zh": "空载发热"},
    ... })
    >>> rule.match, rule.level.value
    ('all', 'P1')
    """

    name: str = Field(min_length=1, max_length=64)
    conditions: tuple[Condition, ...] = Field(min_length=1, max_length=16)
    match: Literal["all", "any"] = Field(default="all", description="How many have to hold.")
    for_seconds: float = Field(
        default=0.0, ge=0, le=7 * 86400, description="How long they hold before it alerts."
    )
    level: AlertLevel = AlertLevel.P2
    text: dict[Language, str] = Field(
        default_factory=dict[Language, str], description="What it means, by language."
    )
    device_ids: tuple[str, ...] = Field(default=(), description="Only these; none named: any.")
    device_types: tuple[str, ...] = Field(default=(), description="Only these classes, likewise.")

    def applies_to(self, device_id: str, device_type: str) -> bool:
        """Whether the rule is meant for a device."""
        return (not self.device_ids or device_id in self.device_ids) and (
            not self.device_types or device_type in self.device_types
        )


class RuleBook(Model):
    """The plant's rules, as one file holds them."""

    rules: tuple[CompositeRule, ...] = ()

    def of(self, device_id: str, device_type: str) -> tuple[CompositeRule, ...]:
        """The rules that are meant for a device, in their order."""
        return tuple(rule for rule in self.rules if rule.applies_to(device_id, device_type))
