"""Where objects, reported values and events are kept: one SQL database behind three ports of the engine.

The journey's last stop but one: what `reconcile` decided and what trials reported become rows here,
and survive a crash. The files, from the face to the ground:

    sqlite.py      SqlStore, all ports over one SQLite file, for any number of processes
    glance.py      a quick look at the objects, with the standard library alone
    semantics.py   what a write makes of an object; pure, shared with the in-memory store
    writer.py      the one thread that writes: many writes, one commit
    objects.py     rows of objects, tombstones and the version counter
    logs.py        rows of the observation log
    series.py      one metric of one trial: the exact summary, and which values are kept; pure
    marks.py       which values were taken before, although they are not kept; pure
    events.py      rows of events
    tables.py      the tables
    schema.py      opening a file, and forward with it
    revisions.py   is it ours, and of which version? pure
    compact.py     giving space back; sqlite3 alone
    failures.py    what the database complains of, caught
    sentences.py   and said in plain words; pure
    migrations/    how the tables came to be, step by step (Alembic)

Nothing is imported here, so that `import munshi.store` costs nothing until a database is opened.
"""
