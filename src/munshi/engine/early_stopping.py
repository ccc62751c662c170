"""Early stopping and the observation log: what was reported is read here, and judged by pure functions.

`Curves` belongs to the engine and makes the rules of the day from the trials that succeeded; where a
service makes them, `Served` asks it. A `Judge`
belongs to whoever collects a trial's reports; it is the same on a laptop and on a cluster.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from munshi.algorithms import early_stopping
from munshi.algorithms.early_stopping import Curve, EarlyStopping, Question
from munshi.api.common import ObjectiveSpec, ObjectiveType
from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.ports import ObservationLog, Services
from munshi.errors import MunshiError
from munshi.metrics import number
from munshi.metrics.log import MetricLog
from munshi.metrics.stopping import Watch
from munshi.reconcile import stopping
from munshi.reconcile.stopping import Rules
from munshi.reconcile.tally import Tally

log = logging.getLogger("munshi.engine")


class Curves:
    """How the trials of an experiment that succeeded went, each read once.

    Args:
        observations: Where they reported.
    """

    def __init__(self, observations: ObservationLog) -> None:
        self._observations = observations
        self._curves: dict[str, Curve] = {}
        self._of: tuple[str, ...] = ()
        self._rules: Rules = ()

    async def rules(self, experiment: Experiment, counted: Tally) -> Rules:
        """The rules that a trial of the experiment is given today; none without early stopping.

        Raises:
            Retryable: The log cannot be read for now.
        """
        wanted = experiment.spec.early_stopping
        if wanted is None:
            return ()
        teachers = tuple(trial.uid for trial in stopping.teachers(counted))
        if teachers == self._of:
            return self._rules
        method = early_stopping.find(wanted.algorithm_name)
        settings = wanted.settings
        objective = experiment.spec.objective or ObjectiveSpec()
        metric = objective.objective_metric_name
        kept: dict[str, Curve] = {}
        for uid in teachers:
            known = self._curves.get(uid)
            kept[uid] = (
                known if known is not None else await self._read(uid, metric, method, settings)
            )
        question = Question(
            metric=metric,
            maximize=objective.type is ObjectiveType.MAXIMIZE,
            settings=settings,
            curves=tuple(kept.values()),
        )
        self._rules, self._curves, self._of = (
            stopping.written(method.rules(question)),
            kept,
            teachers,
        )
        return self._rules

    async def _read(
        self, uid: str, metric: str, method: EarlyStopping, settings: dict[str, str]
    ) -> Curve:
        reports = await self._observations.reports(uid, metric)
        numbers = [(one.number, number.read(one.log.value)) for one in reports]
        values = [(at, float("nan") if value is None else value) for at, value in numbers]
        return early_stopping.curve(values, method.first_step(settings))


class Served:
    """The rules that an early-stopping service makes for the trials of an experiment.

    It is asked anew when a trial has succeeded. While it does not answer, trials are given what it said last.

    Args:
        services: Who is asked.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._of: tuple[str, ...] | None = None
        self._rules: Rules = ()

    async def rules(self, experiment: Experiment, counted: Tally) -> Rules:
        """The rules that a trial of the experiment is given today."""
        succeeded = tuple(trial.uid for trial in stopping.teachers(counted))
        if succeeded != self._of:
            try:
                made = await self._services.rules(experiment, tuple(counted))
            except MunshiError as trouble:
                log.warning("early stopping of %s: %s", experiment.name, trouble)
                return self._rules
            # So that running trials are given them too, once there are enough more of those behind them.
            rest_on = {"trials": len(succeeded)}
            self._rules = tuple(rule.model_copy(update=rest_on) for rule in made)
            self._of = succeeded
        return self._rules


class Judge:
    """Judges one running trial by the early-stopping rules that stand on it, report by report.

    Whoever collects the trial's reports has one, hands it what was just kept, and says `tripped` in its
    Run. A judge that begins after a crash, or that is told of other rules, begins with all that the log
    has; so it makes no difference when a process ended, and a verdict that was reached is reached again.

    Args:
        trial: As it is.
        observations: Where its reports are kept.
        told: Called once, when there is a verdict.
    """

    def __init__(
        self, trial: Trial, observations: ObservationLog, told: Callable[[], None] = lambda: None
    ) -> None:
        self._trial, self._observations, self._told = trial, observations, told
        self._watch = Watch((), None)
        self._rules: Rules = ()
        self.tripped = ""
        """Why the trial is to end, a sentence; empty as long as it may go on."""

    @property
    def is_needed(self) -> bool:
        """Whether the trial has rules at present; then its reports are worth a look more often."""
        return bool(self._trial.spec.early_stopping_rules)

    def follow(self, trial: Trial) -> None:
        """The trial as it is now; its rules may be others."""
        self._trial = trial

    async def take(self, logs: Sequence[MetricLog]) -> None:
        """Judge what was just kept: one call after the other, and once with nothing to begin with.

        May be called again after it raised.

        Raises:
            Retryable: The log cannot be read for now.
        """
        if self.tripped:
            return
        if self._trial.spec.early_stopping_rules == self._rules:
            self._watch.add(logs)
        else:
            await self._begin()
        self.tripped = self._watch.tripped
        if self.tripped:
            self._told()

    async def _begin(self) -> None:
        trial = self._trial
        watch = Watch(trial.spec.early_stopping_rules, trial.spec.objective)
        for metric in watch.metrics:
            watch.resume(await self._observations.reports(trial.uid, metric))
        self._watch, self._rules = watch, trial.spec.early_stopping_rules
