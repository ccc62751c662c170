"""The engine's port `Services`, answered by programs that speak Katib's gRPC.

Katib's protocol has no word for "exhausted" or "wait": an answer has exactly as many points as were asked
for, each with a value for every parameter. Any other is an error of the service, and it is asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from munshi.algorithms import Mark, Reply
from munshi.api.common import Comparison, EarlyStoppingRule, ObjectiveSpec
from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.errors import AlgorithmRefused, FieldFault, MunshiError, ServiceBroke
from munshi.reconcile.stopping import Rules
from munshi.reconcile.views import SuggestionView
from munshi.rpc import messages
from munshi.rpc.services import objects, program
from munshi.rpc.services.caller import CALL, CHECK_S, RULES_S, TRIES, Caller
from munshi.rpc.services.target import Target, Targets

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


class KatibServices:
    """Implements `ports.Services`.

    Args:
        algorithms: Who answers for which algorithm.
        early_stopping: Who answers for which early stopping.
        within: How long a question for points may take.

    Attributes:
        db_manager: `HOST:PORT` where an early-stopping service finds the values of trials; empty: nowhere.
    """

    def __init__(
        self,
        algorithms: Mapping[str, Caller],
        early_stopping: Mapping[str, Caller],
        within: timedelta = CALL,
    ) -> None:
        self._algorithms, self._stopping = algorithms, early_stopping
        self._within_s = within.total_seconds()
        self.db_manager = ""

    @property
    def algorithms(self) -> Collection[str]:
        """See `ports.Services`."""
        return self._algorithms.keys()

    @property
    def early_stopping(self) -> Collection[str]:
        """See `ports.Services`."""
        return self._stopping.keys()

    async def faults(
        self, experiment: Experiment, *, tries: int = TRIES, within_s: float = CHECK_S
    ) -> list[FieldFault]:
        """What the services themselves find wrong with their settings; asked before the first trial.

        Args:
            experiment: Admitted.
            tries: How often one is asked that does not answer.
            within_s: How long each may take.

        Raises:
            Retryable: One does not answer.
        """
        found = []
        spec, make = experiment.spec, messages.classes(messages.KATIB)
        if spec.algorithm and (caller := self._algorithms.get(spec.algorithm.algorithm_name)):
            asked = make["ValidateAlgorithmSettingsRequest"](
                experiment=objects.experiment(experiment, {})
            )
            try:
                await caller.check(
                    "Suggestion",
                    "ValidateAlgorithmSettings",
                    asked,
                    tries=tries,
                    within_s=within_s,
                )
            except (AlgorithmRefused, ServiceBroke) as refusal:
                found.append(FieldFault(("spec", "algorithm"), str(refusal)))
        wanted = spec.early_stopping
        if wanted and (caller := self._stopping.get(wanted.algorithm_name)):
            asked = make["ValidateEarlyStoppingSettingsRequest"](
                early_stopping=objects.early_stopping(experiment)
            )
            try:
                await caller.check(
                    "EarlyStopping",
                    "ValidateEarlyStoppingSettings",
                    asked,
                    tries=tries,
                    within_s=within_s,
                )
            except (AlgorithmRefused, ServiceBroke) as refusal:
                found.append(FieldFault(("spec", "earlyStopping"), str(refusal)))
        return found

    async def suggest(self, view: SuggestionView, count: int) -> Reply:
        """See `ports.Services`."""
        experiment, suggestion = view.experiment, view.suggestion
        algorithm = experiment.spec.algorithm
        name = algorithm.algorithm_name if algorithm else ""
        chosen = {one.name: one.value for one in suggestion.status.algorithm_settings}
        known, names = tuple(view.trials), {trial.name for trial in view.trials}
        waiting = [one for one in suggestion.status.suggestions if one.name not in names]
        objective = experiment.spec.objective or ObjectiveSpec()

        def request() -> Any:  # noqa: ANN401  a message
            return messages.classes(messages.KATIB)["GetSuggestionsRequest"](
                experiment=objects.experiment(experiment, chosen),
                trials=objects.trials(known, waiting, objective),
                current_request_number=count,
                total_request_number=suggestion.status.suggestion_count + count,
            )

        # Away from the event loop: of thousands of trials it takes some tenths of a second.
        asked = await asyncio.to_thread(request)
        reply = await self._algorithms[name].call(
            "Suggestion", "GetSuggestions", asked, self._within_s
        )
        parameters = [parameter.name for parameter in experiment.spec.parameters]
        return _reply(reply, name, parameters, count)

    async def rules(self, experiment: Experiment, trials: Sequence[Trial]) -> Rules:
        """See `ports.Services`."""
        objective = experiment.spec.objective or ObjectiveSpec()
        wanted = experiment.spec.early_stopping
        name = wanted.algorithm_name if wanted else ""
        asked = messages.classes(messages.KATIB)["GetEarlyStoppingRulesRequest"](
            experiment=objects.experiment(experiment, {}),
            trials=objects.trials(trials, (), objective),
            db_manager_address=self.db_manager,
        )
        reply = await self._stopping[name].call(
            "EarlyStopping", "GetEarlyStoppingRules", asked, RULES_S
        )
        return _rules(reply)


@contextlib.asynccontextmanager
async def opened(
    targets: Targets, logs: Path, within: timedelta = CALL
) -> AsyncIterator[KatibServices]:
    """The services, those with a command started, until the end of this context.

    Args:
        targets: Which there are.
        logs: The folder for the output of those that are started.
        within: How long a question for points may take.

    Raises:
        MissingExtra: grpcio or protobuf is not installed.
        Invalid: A command is none.
        Terminal: A service that was started ends at once.
    """
    async with contextlib.AsyncExitStack() as stack:
        started: dict[tuple[str, ...], program.Program] = {}

        async def caller(target: Target) -> Caller:
            address = target.address
            if target.command:
                if target.command not in started:  # one program may answer for several names
                    begun = program.running(target, logs / f"{target.name}.log")
                    started[target.command] = await stack.enter_async_context(begun)
                address = started[target.command].address
            made = Caller(target.name, address)
            stack.push_async_callback(made.close)
            return made

        algorithms = {name: await caller(one) for name, one in targets.algorithms.items()}
        stopping = {name: await caller(one) for name, one in targets.early_stopping.items()}
        await asyncio.gather(*(one.ready() for one in started.values()))
        yield KatibServices(algorithms, stopping, within)


def _reply(reply: Any, name: str, parameters: Sequence[str], count: int) -> Reply:  # noqa: ANN401
    """A GetSuggestionsReply understood."""
    points = reply.parameter_assignments
    if len(points) != count:
        raise _broke(name, f"gave {len(points)} assignments where {count} were asked for")
    assignments, marks = [], []
    for point in points:
        values = {pair.name: pair.value for pair in point.assignments}
        if set(values) != set(parameters) or len(point.assignments) != len(values):
            given = ", ".join(pair.name for pair in point.assignments) or "nothing"
            raise _broke(name, f"gave values for {given}; wanted: {', '.join(parameters)}")
        if point.trial_name and not _NAME.fullmatch(point.trial_name):
            raise _broke(name, f'named a trial "{point.trial_name}", which no Trial can be called')
        for key, value in point.labels.items():
            if not _LABEL.fullmatch(value):
                raise _broke(name, f'gave the label {key} the value "{value}", which none can have')
        assignments.append({parameter: values[parameter] for parameter in parameters})
        marks.append(Mark(point.trial_name, dict(point.labels)))
    settings = {one.name: one.value for one in reply.algorithm.algorithm_settings}
    return Reply(tuple(assignments), marks=tuple(marks), settings=settings)


def _rules(reply: Any) -> Rules:  # noqa: ANN401  a GetEarlyStoppingRulesReply
    kinds = messages.enum("ComparisonType")
    words = {kinds[one.value.upper()]: one.value for one in Comparison}
    return tuple(
        EarlyStoppingRule(
            name=rule.name,
            value=rule.value,
            comparison=words.get(rule.comparison, ""),
            start_step=max(rule.start_step, 0),
        )
        for rule in reply.early_stopping_rules
    )


def _broke(name: str, what: str) -> MunshiError:
    return ServiceBroke(f'the service of "{name}" {what}')
