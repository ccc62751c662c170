"""What is sought and how: objective, algorithm, parameters, early stopping (rules R6 to R14, R20 to R27).

What a parameter may be, `space` judges; what an algorithm needs, the algorithm itself. Here their
verdicts get their places in the Experiment.
"""

from __future__ import annotations

from collections.abc import Iterator

from munshi.algorithms import registry
from munshi.api.experiment import Experiment, ExperimentSpec
from munshi.errors import AlgorithmRefused, FieldFault, Invalid, Path
from munshi.space import Space, read

_PARAMETERS: Path = ("spec", "parameters")
_ALGORITHM: Path = ("spec", "algorithm")
_OBJECTIVE: Path = ("spec", "objective")
LONGEST_VALUE = 128 * 1024 - 1
"""Bytes of an argument or a variable, as Linux limits them (MAX_ARG_STRLEN)."""


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


def algorithm_faults(experiment: Experiment, space: Space | None) -> Iterator[FieldFault]:
    """What is wrong with spec.algorithm; without a space only its name and settings are judged."""
    algorithm = experiment.spec.algorithm
    if algorithm is None or not algorithm.algorithm_name:
        path = _ALGORITHM if algorithm is None else (*_ALGORITHM, "algorithmName")
        yield FieldFault(path, "is missing", f"known: {', '.join(registry.known())}")
        return
    indexes: dict[str, int] = {}
    for index, setting in enumerate(algorithm.algorithm_settings):
        path = (*_ALGORITHM, "algorithmSettings", index, "name")
        if not setting.name:
            yield FieldFault(path, "is missing", "name the setting or remove it")
        elif setting.name in indexes:
            yield FieldFault(path, f'"{setting.name}" is set twice', "remove one of them")
        indexes.setdefault(setting.name, index)
    name = algorithm.algorithm_name
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


def early_stopping_faults(experiment: Experiment, written: ExperimentSpec) -> Iterator[FieldFault]:
    """Early stopping is refused, at the place where the author wrote it."""
    if experiment.spec.early_stopping is None:
        return
    path: Path = ("spec", "earlyStopping")
    if written.early_stopping is None:
        path = (*_ALGORITHM, "earlyStopping")
    where = ".".join(str(step) for step in path)
    problem = "early stopping is not in this version of munshi yet"
    yield FieldFault(path, problem, f"remove {where}")


def _below(path: Path, fault: FieldFault) -> FieldFault:
    return FieldFault((*path, *fault.path), fault.problem, fault.mend)
