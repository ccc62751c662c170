"""What a trial may use, seen through `munshi run`: time, memory, cores, room for its log, the disk.

What a supervisor does about the same limits is tested in tests/local/process, what the database does on a
full disk in tests/store.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from journeys.stories import FOR_EVER, ONCE, REPORT, UNTIL_OPEN, experiment, written
from journeys.world import World, wait_until
from journeys.zoo import folder_of, greatest, last

pytestmark = pytest.mark.journey

ALONE: dict[str, Any] = {"maxTrialCount": 1, "parallelTrialCount": 1, "maxFailedTrialCount": 1}
MIB = 1 << 20


def python(script: str, **spec: Any) -> dict[str, Any]:
    """An Experiment of one trial that is a Python program."""
    command = (sys.executable, "-ISc", script)
    return experiment(command=command, **{**ALONE, **spec})


# -- time ---------------------------------------------------------------------------------------------


def as_job(made: dict[str, Any]) -> None:
    """`spec.activeDeadlineSeconds` of a Job."""
    made["spec"]["trialTemplate"]["trialSpec"]["spec"]["activeDeadlineSeconds"] = 1


def as_pod(made: dict[str, Any]) -> None:
    """`spec.activeDeadlineSeconds` of a Pod."""
    template = made["spec"]["trialTemplate"]
    pod = {**template["trialSpec"]["spec"]["template"]["spec"], "activeDeadlineSeconds": 1}
    template["trialSpec"] = {"apiVersion": "v1", "kind": "Pod", "spec": pod}


def as_tf_job(made: dict[str, Any]) -> None:
    """`spec.runPolicy.activeDeadlineSeconds` of a TFJob with two workers."""
    template = made["spec"]["trialTemplate"]
    pod = template["trialSpec"]["spec"]["template"]
    template["trialSpec"] = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "spec": {
            "runPolicy": {"activeDeadlineSeconds": 1},
            "tfReplicaSpecs": {
                "Worker": {"replicas": 2, "restartPolicy": "Never", "template": pod}
            },
        },
    }


DEADLINES = {as_job: "DeadlineExceeded", as_pod: "DeadlineExceeded", as_tf_job: "TFJobFailed"}


@pytest.mark.parametrize(("shaped", "reason"), DEADLINES.items())
def test_a_deadline_ends_a_trial(
    world: World, shaped: Callable[[dict[str, Any]], None], reason: str
) -> None:
    """Failed, for the reason that the kind's own controller gives; field and seconds are named."""
    made = experiment("echo epoch 1", FOR_EVER, **ALONE)
    shaped(made)
    done = world.munshi("run", written(world.path, made))
    assert done.code == 1, done.err
    (trial,) = world.trials()
    end = last(trial)
    assert end["type"] == "Failed"
    for word in (reason, "activeDeadlineSeconds", "deadline of 1 s", "epoch 1"):
        assert word in end["message"]
    assert not world.survivors()


# -- memory and cores ---------------------------------------------------------------------------------

HOARDERS = """
import os, sys, time
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        held = b"x" * (20 << 20)
        time.sleep(600)
time.sleep(600)
"""


def test_memory_is_counted_with_all_children(world: World) -> None:
    """Four children of 20 MiB each are more than 64 MiB: OOMKilled, with the amount and the limit."""
    limits = {"resources": {"limits": {"memory": "64Mi"}}}
    done = world.munshi("run", written(world.path, python(HOARDERS, container=limits)))
    assert done.code == 1, done.err
    end = last(world.trials()[0])
    assert end["type"] == "Failed"
    said = re.search(
        r"OOMKilled\. .* used ([\d.]+) MiB of memory; its limit is 64 MiB", end["message"]
    )
    assert said, end
    assert 64 < float(said[1]) < 200
    assert not world.survivors()


