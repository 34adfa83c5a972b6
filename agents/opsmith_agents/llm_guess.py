"""The LLM's first guess: it commits itself before it is shown what the rules think."""

from typing import Any

from pydantic import BaseModel, Field
from pydantic_ai.toolsets import FunctionToolset

from opsmith.domain.diagnoses import Diagnosis

RANKING = "match_failure_modes"
"""The plant's tool that ranks as the rules do; it is closed until the LLM has guessed."""
GUESS = "propose_hypotheses"
_MOST = 5


class Guess(BaseModel):
    """One first hypothesis."""

    cause: str = Field(max_length=200, description="What could explain the alert.")
    because: str = Field(max_length=300, description="What you have seen that speaks for it.")
    refuted_by: str = Field(max_length=300, description="What you would see if it were wrong.")


class FirstGuess:
    """Keeps the rules' ranking until the LLM has said what it thinks itself.

    Args:
        rules: What the rules said of the alert; None: they said nothing, and nothing is kept.
    """

    def __init__(self, rules: Diagnosis | None) -> None:
        self._rules = rules if rules is not None and rules.hypotheses else None
        self.is_made = self._rules is None

    @property
    def tools(self) -> FunctionToolset[None]:
        """`propose_hypotheses`, where there is a ranking to keep."""
        return FunctionToolset([self.propose_hypotheses] if self._rules else [], id="guess")

    def propose_hypotheses(self, hypotheses: list[Guess]) -> dict[str, Any]:
        """Say which causes you think of, the likeliest first, after your first look.

        Call it once, before anything ranks the causes for you. It answers with the ranking of
        rules that know the channels alone, and opens `match_failure_modes`.
        """
        self.is_made = True
        ranked = self._rules.hypotheses[:_MOST] if self._rules else ()
        return {
            "ranking_of_the_rules": [
                {
                    "failure_mode": one.failure_mode,
                    "probability": round(one.probability, 2),
                    "standing": one.standing,
                    "separating_test": one.separating_test,
                }
                for one in ranked
            ],
            "note": (
                "Hold it against your own; it is no evidence that you can cite. Where you differ, "
                "find out who is right; then try to refute what is left."
                if hypotheses
                else "You proposed none: the rules' best is the one to refute."
            ),
        }
