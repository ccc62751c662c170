"""What is sought and how: objective, algorithm, parameters, early stopping (rules R6 to R14, R20 to R27).

What a parameter may be, `space` judges; what an algorithm needs, the algorithm itself. Here their
verdicts get their places in the Experiment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from munshi.algorithms import early_stopping, registry
from munshi.api.common import AlgorithmSetting
from munshi.api.experiment import Experiment, ExperimentSpec
from munshi.errors import AlgorithmRefused, FieldFault, Invalid, Path
from munshi.space import Space, read

_PARAMETERS: Path = ("spec", "parameters")
_ALGORITHM: Path = ("spec", "algorithm")
_STOPPING: Path = ("spec", "earlyStopping")
_OLD_STOPPING: Path = (*_ALGORITHM, "earlyStopping")
_OBJECTIVE: Path = ("spec", "objective")
LONGEST_VALUE = 128 * 1024 - 1
"""Bytes of an argument or a variable, as Linux limits them (MAX_ARG_STRLEN)."""


@dataclass(frozen=True, slots=True)
class Served:
    """The names that services outside of munshi answer for: their settings are for those to judge.

    Attributes:
        algorithms: As spec.algorithm.algorithmName.
        early_stopping: As spec.earlyStopping.algorithmName.
    """

    algorithms: Collection[str] = ()
    early_stopping: Collection[str] = ()


NONE_SERVED = Served()


def objective_faults(experiment: Experiment) -> Iterator[FieldFault]:
    """What is wrong with spec.objective."""
    objective = experiment.spec.objective
    if objective is None:
        mend = "write objective.type and objective.objectiveMetricName"
        yield FieldFault(_OBJECTIVE, "is missing", mend)
        return
    if not objective.type:
        yield FieldFault((*_OBJECTIVE, "type"), "is missing", "write minimize or maximize")
    metric = objective.objective_metric_name
    if not metric.strip():
        mend = "write the name that the program prints, such as accuracy"
        yield FieldFault((*_OBJECTIVE, "objectiveMetricName"), "is missing", mend)
    for index, name in enumerate(objective.additional_metric_names):
        path = (*_OBJECTIVE, "additionalMetricNames", index)
        if not name.strip():
            yield FieldFault(path, "is empty", "write a metric's name or remove the item")
        elif name == metric:
            yield FieldFault(path, f'"{name}" is the objective already', "remove the item")


def space_and_faults(experiment: Experiment) -> tuple[Space | None, list[FieldFault]]:
    """The search space, or what is wrong with it."""
    spec = experiment.spec
    if spec.nas_config is not None:
        problem = "architecture search is not in this version of munshi yet"
        mend = "remove nasConfig and write parameters"
        faults = [FieldFault(("spec", "nasConfig"), problem, mend)]
        if spec.parameters:
            problem = "stands beside nasConfig; an experiment has one of the two"
            faults.append(FieldFault(_PARAMETERS, problem, "remove nasConfig"))
        return None, faults
    if not spec.parameters:
        mend = "list at least one parameter: name, parameterType, feasibleSpace"
        return None, [FieldFault(_PARAMETERS, "is missing or empty", mend)]
    unpassable = list(_unpassable(experiment))
    try:
        return read(spec.parameters), unpassable
    except Invalid as invalid:
        return None, [_below(_PARAMETERS, fault) for fault in invalid.faults] + unpassable


def _unpassable(experiment: Experiment) -> Iterator[FieldFault]:
    """Values that no system can hand to a program."""
    for index, parameter in enumerate(experiment.spec.parameters):
        for place, value in enumerate(parameter.feasible_space.list_):
            path: Path = (*_PARAMETERS, index, "feasibleSpace", "list", place)
            if "\0" in value:
                problem = "holds a NUL character, which no argument of a program can hold"
                yield FieldFault(path, problem, "remove it")
            elif (
                len(value) * 4 > LONGEST_VALUE
                and (size := len(value.encode("utf-8", "surrogatepass"))) > LONGEST_VALUE
            ):
                problem = f"is {size:,} bytes long; an argument takes at most {LONGEST_VALUE:,}"
                yield FieldFault(path, problem, "put it into a file and list the file's path")


def algorithm_faults(
    experiment: Experiment, space: Space | None, served: Served = NONE_SERVED
) -> Iterator[FieldFault]:
    """What is wrong with spec.algorithm; without a space only its name and settings are judged."""
    algorithm = experiment.spec.algorithm
    if algorithm is None or not algorithm.algorithm_name:
        path = _ALGORITHM if algorithm is None else (*_ALGORITHM, "algorithmName")
        yield FieldFault(path, "is missing", f"known: {', '.join(registry.known())}")
        return
    indexes, faults = _indexes(algorithm.algorithm_settings, _ALGORITHM)
    yield from faults
    name = algorithm.algorithm_name
    if name in served.algorithms:
        return
    try:
        method = registry.find(name)
    except AlgorithmRefused:
        path = (*_ALGORITHM, "algorithmName")
        yield FieldFault(path, registry.problem(name), registry.mend(name))
        return
    settings = {key: value for key, value in algorithm.settings.items() if key}
    for fault in method.check(space or Space(()), settings, experiment.spec.max_trial_count):
        if fault.path:
            index = indexes.get(str(fault.path[0]), 0)
            field = "name" if "is unknown" in fault.problem else "value"
            where: Path = (*_ALGORITHM, "algorithmSettings", index, field)
            yield FieldFault(where, fault.problem, fault.mend)
        elif space is not None:
            yield FieldFault(_ALGORITHM, fault.problem, fault.mend)


def early_stopping_faults(
    experiment: Experiment, written: ExperimentSpec, served: Served = NONE_SERVED
) -> Iterator[FieldFault]:
    """What is wrong with early stopping, at the place where the author wrote it."""
    wanted = experiment.spec.early_stopping
    old = written.algorithm.early_stopping if written.algorithm else None
    if wanted is None:
        if old is not None:
            mend = "move it to spec.earlyStopping, with algorithmName and algorithmSettings"
            yield FieldFault(_OLD_STOPPING, "is the place of v1alpha3", mend)
        return
    at, name_at, settings_at = _STOPPING, "algorithmName", "algorithmSettings"
    if written.early_stopping is None and old is not None:
        at = _OLD_STOPPING
        name_at = name_at if old.algorithm_name else "earlyStoppingAlgorithmName"
        settings_at = "earlyStoppingSettings" if old.early_stopping_settings else settings_at
    indexes, faults = _indexes(wanted.algorithm_settings, at, settings_at)
    yield from faults
    name = wanted.algorithm_name
    if name in served.early_stopping:
        return
    try:
        method = early_stopping.find(name)
    except AlgorithmRefused:
        yield FieldFault((*at, name_at), early_stopping.problem(name), early_stopping.mend(name))
        return
    for fault in method.check({key: value for key, value in wanted.settings.items() if key}):
        index = indexes.get(str(fault.path[0]), 0)
        field = "name" if "is unknown" in fault.problem else "value"
        yield FieldFault((*at, settings_at, index, field), fault.problem, fault.mend)


def _indexes(
    settings: Iterable[AlgorithmSetting], at: Path, field: str = "algorithmSettings"
) -> tuple[dict[str, int], list[FieldFault]]:
    """Where each setting stands, and those without a name or with one that stands there already."""
    indexes: dict[str, int] = {}
    faults = []
    for index, setting in enumerate(settings):
        path: Path = (*at, field, index, "name")
        if not setting.name:
            faults.append(FieldFault(path, "is missing", "name the setting or remove it"))
        elif setting.name in indexes:
            faults.append(FieldFault(path, f'"{setting.name}" is set twice', "remove one of them"))
        indexes.setdefault(setting.name, index)
    return indexes, faults


def _below(path: Path, fault: FieldFault) -> FieldFault:
    return FieldFault((*path, *fault.path), fault.problem, fault.mend)
