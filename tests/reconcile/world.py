"""A world of dicts in which plans come true, or are lost, repeated and cut short.

It is the engine without an event loop: every step reads a view, asks for a plan and carries it out as
far as it is let. Jobs end as `outcome(trial)` says, which depends on the trial alone, so that two
worlds with the same experiment must come to the same end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from munshi import algorithms
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.metrics.log import MetricLog
from munshi.metrics.observation import observe
from munshi.reconcile import controls
from munshi.reconcile import suggestion as suggestions
from munshi.reconcile import trial as trials
from munshi.reconcile.experiment import reconcile_experiment
from munshi.reconcile.plan import (
    Action,
    Ask,
    CreateSuggestion,
    CreateTrial,
    ForgetRun,
    KillTrial,
    LaunchTrial,
    RequestSuggestions,
    RetryTrial,
    StopTrial,
    WithdrawTrial,
)
from munshi.reconcile.suggestion import reconcile_suggestion
from munshi.reconcile.trial import reconcile_trial
from munshi.reconcile.views import ExperimentView, Run, SuggestionView, TrialView
from munshi.testing.builders import NOW

R = TypeVar("R", bound=Resource)
Outcome = str
"""`fails`, `silent`, `lost` (its first attempt only), or a value."""


def outcome(trial: Trial) -> Outcome:
    """How a trial's job ends: by its values alone."""
    digest = hashlib.sha256(repr(trial.spec.parameter_assignments).encode()).digest()
    return {0: "fails", 1: "silent", 2: "lost"}.get(digest[0] % 8, f"0.{digest[1]:03}")


