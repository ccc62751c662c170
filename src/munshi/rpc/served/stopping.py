"""A GetEarlyStoppingRulesRequest answered: curves from Katib's DB manager, and one rule made of them.

Katib's sidecar ends a trial only when it meets *all* its rules, and tests each at exactly one report. So of
munshi's ladder it is given the first rung: the median at `start_step`.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from munshi.algorithms import early_stopping
from munshi.algorithms.early_stopping import Curve, Question
from munshi.errors import AlgorithmRefused
from munshi.metrics import number, timestamp
from munshi.reconcile import stopping
from munshi.rpc import messages
from munshi.rpc.services.caller import Caller

READ_S = 20.0
"""For the values of one trial."""
KEPT = 20_000
"""Of how many trials the curves are remembered, which saves reading them again."""


class Stopping:
    """Answers for early stopping. It remembers curves, which do not change; it could do without."""

    def __init__(self) -> None:
        self._curves: OrderedDict[tuple[str, ...], Curve] = OrderedDict()

    async def rules(self, asked: Any) -> list[Any]:  # noqa: ANN401  messages
        """The rules for a trial that begins now: one, or none yet.

        Raises:
            AlgorithmRefused: The settings are at fault.
            MunshiError: The DB manager does not answer.
        """
        wanted, objective = asked.experiment.spec.early_stopping, asked.experiment.spec.objective
        if said := faults(wanted):
            raise AlgorithmRefused("; ".join(said))
        settings = _settings(wanted)
        method = early_stopping.find(wanted.algorithm_name)
        first = method.first_step(settings)
        metric = objective.objective_metric_name
        succeeded = messages.enum("TrialStatus.TrialConditionType")["SUCCEEDED"]
        teachers = [one for one in asked.trials if one.status.condition == succeeded]
        question = Question(
            metric=metric,
            maximize=objective.type == messages.enum("ObjectiveType")["MAXIMIZE"],
            settings=settings,
            curves=await self._read(teachers, asked.db_manager_address, metric, first),
        )
        kinds, make = messages.enum("ComparisonType"), messages.classes(messages.KATIB)
        return [
            make["EarlyStoppingRule"](
                name=rule.name,
                value=rule.value,
                comparison=kinds[rule.comparison.upper()],
                start_step=rule.start_step,
            )
            for rule in stopping.written(method.rules(question)[:1])
        ]

    async def _read(
        self,
        trials: list[Any],
        address: str,
        metric: str,
        first: int,
    ) -> tuple[Curve, ...]:
        """The curves of trials that succeeded; of one whose values are gone an empty one."""
        keys = [(one.name, one.status.start_time, metric, str(first)) for one in trials]
        if missing := [key for key in keys if key not in self._curves]:
            caller = Caller("early stopping's DB manager", address)
            try:
                for key in missing:
                    self._curves[key] = await _curve(caller, key[0], metric, first)
            finally:
                await caller.close()
        found = tuple(self._curves[key] for key in keys)
        while len(self._curves) > max(KEPT, len(keys)):
            self._curves.popitem(last=False)
        return found


def faults(wanted: Any) -> list[str]:  # noqa: ANN401  an EarlyStoppingSpec
    """Everything that is wrong with an Experiment's early stopping, a sentence each."""
    name = wanted.algorithm_name
    if name not in early_stopping.known():
        problem = f"unknown algorithm name {name}: {early_stopping.problem(name)}"
        return [f"{problem}; {early_stopping.mend(name)}"]
    return [str(fault) for fault in early_stopping.find(name).check(_settings(wanted))]


async def _curve(caller: Caller, trial: str, metric: str, first: int) -> Curve:
    asked = messages.classes(messages.KATIB)["GetObservationLogRequest"](
        trial_name=trial, metric_name=metric
    )
    reply = await caller.call("DBManager", "GetObservationLog", asked, READ_S)
    logs = sorted(
        reply.observation_log.metric_logs,
        key=lambda log: timestamp.read_rfc3339(log.time_stamp) or 0,
    )
    numbers = (number.read(log.metric.value) for log in logs)
    values = [(at, float("nan") if one is None else one) for at, one in enumerate(numbers, 1)]
    return early_stopping.curve(values, first)


def _settings(wanted: Any) -> dict[str, str]:  # noqa: ANN401  an EarlyStoppingSpec
    return {one.name: one.value for one in wanted.algorithm_settings}
