"""The row by which writers wait for each other on a server."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "write_lock",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_lock")),
    )
    lock = sa.table("write_lock", sa.column("id", sa.Integer()))
    there = sa.select(lock.c.id).where(lock.c.id == 1)
    if op.get_bind().execute(there).first() is None:
        op.get_bind().execute(lock.insert().values(id=1))


def downgrade() -> None:
    """Undo."""
    op.drop_table("write_lock")
