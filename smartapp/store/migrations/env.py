"""Run the migrations on the connection that `runtime.database.upgrade` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="gw_schema_version")
with context.begin_transaction():
    context.run_migrations()
