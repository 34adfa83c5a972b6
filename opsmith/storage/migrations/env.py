"""What Alembic runs: migrations over the connection that it was handed."""

from alembic import context

from opsmith.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
