"""What one diagnosis may cost in time, steps, tokens and money, and what it has cost."""

from dataclasses import dataclass, field

from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.usage import RunUsage, UsageLimits


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens, in whatever currency; 0: unknown."""

    of_input: float = 0.0
    of_output: float = 0.0

    def cost(self, usage: RunUsage) -> float:
        """What a usage costs, in that currency.

        >>> Price(0.6, 2.2).cost(RunUsage(input_tokens=10_000, output_tokens=1_000))
        0.0082
        """
        spent = self.of_input * usage.input_tokens + self.of_output * usage.output_tokens
        return round(spent / 1e6, 6)


@dataclass(frozen=True, slots=True)
class Effort:
    """What one diagnosis may cost."""

    seconds: float = 25
    requests: int = 12
    tool_calls: int = 10
    tokens: int = 200_000
    money: float = 0.0
    """At the prices given; 0: no limit."""
    price: Price = field(default=Price())


class Limits(UsageLimits):
    """The requests, tokens and money that a run may use; a server that counts none is let be.

    Args:
        effort: Of the whole diagnosis.
        share: Of its tokens and money.
        requests: That may have been answered at the end of the run.
    """

    def __init__(self, effort: Effort, share: float, requests: int) -> None:
        super().__init__(request_limit=requests)
        self._tokens = share * effort.tokens
        self._money = share * effort.money
        self._price = effort.price

    def has_token_limits(self) -> bool:
        """See `UsageLimits`."""
        return True

    def check_before_request(self, usage: RunUsage) -> None:
        """See `UsageLimits`."""
        super().check_before_request(usage)
        self.check_tokens(usage)

    def check_tokens(self, usage: RunUsage) -> None:
        """See `UsageLimits`."""
        if usage.total_tokens > self._tokens:
            raise UsageLimitExceeded("The tokens of this diagnosis are used up")
        if self._money and self._price.cost(usage) > self._money:
            raise UsageLimitExceeded("The money for this diagnosis is used up")
