"""What Alembic runs: migrations over the connection that it was handed."""

from alembic import context

from opsmith.storage.migrations import on_mysql
from opsmith.storage.tables import metadata

assert on_mysql.Resumable.__dialect__ == "mysql"  # to import it is to register it
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
