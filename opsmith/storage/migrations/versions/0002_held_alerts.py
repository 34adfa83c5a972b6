"""What holds an alert back, what it is grouped under, the shelf; what detectors know."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Blob, Json, Utc

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    for column in (
        sa.Column("flapping", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("raises", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("held", sa.String(length=16), nullable=True),
        sa.Column("held_until", Utc(), nullable=True),
        sa.Column("grouped_under", sa.String(length=40), nullable=True),
        sa.Column("grouped", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("related_to", sa.String(length=40), nullable=True),
        sa.Column("holds", Json, nullable=True),
    ):
        op.add_column("alert_log", column)
    op.create_index(op.f("ix_alert_log_grouped_under"), "alert_log", ["grouped_under"])
    op.create_index("ix_alert_log_held_cleared_at", "alert_log", ["held", "cleared_at"])
    # Why an alert was held back stood in words alone until now.
    alert_log = sa.table(
        "alert_log", sa.column("suppressed", sa.String()), sa.column("held", sa.String())
    )
    for kind, words in (
        ("maintenance", "device is in MAINTENANCE%"),
        ("retired", "device is RETIRED%"),
        ("rate_limit", "rate limit%"),
    ):
        op.execute(alert_log.update().where(alert_log.c.suppressed.like(words)).values(held=kind))
    op.create_table(
        "shelf",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("alert_type", sa.String(length=32), nullable=False),
        sa.Column("alert_level", sa.String(length=2), nullable=False),
        sa.Column("shelved_by", sa.String(length=100), nullable=False),
        sa.Column("shelved_at", Utc(), nullable=False),
        sa.Column("shelved_until", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "alert_type", name=op.f("pk_shelf")),
    )
    op.create_index(op.f("ix_shelf_shelved_until"), "shelf", ["shelved_until"])
    op.create_table(
        "detector_state",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("state", Blob, nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_detector_state")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("detector_state")
    op.drop_table("shelf")
    op.drop_index("ix_alert_log_held_cleared_at", "alert_log")
    op.drop_index(op.f("ix_alert_log_grouped_under"), "alert_log")
    for name in (
        "holds", "related_to", "grouped", "grouped_under", "held_until", "held", "raises",
        "flapping",
    ):  # fmt: skip
        op.drop_column("alert_log", name)
