"""Claims held against the evidence that they cite."""

from opsmith.domain.diagnoses import Diagnosis
from opsmith.domain.events import AlertEvent


def check(diagnosis: Diagnosis, event: AlertEvent) -> Diagnosis:
    """Cut what a diagnosis says beyond its evidence, and tell what was cut.

    Args:
        diagnosis: From rules or from an LLM; its `evidence` came from a ledger, not from an LLM.
        event: The alert that it is about.
    """
    raise NotImplementedError
