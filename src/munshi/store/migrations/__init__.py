"""How the tables came to be: an Alembic environment, run by `munshi.store.schema` only."""
