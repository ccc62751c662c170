"""The zoo of programs: each is the odd one of three trials, and what munshi says of it at last.

A case is a program file that stands where the user's training program would; the other two trials are
healthy. `visit` runs the three with the real command; `page` is the table of docs/programs.md. The
messages are compared word by word, with numbers that differ from run to run written as N.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journeys.stories import choice, experiment, written
from journeys.world import Command, World
from munshi.local import fate

SHELL = "#!/bin/sh\n"
PYTHON = f"#!{sys.executable} -IS\n"
ODD, GRACE_S, DEADLINE_S = "./odd", 1, 2
HEALTHY = ("./healthy-1", "./healthy-2")
BEATS = f"{SHELL}for n in 1 2 3 4 5; do echo score=0.$n; sleep 0.02; done\n"
"""A program as it should be."""
MOST_MEMORY = 64 << 20
"""How much larger than among healthy programs munshi may grow."""
PATIENCE_S = 100.0
_LOOK_S = 0.01
_VARYING = re.compile(
    r"[\d.]+(?= MiB of memory)|\d+(?= process(es)?: )|(?<=process )\d+|\d+(?= \((?!SIG))|\d+(?= more,)"
)
"""Amounts and pids."""

MISSING = (
    'Metrics are not available: the objective "score" was never reported; nothing that looks like a '
    'metric was seen; let the program print lines like "score=0.93"'
)
FAILED = "Trial has failed. Job reason: BackoffLimitExceeded. The program"
SUCCEEDED = "Trial has succeeded"
NEVER_BEST = "is not a finite number ({}), so it cannot be the best"
CONTINUED = f"{SUCCEEDED}; it stopped itself (SIGSTOP) once and was continued"
LEFT = f"{SUCCEEDED}; it left behind N process: N ({{}}), ended by munshi"
LATE = (
    "Trial has failed. Job reason: DeadlineExceeded. It was ended by activeDeadlineSeconds: it ran "
    f"longer than its deadline of {DEADLINE_S} s"
)
OWN = '"$MUNSHI_HOME/trials/default/$KATIB_TRIAL_NAME"'


@dataclass(frozen=True, slots=True)
class Animal:
    """A program that means no good, or no harm but looks odd.

    Attributes:
        section: Where the page has it.
        text: Its file; None when there is none.
        says: The message of the trial's last condition; a pattern with N for what varies.
        state: The type of that condition.
        score: Least, greatest and latest value of the objective, when it was reported.
        words: What must stand among the last lines of output that the message quotes.
        name: What the experiment calls it.
        mode: Of the file.
        pod: Further fields of the pods.
        container: Further fields of the containers.
    """

    section: str
    text: str | None
    says: str
    state: str = "Succeeded"
    score: tuple[str, str, str] | None = None
    words: str = ""
    name: str = ODD
    mode: int = 0o755
    pod: Mapping[str, Any] = field(default_factory=dict)
    container: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of it.

    Attributes:
        trial: The odd one.
        others: The healthy two.
        peak: The greatest size of munshi itself, bytes.
        code: How `munshi run` ended.
    """

    trial: dict[str, Any]
    others: tuple[dict[str, Any], ...]
    peak: int
    code: int

    @property
    def end(self) -> dict[str, Any]:
        """The last condition of the odd trial."""
        return last(self.trial)

    @property
    def said(self) -> str:
        """Its message, without the quoted output, with N for what varies."""
        text = str(self.end["message"]).partition(". Last output:\n")[0]
        return _VARYING.sub("N", text)

    @property
    def words(self) -> str:
        """The quoted output."""
        return str(self.end["message"]).partition(". Last output:\n")[2]

    @property
    def score(self) -> tuple[str, str, str] | None:
        """Least, greatest and latest value of the objective."""
        return score_of(self.trial)


def last(trial: Mapping[str, Any]) -> dict[str, Any]:
    """The last condition of a trial."""
    return dict(trial["status"]["conditions"][-1])


