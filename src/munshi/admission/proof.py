"""The proof that an Experiment and its conversion do the same: their trials, held against each other.

For points all over the search space, and for every value of every list, both must give equal Trials: the
job, its conditions, its labels, its collector. So no assumption about templates is left to belief. Called by
`conversion`; knows nothing of how the conversion was made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from munshi.admission.admit import admit
from munshi.admission.template import ConfigMaps
from munshi.api.common import ParameterAssignment
from munshi.api.experiment import Experiment, TrialTemplate
from munshi.api.source import Source
from munshi.api.suggestion import TrialAssignment
from munshi.api.trial import TrialSpec
from munshi.api.wire import Json, Object
from munshi.errors import FieldFault, Invalid, Path, TemplateBroken
from munshi.space import Categorical, Discrete, Space
from munshi.space import read as read_space
from munshi.template import text_source, trial

POINTS = 24
"""Points of the space at which both forms are compared, besides those for the values of lists."""
MOST_VALUES = 500
"""Values of lists that get a point of their own."""

_TEMPLATE: Path = ("spec", "trialTemplate")
_RAW: Path = (*_TEMPLATE, "goTemplate", "rawTemplate")


def prove(document: Source, old: Experiment, value: Json, config_maps: ConfigMaps) -> None:
    """Hold both Experiments against each other.

    Raises:
        Invalid: The new one is not right, or a point of the space gives another trial.
    """
    algorithm = old.spec.algorithm
    # The algorithm as admitted: one that munshi lacks was replaced there, too.
    judged = with_algorithm(value, algorithm.dump()) if algorithm else value
    try:
        new = admit(judged, config_maps=config_maps).experiment
    except Invalid as invalid:
        faults = [replace(f, problem=f"in v1beta1: {f.problem}", mark=None) for f in invalid.faults]
        raise document.refusal(faults) from invalid
    for number, assignments in enumerate(samples(read_space(old.spec.parameters))):
        wrong = _difference(old, new, assignments, number, config_maps)
        if wrong is not None:
            shown = ", ".join(f"{name}={_shown(text)}" for name, text in assignments.items())
            problem = f"has no equal in v1beta1: {wrong} (with {shown})"
            where = _RAW if document.node(_RAW) else _TEMPLATE
            mend = "quote the value in the template, remove it from the list, or convert by hand"
            raise document.refusal([FieldFault(where, problem, mend)])


def samples(space: Space) -> Iterator[dict[str, str]]:
    """Points all over the space, and one for each value of each list, odd ones first."""
    size = len(space)
    yield space.from_unit([0.0] * size)
    yield space.from_unit([1.0] * size)
    # Kronecker's sequence: multiples of square roots, which fill the cube evenly.
    roots = [math.sqrt(prime) for prime in _primes(size)]
    for number in range(1, POINTS + 1):
        yield space.from_unit([number * root % 1 for root in roots])
    first = space.from_unit([0.0] * size)
    values = [
        (parameter.name, parameter.at(index))
        for parameter in space
        if isinstance(parameter, Categorical | Discrete)
        for index in range(min(parameter.cardinality, 10 * MOST_VALUES))
    ]
    values.sort(key=lambda pair: pair[1].replace(".", "").isalnum() and pair[1].isascii())
    for name, text in values[:MOST_VALUES]:
        yield {**first, name: text}


def _primes(count: int) -> list[int]:
    """As many primes; for a thousand parameters their square roots are still all different."""
    found: list[int] = []
    number = 2
    while len(found) < min(count, 200):
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return [found[index % len(found)] for index in range(count)]


def _difference(
    old: Experiment,
    new: Experiment,
    assignments: Mapping[str, str],
    number: int,
    config_maps: ConfigMaps,
) -> str | None:
    """How the trials of the two differ; None when they do not."""
    given = tuple(ParameterAssignment(name=n, value=v) for n, v in assignments.items())
    assignment = TrialAssignment(
        name=f"{old.name or 'trial'}-{number}", parameter_assignments=given
    )
    before, after = (_trial(each, assignment, config_maps) for each in (old, new))
    if isinstance(before, str):
        return f"the old template cannot be rendered, {before}"
    if isinstance(after, str):
        return after
    names = (before.primary_container_name, after.primary_container_name)
    renamed = _renamed(before.dump(), *names) if assignment.name in names[0] else before.dump()
    return next(_differences(renamed, after.dump(), ()), None)


def _trial(
    experiment: Experiment, assignment: TrialAssignment, config_maps: ConfigMaps
) -> TrialSpec | str:
    template = experiment.spec.trial_template or TrialTemplate()
    try:
        text = None
        place = text_source(template)
        if place is not None:
            data = config_maps(place.config_map_namespace, place.config_map_name) or {}
            text = data.get(place.template_path)
        return trial(experiment, assignment, text).spec
    except TemplateBroken as broken:
        return broken.problem


def _renamed(tree: Json, name: str, fresh: str) -> Json:
    """The trial with its primary container, and what speaks of it, called otherwise."""
    if isinstance(tree, dict):
        changed = {key: _renamed(inner, name, fresh) for key, inner in tree.items()}
        if tree.get("primaryContainerName") == name:
            changed["primaryContainerName"] = fresh
        containers = changed.get("containers")
        for item in containers if isinstance(containers, list) else ():
            if isinstance(item, dict) and item.get("name") == name:
                item["name"] = fresh
        return changed
    return [_renamed(item, name, fresh) for item in tree] if isinstance(tree, list) else tree


def _differences(before: Json, after: Json, path: Path) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (left, right) in enumerate(zip(before, after, strict=True)):
            yield from _differences(left, right, (*path, index))
    elif type(before) is not type(after) or before != after:
        field = FieldFault(path, "").field
        yield f"{field.removeprefix('runSpec.')} is {_shown(before)} and would be {_shown(after)}"


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def with_algorithm(document: Json, algorithm: Object) -> Json:
    """The document with another algorithm."""
    spec = document.get("spec") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(spec, dict):
        return document
    return {**document, "spec": {**spec, "algorithm": algorithm}}
