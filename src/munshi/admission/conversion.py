"""An Experiment of v1alpha3 becomes one of v1beta1 that does the same, or is refused with the reason.

Three steps: the author's document is admitted; the fields that are spelled or meant otherwise today are
changed (Katib api contract §10), in the author's own text where possible; the result is held against the
original (`proof`).

Called by `munshi convert`. Knows nothing of files; other documents are its caller's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from munshi.admission import proof
from munshi.admission.admit import admit
from munshi.admission.template import ConfigMaps
from munshi.algorithms import registry
from munshi.api import decode, dialect, yaml_patch
from munshi.api.common import CollectorKind
from munshi.api.experiment import Experiment, ResumePolicy, TrialTemplate
from munshi.api.meta import HOME, V1ALPHA3
from munshi.api.source import Source
from munshi.api.wire import Json, Object
from munshi.errors import FieldFault, Invalid, Path, TemplateBroken
from munshi.template import conversion, text_source
from munshi.template.conversion import Structural

_SPEC: Path = ("spec",)
_TEMPLATE: Path = (*_SPEC, "trialTemplate")
_GO: Path = (*_TEMPLATE, "goTemplate")
_RAW: Path = (*_GO, "rawTemplate")


@dataclass(frozen=True, slots=True)
class Converted:
    """What came of one document.

    Attributes:
        value: The document in v1beta1.
        edits: The changes of the file it stands in; none when it was in v1beta1 before.
        notes: What was changed in more than spelling, what was lost, and what to know; with paths of the
            old document.
    """

    value: Json
    edits: tuple[yaml_patch.Edit, ...]
    notes: tuple[FieldFault, ...]


def convert(document: Source, config_maps: ConfigMaps) -> Converted:
    """Convert one Experiment.

    Args:
        document: As the author wrote it, in either dialect.
        config_maps: Looks ConfigMaps up: an old template may be kept in one.

    Raises:
        Invalid: The document is not right to begin with, or v1beta1 cannot say what it says; with all
            reasons, each with its place.
    """
    old, notes = _admitted(document, config_maps)
    written = decode.decode(document.value, Experiment).value
    if dialect.of(written) is dialect.Dialect.V1BETA1:
        note = FieldFault(("apiVersion",), "is v1beta1 already", "passed through unchanged")
        return Converted(document.value, (), (*notes, note))
    patch = yaml_patch.Patch(document)
    notes += _template(patch, document, old, config_maps)
    notes += _spelling(patch, written, old)
    edits = tuple(patch.edits())
    if patch.written_anew:
        comments = patch.comments()
        lost = f"its comments ({comments}, and those of its template) could not be kept"
        notes.append(FieldFault((), "the document was written anew", lost))
    proof.prove(document, old, patch.value, config_maps)
    return Converted(patch.value, edits, tuple(notes))


def _admitted(document: Source, config_maps: ConfigMaps) -> tuple[Experiment, list[FieldFault]]:
    """The Experiment with defaults. An algorithm that only this munshi lacks does not stop a conversion."""
    try:
        admitted = admit(document, config_maps=config_maps)
    except Invalid as invalid:
        path: Path = ("spec", "algorithm", "algorithmName")
        lacking = [f for f in invalid.faults if f.path == path and _is_planned(document.value)]
        if not lacking or len(lacking) < len(invalid.faults):
            raise
        judged = proof.with_algorithm(document.value, {"algorithmName": "random"})
        experiment = admit(judged, config_maps=config_maps).experiment
        return experiment, [replace(f, mend="converted all the same") for f in lacking]
    return admitted.experiment, list(admitted.warnings)


def _is_planned(document: Json) -> bool:
    experiment = decode.decode(document, Experiment).value
    algorithm = experiment.spec.algorithm
    return algorithm is not None and algorithm.algorithm_name in registry.planned()


# --- the fields that are spelled or meant otherwise


def _spelling(patch: yaml_patch.Patch, written: Experiment, old: Experiment) -> list[FieldFault]:
    notes: list[FieldFault] = []
    spec = written.spec
    if written.api_version == V1ALPHA3:
        patch.set(("apiVersion",), HOME)
        notes += _counts(patch, written)
    if not spec.resume_policy:
        patch.add((*_SPEC, "resumePolicy"), str(ResumePolicy.LONG_RUNNING))
        problem = "LongRunning is written: the default of v1alpha3, where v1beta1 has Never"
        notes.append(FieldFault((*_SPEC, "resumePolicy"), problem))
    collector = spec.metrics_collector_spec
    if collector and collector.collector.kind is CollectorKind.NONE:
        path = (*_SPEC, "metricsCollectorSpec", "collector", "kind")
        patch.set(path, str(CollectorKind.PUSH))
        notes.append(FieldFault(path, "None is called Push in v1beta1"))
    if old.spec.trial_template and old.spec.trial_template.go_template:
        template = spec.trial_template
        if template is not None and template.trial_parameters:
            patch.drop((*_TEMPLATE, "trialParameters"))
    return notes


def _counts(patch: yaml_patch.Patch, written: Experiment) -> Iterator[FieldFault]:
    """v1alpha3 fails above maxFailedTrialCount, v1beta1 at it; and it compares the counts."""
    spec = written.spec
    failures, most, parallel = (
        spec.max_failed_trial_count,
        spec.max_trial_count,
        spec.parallel_trial_count,
    )
    path: Path = (*_SPEC, "maxFailedTrialCount")
    if failures is not None and most is not None and failures >= most:
        patch.drop(path)
        problem = f"{failures} is left out: an Experiment of {most} trials never had more failures"
        yield FieldFault(path, problem)
    elif failures is not None:
        patch.set(path, failures + 1)
        problem = f"{failures} becomes {failures + 1}"
        yield FieldFault(path, problem, "v1alpha3 failed above this count, v1beta1 fails at it")
    if parallel is not None and most is not None and parallel > most:
        patch.set((*_SPEC, "parallelTrialCount"), most)
        problem = f"{parallel} becomes {most}"
        yield FieldFault((*_SPEC, "parallelTrialCount"), problem, "no more trials than that exist")


def _template(
    patch: yaml_patch.Patch, document: Source, old: Experiment, config_maps: ConfigMaps
) -> list[FieldFault]:
    """The goTemplate, inline or kept in a ConfigMap, becomes trialSpec and trialParameters."""
    template = old.spec.trial_template
    if template is None or template.go_template is None:
        return []
    names = [parameter.name for parameter in old.spec.parameters]
    where = _RAW if template.go_template.raw_template else _GO
    try:
        found = conversion.structural(
            _text(template, config_maps) or "", old.name, names, template.primary_container_name
        )
    except TemplateBroken as broken:
        raise _refused(document, where, broken) from broken
    used = {parameter.reference for parameter in found.trial_parameters}
    unused = [
        FieldFault(
            ("spec", "parameters", index, "name"),
            f'"{name}" is not used by the template: v1beta1 has no trials that do not differ',
            "use it in the template, or remove the parameter",
        )
        for index, name in enumerate(names)
        if name not in used
    ]
    if unused:
        raise document.refusal(unused)
    _write(patch, template, found)
    return [*_told(template, found, where)]


def _write(patch: yaml_patch.Patch, template: TrialTemplate, found: Structural) -> None:
    fields: Object = {}
    if not template.primary_container_name or found.renamed:
        fields["primaryContainerName"] = found.primary_container
    fields["trialParameters"] = [each.dump() for each in found.trial_parameters]
    fields["trialSpec"] = found.trial_spec
    raw = {"trialSpec": found.text}
    spec = patch.value["spec"] if isinstance(patch.value, dict) else None
    held = spec.get("trialTemplate") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(held, dict):  # the default template
        if isinstance(spec, dict) and "trialTemplate" in spec:
            patch.drop(_TEMPLATE)
        patch.add(_TEMPLATE, {"retain": bool(template.retain), **fields})
    elif "goTemplate" in held:
        if "primaryContainerName" in held and "primaryContainerName" in fields:
            patch.set((*_TEMPLATE, "primaryContainerName"), str(fields.pop("primaryContainerName")))
        patch.swap(_GO, fields, raw)
    else:
        for name, value in fields.items():
            patch.add((*_TEMPLATE, name), value)


def _told(template: TrialTemplate, found: Structural, where: Path) -> Iterator[FieldFault]:
    place = text_source(template)
    if place is not None:
        name = f"{place.config_map_namespace}/{place.config_map_name}"
        yield FieldFault(where, f"the template of ConfigMap {name} is now in the Experiment")
    if found.renamed:
        problem = f'the container "{found.renamed}" is called "{found.primary_container}"'
        yield FieldFault(where, problem, "in v1beta1 a trial cannot choose its name")
    for lost in found.lost:
        yield FieldFault(where, f"{lost} could not be kept")


def _text(template: TrialTemplate, config_maps: ConfigMaps) -> str | None:
    go = template.go_template
    if go is not None and go.raw_template:
        return go.raw_template
    place = text_source(template)
    data = config_maps(place.config_map_namespace, place.config_map_name) if place else None
    return data.get(place.template_path) if place and data else None


def _refused(document: Source, where: Path, broken: TemplateBroken) -> Invalid:
    mend = broken.mend or "write the trial template for v1beta1 by hand"
    said = broken.problem.removeprefix("the template cannot be rendered: ")
    if "looks at a value" in said:
        mend = "v1beta1 puts values in as they are: leave the choice to the program"
    problem = f"has no equal in v1beta1: {said}"
    mark = None
    if broken.mark is not None and where == _RAW:
        mark = document.template_mark(where, broken.mark)
    elif broken.mark is not None:
        problem = f"line {broken.mark.line} of the template {problem}"
    return document.refusal([FieldFault(where, problem, mend, mark)])
