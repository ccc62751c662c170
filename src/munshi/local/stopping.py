"""Carrying out a stop where no process drives the experiment: what is wanted is done here and now.

Where one does, it has seen the wish already, and nothing is done here.
"""

from __future__ import annotations

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.clock import WallClock
from munshi.local import diary
from munshi.local.home import Home, end_programs
from munshi.local.runtime import Runtime
from munshi.reconcile import story
from munshi.reconcile.trial import reconcile_trial
from munshi.reconcile.views import TrialView
from munshi.store.sqlite import SqlStore


async def finish_experiment(home: Home, store: SqlStore, experiment: Experiment) -> Experiment:
    """Bring an experiment that is to stop to its end, and end what it runs."""
    runtime = Runtime(home, store, experiment.namespace, experiment.name)
    with diary.kept_in(home.path, lambda *_: None):
        return await runtime.finish(lambda *_: None)


async def finish_trial(home: Home, store: SqlStore, trial: Trial) -> None:
    """Write down that a trial was stopped, and end what it runs; the others of its experiment go on."""
    with home.driving(trial.namespace, trial.experiment_name) as mine:
        if not mine:
            return
        held = await store.get(Trial, trial.namespace, trial.name)
        now = WallClock().now()
        status = reconcile_trial(TrialView(held), now).status
        stopped = held.model_copy(update={"status": status})
        await store.replace_status(stopped)
        await store.record(story.of_change(held, stopped, now))
        await end_programs(home, held)
