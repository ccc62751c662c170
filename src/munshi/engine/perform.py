"""Carrying out plans: short and dull. Each step may be repeated; the store says what is there already."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from munshi.api.experiment import Experiment, ExperimentStatus
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion, SuggestionStatus
from munshi.api.trial import Trial, TrialStatus
from munshi.engine.mirror import Mirror
from munshi.engine.ports import Clock, Launcher, ObservationLog, Store
from munshi.errors import AlreadyExists, LaunchRefused, NotFound
from munshi.reconcile import suggestion as suggestions
from munshi.reconcile import trial as trials
from munshi.reconcile.plan import (
    Action,
    CreateSuggestion,
    CreateTrial,
    ForgetRun,
    KillTrial,
    LaunchTrial,
    RequestSuggestions,
    StopTrial,
    WithdrawTrial,
)

R = TypeVar("R", bound=Resource)


class Performer:
    """Writes what passes decided, and keeps the mirror level with its own writes."""

    def __init__(
        self,
        store: Store,
        observations: ObservationLog,
        launcher: Launcher,
        clock: Clock,
        mirror: Mirror,
    ) -> None:
        self._store, self._observations, self._launcher = store, observations, launcher
        self._clock, self._mirror = clock, mirror

    async def write_experiment(
        self, experiment: Experiment, status: ExperimentStatus
    ) -> Experiment:
        """Write the status if it changed."""
        if status == experiment.status:
            return experiment
        return self._seen(
            await self._store.replace_status(experiment.model_copy(update={"status": status}))
        )

    async def write_suggestion(
        self, suggestion: Suggestion, status: SuggestionStatus
    ) -> Suggestion:
        """Write the status if it changed."""
        if status == suggestion.status:
            return suggestion
        return self._seen(
            await self._store.replace_status(suggestion.model_copy(update={"status": status}))
        )

    async def write_trial(self, trial: Trial, status: TrialStatus) -> Trial:
        """Write the status if it changed."""
        if status == trial.status:
            return trial
        return self._seen(
            await self._store.replace_status(trial.model_copy(update={"status": status}))
        )

    async def act_on_trial(self, trial: Trial, action: Action) -> None:
        """Carry out what a trial's pass decided."""
        match action:
            case LaunchTrial():
                try:
                    await self._launcher.launch(trial)
                except LaunchRefused as refusal:
                    status = trials.refused(trial, str(refusal), self._clock.now())
                    await self.write_trial(trial, status)
            case StopTrial():
                await self._launcher.stop(trial)
            case ForgetRun():
                await self._observations.forget(trial.uid)
                await self._launcher.forget(trial)
            case _:
                raise TypeError(f"not a trial's action: {action}")

    async def act_on_experiment(
        self, experiment: Experiment, actions: Sequence[Action]
    ) -> list[Resource]:
        """Carry out what an experiment's pass decided; gives back the objects that were written."""
        done = await asyncio.gather(*(self._act(experiment, action) for action in actions))
        return [resource for resource in done if resource is not None]

    async def _act(self, experiment: Experiment, action: Action) -> Resource | None:
        match action:
            case CreateSuggestion(suggestion):
                return await self._create(suggestion)
            case RequestSuggestions(requests):
                return await self._request(experiment, requests)
            case CreateTrial(trial):
                return await self._create(trial)
            case KillTrial(trial, because):
                return await self._kill(trial, because)
            case WithdrawTrial(trial):
                await self._withdraw(experiment, trial)
                return None
            case _:
                raise TypeError(f"not an experiment's action: {action}")

    async def _create(self, resource: Resource) -> Resource:
        try:
            return self._seen(await self._store.create(resource))
        except AlreadyExists:
            return self._seen(
                await self._store.get(type(resource), resource.namespace, resource.name)
            )

    async def _request(self, experiment: Experiment, requests: int) -> Resource | None:
        suggestion = self._mirror.suggestion(experiment.uid)
        if suggestion is None:
            return None
        spec = suggestion.spec.model_copy(update={"requests": requests})
        return self._seen(await self._store.replace(suggestion.model_copy(update={"spec": spec})))

    async def _kill(self, trial: Trial, because: str) -> Resource:
        return await self.write_trial(trial, trials.killed(trial, because, self._clock.now()))

    async def _withdraw(self, experiment: Experiment, trial: Trial) -> None:
        suggestion = self._mirror.suggestion(experiment.uid)
        if suggestion is not None:
            await self.write_suggestion(suggestion, suggestions.returned(suggestion.status, trial))
        try:
            await self._store.delete(Trial, trial.namespace, trial.name, trial.uid)
        except NotFound:
            return

    def _seen(self, resource: R) -> R:
        self._mirror.put(resource)
        return resource
