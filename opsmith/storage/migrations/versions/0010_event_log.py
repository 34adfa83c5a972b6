"""What was announced lately, for those who follow the plant."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Blob, Utc

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "event_log",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("value", Blob, nullable=False),
        sa.Column("logged_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_log")),
    )
    op.create_index(op.f("ix_event_log_logged_at"), "event_log", ["logged_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("event_log")
