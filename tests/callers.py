"""Who calls the tools in tests."""

from opsmith.access import SYSTEM, Caller, Role
from opsmith_mcp.server import READER

__all__ = ["ADMIN", "ENGINEER", "READER", "SYSTEM"]

ENGINEER = Caller("Li Wei", Role.ENGINEER, via="console", is_person=True)
"""A person at a screen of ours."""

ADMIN = Caller("Wang Fang", Role.ADMIN, via="console", is_person=True)
"""A person who runs opsmith itself."""
