"""Whether knowledge came in is told without reading it."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    op.create_index(op.f("ix_maintenance_kb_created_at"), "maintenance_kb", ["created_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_maintenance_kb_created_at"), "maintenance_kb")
