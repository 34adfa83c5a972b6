"""The life of a work order; codes; who may call, what waits for a person, what was done by whom."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Json, Prose, Utc

revision = "0003"
down_revision = "0002"

_NEW = ("alert_comment", "work_order_change", "failure_code", "api_key", "proposal",
        "kept_answer", "audit_log", "worker")  # fmt: skip


_WITH_BASELINES = ("device_registry", "detector_state")


def _of_alerts() -> list[sa.Column[object]]:
    return [
        sa.Column("code", sa.String(64)),
        sa.Column("message", sa.String(500)),
        sa.Column("source", sa.String(64), nullable=False, server_default="opsmith"),
        sa.Column("levels", Json),
    ]


def _of_orders() -> list[sa.Column[object]]:
    return [
        sa.Column("costs", Json),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("found", Prose),
        sa.Column("done", Prose),
        sa.Column("closing_notes", Prose),
        sa.Column("source", sa.String(64), nullable=False, server_default="opsmith"),
        sa.Column("external_no", sa.String(64)),
        sa.Column("created_by", sa.String(100)),
        sa.Column("planned_at", Utc()),
        sa.Column("started_at", Utc()),
        sa.Column("updated_at", Utc()),
    ]


def upgrade() -> None:
    """Apply."""
    for column in _of_alerts():
        op.add_column("alert_log", column)
    op.create_index(op.f("ix_alert_log_code"), "alert_log", ["code"])
    op.add_column("dead_letter", sa.Column("redriven_at", Utc()))
    for column in _of_orders():
        op.add_column("work_order", column)
    for table in _WITH_BASELINES:
        op.add_column(table, sa.Column("baseline_at", Utc()))
    op.create_index(op.f("ix_work_order_failure_code"), "work_order", ["failure_code"])
    op.create_index(op.f("ix_work_order_created_at"), "work_order", ["created_at"])
    op.create_index(op.f("ix_work_order_external_no"), "work_order", ["external_no"])
    op.create_index("ix_work_order_device_id_created_at", "work_order", ["device_id", "created_at"])
    op.create_table(
        "alert_comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trace_id", sa.String(40), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["trace_id"], ["alert_log.trace_id"], name=op.f("fk_alert_comment_trace_id_alert_log")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_comment")),
    )
    op.create_index(op.f("ix_alert_comment_trace_id"), "alert_comment", ["trace_id"])
    op.create_table(
        "work_order_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(24), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("changed", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["work_order.order_no"],
            name=op.f("fk_work_order_change_order_no_work_order"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_order_change")),
    )
    op.create_index(op.f("ix_work_order_change_order_no"), "work_order_change", ["order_no"])
    op.create_table(
        "failure_code",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("device_type", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_zh", sa.String(200), nullable=False, server_default=""),
        sa.Column("description", Prose, nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("code", "device_type", name=op.f("pk_failure_code")),
    )
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("factories", Json),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc()),
        sa.Column("last_used_at", Utc()),
        sa.Column("revoked_at", Utc()),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("name", name=op.f("uq_api_key_name")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    op.create_table(
        "proposal",
        sa.Column("proposal_id", sa.String(24), nullable=False),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("arguments", Json, nullable=False),
        sa.Column("shown", Prose, nullable=False),
        sa.Column("device_id", sa.String(64)),
        sa.Column("needs", sa.String(16), nullable=False),
        sa.Column("proposed_by", sa.String(100), nullable=False),
        sa.Column("proposed_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(100)),
        sa.Column("decided_at", Utc()),
        sa.Column("outcome", Prose),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_status"), "proposal", ["status"])
    op.create_table(
        "kept_answer",
        sa.Column("caller", sa.String(100), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("arguments", sa.String(64), nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "idempotency_key", name=op.f("pk_kept_answer")),
    )
    op.create_index(op.f("ix_kept_answer_at"), "kept_answer", ["at"])
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("caller", sa.String(100), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("via", sa.String(16), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("arguments", Prose, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_log")),
    )
    op.create_table(
        "worker",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("host", sa.String(100), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )


def downgrade() -> None:
    """Undo; orders and alerts that were imported stay, without what only they had."""
    for name in reversed(_NEW):
        op.drop_table(name)
    op.drop_column("dead_letter", "redriven_at")
    for table in _WITH_BASELINES:
        op.drop_column(table, "baseline_at")
    op.drop_index("ix_work_order_device_id_created_at", "work_order")
    op.drop_index(op.f("ix_work_order_external_no"), "work_order")
    op.drop_index(op.f("ix_work_order_created_at"), "work_order")
    op.drop_index(op.f("ix_work_order_failure_code"), "work_order")
    for column in reversed(_of_orders()):
        op.drop_column("work_order", column.name)
    op.drop_index(op.f("ix_alert_log_code"), "alert_log")
    for column in reversed(_of_alerts()):
        op.drop_column("alert_log", column.name)
