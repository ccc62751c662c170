"""The one judge: every fault of an Experiment, in one list, for CLI, web, webhook and SDK alike."""

from __future__ import annotations

from collections.abc import Iterator

from munshi.admission.collector import collector_faults
from munshi.admission.defaults import with_defaults
from munshi.admission.names import count_faults, name_faults
from munshi.admission.search import (
    NONE_SERVED,
    Served,
    algorithm_faults,
    early_stopping_faults,
    objective_faults,
    space_and_faults,
)
from munshi.admission.template import ConfigMaps, template_faults
from munshi.admission.update import is_judged, update_faults
from munshi.api.experiment import Experiment
from munshi.api.source import Source
from munshi.errors import FieldFault


def judge(
    experiment: Experiment,
    *,
    config_maps: ConfigMaps,
    old: Experiment | None = None,
    source: Source | None = None,
    served: Served = NONE_SERVED,
) -> list[FieldFault]:
    """Find everything the author must mend (Katib api contract §8, with its traps mended).

    Args:
        experiment: As written, in either dialect; defaults are filled here.
        config_maps: Looks a ConfigMap up.
        old: For an update, what is stored now. Then only the change is judged.
        source: The author's file: faults inside an embedded template get their `mark` from it.
        served: Algorithms that are not munshi's.

    Returns:
        All faults, in the order of the spec's subjects; an empty list admits it.
    """
    if old is not None:
        if not is_judged(old, experiment):
            return []
        return [*count_faults(experiment), *update_faults(old, experiment)]
    return list(_all(experiment, config_maps, source, served))


def _all(
    written: Experiment, config_maps: ConfigMaps, source: Source | None, served: Served
) -> Iterator[FieldFault]:
    experiment = with_defaults(written)
    yield from name_faults(experiment)
    yield from count_faults(written)
    yield from objective_faults(experiment)
    space, faults = space_and_faults(experiment)
    yield from faults
    yield from algorithm_faults(experiment, space, served)
    yield from early_stopping_faults(experiment, written.spec, served)
    yield from collector_faults(experiment)
    yield from template_faults(experiment, config_maps, source)