class World:
    """One experiment and all it owns.

    Attributes:
        created: Names of the trials that were ever created and not taken back.
        launched: Jobs that were ever started, as (uid, attempt).
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.suggestion: Suggestion | None = None
        self.trials: dict[str, Trial] = {}
        self.jobs: dict[tuple[str, int], str] = {}
        self.created: set[str] = set()
        self.launched: list[tuple[str, int]] = []
        self.order: Callable[[list[Trial]], list[Trial]] = list
        self._uids = 0
        self._now = NOW

    # -- what may happen ------------------------------------------------------------------------

    def pass_experiment(self, let: int = 99, repeat: bool = False) -> bool:
        """A pass that is cut short after `let` writes; says whether it did anything."""
        view = ExperimentView(self.experiment, self.suggestion, self._listed())
        plan = reconcile_experiment(view, self.now())
        changed = plan.status != self.experiment.status
        if let > 0:
            self.experiment = self.experiment.model_copy(update={"status": plan.status})
        for _ in range(1 + repeat):
            for action in plan.actions[: max(0, let - 1)]:
                self._act(action)
        return changed or bool(plan.actions)

    def pass_suggestion(self, let: int = 99, repeat: bool = False) -> bool:
        """A pass; the algorithm's answer is the second write."""
        if self.suggestion is None:
            return False
        view = SuggestionView(self.experiment, self.suggestion, self._listed())
        plan = reconcile_suggestion(view, self.now())
        changed = plan.status != self.suggestion.status
        if let > 0:
            self.suggestion = self.suggestion.model_copy(update={"status": plan.status})
        if let > 1:
            for _ in range(1 + repeat):
                for action in plan.actions:
                    assert isinstance(action, Ask)
                    self._settle(action)
        return changed or bool(plan.actions)

    def pass_trial(self, name: str, let: int = 99, repeat: bool = False) -> bool:
        """A pass over one trial."""
        trial = self.trials[name]
        run = self._look(trial)
        logs = [] if run is None or not run.collected else _logs(trial)
        view = TrialView(trial, run, observe(logs, ["accuracy"]))
        plan = reconcile_trial(view, self.now())
        changed = plan.status != trial.status
        if let > 0:
            trial = self._write(trial.model_copy(update={"status": plan.status}))
        if let > 1:
            for _ in range(1 + repeat):
                for action in plan.actions:
                    self._act_on(trial, action)
        return changed or bool(plan.actions)

    def end_a_job(self, chance: Random) -> bool:
        """One of the running jobs ends its own way."""
        live = sorted(key for key, state in self.jobs.items() if state == "running")
        if not live:
            return False
        uid, attempt = chance.choice(live)
        trial = next((t for t in self.trials.values() if t.uid == uid), None)
        fate = outcome(trial) if trial is not None else "stopped"
        if fate == "lost" and attempt > 1:
            fate = "0.5"
        self.jobs[uid, attempt] = fate
        return True

    def delete(self, name: str) -> None:
        """The user deletes a trial."""
        self._remove(self.trials[name])

    def spec(self, **said: object) -> None:
        """The user edits the experiment."""
        changed = self.experiment.spec.model_copy(update=said)
        self.experiment = self.experiment.model_copy(update={"spec": changed})

    def annotate(self, **said: str | None) -> None:
        """The user writes annotations `munshi/…` on the experiment, or takes them away."""
        self.experiment = annotated(self.experiment, said)

    def annotate_trial(self, name: str, **said: str | None) -> None:
        """The user writes annotations on a trial."""
        self._write(annotated(self.trials[name], said))

    def interrupt(self) -> None:
        """The user ends munshi: what runs is put aside, to begin anew."""
        for trial in list(self.trials.values()):
            if not trial.is_completed:
                self.jobs.pop((trial.uid, trial.status.attempts), None)
                status = trials.interrupted(trial, self.now())
                self._write(trial.model_copy(update={"status": status}))

    # -- what can be seen -----------------------------------------------------------------------

    def now(self) -> datetime:
        """A later time at every look."""
        self._now += timedelta(seconds=1)
        return self._now

    @property
    def active(self) -> list[str]:
        """Names of the trials that are not completed."""
        return [name for name, trial in self.trials.items() if not trial.is_completed]

    @property
    def running_jobs(self) -> int:
        """How many jobs run."""
        return sum(state == "running" for state in self.jobs.values())

    def settle_down(self) -> int:
        """Pass over everything until nothing changes, no job ending meanwhile; how many rounds it took."""
        for rounds in range(1, 100):
            moved = [self.pass_trial(name) for name in list(self.trials)]
            if not any([self.pass_experiment(), self.pass_suggestion(), *moved]):
                return rounds
        raise AssertionError("the world never comes to rest")

    def run(self, chance: Random) -> None:
        """Go on, undisturbed, until the experiment is completed and nothing runs."""
        for _ in range(1000):
            self.settle_down()
            if not self.end_a_job(chance):
                return
        raise AssertionError("the experiment never ends")

    # -- its parts ------------------------------------------------------------------------------

    def _listed(self) -> tuple[Trial, ...]:
        return tuple(self.order(list(self.trials.values())))

    def _look(self, trial: Trial) -> Run | None:
        state = self.jobs.get((trial.uid, trial.status.attempts))
        if state is None:
            return None
        ends: dict[str, str] = {"running": "", "stopped": "Failed", "fails": "Failed"}
        said = ends.get(state, "Complete")
        job: dict[str, Json] = {"status": {"conditions": [{"type": said, "status": "True"}]}}
        if state == "lost":
            return Run({}, live=False, collected=False, lost="the machine was switched off")
        live = state == "running"
        return Run(job if said else {}, live=live, collected=not live)

    def _act(self, action: Action) -> None:
        match action:
            case CreateSuggestion(suggestion):
                if self.suggestion is None:
                    self.suggestion = suggestion
            case RequestSuggestions(requests):
                assert self.suggestion is not None
                spec = self.suggestion.spec.model_copy(update={"requests": requests})
                self.suggestion = self.suggestion.model_copy(update={"spec": spec})
            case CreateTrial(trial):
                self._create(trial)
            case KillTrial(trial, because):
                held = self.trials.get(trial.name)
                if held is not None and held.uid == trial.uid:
                    status = trials.killed(held, because, self.now())
                    self._write(held.model_copy(update={"status": status}))
            case RetryTrial(trial, because):
                self._retry(trial, because)
            case WithdrawTrial(trial):
                self._withdraw(trial)
            case _:
                raise AssertionError(action)

    def _act_on(self, trial: Trial, action: Action) -> None:
        key = (trial.uid, trial.status.attempts)
        match action:
            case LaunchTrial():
                if key not in self.jobs:
                    self.jobs[key] = "running"
                    self.launched.append(key)
            case StopTrial():
                if self.jobs.get(key) == "running":
                    self.jobs[key] = "stopped"
            case ForgetRun():
                self.jobs.pop(key, None)
            case _:
                raise AssertionError(action)

    def _retry(self, trial: Trial, because: str) -> None:
        held = self.trials.get(trial.name)
        if held is None or held.uid != trial.uid or not controls.wants_retry(held):
            return
        for key in [key for key in self.jobs if key[0] == trial.uid]:
            del self.jobs[key]
        status = trials.begun_anew(held, because, self.now())
        self._write(held.model_copy(update={"status": status}))
        self._check_places()

    def _check_places(self) -> None:
        assert not controls.is_suspended(self.experiment), "begun while suspended"
        assert len(self.active) <= (self.experiment.spec.parallel_trial_count or 1), "too many"

    def _create(self, trial: Trial) -> None:
        if trial.name in self.trials:
            return
        self._uids += 1
        meta = trial.metadata.model_copy(update={"uid": f"uid-{self._uids}"})
        self.trials[trial.name] = trial.model_copy(update={"metadata": meta})
        self.created.add(trial.name)
        spec = self.experiment.spec
        self._check_places()
        if spec.max_trial_count is not None:
            assert len(self.created) <= spec.max_trial_count, "too many ever"

    def _write(self, trial: Trial) -> Trial:
        self.trials[trial.name] = trial
        return trial

    def _withdraw(self, trial: Trial) -> None:
        assert self.suggestion is not None
        held = self.trials.get(trial.name)
        assert held is None or held.uid != trial.uid or not held.is_completed, "a result is lost"
        status = suggestions.returned(self.suggestion.status, trial)
        self.suggestion = self.suggestion.model_copy(update={"status": status})
        if held is not None and held.uid == trial.uid:
            self._remove(held)
            self.created.discard(trial.name)

    def _remove(self, trial: Trial) -> None:
        del self.trials[trial.name]
        for key in self.jobs:
            if key[0] == trial.uid and self.jobs[key] == "running":
                self.jobs[key] = "stopped"

    def _settle(self, ask: Ask) -> None:
        assert self.suggestion is not None
        assert not controls.is_suspended(self.experiment), "asked while suspended"
        reply = algorithms.find(ask.algorithm).suggest(ask.request)
        view = SuggestionView(self.experiment, self.suggestion, self._listed())
        status = suggestions.settled(view, ask, reply, self.now())
        self.suggestion = self.suggestion.model_copy(update={"status": status})


def annotated(one: R, said: Mapping[str, str | None]) -> R:
    """The object with annotations `munshi/…` written (a text) or taken away (None)."""
    notes = dict(one.metadata.annotations)
    for word, text in said.items():
        notes.pop(f"munshi/{word}", None)
        if text is not None:
            notes[f"munshi/{word}"] = text
    meta = one.metadata.model_copy(update={"annotations": notes})
    return one.model_copy(update={"metadata": meta})


def _logs(trial: Trial) -> list[MetricLog]:
    fate = outcome(trial)
    value = "0.5" if fate == "lost" else fate
    return [] if fate in ("silent", "fails") else [MetricLog("accuracy", value, 0)]