@pytest.mark.parametrize(("limit", "cores"), [("1", 1), ("250m", 1), ("1500m", 2), ("1k", 1000)])
def test_a_program_finds_its_cores(world: World, limit: str, cores: int) -> None:
    """`nproc` counts resources.limits.cpu, rounded up, and never more than there are."""
    container = {"resources": {"limits": {"cpu": limit}}}
    made = experiment('echo "score=$(nproc)"', container=container, **ALONE)
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    found = world.trials()[0]["status"]["observation"]["metrics"][0]["latest"]
    assert int(found) == min(cores, len(os.sched_getaffinity(0)))


# -- the log ------------------------------------------------------------------------------------------

LINES, EVERY = 400_000, 2_000
TALK = f"""
import os, time
for number in range({LINES}):
    print("line", number, "of many that nobody reads")
    if number % {EVERY} == 0:
        print(f"score={{number}}", flush=True)
    if number == {LINES // 20}:
        open("begun", "w").close()
        while not os.path.exists("gate"):
            time.sleep(0.01)
"""
"""Some 14 MB, with 200 values among them; most of it once the gate is open."""


def on_disk(path: Path) -> int:
    """Bytes that a file takes."""
    return path.stat().st_blocks * 512


def is_whole(world: World) -> None:
    """The trial's log of 1 MiB is as it should be, and every value was read."""
    (trial,) = world.trials()
    name, path = trial["metadata"]["name"], folder_of(world, trial) / "log"
    assert last(trial)["type"] == "Succeeded", last(trial)
    assert path.stat().st_size > 12 * MIB, "offsets stay what they were"
    assert on_disk(path) <= 1.1 * MIB
    shown = world.munshi("logs", name)
    lines = shown.out.splitlines()
    assert lines[0] == "line 0 of many that nobody reads"
    assert lines[-1] == f"line {LINES - 1} of many that nobody reads"
    assert "\0" not in shown.out
    assert 0.9 * MIB < len(shown.out) < 1.1 * MIB
    assert re.fullmatch(r"… [\d.]+ MB were left out here \(log cap\) …\n", shown.err), shown.err
    (seen,) = trial["status"]["observation"]["metrics"]
    assert (seen["min"], seen["max"], seen["latest"]) == ("0", *[str(LINES - EVERY)] * 2)
    kept = json.loads(world.munshi("metrics", name, "-o", "json").out)
    assert [int(one["value"]) for one in kept] == list(range(0, LINES, EVERY))


def test_a_log_keeps_its_head_and_its_tail(world: World) -> None:
    """With --log-limit 1Mi: 1 MiB of 14 MB stays, and the metrics of the dropped middle were read."""
    name = written(world.path, python(TALK))
    (world.path / "gate").touch()
    done = world.munshi("run", name, "--log-limit", "1Mi")
    assert done.code == 0, done.err
    is_whole(world)


def test_a_log_is_kept_small_while_nobody_reads(world: World) -> None:
    """Kill -9 of munshi amid the flood: the next run reads every value, and 1 MiB stays."""
    name = written(world.path, python(TALK))
    run = world.start("run", name, "--log-limit", "1Mi")
    wait_until((world.path / "begun").exists, "for the flood")
    run.kill()
    (world.path / "gate").touch()
    wait_until(lambda: not world.running(), "for the end of the program")
    done = world.munshi("run", name, "--log-limit", "1Mi")
    assert done.code == 0, done.err
    is_whole(world)


# -- floods of metrics --------------------------------------------------------------------------------

VALUES, PRIME = 1_000_000, 1_000_003
FLOOD = f"""
import sys
write = sys.stdout.write
for number in range(1, {VALUES} + 1):
    write("score=%d\\n" % (number * 7919 % {PRIME}))
"""


