"""How each device's forecasts have done, what is still to be held against what comes; health."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Json, Utc

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "forecast_record",
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("step_s", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("record", Json, nullable=False),
        sa.Column("pending", Json),
        sa.Column("due_at", Utc()),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "channel", "step_s", name=op.f("pk_forecast_record")),
    )
    op.create_table(
        "device_health",
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_health")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("device_health")
    op.drop_table("forecast_record")
