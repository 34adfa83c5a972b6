"""What an LLM is told once before its draft is taken, so that it can mend it itself."""

from collections.abc import Iterator

from pydantic_ai import ModelRetry, RunContext

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Diagnosis
from opsmith.domain.events import AlertEvent
from opsmith_agents.check import check
from opsmith_agents.evidence import EvidenceLedger
from opsmith_agents.llm_draft import DraftDiagnosis, diagnosis_of
from opsmith_agents.llm_guess import GUESS, FirstGuess
from opsmith_agents.llm_language import all_speak
from opsmith_agents.llm_limits import LANGUAGES, WrongLanguage


class Mending:
    """Looks at each draft of one run and sends it back, once for each reason.

    Args:
        ledger: What was looked at.
        event: The alert that is diagnosed.
        language: That the draft must be in.
        rules: What the rules said of it.
        guess: That the LLM is to make first; None: none.
    """

    def __init__(
        self,
        ledger: EvidenceLedger,
        event: AlertEvent,
        language: Language,
        rules: Diagnosis | None,
        guess: FirstGuess | None = None,
    ) -> None:
        self._ledger = ledger
        self._event = event
        self._language: Language = language
        self._rules = rules
        self._guess = guess
        self._told: set[str] = set()

    def validate(self, context: RunContext[None], draft: DraftDiagnosis) -> DraftDiagnosis:
        """Take a draft, or send it back.

        Raises:
            ModelRetry: It is to be mended; the message says what.
            WrongLanguage: It is in another language than asked, and was told so.
        """
        for reason, message in self._complaints(draft):
            if reason not in self._told:
                self._told.add(reason)
                raise ModelRetry(message)
            if reason == "language":
                raise WrongLanguage(f"It did not write in {LANGUAGES[self._language]}")
        return draft

    def _complaints(self, draft: DraftDiagnosis) -> Iterator[tuple[str, str]]:
        if self._guess is not None and not self._guess.is_made:
            yield "guess", f"Call `{GUESS}` first, then hold what it answers against the evidence."
        if not all_speak(draft.texts(), self._language):
            yield "language", f"Write every text in {LANGUAGES[self._language]}, names aside."
        diagnosis = diagnosis_of(
            draft, self._event, self._ledger, self._language, rules=self._rules
        )
        if removed := check(diagnosis, self._event).removed:
            yield (
                "evidence",
                (
                    "The evidence does not hold this; correct it, cite what holds it, or leave it "
                    "out: " + "; ".join(removed)
                ),
            )
