"""The door: a document comes in, an Experiment with defaults comes out, or every fault at once.

Shape (`api.decode`) and meaning (`judge`) are judged in one go, so that an author mends a file
once. What only follows from another fault is not told: a field that could not be read is not also
called missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from munshi.admission.defaults import with_defaults
from munshi.admission.judge import judge
from munshi.admission.search import NONE_SERVED, Served
from munshi.admission.template import ConfigMaps
from munshi.api import decode
from munshi.api.common import CollectorKind
from munshi.api.experiment import Experiment
from munshi.api.source import Source
from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid, Path


@dataclass(frozen=True, slots=True)
class Admitted:
    """An Experiment that may be stored.

    Attributes:
        experiment: In the home dialect, with defaults.
        warnings: What was written and has no effect.
    """

    experiment: Experiment
    warnings: tuple[FieldFault, ...] = ()


def no_config_maps(namespace: str, name: str) -> None:
    """For callers that know of no ConfigMaps."""
    del namespace, name


def admit(
    document: Source | Json,
    *,
    config_maps: ConfigMaps = no_config_maps,
    old: Experiment | None = None,
    served: Served = NONE_SERVED,
) -> Admitted:
    """Admit a document as an Experiment.

    Args:
        document: What `api.source.read` gave, or bare JSON values.
        config_maps: Looks a ConfigMap up.
        old: For an update, what is stored now.
        served: Algorithms that are not munshi's.

    Raises:
        Invalid: With all faults, each with its place when there is a Source, in the order of lines.
    """
    source = document if isinstance(document, Source) else None
    value = document.value if isinstance(document, Source) else document
    try:
        if decode.kind_of(value) is not Experiment:
            kind = value.get("kind") if isinstance(value, dict) else None
            problem = f'"{kind}" is not an Experiment'
            raise Invalid([FieldFault(("kind",), problem, "write an Experiment")])
    except Invalid as invalid:
        raise _refusal(list(invalid.faults), source) from None
    decoded = decode.decode(value, Experiment)
    judged = judge(decoded.value, config_maps=config_maps, old=old, source=source, served=served)
    shape = list(decoded.faults)
    faults = shape + [fault for fault in judged if not _follows(fault, shape)]
    if faults:
        raise _refusal(faults, source)
    experiment = with_defaults(decoded.value)
    return Admitted(experiment, tuple(_warnings(experiment)))


def _refusal(faults: list[FieldFault], source: Source | None) -> Invalid:
    if source is None:
        return Invalid(faults)
    placed = source.refusal(faults)
    lines = [(f.mark.line, f.mark.column) if f.mark else (0, 0) for f in placed.faults]
    order = sorted(range(len(lines)), key=lambda index: lines[index])
    return Invalid([placed.faults[index] for index in order], placed.source)


def _follows(fault: FieldFault, shape: list[FieldFault]) -> bool:
    """Whether a fault is but the shadow of what could not be read."""
    for other in shape:
        shorter = min(len(fault.path), len(other.path))
        if fault.path[:shorter] == other.path[:shorter]:
            return True
        misspelt = other.problem == "unknown field" and fault.path[:-1] == other.path[:-1]
        if misspelt and fault.problem.startswith("is missing"):
            return True
        if _links(fault) and other.path[:2] in (("spec", "parameters"), ("spec", "trialTemplate")):
            return True
    return False


def _links(fault: FieldFault) -> bool:
    """Whether a fault lies between parameters, trialParameters and placeholders."""
    path: Path = fault.path
    unused = path[:2] == ("spec", "parameters") and len(path) == 3
    between = path[:3] == ("spec", "trialTemplate", "trialParameters")
    return unused or between or "${trialParameters." in fault.problem


def _warnings(experiment: Experiment) -> list[FieldFault]:
    found = []
    spec = experiment.spec
    template = spec.trial_template
    if template is not None and template.go_template is not None and template.trial_parameters:
        path: Path = ("spec", "trialTemplate", "trialParameters")
        found.append(FieldFault(path, "has no effect beside goTemplate", "remove it"))
    collector = spec.metrics_collector_spec
    if collector is not None:
        kind, at = collector.collector.kind, ("spec", "metricsCollectorSpec")
        source = collector.source
        deaf = (CollectorKind.TF_EVENT, CollectorKind.PUSH, CollectorKind.PROMETHEUS)
        if source and source.filter and kind in deaf:
            problem = f"has no effect with collector {kind.value}"
            found.append(FieldFault((*at, "source", "filter"), problem, "remove it"))
        unread = (CollectorKind.STDOUT, CollectorKind.PUSH, CollectorKind.PROMETHEUS)
        if source and source.file_system_path and kind in unread:
            problem = f"has no effect with collector {kind.value}"
            mend = "remove it, or use collector kind File"
            found.append(FieldFault((*at, "source", "fileSystemPath"), problem, mend))
    return found
