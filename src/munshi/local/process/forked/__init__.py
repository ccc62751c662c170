"""The far side of the fork: the code that runs in the fork server and in each trial's supervisor.

`zygote` waits for requests and forks a `supervisor` for each; a supervisor starts one program inside
a private view of the file system (`mounts`), outlives everybody, and writes down how it ended
(`ledger`). `program` starts the program itself, `linux` holds the system calls Python has no name for
and `proc` reads the process table.

These modules are imported twice under two names: as `munshi.local.process.forked` by type checkers
and by the engine (which shares `proc`), and as plain `forked` by the fork server, which is started
with `python -I -S` and must neither load munshi nor the heavier half of the standard library: every
page it holds is copied into every supervisor. Hence relative imports, plain dicts where the engine's
side has dataclasses, and nothing here that imports asyncio, typing, dataclasses or subprocess.
"""
