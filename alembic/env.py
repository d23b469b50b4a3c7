"""How migrations reach the database: the connection that `config_db.migrate` hands in, or, for the
`alembic` command, the database that the environment names."""

import os
from pathlib import Path

from alembic import context
from config_db.engine import default_url, open_database, writing
from models.tables import METADATA


def run(connection):
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_from_environment():
    data = Path(os.environ.get("LARDER_DATA", "data"))
    engine = open_database(os.environ.get("LARDER_DATABASE_URL") or default_url(data))
    with writing(engine) as session:
        run(session.connection())
    engine.dispose()


handed_in = context.config.attributes.get("connection")
if context.is_offline_mode():
    raise SystemExit("migrations are applied to a database, not printed: leave out --sql")
if handed_in is not None:
    run(handed_in)
else:
    run_from_environment()
