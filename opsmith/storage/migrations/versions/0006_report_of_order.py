"""Up to which version of an alert's report its order is written: one that comes again is known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "work_order_alert",
        sa.Column("version", sa.Integer(), nullable=False, server_default="0"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_column("work_order_alert", "version")
