"""$MUNSHI_HOME: everything munshi keeps on this machine.

    munshi.db                                       objects and reported values
    trials/<namespace>/<trial>/<uid>-<attempt>/     what a trial ran, its log and its exit
    locks/<namespace>.<experiment>                  held by the process that drives the experiment

Several commands may work on one home at once; one of them drives an experiment, the others read.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.clock import WallClock
from munshi.errors import FieldFault, Invalid
from munshi.local import launcher, place, process
from munshi.store.sqlite import SqlStore

VARIABLE = place.VARIABLE
STOP_S = 40.0
"""How long a deletion waits for stopped programs before it goes on without them."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder; nothing is made before it is needed."""

    path: Path

    @property
    def trials(self) -> Path:
        """Where trials' folders live."""
        return self.path / place.TRIALS

    @contextlib.asynccontextmanager
    async def store(self, *, reading: bool = False) -> AsyncIterator[SqlStore]:
        """The database, open as long as the context is.

        Args:
            reading: Nothing is to be written, so a home that cannot be (another person's, a full disk)
                will do.
        """
        self._make()
        clock = WallClock()
        async with SqlStore.open(
            self.path / place.DATABASE,
            clock_now=clock.now,
            new_uid=lambda: str(uuid.uuid4()),
            reading=reading,
        ) as store:
            yield store

    def trial_folder(self, trial: Trial) -> Path:
        """The folder of the trial's latest attempt; `log` in it is the program's output."""
        return launcher.attempt_folder(self.trials, trial)

    @contextlib.contextmanager
    def driving(self, namespace: str, name: str) -> Iterator[bool]:
        """Try to become the one process that drives an experiment; says whether it worked.

        The lock ends with the process, however it ends.
        """
        while True:
            with self._lock(f"{namespace}.{name}") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield False
                    return
                if _is_there(file):
                    yield True
                    return
                # `munshi gc` removed the file between our opening and locking it: lock its successor.

    def database(self) -> os.stat_result | None:
        """Which file the database is; None while there is none."""
        try:
            return (self.path / place.DATABASE).stat()
        except OSError:
            return None

    def is_driven(self, namespace: str, name: str) -> bool:
        """Whether some process drives the experiment; needs no right to write."""
        try:
            with (self.path / "locks" / f"{namespace}.{name}").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        except OSError as error:
            raise _unusable(f"{error.filename} cannot be read: {error.strerror}") from error
        return False

    def _lock(self, name: str) -> TextIO:
        self._make()
        path = self.path / "locks" / name
        try:
            path.parent.mkdir(exist_ok=True)
            return path.open("w")
        except OSError as error:
            raise _unusable(f"{path} cannot be written: {error.strerror}") from error

    def _make(self) -> None:
        try:
            # Experiments and outputs may hold what is nobody else's business.
            self.path.mkdir(0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(f"{self.path} cannot be made: {error.strerror}") from error


def _is_there(file: TextIO) -> bool:
    """Whether the open file is still the one of its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), Path(file.name).stat())
    except FileNotFoundError:
        return False


def _unusable(problem: str) -> Invalid:
    mend = f"set {VARIABLE} to a folder you may write to"
    return Invalid([FieldFault((VARIABLE,), problem, mend)])


def open_home() -> Home:
    """$MUNSHI_HOME, or the platform's folder for a user's data."""
    return Home(place.home())


async def delete_experiment(home: Home, namespace: str, name: str) -> None:
    """Delete an experiment, its trials and what they reported; end what still runs.

    Raises:
        NotFound: There is none of that name.
    """
    async with home.store() as store:
        experiment = await store.get(Experiment, namespace, name)
        trials = await store.list(Trial, namespace, experiment.uid)
        await store.delete(Experiment, namespace, name, experiment.uid)
    await asyncio.gather(*(_end(home, trial) for trial in trials))


async def delete_trial(home: Home, namespace: str, name: str) -> None:
    """Delete one trial and end it; its settings are not tried again.

    Raises:
        NotFound: There is none of that name.
    """
    async with home.store() as store:
        trial = await store.get(Trial, namespace, name)
        await store.delete(Trial, namespace, name, trial.uid)
    await _end(home, trial)


async def _end(home: Home, trial: Trial) -> None:
    await end_programs(home, trial)
    launcher.discard(home.trials, trial)


async def end_programs(home: Home, trial: Trial) -> None:
    """End what a trial runs, and wait for that a while; its folder stays."""
    folder = home.trial_folder(trial)
    state = process.inspect(folder)
    if isinstance(state, process.Running):
        process.stop(state.identity)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.ended(state.identity), STOP_S)
    elif isinstance(state, process.Lost):
        await asyncio.to_thread(process.sweep, trial.uid, folder)
