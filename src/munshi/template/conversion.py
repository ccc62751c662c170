"""A goTemplate of v1alpha3 becomes the trialSpec and trialParameters of v1beta1 that say the same.

The template is rendered once with stand-ins: words that occur nowhere else, one for each parameter's
value, one for the trial's name and one for its namespace. Where a stand-in lands, its placeholder belongs.
Loops unroll by themselves, and what cannot be said with placeholders shows: a function that looks at a
value is refused while rendering (`opaque`), a value within the name of a field afterwards. The author's
comments and the order of the fields come through, because the rendered text itself is patched.

Called by `admission.conversion`, which then proves that both forms give the same jobs. Nothing here knows
of the rest of the Experiment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from munshi.api import source as yaml_source
from munshi.api import yaml_patch, yaml_writer
from munshi.api.experiment import TrialParameter
from munshi.api.source import Source
from munshi.api.wire import Json, Object
from munshi.errors import Invalid, Path, TemplateBroken
from munshi.template import go_template, kinds
from munshi.template.render import TrialFacts

CONTAINER = "training-container"
"""What the primary container is called when its name was the trial's: in v1beta1 the name is fixed."""

_NOT_A_WORD = re.compile(r"[^\w]+")
_GO_COMMENT = re.compile(r"\{\{(?:- )?/\*")
_TRIAL, _NAMESPACE = "trialName", "trialNamespace"


@dataclass(frozen=True, slots=True)
class Structural:
    """A template of v1beta1.

    Attributes:
        trial_spec: The object, with placeholders.
        text: The same as YAML, flush left, with the author's comments where that was possible.
        trial_parameters: The placeholders, parameters first.
        primary_container: The container that trains.
        renamed: What the old template called that container, when it cannot be called so any more.
        lost: What of the author's text is not in `text`.
    """

    trial_spec: Object
    text: str
    trial_parameters: tuple[TrialParameter, ...]
    primary_container: str
    renamed: str = ""
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _StandIn:
    """A word in the rendered text, and what it stands for in the old and in the new template."""

    word: str
    action: str
    name: str
    reference: str

    @property
    def placeholder(self) -> str:
        return f"${{trialParameters.{self.name}}}"


def structural(text: str, experiment: str, names: Sequence[str], container: str = "") -> Structural:
    """Convert a Go template.

    Args:
        text: The template.
        experiment: The Experiment's name; empty when the API server will make one up.
        names: The search space's parameters, in order.
        container: The primary container when the author names one.

    Raises:
        TemplateBroken: It says something that placeholders cannot say; `mark` is its place in `text`.
    """
    parameters, trial, namespace, unnamed = _stand_ins(text, names)
    hidden = (*parameters, trial, namespace, *([] if experiment else [unnamed]))
    values = tuple((name, each.word) for name, each in zip(names, parameters, strict=True))
    data = go_template.TrialData(experiment or unnamed.word, trial.word, namespace.word, values)
    rendered = go_template.render(text, data, [each.word for each in hidden])
    if not experiment and unnamed.word in rendered:
        problem = "the template asks for .Experiment, and generateName leaves the name open"
        raise TemplateBroken(problem, "write metadata.name in the Experiment")
    document = _one(rendered)
    facts = TrialFacts(experiment, trial.word, namespace.word)
    _refuse_keys(document.value, hidden)
    patch = yaml_patch.Patch(document)
    _forget_who(patch, facts)
    chosen, renamed = _container(patch, container, trial)
    replace = _replacing(hidden)
    patch.respell(replace)
    comments = patch.comments()
    edits = patch.edits()
    kept = not patch.written_anew
    new = replace(yaml_patch.applied(rendered, edits)) if kept else yaml_writer.write(patch.value)
    written = str(patch.value)
    used = [each for each in hidden if each.placeholder in written]
    return Structural(
        trial_spec=patch.value,  # type: ignore[arg-type]  # `_one` saw an object, and it stays one
        text=new.strip("\n"),
        trial_parameters=tuple(TrialParameter(name=e.name, reference=e.reference) for e in used),
        primary_container=chosen,
        renamed=renamed,
        lost=tuple(_lost(text, 0 if kept else comments)),
    )


