"""Programs that take the trial's own folder away from under the launcher."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from local.test_launcher import LocalGround
from munshi.api.trial import Trial
from munshi.engine.ports import Launcher
from munshi.reconcile.views import Run
from munshi.testing.launchers import PATIENCE_S, Program


def deleted(folder: Path) -> None:
    """With all that is in it."""
    shutil.rmtree(folder)


def replaced(folder: Path) -> None:
    """By a file of its name."""
    shutil.rmtree(folder)
    folder.touch()


def emptied(folder: Path) -> None:
    """The folder itself stays."""
    for path in folder.iterdir():
        path.unlink()


def locked(folder: Path) -> None:
    """For an ordinary user; root does not notice."""
    folder.chmod(0)


@pytest.mark.parametrize("vandalise", [deleted, replaced, emptied, locked])
def test_a_trial_without_its_folder(vandalise: Callable[[Path], None], tmp_path: Path) -> None:
    """It runs on, is not started a second time, and its end is noticed."""

    async def story() -> None:
        ground = LocalGround(tmp_path)
        try:
            async with ground.launcher() as launcher, asyncio.timeout(PATIENCE_S):
                trial = await ground.trial("t", Program())
                await launcher.launch(trial)
                while not ground.starts(trial):
                    await asyncio.sleep(0.01)
                vandalise(ground.folder(trial))
                seen = await launcher.look(trial)
                assert seen is not None
                assert seen.live
                await launcher.launch(trial)
                ground.let_go(trial)
                seen = await end_of(launcher, trial)
                assert not seen.lost
                assert ground.starts(trial) == 1
        finally:
            ground.clear()

    asyncio.run(story())


def test_a_stop_finds_it_all_the_same(tmp_path: Path) -> None:
    """A trial whose folder is gone is stopped like any other."""

    async def story() -> None:
        ground = LocalGround(tmp_path)
        try:
            async with ground.launcher() as launcher, asyncio.timeout(PATIENCE_S):
                trial = await ground.trial("t", Program())
                await launcher.launch(trial)
                while not ground.starts(trial):
                    await asyncio.sleep(0.01)
                deleted(ground.folder(trial))
                await launcher.stop(trial)
                assert (await end_of(launcher, trial)).lost
        finally:
            ground.clear()

    asyncio.run(story())


async def end_of(launcher: Launcher, trial: Trial) -> Run:
    """Look, as the launcher calls for it, until the trial has ended."""
    changes = aiter(launcher.changes())
    while True:
        await anext(changes)
        seen = await launcher.look(trial)
        if seen is not None and not seen.live and (seen.collected or seen.lost):
            return seen
