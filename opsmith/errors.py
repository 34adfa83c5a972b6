"""Our errors, one tree; a message names the thing and, if there is one, the way out.

OpsmithError
├── BadInput         a file, a setting or an argument cannot be used as it is
├── NotFound         what was asked for does not exist
├── Conflict         it exists already, or its state forbids this
├── Denied           the caller may not do this
└── Unavailable      a server did not answer; the same call may succeed later
    └── LlmUnavailable
"""


class OpsmithError(Exception):
    """Base of every error that we raise on purpose."""


class BadInput(OpsmithError):
    """A file, a setting or an argument cannot be used as it is."""


class NotFound(OpsmithError):
    """What was asked for does not exist."""


class Conflict(OpsmithError):
    """It exists already, or its state forbids this."""


class Denied(OpsmithError):
    """The caller may not do this."""


class Unavailable(OpsmithError):
    """A server did not answer; the same call may succeed later."""


class LlmUnavailable(Unavailable):
    """No LLM gave a usable answer in time."""