def _stand_ins(
    text: str, names: Sequence[str]
) -> tuple[tuple[_StandIn, ...], _StandIn, _StandIn, _StandIn]:
    """Words that are neither in the template nor in a parameter's name, and names for placeholders."""
    everything = "\n".join((text, *names)).lower()
    stem = next(
        stem for stem in (f"zq{number}" for number in range(len(everything) + 1)) if stem not in everything
    )  # fmt: skip
    taken = {_TRIAL, _NAMESPACE}
    parameters = []
    for index, name in enumerate(names):
        word = f"{stem}p{index}z"
        parameters.append(_StandIn(word, "{{.Value}}", _placeholder(name, taken), name))
    trial = _StandIn(f"{stem}tz", "{{.Trial}}", _TRIAL, "${trialSpec.Name}")
    namespace = _StandIn(f"{stem}nz", "{{.NameSpace}}", _NAMESPACE, "${trialSpec.Namespace}")
    return tuple(parameters), trial, namespace, _StandIn(f"{stem}ez", "{{.Experiment}}", "", "")


def _placeholder(parameter: str, taken: set[str]) -> str:
    """`--num-layers` is `numLayers` to a trialTemplate; a name that is taken gets a number."""
    words = [word for word in _NOT_A_WORD.split(parameter) if word]
    name = (
        "".join([words[0], *(word[:1].upper() + word[1:] for word in words[1:])]) if words else "p"
    )
    chosen = next(
        each for each in (name, *(f"{name}{n}" for n in range(2, len(taken) + 3))) if each not in taken
    )  # fmt: skip
    taken.add(chosen)
    return chosen


def _one(rendered: str) -> Source:
    try:
        documents = yaml_source.read(rendered, "the rendered template")
    except Invalid as invalid:
        raise TemplateBroken(
            f"the rendered template is no YAML: {invalid.faults[0].problem}"
        ) from invalid
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise TemplateBroken("the rendered template is not one object", "write one object")
    return documents[0]


def _refuse_keys(tree: Json, hidden: Sequence[_StandIn]) -> None:
    for key in _keys(tree):
        for each in hidden:
            if each.word in key:
                shown = key.replace(each.word, each.action)
                problem = f'{each.action} stands in the name of a field, "{shown}"'
                mend = "v1beta1 fills values only; give the field a fixed name"
                raise TemplateBroken(problem, mend)


def _keys(tree: Json) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from tree
        for inner in tree.values():
            yield from _keys(inner)
    elif isinstance(tree, list):
        for item in tree:
            yield from _keys(item)


def _forget_who(patch: yaml_patch.Patch, facts: TrialFacts) -> None:
    """Name and namespace go: in v1beta1 each trial gets its own."""
    tree = patch.value
    metadata = tree.get("metadata") if isinstance(tree, dict) else None
    fields = (("name", facts.trial, "{{.Trial}}"), ("namespace", facts.namespace, "{{.NameSpace}}"))
    held = metadata if isinstance(metadata, dict) else {}
    for field, wanted, action in fields:
        if held.get(field) != wanted:
            raise TemplateBroken(f"metadata.{field} is not {action}", f"write {field}: {action}")
    if len(held) == len(fields):
        patch.drop(("metadata",))
        return
    for field, _, _ in fields:
        patch.drop(("metadata", field))


def _container(patch: yaml_patch.Patch, said: str, trial: _StandIn) -> tuple[str, str]:
    """The primary container's name, and what it was called when it has to be renamed."""
    tree = patch.value
    job = tree if isinstance(tree, dict) else {}
    names = kinds.container_names(job)
    name = said or kinds.primary_container(job)
    if trial.word not in name:
        return name, ""
    fresh = CONTAINER
    while fresh in names:
        fresh += "-1"
    for path in _containers_named(job, name):
        patch.set((*path, "name"), fresh)
    return fresh, name.replace(trial.word, trial.action)


def _containers_named(tree: Json, name: str, path: Path = ()) -> Iterator[Path]:
    if isinstance(tree, dict):
        for key, inner in tree.items():
            if key == "containers" and isinstance(inner, list):
                for index, item in enumerate(inner):
                    if isinstance(item, dict) and item.get("name") == name:
                        yield (*path, key, index)
            else:
                yield from _containers_named(inner, name, (*path, key))
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _containers_named(item, name, (*path, index))


def _replacing(hidden: Sequence[_StandIn]) -> Callable[[str], str]:
    by_word = {each.word: each.placeholder for each in hidden}
    words = re.compile("|".join(map(re.escape, by_word)))
    return lambda text: words.sub(lambda found: by_word[found[0]], text)


def _lost(template: str, comments: int) -> Iterator[str]:
    if found := len(_GO_COMMENT.findall(template)):
        yield f"{found} comment{'s' * (found > 1)} of the Go template ({{{{/* … */}}}})"
    if comments:
        yield f"{comments} YAML comment{'s' * (comments > 1)} of the template"
