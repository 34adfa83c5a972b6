"""Knowledge that grows: versions of entries, documents, outcomes of orders, learned priors."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Json, Prose, Real, Utc

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "kb_version",
        sa.Column("entry_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("entry", Json, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("proposed_by", sa.String(100), nullable=False),
        sa.Column("proposed_at", Utc(), nullable=False),
        sa.Column("reviewed_by", sa.String(100)),
        sa.Column("reviewed_at", Utc()),
        sa.Column("reason", Prose, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "version", name=op.f("pk_kb_version")),
    )
    op.create_index(op.f("ix_kb_version_state"), "kb_version", ["state"])
    op.create_table(
        "kb_document",
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer()),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("imported_by", sa.String(100), nullable=False),
        sa.Column("imported_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "version", name=op.f("pk_kb_document")),
    )
    op.create_index(op.f("ix_kb_document_sha256"), "kb_document", ["sha256"])
    op.create_table(
        "kb_passage",
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("heading", sa.String(500), nullable=False),
        sa.Column("page", sa.Integer()),
        sa.Column("text", Prose, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "version", "seq", name=op.f("pk_kb_passage")),
    )
    op.create_table(
        "order_outcome",
        sa.Column("order_no", sa.String(24), nullable=False),
        sa.Column("trace_id", sa.String(40)),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("device_type", sa.String(64), nullable=False),
        sa.Column("diagnosed", sa.String(64)),
        sa.Column("also", Json, nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("found", sa.String(64)),
        sa.Column("told", sa.String(16), nullable=False),
        sa.Column("words", Prose, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("ranked", Json, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_order_outcome")),
    )
    op.create_index(op.f("ix_order_outcome_device_type"), "order_outcome", ["device_type"])
    op.create_table(
        "learned_prior",
        sa.Column("device_type", sa.String(64), nullable=False),
        sa.Column("entry_id", sa.String(64), nullable=False),
        sa.Column("offset", Real, nullable=False),
        sa.Column("found", Real, nullable=False),
        sa.Column("expected", Real, nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("device_type", "entry_id", name=op.f("pk_learned_prior")),
    )


def downgrade() -> None:
    """Undo."""
    for name in ("learned_prior", "order_outcome", "kb_passage", "kb_document", "kb_version"):
        op.drop_table(name)
