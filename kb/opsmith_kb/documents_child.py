"""Read one document and print its passages as JSON: `python -m opsmith_kb.documents_child FILE`."""

import sys

from opsmith_kb.documents import SECONDS, child

_MEMORY = 2 * 2**30
"""Bytes of address space."""


def _bounded() -> None:
    """Bound this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, int(SECONDS))):
        _, hard = resource.getrlimit(what)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(what, (most, hard))


if __name__ == "__main__":
    _bounded()
    sys.exit(child(sys.argv[1], sys.stdout.buffer))