def test_a_flood_of_metrics(world: World) -> None:
    """Of 1,000,000 values the least, greatest and latest are exact; the database and munshi stay small."""
    ordinary = world.start("run", written(world.path, python("print('score=1')")))
    usual = greatest(ordinary)
    assert ordinary.wait().code == 0
    assert world.munshi("delete", "experiment", "story").code == 0
    run = world.start("run", written(world.path, python(FLOOD), name="flood.yaml"))
    peak = greatest(run)
    assert run.wait().code == 0, run.err
    assert peak < usual + 64 * MIB
    (trial,) = world.trials()
    values = [number * 7919 % PRIME for number in range(1, VALUES + 1)]
    wanted = [str(one) for one in (min(values), max(values), values[-1])]
    (seen,) = trial["status"]["observation"]["metrics"]
    assert [seen["min"], seen["max"], seen["latest"]] == wanted
    assert sum(on_disk(path) for path in world.home.glob("munshi.db*")) < 8 * MIB
    shown = world.munshi("metrics", trial["metadata"]["name"], "-o", "csv")
    kept = [line.split(",")[2] for line in shown.out.splitlines()[1:]]
    assert len(kept) < 20_000
    assert {*wanted} <= {*kept}


# -- the disk -----------------------------------------------------------------------------------------

SHELF = """
mount -t tmpfs -o size=1m none "$MUNSHI_HOME" || exit 99
dd if=/dev/zero of="$MUNSHI_HOME/spare" bs=4k count="$SPARE" 2>/dev/null
"$@" run story.yaml; code=$?
rm -f "$MUNSHI_HOME/spare"
"$@" get trials -o json > trials.json
python3 -c "import os, sqlite3; home = os.environ['MUNSHI_HOME']
print(*sqlite3.connect(home + '/munshi.db').execute('PRAGMA integrity_check').fetchone())" > check
exit $code
"""
"""`munshi run` with a home of 1 MiB, of which SPARE blocks are taken; then what is in it."""


PATIENTLY = 'until echo "score=$X"; do echo >> met; sleep 0.05; done 2> /dev/null'
"""A program whose own output waits for room, and leaves a line for every time that it met none."""


class Shelf:
    """A run whose home is a very small disk."""

    def __init__(self, world: World, process: subprocess.Popen[bytes]) -> None:
        self._world, self._process = world, process

    @property
    def err(self) -> str:
        """What munshi has said so far."""
        return (self._world.path / "shelf.err").read_text("utf-8")

    @property
    def home(self) -> Path:
        """The home as its processes see it."""
        return Path(f"/proc/{self._process.pid}/root{self._world.home}")

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.home / "spare").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                return

    def wait(self) -> int:
        """Its end."""
        code = self._process.wait(60)
        assert "Traceback" not in self.err, self.err
        assert "bug in munshi" not in self.err, self.err
        assert self._world.lines("check") == ["ok"]
        return code

    def ends(self) -> list[str]:
        """How its trials ended."""
        items = json.loads((self._world.path / "trials.json").read_text())["items"]
        return [last(trial)["type"] for trial in items]


@contextmanager
def shelf(world: World, made: Mapping[str, Any], spare: int = 0) -> Iterator[Shelf]:
    """Run an Experiment in a home of 1 MiB, `spare` blocks of 4 KiB of which are taken already."""
    written(world.path, made)
    world.home.mkdir()
    interpreter = Path(sys.executable).parent
    env = {
        **os.environ,
        "MUNSHI_HOME": str(world.home),
        "SPARE": str(spare),
        "PATH": f"{interpreter}:{os.environ['PATH']}",
    }
    own = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    munshi = [sys.executable, "-m", "munshi"]
    with (world.path / "shelf.err").open("wb") as err:
        process = subprocess.Popen(
            [*own, "sh", "-c", SHELF, "sh", *munshi],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
            cwd=world.path,
            env=env,
        )
    try:
        yield Shelf(world, process)
    finally:
        process.kill()
        process.wait()


def test_a_full_disk_is_told_at_once(world: World) -> None:
    """Nothing can be written from the start: exit code 1 and one sentence with the file and the mend."""
    with shelf(world, experiment(REPORT), spare=256) as run:
        assert run.wait() == 1
        assert "no space is left" in run.err
        assert str(world.home) in run.err
        assert "free some" in run.err


