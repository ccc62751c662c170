"""Starting and ending a trial's programs on this machine, so that they survive the engine.

    engine ──Spawner──► fork server (zygote) ──fork──► supervisor ──fork──► its programs
       │                 ends with the engine           outlives both         │ their output
       └── inspect, ended, stop ──► folder: plan.json  identity.json  exit.json  logs

The launcher of `local` decides what a trial runs and says so in a `ProcessPlan`: programs to run first,
at once, and beside. From there on the folder is the truth: an engine that was killed and one that
starts tomorrow read the same three files. Each program runs in its own process group under the trial's
tiny supervisor, which holds it to its limits, ends every descendant before it records the outcome, and,
if the program has binds, shows it a private view of the file system. Output goes straight from a
program to its log; nothing here reads it, but a log that grows too long loses its middle (`Gap`). This
room knows nothing of Experiments, jobs, metrics or retries.

Written for Linux. On macOS there are no private views, escaped daemons are not found, no limits are
kept but the deadline, logs stay whole, and a pid is trusted without its birth date.
"""

from munshi.local.process.records import (
    MARKER,
    Bind,
    Exit,
    Gap,
    Identity,
    Limits,
    ProcessPlan,
    Program,
    Reason,
    read_gap,
)
from munshi.local.process.spawner import Availability, Spawner, namespaces_available
from munshi.local.process.watch import (
    Ended,
    Lost,
    NotStarted,
    Running,
    State,
    ended,
    inspect,
    is_alive,
    pids,
    read_exit,
    read_identity,
    stop,
    sweep,
    trim,
)

__all__ = [
    "MARKER",
    "Availability",
    "Bind",
    "Ended",
    "Exit",
    "Gap",
    "Identity",
    "Limits",
    "Lost",
    "NotStarted",
    "ProcessPlan",
    "Program",
    "Reason",
    "Running",
    "Spawner",
    "State",
    "ended",
    "inspect",
    "is_alive",
    "namespaces_available",
    "pids",
    "read_exit",
    "read_gap",
    "read_identity",
    "stop",
    "sweep",
    "trim",
]
