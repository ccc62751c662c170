"""Will the trial template do? Rules R15 to R19, R28 to R38, and goTemplate.

Everything that would otherwise show in the first trial: a template that cannot be read, a
placeholder nobody fills, a parameter nobody uses, a condition that can never be met. How templates
are rendered, `munshi.template` knows; here a trial that never runs is rendered to see.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping

from munshi.admission import job_fields
from munshi.api import decode
from munshi.api.experiment import ConfigMapSource, Experiment, TrialTemplate
from munshi.api.source import Source
from munshi.api.wire import Object
from munshi.errors import FieldFault, Path, TemplateBroken
from munshi.template import TrialFacts, condition, go_template, kinds, render
from munshi.template.placeholders import uses
from munshi.template.render import META_REFERENCES, meta, parse

ConfigMaps = Callable[[str, str], Mapping[str, str] | None]
"""(namespace, name) to the data of that ConfigMap, or None when there is none."""

_AT: Path = ("spec", "trialTemplate")
_RAW: Path = (*_AT, "goTemplate", "rawTemplate")
_ODD = set("\"'\\\n\r\t:#{}[]&*!|>%@`")
_MOST_SAMPLES = 20
_LONGEST_SAMPLE = 200


def template_faults(
    experiment: Experiment, config_maps: ConfigMaps, source: Source | None
) -> Iterator[FieldFault]:
    """What is wrong with spec.trialTemplate.

    Args:
        experiment: With defaults.
        config_maps: Where templates may be kept.
        source: The author's file, for places inside rawTemplate.
    """
    template = experiment.spec.trial_template
    if template is None:
        mend = "write trialTemplate with trialSpec, trialParameters and primaryContainerName"
        yield FieldFault(_AT, "is missing", mend)
        return
    held = [
        field
        for field, value in (
            ("trialSpec", template.trial_spec),
            ("configMap", template.config_map),
            ("goTemplate", template.go_template),
        )
        if value is not None
    ]
    if len(held) != 1:
        problem = f"holds {' and '.join(held)}" if held else "holds no template"
        mend = (
            f"keep one of {', '.join(held)}" if held else "write trialSpec, configMap or goTemplate"
        )
        yield FieldFault(_AT, problem, mend)
    yield from _written_conditions(template)
    if len(held) != 1:
        return
    if template.go_template is not None:
        yield from _go(experiment, template, config_maps, source)
    else:
        yield from _structural(experiment, template, config_maps)


def _written_conditions(template: TrialTemplate) -> Iterator[FieldFault]:
    implied = kinds.defaults(template.trial_spec.get("kind") if template.trial_spec else None)
    for field, expression, default in (
        ("successCondition", template.success_condition, implied.success),
        ("failureCondition", template.failure_condition, implied.failure),
    ):
        if expression and expression != default and (wrong := condition.check(expression)):
            problem, _, mend = wrong.rpartition("; ")
            yield FieldFault((*_AT, field), problem or mend, mend if problem else "")


def _kind_conditions(template: TrialTemplate, job: Object) -> Iterator[FieldFault]:
    """Conditions that are neither written nor implied by the kind."""
    kind = job.get("kind")
    implied = kinds.defaults(kind)
    for field, written, word in (
        ("successCondition", template.success_condition or implied.success, "Succeeded"),
        ("failureCondition", template.failure_condition or implied.failure, "Failed"),
    ):
        if not written:
            mend = f'write one, such as status.conditions.#(type=="{word}")#|#(status=="True")#'
            yield FieldFault((*_AT, field), f"is missing: kind {kind} has no default", mend)


def _structural(
    experiment: Experiment, template: TrialTemplate, config_maps: ConfigMaps
) -> Iterator[FieldFault]:
    yield from _trial_parameter_faults(experiment, template)
    where: Path = (*_AT, "trialSpec")
    text: str | None = None
    if template.config_map is not None:
        found = yield from _config_map(template.config_map, (*_AT, "configMap"), config_maps)
        if found is None:
            return
        text, where = found, (*_AT, "configMap", "templatePath")
    try:
        parsed = parse(template, text)
        if not isinstance(parsed.tree, dict):
            raise TemplateBroken("the template is not an object", "write apiVersion, kind and spec")
    except TemplateBroken as broken:
        yield FieldFault(where, broken.problem, broken.mend)
        return
    job: Object = parsed.tree
    inside = text is not None
    for fault in _object_faults(template, job):
        yield _placed(fault, where, inside=inside)
    yield from _kind_conditions(template, job)
    yield from _container(template, job)
    yield from _fillings(experiment, template, job, where, inside=inside)


def _placed(fault: FieldFault, where: Path, *, inside: bool) -> FieldFault:
    """A fault of the template object, put at its field of the Experiment."""
    if inside:
        problem = f"{fault.field}: {fault.problem}" if fault.path else fault.problem
        return FieldFault(where, problem, fault.mend)
    return FieldFault((*where, *fault.path), fault.problem, fault.mend)


def _object_faults(template: TrialTemplate, job: Object) -> Iterator[FieldFault]:
    for field in ("apiVersion", "kind"):
        if not isinstance(job.get(field), str) or not job[field]:
            mend = "write apiVersion: batch/v1 and kind: Job, or those of your operator"
            yield FieldFault((field,), "is missing", mend)
    metadata = job.get("metadata")
    if isinstance(metadata, dict):
        for field in ("name", "namespace"):
            if field in metadata:
                problem = f'"{metadata[field]}" is written, but every trial has its own'
                yield FieldFault(("metadata", field), problem, "remove it")
    if job_fields.is_job(job):
        yield from job_fields.job_faults(job)


def _container(template: TrialTemplate, job: Object) -> Iterator[FieldFault]:
    name, path = template.primary_container_name, (*_AT, "primaryContainerName")
    names = (
        job_fields.container_names(job) if job_fields.is_job(job) else kinds.container_names(job)
    )
    if not name:
        known = f" ({', '.join(names)})" if names else ""
        yield FieldFault(path, "is missing", f"name the container that trains{known}")
    elif job_fields.is_job(job) and names and name not in names:
        problem = f'"{name}" is not a container of the Job'
        yield FieldFault(path, problem, decode.suggest(name, names))


def _trial_parameter_faults(
    experiment: Experiment, template: TrialTemplate
) -> Iterator[FieldFault]:
    """Names and references of trialParameters, and parameters that none of them refers to."""
    searched = [parameter.name for parameter in experiment.spec.parameters if parameter.name]
    first: dict[str, int] = {}
    for index, parameter in enumerate(template.trial_parameters):
        path: Path = (*_AT, "trialParameters", index)
        name, reference = parameter.name, parameter.reference
        if not name:
            yield FieldFault((*path, "name"), "is missing", "name the placeholder")
        elif "{" in name or "}" in name:
            yield FieldFault((*path, "name"), f'"{name}" holds a brace', "rename it")
        elif name in first:
            problem = f'"{name}" is already the name of trialParameters[{first[name]}]'
            yield FieldFault((*path, "name"), problem, "rename or remove one of them")
        first.setdefault(name, index)
        if not reference:
            mend = f"name a parameter: {', '.join(searched)}" if searched else "name a parameter"
            yield FieldFault((*path, "reference"), "is missing", mend)
        elif reference.startswith("${trialSpec."):
            yield from _meta_shape(reference, (*path, "reference"))
        elif reference not in searched and experiment.spec.nas_config is None:
            problem = f'"{reference}" is not a parameter of the search space'
            yield FieldFault((*path, "reference"), problem, decode.suggest(reference, searched))
    used = {parameter.reference for parameter in template.trial_parameters}
    for index, searched_parameter in enumerate(experiment.spec.parameters):
        name = searched_parameter.name
        if name and name not in used:
            problem = f'"{name}" is used by no trialParameter, so no trial would differ by it'
            mend = f"add a trialParameter that references {name}, or remove the parameter"
            yield FieldFault(("spec", "parameters", index), problem, mend)


def _meta_shape(reference: str, path: Path) -> Iterator[FieldFault]:
    """A metadata reference of no known form; whether its label is written is asked later."""
    try:
        known = meta(reference, {}, TrialFacts("", "", "")) is not None
    except TemplateBroken:
        known = True
    if not known:
        problem = f'"{reference}" is not something a trial knows of itself'
        yield FieldFault(path, problem, decode.suggest(reference, META_REFERENCES))


def _fillings(
    experiment: Experiment, template: TrialTemplate, job: Object, where: Path, *, inside: bool
) -> Iterator[FieldFault]:
    """Placeholders without trialParameter, trialParameters without placeholder, missing labels."""
    named = [parameter.name for parameter in template.trial_parameters]
    seen: dict[str, Path] = {}
    for name, path in uses(job):
        seen.setdefault(name, path)
    unfilled = [name for name in seen if name not in named]
    unused = [name for name in named if name and name not in seen]
    for name in unfilled:
        problem = f"${{trialParameters.{name}}} has no trialParameter"
        near = decode.suggest(name, named) if named else ""
        mend = "add one that references a parameter"
        mend = (
            f"{near} Or {mend}" if "did you mean" in near else f"{mend} ({near})" if near else mend
        )
        yield _placed(FieldFault(seen[name], problem, mend), where, inside=inside)
    for index, parameter in enumerate(template.trial_parameters):
        at: Path = (*_AT, "trialParameters", index)
        if parameter.name in unused and not ("{" in parameter.name or "}" in parameter.name):
            problem = f"${{trialParameters.{parameter.name}}} stands nowhere in the template"
            mend = f"{decode.suggest(parameter.name, unfilled)} " if unfilled else ""
            near = mend if "did you mean" in mend else ""
            yield FieldFault((*at, "name"), problem, f"{near}use it in an argument or remove it")
        try:
            meta(parameter.reference, job, _facts(experiment))
        except TemplateBroken as broken:
            yield FieldFault((*at, "reference"), broken.problem, broken.mend)


def _go(
    experiment: Experiment,
    template: TrialTemplate,
    config_maps: ConfigMaps,
    source: Source | None,
) -> Iterator[FieldFault]:
    go = template.go_template
    text, where = (go.raw_template if go else ""), _RAW
    if not text:
        spec = go.template_spec if go else None
        if spec is None:
            mend = "write rawTemplate or templateSpec"
            yield FieldFault((*_AT, "goTemplate"), "holds no template", mend)
            return
        found = yield from _config_map(spec, (*_AT, "goTemplate", "templateSpec"), config_maps)
        if found is None:
            return
        text, where = found, (*_AT, "goTemplate", "templateSpec", "templatePath")
        source = None
    breaks = go_template.check(text)
    completions = [each.completion for each in reversed(breaks) if each.completion]
    for each in breaks:
        mend = each.mend
        if each.completion and completions:  # once, below the first unclosed block
            margin = ""
            if source is not None:  # ready to paste: indented as the author's file is
                mark = source.template_mark(where, each.mark)
                margin = " " * max(0, mark.column - each.mark.column)
            lines = "\n".join(completions).splitlines()
            mend = "\n".join([f"{mend}:", *(margin + line for line in lines)])
            completions = []
        if source is not None:
            mark = source.template_mark(where, each.mark)
            yield FieldFault(where, each.problem, mend, mark)
        else:
            place = f"line {each.mark.line}, column {each.mark.column} of the template"
            yield FieldFault(where, f"{place}: {each.problem}", mend)
    if not breaks:
        yield from _go_sample(experiment, template, text, where, source)


def _go_sample(
    experiment: Experiment,
    template: TrialTemplate,
    text: str,
    where: Path,
    source: Source | None,
) -> Iterator[FieldFault]:
    """Render trials that never run: the first values, then every odd text a trial might get."""
    types = {parameter.name: parameter.parameter_type for parameter in experiment.spec.parameters}
    job: Object | None = None
    for assignments in _samples(experiment):
        try:
            job = render(template, text, _facts(experiment), assignments, types)
        except TemplateBroken as broken:
            shown = ", ".join(f"{name}={value}" for name, value in assignments.items())
            problem = f"{broken.problem} (rendered with {_clipped(shown)})"
            mark = source.template_mark(where, broken.mark) if source and broken.mark else None
            yield FieldFault(where, problem, broken.mend, mark)
            return
    if job is not None:
        if job_fields.is_job(job):
            for fault in job_fields.job_faults(job):
                yield _placed(fault, where, inside=True)
        yield from _kind_conditions(template, job)


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_SAMPLE else f"{text[:_LONGEST_SAMPLE]}…"


def _samples(experiment: Experiment) -> Iterator[dict[str, str]]:
    spaces = {p.name: p.feasible_space for p in experiment.spec.parameters if p.name}
    first = {
        name: space.list_[0] if space.list_ else space.min or "0" for name, space in spaces.items()
    }
    yield first
    odd = [
        (name, value)
        for name, space in spaces.items()
        for value in space.list_[1:]
        if not value or _ODD.intersection(value)
    ]
    for name, value in odd[:_MOST_SAMPLES]:
        yield {**first, name: value}


def _config_map(
    place: ConfigMapSource, at: Path, config_maps: ConfigMaps
) -> Generator[FieldFault, None, str | None]:
    """The text that a ConfigMap holds for the template; None after a fault."""
    namespace, name, key = (
        place.config_map_namespace,
        place.config_map_name,
        place.template_path,
    )
    fields = {"configMapNamespace": namespace, "configMapName": name, "templatePath": key}
    missing = [field for field, value in fields.items() if not value]
    for field in missing:
        yield FieldFault((*at, field), "is missing", "write all three fields")
    if missing:
        return None
    data = config_maps(namespace, name)
    if data is None:
        mend = "create it before the Experiment, or write the template into the Experiment"
        yield FieldFault(
            (*at, "configMapName"), f'there is no ConfigMap "{namespace}/{name}"', mend
        )
        return None
    if key not in data:
        problem = f'ConfigMap "{namespace}/{name}" has no key "{key}"'
        mend = decode.suggest(key, data) if data else "add it to the ConfigMap"
        yield FieldFault((*at, "templatePath"), problem, mend)
        return None
    return data[key]


def _facts(experiment: Experiment) -> TrialFacts:
    name = experiment.name or f"{experiment.metadata.generate_name}xxxxx"
    return TrialFacts(name, f"{name}-trial", experiment.namespace)
