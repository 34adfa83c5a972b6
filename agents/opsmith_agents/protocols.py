"""Who diagnoses and who decides: rules and LLMs behind the same two protocols."""

from typing import Protocol

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis
from opsmith.domain.events import AlertEvent


class Diagnostician(Protocol):
    """Whoever can say what is wrong."""

    async def diagnose(
        self, event: AlertEvent, language: Language = "en", *, draft: Diagnosis | None = None
    ) -> Diagnosis:
        """Say what is wrong with the alert's device, on evidence up to `event.as_of`.

        Args:
            event: The alert, as it was announced.
            language: Of every text in the diagnosis.
            draft: What the rules said of it already, where they did.

        Returns:
            The diagnosis with the evidence it rests on, not checked yet: whoever publishes it runs
            `opsmith_agents.check.check` first.

        Raises:
            LlmUnavailable: No LLM gave a usable answer in time.
        """
        ...


class Decider(Protocol):
    """Whoever can say what to do about a diagnosis."""

    async def decide(self, event: AlertEvent, diagnosis: Diagnosis) -> Decision:
        """Say what to do, in the diagnosis's language; nothing is done yet.

        Raises:
            LlmUnavailable: No LLM gave a usable answer in time.
        """
        ...
