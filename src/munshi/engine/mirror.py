"""The objects as this process last saw them: fed by the store's watch and by our own writes.

Whatever is read here may be stale; a write made on stale ground ends in Conflict, and the pass is
repeated after the watch has caught up. The trials of an experiment are kept counted (`Tally`), so that
no pass has to look at each of them.
"""

from __future__ import annotations

from munshi.api.common import ObjectiveSpec
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.reconcile.tally import Tally

Key = tuple[str, str]
"""Namespace and name."""


class Mirror:
    """Experiments with their Suggestion and Trials, by uid of the Experiment."""

    def __init__(self) -> None:
        self.experiments: dict[Key, Experiment] = {}
        self._suggestions: dict[str, Suggestion] = {}
        self._trials: dict[str, Tally] = {}
        self._gone: set[str] = set()

    def put(self, resource: Resource) -> bool:
        """Take an object in, unless what is held is as new; says whether anything changed.

        What was dropped stays away: the answer to a write may arrive after the news of a deletion.
        """
        if resource.uid in self._gone:
            return False
        match resource:
            case Experiment():
                key = (resource.namespace, resource.name)
                held = self.experiments.get(key)
                if not _newer(resource, held):
                    return False
                self.experiments[key] = resource
            case Suggestion():
                owner = _owner(resource)
                if not _newer(resource, self._suggestions.get(owner)):
                    return False
                self._suggestions[owner] = resource
            case Trial():
                trials = self._held(_owner(resource))
                if not _newer(resource, trials.by_name.get(resource.name)):
                    return False
                trials.put(resource)
            case _:
                return False
        return True

    def drop(self, resource: Resource) -> bool:
        """Forget a deleted object, unless another of that name has come since."""
        self._gone.add(resource.uid)
        match resource:
            case Experiment():
                key = (resource.namespace, resource.name)
                held = self.experiments.get(key)
                if held is None or held.uid != resource.uid:
                    return False
                del self.experiments[key]
            case Suggestion():
                held_suggestion = self._suggestions.get(_owner(resource))
                if held_suggestion is None or held_suggestion.uid != resource.uid:
                    return False
                del self._suggestions[_owner(resource)]
            case Trial():
                trials = self._held(_owner(resource))
                held_trial = trials.by_name.get(resource.name)
                if held_trial is None or held_trial.uid != resource.uid:
                    return False
                trials.drop(resource.name)
            case _:
                return False
        return True

    def everything(self) -> list[Resource]:
        """All that is held, owners first."""
        trials = (trial for held in self._trials.values() for trial in held)
        return [*self.experiments.values(), *self._suggestions.values(), *trials]

    def suggestion(self, experiment_uid: str) -> Suggestion | None:
        """The Suggestion of an Experiment."""
        return self._suggestions.get(experiment_uid)

    def trials(self, experiment_uid: str) -> tuple[Trial, ...]:
        """All Trials of an Experiment."""
        return tuple(self._held(experiment_uid))

    def tally(self, experiment: Experiment) -> Tally:
        """All Trials of an Experiment, counted; it follows whatever `put` and `drop` bring."""
        objective = experiment.spec.objective or ObjectiveSpec()
        held = self._held(experiment.uid)
        if held.objective != objective:  # the first look; an objective cannot be edited
            self._trials[experiment.uid] = held = Tally(objective, held)
        return held

    def trial_named(self, experiment_uid: str, name: str) -> Trial | None:
        """A Trial by its Experiment and name."""
        return self._held(experiment_uid).by_name.get(name)

    def _held(self, experiment_uid: str) -> Tally:
        held = self._trials.get(experiment_uid)
        if held is None:
            held = self._trials[experiment_uid] = Tally(ObjectiveSpec())
        return held


def _owner(resource: Resource) -> str:
    owner = resource.metadata.controller()
    return owner.uid if owner else ""


def _newer(resource: Resource, held: Resource | None) -> bool:
    if held is None or held.uid != resource.uid:
        return True
    return int(resource.metadata.resource_version or 0) > int(held.metadata.resource_version or 0)