def test_a_disk_that_fills_and_is_freed(world: World) -> None:
    """While there is no room all wait; then they go on, nothing is lost or repeated, and the trials tell."""
    made = experiment(ONCE, UNTIL_OPEN, PATIENTLY, maxTrialCount=6)
    with shelf(world, made) as run:
        wait_until(lambda: len(world.lines("started")) == 2, "for two trials")
        run.fill()
        (world.path / "gate").touch()
        wait_until(lambda: len(world.lines("met")) > 100, "for some seconds without room")
        (run.home / "spare").unlink()
        assert run.wait() == 0, run.err
        assert run.ends() == ["Succeeded"] * 6
        assert len(world.lines("started")) == 6
        told = json.loads((world.path / "trials.json").read_text())["items"]
        assert sum("was full while it ran" in last(trial)["message"] for trial in told) == 2


def test_a_trial_that_fills_the_disk(world: World) -> None:
    """It fails with its own words, once there is room for them; the experiment tells of it."""
    save = 'echo saving; dd if=/dev/zero of="$MUNSHI_HOME/checkpoint" bs=64k && exit 0'
    give_up = 'rm "$MUNSHI_HOME/checkpoint"; exit 5'
    with shelf(world, experiment(save, give_up, **ALONE)) as run:
        assert run.wait() == 1
        assert run.ends() == ["Failed"]
        told = json.loads((world.path / "trials.json").read_text())["items"][0]
        assert "exit code 5" in last(told)["message"]
        assert "No space left on device" in last(told)["message"]


FILL = 'dd if=/dev/zero of="$MUNSHI_HOME/checkpoint" bs=64k 2> /dev/null; sleep 2.5'
FULL = {
    "and fails": ("exit 3", "Failed"),
    "and reports nothing": ("exit 0", "MetricsUnavailable"),
}


@pytest.mark.parametrize(("end", "state"), FULL.values(), ids=FULL)
def test_a_full_disk_that_a_program_met_is_told(world: World, end: str, state: str) -> None:
    """What its output met for some seconds stands in the trial's message, however the trial ended."""
    made = experiment(FILL, 'echo "score=1"', 'rm "$MUNSHI_HOME/checkpoint"', end, **ALONE)
    with shelf(world, made) as run:
        assert run.wait() == 1
        assert run.ends() == [state]
        told = json.loads((world.path / "trials.json").read_text())["items"][0]
        assert "the disk that holds its log" in last(told)["message"]
        assert "was full while it ran" in last(told)["message"]


CLEARING = """
mount -t tmpfs -o size=1m none "$MUNSHI_HOME" || exit 99
"$@" run story.yaml
cat /dev/zero > "$MUNSHI_HOME/spare" 2>/dev/null
"$@" get trials -o name > got; echo $? >> codes
"$@" best story > best; echo $? >> codes
"$@" delete experiment story 2> refused; echo $? >> codes
"$@" gc --logs > removed; echo $? >> codes
"$@" delete experiment story; echo $? >> codes
"""
"""A home of 1 MiB is filled after its run, and then cleared with munshi's own means."""


def test_a_full_disk_is_cleared_with_munshi(world: World) -> None:
    """What reads works; `delete` says what frees space, and `gc --logs` frees it though the disk is full."""
    written(world.path, experiment('seq 1 20000; echo "score=1"', **ALONE))
    world.home.mkdir()
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", CLEARING, "sh", sys.executable, "-m", "munshi"],
        cwd=world.path,
        env={**os.environ, "MUNSHI_HOME": str(world.home)},
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert world.lines("codes") == ["0", "0", "1", "0", "0"], done.stderr
    assert len(world.lines("got")) == 1
    assert any("munshi gc --logs frees" in line for line in world.lines("refused"))
    assert "removed 1 completed trial's files" in world.lines("removed")[0]
