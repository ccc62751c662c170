"""Carrying out plans: short and dull. Each step may be repeated; the store says what is there already."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from munshi.api.experiment import Experiment, ExperimentStatus
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion, SuggestionStatus
from munshi.api.trial import Trial, TrialStatus
from munshi.engine.chronicle import Chronicle
from munshi.engine.mirror import Mirror
from munshi.engine.ports import Clock, Launcher, ObservationLog, Store
from munshi.errors import AlreadyExists, Invalid, LaunchRefused, MunshiError, NotFound
from munshi.reconcile import stopping, story
from munshi.reconcile import suggestion as suggestions
from munshi.reconcile import trial as trials
from munshi.reconcile.plan import (
    Action,
    CreateSuggestion,
    CreateTrial,
    ForgetRun,
    KillTrial,
    LaunchTrial,
    RenewRules,
    RequestSuggestions,
    RetryTrial,
    StopTrial,
    WithdrawTrial,
)

R = TypeVar("R", bound=Resource)
T = TypeVar("T", Experiment, Suggestion, Trial)

REMEMBERED = 1_000
"""Of how many trials it is remembered that they are being stopped."""
LAUNCHES = 5
"""Accidents in a row after which a job that cannot be started fails its trial."""


class Performer:
    """Writes what passes decided, and keeps the mirror level with its own writes."""

    def __init__(
        self,
        store: Store,
        observations: ObservationLog,
        launcher: Launcher,
        clock: Clock,
        mirror: Mirror,
        chronicle: Chronicle,
    ) -> None:
        self._store, self._observations, self._launcher = store, observations, launcher
        self._clock, self._mirror, self._chronicle = clock, mirror, chronicle
        self._stopping: OrderedDict[str, str] = OrderedDict()

    async def write_experiment(
        self, experiment: Experiment, status: ExperimentStatus
    ) -> Experiment:
        """Write the status if it changed."""
        if status == experiment.status:
            return experiment
        return await self._write(experiment, experiment.model_copy(update={"status": status}))

    async def write_suggestion(
        self, suggestion: Suggestion, status: SuggestionStatus
    ) -> Suggestion:
        """Write the status if it changed."""
        if status == suggestion.status:
            return suggestion
        return await self._write(suggestion, suggestion.model_copy(update={"status": status}))

    async def write_trial(self, trial: Trial, status: TrialStatus) -> Trial:
        """Write the status if it changed."""
        if status == trial.status:
            return trial
        return await self._write(trial, trial.model_copy(update={"status": status}))

    async def _write(self, before: T, after: T) -> T:
        written = self._seen(await self._store.replace_status(after))
        self._chronicle.tell(story.of_change(before, after, self._clock.now()))
        return written

    async def act_on_trial(self, trial: Trial, action: Action, failures: int = 0) -> None:
        """Carry out what a trial's pass decided; `failures` says how often in a row it broke."""
        match action:
            case LaunchTrial():
                if trial.status.attempts > 1:
                    # Again, for a crash may have come between forgetting the job and its values;
                    # an attempt without a job has reported nothing.
                    await self._observations.forget(trial.uid)
                try:
                    await self._launcher.launch(trial)
                except LaunchRefused as refusal:
                    status = trials.refused(trial, str(refusal), self._clock.now())
                    await self.write_trial(trial, status)
                except MunshiError:
                    raise
                except Exception as broken:
                    if failures + 1 < LAUNCHES:
                        raise
                    text = f"its job cannot be started: {type(broken).__name__}: {broken}"
                    await self.write_trial(trial, trials.refused(trial, text, self._clock.now()))
            case StopTrial(because):
                await self._launcher.stop(trial)
                if self._is_being_stopped(trial, because):
                    return
            case ForgetRun():
                await self._forget(trial)
            case _:
                raise TypeError(f"not a trial's action: {action}")
        self._chronicle.tell([story.of_action(trial, action, self._clock.now())])

    def _is_being_stopped(self, trial: Trial, because: str) -> bool:
        """Whether the story has this stop already; what dies slowly is told to stop in every pass."""
        told = self._stopping.pop(trial.uid, "")
        self._stopping[trial.uid] = because
        while len(self._stopping) > REMEMBERED:
            self._stopping.popitem(last=False)
        return told == because

    async def _forget(self, trial: Trial) -> None:
        # The collector first: what it still appended would be taken for the next attempt's.
        await self._launcher.forget(trial)
        await self._observations.forget(trial.uid)

    async def act_on_experiment(
        self, experiment: Experiment, actions: Sequence[Action], wake: Callable[[Resource], None]
    ) -> None:
        """Carry out what an experiment's pass decided; creations share a commit.

        Args:
            experiment: As just written.
            actions: What was decided.
            wake: Hears of every object that was written, even when another action fails.

        Raises:
            MunshiError: The first failure, after everything was tried.
        """
        withdrawals = [one for one in actions if isinstance(one, WithdrawTrial)]
        steps = [
            self._act(experiment, action, wake)
            for action in actions
            if not isinstance(action, WithdrawTrial)
        ]
        await _all(steps)
        if withdrawals:
            await self._withdraw(experiment, [one.trial for one in withdrawals])
            now = self._clock.now()
            self._chronicle.tell(story.of_action(experiment, one, now) for one in withdrawals)

    async def _act(
        self, experiment: Experiment, action: Action, wake: Callable[[Resource], None]
    ) -> None:
        uid = ""
        match action:
            case CreateSuggestion(made) | CreateTrial(made):
                found = await self._create(made)
                uid = found.uid
                wake(found)
            case RequestSuggestions(requests):
                await self._request(experiment, requests, wake)
            case KillTrial(trial, because):
                run = await self._launcher.look(trial)
                if run is not None and not run.live and not run.lost:
                    return  # it ended by itself: its own pass judges it by what it reported
                status = trials.killed(trial, because, self._clock.now(), run)
                wake(await self.write_trial(trial, status))
            case RetryTrial(trial, because):
                wake(await self._retry(trial, because))
            case RenewRules(trial, rules):
                wake(await self._renew(trial, rules))
            case _:
                raise TypeError(f"not an experiment's action: {action}")
        self._chronicle.tell([story.of_action(experiment, action, self._clock.now(), uid)])

    async def _create(self, resource: Resource) -> Resource:
        try:
            return self._seen(await self._store.create(resource))
        except AlreadyExists:
            return self._seen(
                await self._store.get(type(resource), resource.namespace, resource.name)
            )
        except Invalid as refusal:
            if not isinstance(resource, Trial):
                raise
            return await self._create_refused(resource, "; ".join(refusal.lines()))

    async def _create_refused(self, trial: Trial, why: str) -> Trial:
        """A trial that no store takes (its job is too large) is there without its job, and Failed."""
        spec = trial.spec.model_copy(update={"run_spec": None})
        bare = await self._store.create(trial.model_copy(update={"spec": spec}))
        return await self.write_trial(bare, trials.refused(bare, why, self._clock.now()))

    async def _request(
        self, experiment: Experiment, requests: int, wake: Callable[[Resource], None]
    ) -> None:
        suggestion = self._mirror.suggestion(experiment.uid)
        if suggestion is None:
            return
        spec = suggestion.spec.model_copy(update={"requests": requests})
        changed = suggestion.model_copy(update={"spec": spec})
        wake(self._seen(await self._store.replace(changed)))

    async def _renew(self, trial: Trial, rules: stopping.Rules) -> Resource:
        """What is in the log has been judged, or will be by the rules of its time."""
        names = tuple(dict.fromkeys(rule.name for rule in rules))
        seen = await self._observations.summarise(trial.uid, names)
        reported = {one.name: one.count for one in seen.metrics}
        spec = stopping.renewed(trial.spec, rules, reported)
        return self._seen(await self._store.replace(trial.model_copy(update={"spec": spec})))

    async def _retry(self, trial: Trial, because: str) -> Resource:
        """Forget first: a crash in between leaves a trial that ended, and whose wish is still there."""
        await self._forget(trial)
        return await self.write_trial(trial, trials.begun_anew(trial, because, self._clock.now()))

    async def _withdraw(self, experiment: Experiment, withdrawn: Sequence[Trial]) -> None:
        """Give the assignments back in one write, end the jobs, then delete the trials."""
        suggestion = self._mirror.suggestion(experiment.uid)
        if suggestion is not None:
            status = suggestion.status
            for trial in withdrawn:
                status = suggestions.returned(status, trial)
            await self.write_suggestion(suggestion, status)
        await _all([self._remove(trial) for trial in withdrawn])

    async def _remove(self, trial: Trial) -> None:
        await self._launcher.stop(trial)
        with contextlib.suppress(NotFound):
            await self._store.delete(Trial, trial.namespace, trial.name, trial.uid)

    def _seen(self, resource: R) -> R:
        self._mirror.put(resource)
        return resource


async def _all(steps: Sequence[Awaitable[None]]) -> None:
    """Wait for every step, then raise the first failure: no step outlives its pass."""
    for outcome in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
