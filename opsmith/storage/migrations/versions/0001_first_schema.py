"""The first schema: devices, alerts, reports, orders, knowledge, outbox."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Blob, Json, Prose, Real, Utc

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alert_log",
        sa.Column("trace_id", sa.String(length=40), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("alert_level", sa.String(length=2), nullable=False),
        sa.Column("alert_type", sa.String(length=32), nullable=False),
        sa.Column("temperature", Real, nullable=True),
        sa.Column("vibration", Real, nullable=True),
        sa.Column("raw_payload", Json, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("score", Real, nullable=False),
        sa.Column("deviations", Json, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("onset", Utc(), nullable=False),
        sa.Column("first_seen", Utc(), nullable=False),
        sa.Column("last_seen", Utc(), nullable=False),
        sa.Column("cleared_at", Utc(), nullable=True),
        sa.Column("suppressed", sa.String(length=200), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=100), nullable=True),
        sa.Column("acknowledged_at", Utc(), nullable=True),
        sa.Column("shelved_until", Utc(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", name=op.f("pk_alert_log")),
    )
    op.create_index(
        "ix_alert_log_device_id_first_seen", "alert_log", ["device_id", "first_seen"], unique=False
    )
    op.create_index("ix_alert_log_first_seen", "alert_log", ["first_seen"], unique=False)
    op.create_index(op.f("ix_alert_log_state"), "alert_log", ["state"], unique=False)
    op.create_index(op.f("ix_alert_log_status"), "alert_log", ["status"], unique=False)
    op.create_table(
        "dead_letter",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("value", Blob, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_dead_letter")),
    )
    op.create_index(op.f("ix_dead_letter_created_at"), "dead_letter", ["created_at"], unique=False)
    op.create_table(
        "device_registry",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("device_name", sa.String(length=200), nullable=False),
        sa.Column("device_type", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("manufacturer", sa.String(length=100), nullable=False),
        sa.Column("factory_id", sa.String(length=64), nullable=False),
        sa.Column("line_id", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=False),
        sa.Column("install_date", sa.Date(), nullable=True),
        sa.Column("rated_temp_max", Real, nullable=True),
        sa.Column("rated_vibration_max", Real, nullable=True),
        sa.Column("rated_pressure_max", Real, nullable=True),
        sa.Column("limits", Json, nullable=False),
        sa.Column("channels", Json, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("maintenance_until", Utc(), nullable=True),
        sa.Column("criticality", sa.Integer(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_registry")),
    )
    op.create_index(
        op.f("ix_device_registry_device_type"), "device_registry", ["device_type"], unique=False
    )
    op.create_index(
        op.f("ix_device_registry_line_id"), "device_registry", ["line_id"], unique=False
    )
    op.create_table(
        "maintenance_kb",
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("device_type", sa.String(length=64), nullable=False),
        sa.Column("fault_pattern", Prose, nullable=False),
        sa.Column("symptoms", Prose, nullable=False),
        sa.Column("root_cause", Prose, nullable=False),
        sa.Column("solution", Prose, nullable=False),
        sa.Column("prevention", Prose, nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("entry", Json, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "lang", name=op.f("pk_maintenance_kb")),
    )
    op.create_index(
        op.f("ix_maintenance_kb_device_type"), "maintenance_kb", ["device_type"], unique=False
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", Blob, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "plant",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_plant")),
    )
    op.create_table(
        "work_order",
        sa.Column("order_no", sa.String(length=24), nullable=False),
        sa.Column("trace_id", sa.String(length=40), nullable=True),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("failure_mode", sa.String(length=64), nullable=True),
        sa.Column("order_type", sa.String(length=16), nullable=False),
        sa.Column("work_class", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.String(length=2), nullable=False),
        sa.Column("description", Prose, nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("assigned_to", sa.String(length=100), nullable=True),
        sa.Column("reviewed_by", sa.String(length=100), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("merged_into", sa.String(length=24), nullable=True),
        sa.Column("estimated_hours", Real, nullable=True),
        sa.Column("actual_hours", Real, nullable=True),
        sa.Column("materials", Json, nullable=False),
        sa.Column("due_at", Utc(), nullable=True),
        sa.Column("failed_at", Utc(), nullable=True),
        sa.Column("restored_at", Utc(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("completed_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_work_order")),
        sa.UniqueConstraint("trace_id", name=op.f("uq_work_order_trace_id")),
    )
    op.create_index(
        "ix_work_order_device_id_status", "work_order", ["device_id", "status"], unique=False
    )
    op.create_index(op.f("ix_work_order_status"), "work_order", ["status"], unique=False)
    op.create_table(
        "diagnosis_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trace_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("as_of", Utc(), nullable=False),
        sa.Column("author", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("diagnosis_text", Prose, nullable=False),
        sa.Column("decision_text", Prose, nullable=False),
        sa.Column("failure_mode", sa.String(length=64), nullable=True),
        sa.Column("fault_category", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("recommended_action", sa.String(length=500), nullable=False),
        sa.Column("llm_model", sa.String(length=100), nullable=False),
        sa.Column("tokens_used", sa.Integer(), nullable=False),
        sa.Column("latency_ms", Real, nullable=False),
        sa.Column("diagnosis", Json, nullable=False),
        sa.Column("decision", Json, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trace_id"],
            ["alert_log.trace_id"],
            name=op.f("fk_diagnosis_report_trace_id_alert_log"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diagnosis_report")),
        sa.UniqueConstraint(
            "trace_id",
            "as_of",
            "author",
            "language",
            name=op.f("uq_diagnosis_report_trace_id_as_of_author_language"),
        ),
        sa.UniqueConstraint(
            "trace_id", "version", name=op.f("uq_diagnosis_report_trace_id_version")
        ),
    )
    op.create_index(
        op.f("ix_diagnosis_report_device_id"), "diagnosis_report", ["device_id"], unique=False
    )
    op.create_table(
        "work_order_alert",
        sa.Column("trace_id", sa.String(length=40), nullable=False),
        sa.Column("order_no", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["work_order.order_no"],
            name=op.f("fk_work_order_alert_order_no_work_order"),
        ),
        sa.PrimaryKeyConstraint("trace_id", name=op.f("pk_work_order_alert")),
    )
    op.create_index(
        op.f("ix_work_order_alert_order_no"), "work_order_alert", ["order_no"], unique=False
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("work_order_alert")
    op.drop_table("diagnosis_report")
    op.drop_table("work_order")
    op.drop_table("plant")
    op.drop_table("outbox")
    op.drop_table("maintenance_kb")
    op.drop_table("device_registry")
    op.drop_table("dead_letter")
    op.drop_table("alert_log")