def score_of(trial: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Least, greatest and latest value of a trial's objective; None when it was not reported."""
    seen = trial["status"].get("observation", {}).get("metrics", [])
    found = [(one["min"], one["max"], one["latest"]) for one in seen if one["name"] == "score"]
    return found[0] if found and found[0][2] != "unavailable" else None


def visit(world: World, animal: Animal, healthy: str = BEATS) -> Visit:
    """Run it between two healthy ones, all three at once."""
    for name in HEALTHY:
        _program(world.path / name, healthy)
    if animal.text is not None:
        _program(world.path / ODD, animal.text, animal.mode)
    story = experiment(
        command=["${trialParameters.animal}"],
        parameters=[choice("animal", HEALTHY[0], animal.name, HEALTHY[1])],
        algorithm="grid",
        parallelTrialCount=3,
        maxTrialCount=3,
        maxFailedTrialCount=3,
        pod={"terminationGracePeriodSeconds": GRACE_S, **animal.pod},
        container=animal.container,
    )
    command = world.start("run", written(world.path, story))
    peak = greatest(command)
    done = command.wait()
    assert "bug in munshi" not in done.err, world.crashes() or done.err
    trials = {one["spec"]["parameterAssignments"][0]["value"]: one for one in world.trials()}
    odd = trials.pop(animal.name)
    return Visit(odd, tuple(trials.values()), peak, done.code)


def greatest(command: Command) -> int:
    """The greatest size of a command, in bytes, once it has ended."""
    status, size = Path(f"/proc/{command.process.pid}/status"), 0
    until = time.monotonic() + PATIENCE_S
    while command.process.poll() is None:
        assert time.monotonic() < until, f"still running: {command.err}"
        found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        size = int(found[1]) << 10 if found else size
        time.sleep(_LOOK_S)
    return size


def folder_of(world: World, trial: Mapping[str, Any]) -> Path:
    """Where the trial's only attempt lives."""
    meta: dict[str, str] = trial["metadata"]
    return world.home / "trials" / meta["namespace"] / meta["name"] / f"{meta['uid'][:8]}-1"


def _program(path: Path, text: str, mode: int = 0o755) -> None:
    path.write_text(text, "utf-8")
    path.chmod(mode)


def sh(section: str, script: str, says: str, *score: str, **more: Any) -> Animal:
    """An animal that is lines of shell; `score` is its values, or the only one."""
    return _animal(section, SHELL + script, says, score, more)


def py(section: str, script: str, says: str, *score: str, **more: Any) -> Animal:
    """An animal that is lines of Python."""
    return _animal(section, PYTHON + script.lstrip("\n"), says, score, more)


def _animal(
    section: str, text: str, says: str, score: tuple[str, ...], more: Mapping[str, Any]
) -> Animal:
    values = (score * 3)[:3] if len(score) == 1 else score
    least, greatest_, latest = values or ("", "", "")
    known = (least, greatest_, latest) if values else None
    return Animal(section, text + "\n", says, score=known, **more)


def failed(section: str, script: str, says: str, **more: Any) -> Animal:
    """An animal of shell whose trial fails."""
    return sh(section, script, says, state="Failed", **more)


def silent(script: str, *notes: str, **more: Any) -> Animal:
    """An animal of shell that does not report its score."""
    says = ". ".join((MISSING, *notes))
    return sh("What it prints", script, says, state="MetricsUnavailable", **more)


START, END, PRINT = "How it starts", "How it ends", "What it prints"
FLEE, HARM, LIMIT = "What it leaves behind", "What it does to its own", "Limits"

ZOO: dict[str, Animal] = {
    "is not there": Animal(
        START,
        None,
        f"{FAILED} could not be started: no such program: pythn{fate.HERE}",
        state="Failed",
        name="pythn",
    ),
    "is not executable": Animal(
        START,
        SHELL,
        f"{FAILED} could not be started: cannot run ./odd: Permission denied (is it executable?)",
        state="Failed",
        mode=0o644,
    ),
    "opens with `#!/no/such/interpreter`": Animal(
        START,
        "#!/no/such/interpreter\n",
        f"{FAILED} could not be started: ./odd: no such interpreter: /no/such/interpreter",
        state="Failed",
    ),
    "is no program at all": Animal(
        START,
        "score=1\n",
        f"{FAILED} could not be started: cannot run ./odd: it is neither a program for this machine nor "
        "a script that opens with #!",
        state="Failed",
    ),
    "reads its input": sh(
        START, "read line || echo nothing to read; echo score=0.5", SUCCEEDED, "0.5"
    ),
    "exits with 1": failed(
        END,
        "echo score=1; echo no such folder: /données >&2; exit 1",
        f"{FAILED} ended with exit code 1",
        words="no such folder: /données",
    ),
    "is killed by a signal": failed(
        END, "kill -SEGV $$", f"{FAILED} was ended by signal 11 (SIGSEGV)"
    ),
    "kills its whole process group": failed(
        END, "sleep 600 & kill -KILL 0", f"{FAILED} was ended by signal 9 (SIGKILL)"
    ),
    "stops itself (SIGSTOP) once": sh(END, "kill -STOP $$; echo score=0.5", CONTINUED, "0.5"),
    "stops itself for ever": failed(
        END,
        "echo begun; while :; do kill -STOP $$; done",
        f"{FAILED} was ended by signal 19 (SIGSTOP): it stopped itself (SIGSTOP, process N, odd) again "
        "and again",
        words="begun",
    ),
    "kills munshi's supervisor": failed(
        END,
        "kill -KILL $PPID; sleep 600",
        "its job vanished 5 times without an outcome. The job vanished: its supervisor, process N, was "
        "killed before it could record the outcome",
    ),
    "prints nothing": silent(":", "output is empty"),
    "closes its output": silent("exec >&- 2>&-; echo score=1; exit 0", "output is empty"),
    "prints only `score=`": silent(
        "echo score=", '1 reported value(s) were not numbers, the first: "score="'
    ),
    'prints only `score=""`': silent(
        "echo 'score=\"\"'", '1 reported value(s) were not numbers, the first: "score="""'
    ),
    "prints only NaN": sh(
        PRINT,
        "echo score=NaN",
        f"{SUCCEEDED}; score {NEVER_BEST.format('NaN')}",
        *("unavailable", "unavailable", "NaN"),
    ),
    "prints only infinity": sh(
        PRINT,
        "echo score=-inf",
        f"{SUCCEEDED}; score {NEVER_BEST.format('-inf')}",
        *("unavailable", "unavailable", "-inf"),
    ),
    "prints a number beyond all floats": sh(
        PRINT,
        "echo score=1e400",
        f"{SUCCEEDED}; score {NEVER_BEST.format('1e400')}",
        *("unavailable", "unavailable", "1e400"),
    ),
    "prints NaN among numbers": sh(
        PRINT, "echo score=0.25; echo score=nan; echo score=0.5", SUCCEEDED, "0.25", "0.5", "0.5"
    ),
    "prints bytes that are not UTF-8": failed(
        PRINT,
        r"printf '\377\376 score=0.5 \303\n'; exit 1",
        f"{FAILED} ended with exit code 1",
        words=r"\xff\xfe score=0.5 \xc3",
    ),
    "prints a value among such bytes": sh(
        PRINT, r"printf '\377\376\n\300 score=0.5 \303\n'", SUCCEEDED, "0.5"
    ),
    "prints NUL bytes": sh(PRINT, r"printf 'a\000b\nscore=0.5\n\000\n'", SUCCEEDED, "0.5"),
    "ends without a newline": sh(PRINT, "printf score=0.5", SUCCEEDED, "0.5"),
    "prints colours": sh(
        PRINT, r"printf '\033[32mscore\033[0m=\033[1m0.5\033[0m\n'", SUCCEEDED, "0.5"
    ),
    "ends its lines with CRLF": sh(
        PRINT, r"printf 'score=0.25\r\nscore=0.5\r\n'", SUCCEEDED, "0.25", "0.5", "0.5"
    ),
    "draws a progress bar": sh(
        PRINT,
        r"for n in 1 2 3 4 5; do printf '\r%d/5 [===>  ] 2it/s, score=0.%d' $n $n; done; echo",
        SUCCEEDED,
        *("0.1", "0.5", "0.5"),
    ),
    "prints a line of 100 MB": py(
        PRINT,
        """
import sys
print("score=0.25")
for _ in range(100):
    sys.stdout.write("x" * (1 << 20))
print("\\nscore=0.5")
""",
        SUCCEEDED,
        *("0.25", "0.5", "0.5"),
    ),
    "prints 100 MB without a newline": py(
        PRINT,
        """
import sys
for _ in range(100):
    sys.stdout.write("x" * (1 << 20))
""",
        f"{MISSING}. 1 line(s) were longer than 1 MiB; only their beginning was read",
        state="MetricsUnavailable",
        words="x" * 300,
    ),
    "prints 1 GB": py(
        PRINT,
        """
import os
block = b"nothing to see here, go on\\n" * 40_000
os.write(1, b"score=0.25\\n")
left = 1_000_000_000
while left > 0:
    left -= os.write(1, block)
os.write(1, b"\\nscore=0.5\\n")
""",
        SUCCEEDED,
        *("0.25", "0.5", "0.5"),
    ),
    "leaves a daemon in a session of its own": sh(
        FLEE,
        "echo score=0.5\nsetsid sh -c \"trap '' TERM; : > daemon; exec sleep 600\" &\n"
        "until [ -e daemon ]; do sleep 0.01; done",
        LEFT.format("sleep"),
        "0.5",
    ),
    "moves a child into another process group": py(
        FLEE,
        """
import os, time
if os.fork() == 0:
    os.setpgid(0, 0)
    time.sleep(600)
print("score=0.5")
""",
        LEFT.format("odd"),
        "0.5",
    ),
    "forks 2,000 children": py(
        FLEE,
        """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("score=0.5", flush=True)
for _ in range(2000):
    if os.fork() == 0:
        time.sleep(600)
""",
        f"{SUCCEEDED}; it left behind N processes: N (odd), N (odd), N (odd), N (odd), N (odd) and N more,"
        " ended by munshi",
        "0.5",
    ),
    "writes on after its end, by a child": py(
        FLEE,
        """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
parent = os.getpid()
print("score=0.5", flush=True)
if os.fork() == 0:
    while os.getppid() == parent:
        time.sleep(0.001)
    while True:
        print("score=0.75", flush=True)
        time.sleep(0.01)
""",
        LEFT.format("odd"),
        *("0.5", "0.75", "0.75"),
    ),
    "ignores TERM": failed(
        FLEE,
        "trap '' TERM; echo deaf; while :; do sleep 0.1; done",
        LATE,
        words="deaf",
        pod={"activeDeadlineSeconds": DEADLINE_S},
    ),
    "deletes its working folder": sh(
        HARM, 'mkdir away; cd away; rmdir "$PWD"; echo score=0.5', SUCCEEDED, "0.5"
    ),
    "deletes its trial's folder and runs on": sh(
        HARM,
        f"rm -r {OWN}; sleep 1; echo score=0.5",
        f"{MISSING}. output was not written. its log was deleted while it ran",
        state="MetricsUnavailable",
    ),
    "deletes its trial's folder and fails": failed(
        HARM, f"rm -r {OWN}; exit 3", f"{FAILED} ended with exit code 3"
    ),
    "puts a file where its trial's folder was": failed(
        HARM,
        f"own=$(echo {OWN}/*); rm -r {OWN}/*; echo mine > $own; exit 3",
        f"{FAILED} ended with exit code 3",
    ),
    "locks its trial's folder (chmod 000)": sh(
        HARM,
        f"echo score=0.25; chmod 000 {OWN}/* {OWN}; echo score=0.5",
        SUCCEEDED,
        "0.25",
        "0.5",
        "0.5",
    ),
    "needs more memory than its limit": py(
        LIMIT,
        """
import time
print("loading", flush=True)
held = []
while True:
    held.append(b"x" * (1 << 20))
    time.sleep(0.002)
""",
        "Trial has failed. Job reason: OOMKilled. The program needed more memory than "
        "resources.limits.memory allows: it used N MiB of memory; its limit is 64 MiB",
        state="Failed",
        words="loading",
        container={"resources": {"limits": {"memory": "64Mi"}}},
    ),
    "runs past activeDeadlineSeconds": failed(
        LIMIT,
        "echo epoch 1; sleep 600",
        LATE,
        words="epoch 1",
        pod={"activeDeadlineSeconds": DEADLINE_S},
    ),
}


def page() -> str:
    """The tables of docs/programs.md."""
    lines: list[str] = []
    for section in dict.fromkeys(animal.section for animal in ZOO.values()):
        lines += [
            f"## {section}",
            "",
            "| the program … | the trial is | and says |",
            "|---|---|---|",
        ]
        for sentence, animal in ZOO.items():
            if animal.section == section:
                quoted = " Last output: …" if animal.words else ""
                lines.append(f"| {sentence} | {animal.state} | `{animal.says}`{quoted} |")
        lines.append("")
    return "\n".join(lines)
