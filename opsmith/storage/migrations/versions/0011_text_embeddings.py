"""What texts of the knowledge mean, as an embedding model has it."""

import sqlalchemy as sa
from alembic import op

from opsmith.storage.columns import Blob, Utc

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "text_embedding",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("vector", Blob, nullable=False),
        sa.Column("made_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_text_embedding")),
    )
    op.create_index(op.f("ix_text_embedding_made_at"), "text_embedding", ["made_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("text_embedding")
