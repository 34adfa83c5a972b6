"""The times that an alert stood before it cleared and came back."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Json

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.add_column("alert_log", sa.Column("spells", Json))


def downgrade() -> None:
    """Undo."""
    op.drop_column("alert_log", "spells")
