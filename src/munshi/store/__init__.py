"""Where objects and reported values are kept: one SQL database behind two ports of the engine.

The journey's last stop but one: what `reconcile` decided and what trials reported become rows here,
and survive a crash. The files, from the face to the ground:

    sqlite.py      SqlStore, both ports over one SQLite file, for any number of processes
    semantics.py   what a write makes of an object; pure, shared with the in-memory store
    writer.py      the one thread that writes: many writes, one commit
    objects.py     rows of objects, tombstones and the version counter
    logs.py        rows of the observation log
    tables.py      the tables
    schema.py      opening a file: is it ours, of which version, and forward with it
    failures.py    what the database complains of, in plain sentences
    migrations/    how the tables came to be, step by step (Alembic)

Nothing is imported here, so that `import munshi.store` costs nothing until a database is opened.
"""
