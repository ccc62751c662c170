"""Starting and ending a trial's process on this machine, so that it survives the engine.

    engine ──Spawner──► fork server (zygote) ──fork──► supervisor ──fork──► the program
       │                 ends with the engine           outlives both         │ its output
       └── inspect, ended, stop ──► folder: plan.json  identity.json  exit.json  log

The launcher of `local` decides what a trial runs and says so in a `ProcessPlan`. From there on the
folder is the truth: an engine that was killed and one that starts tomorrow read the same three files.
Each program runs in its own process group under a tiny supervisor, which ends every descendant before
it records the outcome, and, if the plan has binds, in a private view of the file system. Output goes
straight from the program to its log; nothing here reads it. This room knows nothing of Experiments,
jobs, metrics or retries.

Written for Linux. On macOS there are no private views, escaped daemons are not found, and a pid is
trusted without its birth date; nothing else changes.
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
