"""The far side of the fork: the code that runs in the fork server and in each trial's supervisor.

`zygote` waits for requests and forks a `supervisor` for each; a supervisor claims the trial's folder
(`ledger`), carries out its plan (`trial`), outlives everybody, and writes down how it ended. A trial
is a row of stages: a `stage` starts programs (`program`, perhaps in a private view of the file system,
`mounts`, or confined to some `cores`), looks after them (`memory`, `logs`, `signals`) until there is a
`verdict`, and then ends their `family`. `linux` holds the system calls Python has no name for and
`proc` reads the process table; both, and `cleanup`, serve the engine's side too.

These modules are imported twice under two names: as `munshi.local.process.forked` by type checkers
and by the engine (which shares some), and as plain `forked` by the fork server, which is started
with `python -I -S` and must neither load munshi nor the heavier half of the standard library: every
page it holds is copied into every supervisor. Hence relative imports, plain dicts where the engine's
side has dataclasses, and nothing here that imports asyncio, typing, dataclasses or subprocess.
"""
