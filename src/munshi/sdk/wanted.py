"""What a Study was asked to find, understood and judged: by admission, as an Experiment would be.

The arguments are put into an Experiment's words and handed to the one judge of those; what it finds is told
with the names that the program wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import SupportsFloat

from munshi.admission import search
from munshi.api import decode
from munshi.api.common import ObjectiveType
from munshi.api.experiment import Experiment
from munshi.api.meta import HOME
from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid, Path
from munshi.sdk import parameters as written_parameters
from munshi.sdk.parameters import Values, Written, plain
from munshi.space import Space
from munshi.space.text import quoted

METRIC = "objective"
"""The objective's name where only its direction was written."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search, understood.

    Attributes:
        space: What may be proposed.
        written: The parameters as the program wrote them.
        metric: The objective's name.
        maximize: Whether greater is better.
        goal: The value that is good enough; None for as good as can be.
        algorithm: Its name.
        settings: Its settings as text.
    """

    space: Space
    written: Written
    metric: str
    maximize: bool
    goal: float | None
    algorithm: str
    settings: Mapping[str, str]

    def values(self, assignments: Mapping[str, str]) -> Values:
        """A point as the program wants it."""
        return self.written.values(self.space, assignments)

    def is_goal(self, value: float) -> bool:
        """Is this good enough?"""
        if self.goal is None:
            return False
        return value >= self.goal if self.maximize else value <= self.goal

    def metrics(
        self, value: SupportsFloat | Mapping[str, SupportsFloat] | None
    ) -> dict[str, float]:
        """What was told, as metrics by name, the objective among them.

        Raises:
            Invalid: The objective is missing, or something is no number.
        """
        if value is None:
            mend = "tell the objective's value, or failed=True"
            raise Invalid([FieldFault(("value",), "is missing", mend)])
        if not isinstance(value, Mapping):
            value = {self.metric: value}
        faults: list[FieldFault] = []
        numbers: dict[str, float] = {}
        for name, one in value.items():
            number = _float(one)
            if number is None:
                faults.append(FieldFault(("value", name), f"{one!r} is no number", "tell a number"))
            else:
                numbers[name] = number
        if self.metric not in value:
            problem = f"the objective {quoted(self.metric)} is missing among {sorted(value)}"
            faults.append(FieldFault(("value",), problem, "tell it too, or failed=True"))
        if faults:
            raise Invalid(faults)
        return numbers


def understand(
    parameters: object,
    objective: object,
    algorithm: object,
    settings: Mapping[str, object],
    seed: object,
    max_trials: object,
    parallel: object,
) -> Wanted:
    """Read and judge a Study's arguments.

    Raises:
        Invalid: With all faults, under the arguments' names.
    """
    written = written_parameters.understand(parameters)
    texts = {str(name): _setting(value) for name, value in settings.items()}
    faults = [*written.faults, *_count_faults(max_trials, parallel), *_seed_faults(seed, texts)]
    document = _document(written, objective, algorithm, texts, max_trials)
    decoded = decode.decode(document, Experiment)
    experiment = decoded.value
    names = list(texts)
    shape = [_placed(fault, written, names) for fault in decoded.faults]
    space, found = search.space_and_faults(experiment)
    meaning = [
        *search.objective_faults(experiment),
        *(found if written.katib or not written.faults else ()),
        *search.algorithm_faults(experiment, space),
    ]
    faults += shape
    blamed = [fault.path for fault in faults]
    for fault in meaning:
        placed = _placed(fault, written, names)
        if not any(_touch(placed.path, path) for path in blamed):
            faults.append(placed)
    if faults or space is None:
        raise Invalid(faults)
    aim, method = experiment.spec.objective, experiment.spec.algorithm
    assert aim is not None and method is not None  # noqa: S101, PT018 - judged above
    return Wanted(
        space=space,
        written=written,
        metric=aim.objective_metric_name,
        maximize=aim.type is ObjectiveType.MAXIMIZE,
        goal=aim.goal,
        algorithm=method.algorithm_name,
        settings=texts,
    )


def _document(
    written: Written,
    objective: object,
    algorithm: object,
    settings: Mapping[str, str],
    max_trials: object,
) -> Json:
    aim = plain(objective)
    if isinstance(aim, str):
        aim = {"type": aim, "objectiveMetricName": METRIC}
    elif isinstance(aim, dict) and "objectiveMetricName" not in aim:
        aim = {**aim, "objectiveMetricName": METRIC}
    pairs: list[Json] = [{"name": name, "value": value} for name, value in settings.items()]
    spec: dict[str, Json] = {
        "parameters": list(written.katib),
        "objective": aim,
        "algorithm": {"algorithmName": plain(algorithm), "algorithmSettings": pairs},
    }
    if is_count(max_trials):
        spec["maxTrialCount"] = plain(max_trials)
    return {"apiVersion": HOME, "kind": "Experiment", "spec": spec}


def _placed(fault: FieldFault, written: Written, settings: list[str]) -> FieldFault:
    """A fault of the Experiment, at the argument that it came from."""
    path: Path = fault.path[1:]
    match path:
        case ("parameters", *rest):
            path = written.place(tuple(rest))
        case ("algorithm", "algorithmSettings", int(index), *_):
            path = ("settings", settings[index])
        case ("algorithm", *_):
            path = ("algorithm",)
        case ("objective", "type") | ("objective",):
            path = ("objective",)
        case _:
            pass
    return FieldFault(path, fault.problem, fault.mend)


def _touch(one: Path, other: Path) -> bool:
    """Whether one place lies within the other: what cannot be read is not judged as well."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _count_faults(max_trials: object, parallel: object) -> Iterator[FieldFault]:
    if max_trials is not None and not is_count(max_trials):
        mend = "write a whole number of at least 1, or leave it out"
        yield FieldFault(("max_trials",), f"is {max_trials!r}", mend)
    if not is_count(parallel):
        mend = "write a whole number of at least 1"
        yield FieldFault(("parallel",), f"is {parallel!r}", mend)


def _seed_faults(seed: object, settings: Mapping[str, str]) -> Iterator[FieldFault]:
    if seed is None:
        return
    if isinstance(seed, bool) or not isinstance(seed, Integral) or int(seed) < 0:
        yield FieldFault(("seed",), f"is {seed!r}", "write a whole number of at least 0")
    elif "random_state" in settings:
        problem = "stands beside settings.random_state, which is the seed too"
        yield FieldFault(("seed",), problem, "remove one of them")


def is_count(value: object) -> bool:
    """A whole number of at least 1, of whatever library."""
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= 1


def _setting(value: object) -> str:
    """A setting's value as text: `7`, `0.1`, `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _float(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]  # whatever float() takes, of any library
    except (TypeError, ValueError, ArithmeticError, RuntimeError):
        return None
