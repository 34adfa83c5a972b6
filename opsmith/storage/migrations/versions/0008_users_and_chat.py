"""People who sign in, and what they said in the chat."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Blob, Json, Prose, Utc

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "user_account",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("factories", Json),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.Column("last_seen_at", Utc()),
        sa.Column("disabled_at", Utc()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_user_account")),
    )
    op.create_table(
        "ended_sign_in",
        sa.Column("sign_in", sa.String(64), nullable=False),
        sa.Column("until", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("sign_in", name=op.f("pk_ended_sign_in")),
    )
    op.create_index(op.f("ix_ended_sign_in_until"), "ended_sign_in", ["until"])
    op.create_table(
        "chat_thread",
        sa.Column("thread_id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("memory", Prose),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_chat_thread")),
    )
    op.create_index("ix_chat_thread_owner_updated_at", "chat_thread", ["owner", "updated_at"])
    op.create_table(
        "chat_step",
        sa.Column("step_id", sa.String(64), nullable=False),
        sa.Column("thread_id", sa.String(64), nullable=False),
        sa.Column("parent_id", sa.String(64)),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("text", Prose, nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["chat_thread.thread_id"],
            name=op.f("fk_chat_step_thread_id_chat_thread"),
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_chat_step")),
    )
    op.create_index(op.f("ix_chat_step_thread_id"), "chat_step", ["thread_id"])
    op.create_table(
        "chat_element",
        sa.Column("element_id", sa.String(64), nullable=False),
        sa.Column("thread_id", sa.String(64), nullable=False),
        sa.Column("mime", sa.String(100), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("content", Blob, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["chat_thread.thread_id"],
            name=op.f("fk_chat_element_thread_id_chat_thread"),
        ),
        sa.PrimaryKeyConstraint("element_id", name=op.f("pk_chat_element")),
    )
    op.create_index(op.f("ix_chat_element_thread_id"), "chat_element", ["thread_id"])
    op.create_table(
        "chat_feedback",
        sa.Column("feedback_id", sa.String(64), nullable=False),
        sa.Column("step_id", sa.String(64), nullable=False),
        sa.Column("thread_id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("comment", Prose, nullable=False),
        sa.Column("question", Prose, nullable=False),
        sa.Column("answer", Prose, nullable=False),
        sa.Column("trace_id", sa.String(40)),
        sa.Column("version", sa.Integer()),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_chat_feedback")),
        sa.UniqueConstraint("step_id", name=op.f("uq_chat_feedback_step_id")),
    )
    op.create_index(op.f("ix_chat_feedback_thread_id"), "chat_feedback", ["thread_id"])
    op.create_index(op.f("ix_chat_feedback_trace_id"), "chat_feedback", ["trace_id"])


def downgrade() -> None:
    """Undo."""
    for name in (
        "chat_feedback",
        "chat_element",
        "chat_step",
        "chat_thread",
        "ended_sign_in",
        "user_account",
    ):
        op.drop_table(name)
