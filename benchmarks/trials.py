"""How fast whole trials go on this machine, against its own spawn rate of the same program.

    python benchmarks/trials.py                             echo and python3 -c, in five rounds
    python benchmarks/trials.py --only echo --trials 5000   is the 5,000th trial as quick as the 50th?
    python benchmarks/trials.py --sleepers 300              that many trials at once, asleep

A trial is everything `munshi run` does for it: suggested, written to the database, started under its
supervisor, its output read, its values kept, judged, written again; every commit on the disk. The
reference is posix_spawn of the same argv, as many at a time, output to a file, in the same run; rounds
take turns. The ratios are what to compare between machines. `--profile FILE` writes what the engine's
thread spent its time on (cProfile), `--algorithm tpe` suggests otherwise, `--python PATH` takes that one.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from munshi import admission
from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.local import diary
from munshi.local.home import Home
from munshi.local.runtime import Runtime

PROGRAMS = {
    "echo": [shutil.which("echo") or "/bin/echo", "accuracy=0.5"],
    "python3": [shutil.which("python3") or sys.executable, "-c", "print('accuracy=0.5')"],
}
ROUNDS = 5
WINDOWS = 10
LOOK_S = 0.1


def raw(argv: list[str], count: int, parallel: int, folder: Path) -> float:
    """Programs a second with nothing around them but a file for their output."""

    def one(number: int) -> None:
        to = [(os.POSIX_SPAWN_OPEN, 1, str(folder / str(number)), os.O_WRONLY | os.O_CREAT, 0o600)]
        _, status = os.waitpid(os.posix_spawn(argv[0], argv, os.environ, file_actions=to), 0)
        if status:
            raise SystemExit(f"{argv} ended with {status}")

    folder.mkdir()
    with ThreadPoolExecutor(parallel) as pool:
        began = time.perf_counter()
        list(pool.map(one, range(count)))
        return count / (time.perf_counter() - began)


def an_experiment(argv: list[str], count: int, parallel: int, algorithm: str) -> Experiment:
    """So many trials of one program; it gets its assignment in a variable, as programs may."""
    container: Json = {
        "name": "main",
        "image": "none",
        "command": [*argv],
        "env": [{"name": "LR", "value": "${trialParameters.lr}"}],
    }
    job: Json = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}},
    }
    document: Json = {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": "bench", "namespace": "default"},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
            "algorithm": {"algorithmName": algorithm},
            "parallelTrialCount": parallel,
            "maxTrialCount": count,
            "parameters": [
                {
                    "name": "lr",
                    "parameterType": "double",
                    "feasibleSpace": {"min": "0.01", "max": "0.05"},
                }
            ],
            "trialTemplate": {
                "primaryContainerName": "main",
                "trialParameters": [{"name": "lr", "reference": "lr"}],
                "trialSpec": job,
            },
        },
    }
    return admission.admit(document).experiment


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an experiment: when each trial ended, and what the engine's process used."""

    began: datetime
    ends: Sequence[datetime]
    cpu_s: float

    @property
    def rate(self) -> float:
        """Trials a second, from the experiment's start to its last trial's end."""
        return len(self.ends) / (self.ends[-1] - self.began).total_seconds()

    def windows(self, count: int) -> list[tuple[int, float]]:
        """(trials ended, trials a second since the window before), `count` times."""
        size = max(1, len(self.ends) // count)
        marks = range(size, len(self.ends) + 1, size)
        edges = [self.began, *(self.ends[mark - 1] for mark in marks)]
        spans = [(b - a).total_seconds() for a, b in pairwise(edges)]
        return [(mark, size / span) for mark, span in zip(marks, spans, strict=True)]


async def finish(home: Home, experiment: Experiment) -> Outcome:
    """Run an experiment in a fresh home, as `munshi run` does."""
    latest: list[Trial] = []

    def told(_: Experiment, trials: Sequence[Trial]) -> None:
        latest[:] = trials

    began_cpu = time.process_time()
    async with home.store() as store:
        with diary.kept_in(home.path, lambda trouble, _: print(trouble, file=sys.stderr)):
            await store.create(experiment)
            runtime = Runtime(home, store, experiment.namespace, experiment.name)
            ended = await runtime.finish(told)
    cpu_s = time.process_time() - began_cpu
    ends = sorted(trial.status.completion_time for trial in latest if trial.status.completion_time)
    if ended.status.trials_succeeded != experiment.spec.max_trial_count:
        raise SystemExit(f"only {ended.status.trials_succeeded} trials succeeded")
    if ended.status.start_time is None:
        raise SystemExit("it never started")
    return Outcome(ended.status.start_time, ends, cpu_s)


def rss_mb() -> float:
    """The most this process ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(name: str, count: int, parallel: int, algorithm: str, root: Path) -> None:
    """Print the program's own rate, ours, and the ratio: medians of the rounds."""
    argv = PROGRAMS[name]
    bare, ours, cpu = [], [], []
    for number in range(ROUNDS):
        bare.append(raw(argv, count, parallel, root / f"raw-{number}"))
        home = Home(root / f"home-{number}")
        outcome = asyncio.run(finish(home, an_experiment(argv, count, parallel, algorithm)))
        ours.append(outcome.rate)
        cpu.append(outcome.cpu_s / count * 1e3)
    ratios = [our / one for our, one in zip(ours, bare, strict=True)]
    print(
        f"{name:8} x{parallel}: bare {median(bare):6.0f}/s  munshi {median(ours):6.1f}/s  "
        f"{median(ratios):6.1%}  (rounds: {', '.join(f'{one:.1%}' for one in ratios)}); "
        f"engine CPU {median(cpu):.1f} ms/trial",
        flush=True,
    )


def long_run(name: str, count: int, parallel: int, algorithm: str, root: Path) -> None:
    """Print the rate in windows, and how the last compares with the first."""
    argv = PROGRAMS[name]
    bare = raw(argv, 400, parallel, root / "raw")
    experiment = an_experiment(argv, count, parallel, algorithm)
    before = rss_mb()
    outcome = asyncio.run(finish(Home(root / "home"), experiment))
    windows = outcome.windows(WINDOWS)
    print(f"{name} x{parallel}, {algorithm}: bare {bare:.0f}/s, whole run {outcome.rate:.1f}/s")
    for mark, rate in windows:
        print(f"  up to {mark:6}: {rate:6.1f}/s")
    print(f"  last window / first window: {windows[-1][1] / windows[0][1]:.2f}")
    print(f"  engine CPU {outcome.cpu_s / count * 1e3:.2f} ms/trial")
    print(f"  most memory: {before:.0f} MB before, {rss_mb():.0f} MB at the end", flush=True)


async def sleep_at_once(home: Home, count: int) -> None:
    """Have so many trials asleep at once; print how long they took to start and what they cost."""
    argv = ["/bin/sh", "-c", "sleep 20; echo accuracy=0.5"]
    experiment = an_experiment(argv, count, count, "random")
    running = 0

    def told(experiment: Experiment, _: Sequence[Trial]) -> None:
        nonlocal running
        running = experiment.status.trials_running

    async with home.store() as store:
        with diary.kept_in(home.path, lambda trouble, _: print(trouble, file=sys.stderr)):
            began = time.perf_counter()
            await store.create(experiment)
            work = asyncio.ensure_future(
                Runtime(home, store, experiment.namespace, experiment.name).finish(told)
            )
            while running < count and not work.done():
                await asyncio.sleep(LOOK_S)
            started, cpu = time.perf_counter(), time.process_time()
            print(f"{count} trials run at once after {started - began:.1f} s", flush=True)
            await asyncio.sleep(5)
            used, span = time.process_time() - cpu, time.perf_counter() - started
            files = sum(1 for _ in Path("/proc/self/fd").iterdir())
            print(f"asleep: {used / span:.1%} of one core, {files} open files, {rss_mb():.0f} MB")
            ended = await work
    print(f"all ended after {time.perf_counter() - began:.1f} s: {ended.status.trials_succeeded}")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=sorted(PROGRAMS))
    parser.add_argument("--trials", type=int, help="one long run, told in windows")
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--algorithm", default="random")
    parser.add_argument("--sleepers", type=int, help="so many trials asleep at once")
    parser.add_argument("--profile", help="write the engine's profile to this file")
    parser.add_argument("--python", help="which python3; the first of PATH if not said")
    asked = parser.parse_args()
    if asked.python:
        PROGRAMS["python3"][0] = str(Path(asked.python).absolute())
    profile = cProfile.Profile() if asked.profile else None
    if profile is not None:
        profile.enable()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if asked.sleepers:
            asyncio.run(sleep_at_once(Home(root), asked.sleepers))
        elif asked.trials:
            long_run(asked.only or "echo", asked.trials, asked.parallel, asked.algorithm, root)
        else:
            for name, count in {"echo": 300, "python3": 150}.items():
                if asked.only in (None, name):
                    (root / name).mkdir()
                    compare(name, count, asked.parallel, asked.algorithm, root / name)
    if profile is not None:
        profile.disable()
        profile.dump_stats(asked.profile)


if __name__ == "__main__":
    main()
