"""Assignments and a template become a run spec, and a value never leaves its field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api.common import ParameterAssignment, ParameterType
from munshi.api.experiment import (
    ConfigMapSource,
    Experiment,
    ExperimentSpec,
    GoTemplate,
    TrialParameter,
    TrialTemplate,
)
from munshi.api.meta import EXPERIMENT_LABEL, ObjectMeta
from munshi.api.suggestion import TrialAssignment
from munshi.api.wire import Json, Object
from munshi.errors import TemplateBroken
from munshi.local.jobs.expansion import expand
from munshi.template import TrialFacts, placeholders, render, run_spec, text_source, trial

FACTS = TrialFacts("tune", "tune-x7k2m", "lab")
TYPES = {"n": ParameterType.INT, "lr": ParameterType.DOUBLE, "opt": ParameterType.CATEGORICAL}
PARAMETERS = tuple(TrialParameter(name=f"p-{name}", reference=name) for name in TYPES)
CONFIG_MAP = ConfigMapSource(config_map_name="t", config_map_namespace="lab", template_path="k")


def a_template(spec: Object, *more: TrialParameter) -> TrialTemplate:
    """A template whose placeholders are p-n, p-lr and p-opt."""
    job: Object = {"apiVersion": "batch/v1", "kind": "Job", **spec}
    return TrialTemplate(trial_spec=job, trial_parameters=(*PARAMETERS, *more))


def rendered(spec: Object, **assignments: str) -> Object:
    """The run spec for these values, others having a plain one."""
    values = {"n": "3", "lr": "0.5", "opt": "adam", **assignments}
    return render(a_template(spec), None, FACTS, values, TYPES)


def from_text(text: str, **assignments: str) -> Object:
    """The same for a template in a ConfigMap."""
    values = {"n": "3", "lr": "0.5", "opt": "adam", **assignments}
    template = TrialTemplate(config_map=CONFIG_MAP, trial_parameters=PARAMETERS)
    return render(template, f"apiVersion: batch/v1\nkind: Job\n{text}", FACTS, values, TYPES)


def received(words: list[str]) -> list[str]:
    """What a program gets of these words: with Kubernetes' references expanded."""
    return [expand(word, {"OPT": "expanded", "X": "expanded"}) for word in words]


@given(
    value=st.text() | st.sampled_from(["${trialParameters.p-n}", '"}], "x": "', "a\nb: c", "$(X)"])
)
def test_a_value_reaches_its_argument_unchanged(value: str) -> None:
    """Quotes, newlines, even placeholders: the value is the rest of the argument, and nothing else."""
    job = rendered(
        {"args": ["--opt=${trialParameters.p-opt}", "${trialParameters.p-n}"]}, opt=value
    )
    assert received(job["args"]) == [f"--opt={value}", "3"]
    assert set(job) == {"apiVersion", "kind", "args", "metadata"}


@given(value=st.text())
def test_a_value_reaches_its_argument_from_a_text_unchanged(value: str) -> None:
    """The text is parsed before values are put in, so they cannot add fields."""
    job = from_text('args: ["--opt=${trialParameters.p-opt}"]', opt=value)
    assert received(job["args"]) == [f"--opt={value}"]


REFERENCES = st.text(alphabet="$()OPTx", max_size=8)
AROUND = st.sampled_from(["", "a", "$", "$$", "$$$", "$(OPT)", "a$"])


@given(
    value=REFERENCES.filter(bool),
    before=AROUND,
    after=st.sampled_from(["", "$", "(OPT)", ")", "$(OPT)"]),
)
def test_a_value_is_never_expanded(value: str, before: str, after: str) -> None:
    """Kubernetes expands the author's `$(NAME)` in arguments and variables, and leaves values alone."""
    where = f"{before}${{trialParameters.p-opt}}{after}"
    job = rendered(
        {"args": [where], "env": [{"name": "A", "value": where}], "note": where}, opt=value
    )
    mark = "\x01"
    (wanted,) = received([f"{before}{mark}{after}"])
    assert received(job["args"]) == [wanted.replace(mark, value)]
    assert received([job["env"][0]["value"]]) == [wanted.replace(mark, value)]
    assert job["note"] == f"{before}{value}{after}", "nothing is expanded there"


@given(value=REFERENCES.filter(bool), before=AROUND, after=st.sampled_from(["", "$", "(OPT)", ")"]))
def test_a_value_in_a_go_template_is_never_expanded(value: str, before: str, after: str) -> None:
    """The same of v1alpha3, whose templates put values in as text."""
    item = f"{before}{{{{(index .HyperParameters 2).Value}}}}{after}"
    text = (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: '{{.Trial}}', namespace: '{{.NameSpace}}'}\n"
        f"args: ['{item}']\nnote: '{item}'\n"
    )
    template = TrialTemplate(go_template=GoTemplate(raw_template=text))
    job = render(template, None, FACTS, {"n": "3", "lr": "0.5", "opt": value}, TYPES)
    mark = "\x01"
    (wanted,) = received([f"{before}{mark}{after}"])
    assert received(job["args"]) == [wanted.replace(mark, value)]
    assert job["note"] == f"{before}{value}{after}"


@pytest.mark.parametrize(
    "item", ["- '{{.}}'", '- "--opt={{.}}"', "- a{{.}}", "- |-\n  <{{.}}>", " [ '{{.}}', b ]"]
)
@given(
    value=st.text() | st.sampled_from(['","privileged":true,"x":"', "'", "a\nb: c", "]}", "# c"])
)
def test_a_value_in_a_go_template_is_data(item: str, value: str) -> None:
    """Whatever the author's quotes, a value adds no field, and loses nothing of itself."""
    text = (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: '{{.Trial}}', namespace: '{{.NameSpace}}'}\n"
        f"words:\n{{{{with (index .HyperParameters 2).Value}}}}{item}{{{{end}}}}\n"
    )
    template = TrialTemplate(go_template=GoTemplate(raw_template=text))
    plain = render(template, None, FACTS, {"n": "3", "lr": "0.5", "opt": "word"}, TYPES)
    job = render(template, None, FACTS, {"n": "3", "lr": "0.5", "opt": value or "word"}, TYPES)
    assert job == {**plain, "words": [w.replace("word", value or "word") for w in plain["words"]]}


def test_plain_dollars_are_not_touched() -> None:
    """What Kubernetes would leave alone is not escaped: the job reads as its author expects."""
    job = rendered({"args": ["--opt=${trialParameters.p-opt}"]}, opt="$HOME 5$ ${x} `$y`")
    assert job["args"] == ["--opt=$HOME 5$ ${x} `$y`"]


def test_the_template_is_not_changed() -> None:
    """Rendering a trial leaves the template for the next one."""
    template = a_template({"metadata": {"labels": {"a": "${trialParameters.p-opt}"}}})
    before = template.dump()
    render(template, None, FACTS, {"n": "1", "lr": "1", "opt": "x"}, TYPES)
    assert template.dump() == before


NUMBERS: dict[str, tuple[Object, Json]] = {
    "replicas of an int": ({"replicas": "${trialParameters.p-n}"}, {"replicas": 3}),
    "a deadline of a double": (
        {"activeDeadlineSeconds": "${trialParameters.p-lr}"},
        {"activeDeadlineSeconds": 0.5},
    ),
    "text around it": ({"replicas": "x${trialParameters.p-n}"}, {"replicas": "x3"}),
    "a categorical parameter": ({"replicas": "${trialParameters.p-opt}"}, {"replicas": "adam"}),
    "a field of another name": ({"name": "${trialParameters.p-n}"}, {"name": "3"}),
    "an environment variable": (
        {"env": [{"name": "A", "value": "${trialParameters.p-n}"}]},
        {"env": [{"name": "A", "value": "3"}]},
    ),
    "a label of such a name": (
        {"labels": {"priority": "${trialParameters.p-n}"}},
        {"labels": {"priority": "3"}},
    ),
    "keys stay": ({"${trialParameters.p-n}": "a"}, {"${trialParameters.p-n}": "a"}),
    "a placeholder nobody fills": ({"a": "${trialParameters.q}"}, {"a": "${trialParameters.q}"}),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_only_where_the_schema_wants_them(case: str) -> None:
    """A field becomes a number by its name, and when it is nothing but one numeric placeholder."""
    written, expected = NUMBERS[case]
    assert rendered({"spec": written})["spec"] == expected


TEXTS: dict[str, tuple[str, Json]] = {
    "bare": ("epochs: ${trialParameters.p-n}", {"epochs": 3}),
    "bare with a comment": ("epochs: ${trialParameters.p-n} # how long", {"epochs": 3}),
    "quoted": ('epochs: "${trialParameters.p-n}"', {"epochs": "3"}),
    "quoted where a number is wanted": ('replicas: "${trialParameters.p-n}"', {"replicas": 3}),
    "bare among arguments": ("args:\n  - ${trialParameters.p-n}", {"args": ["3"]}),
    "in a flow list": ("args: [a, --lr=${trialParameters.p-lr}]", {"args": ["a", "--lr=0.5"]}),
    "bare in a flow map": ("{epochs: ${trialParameters.p-n}}", {"epochs": 3}),
    "in a script": ("run: |\n  n: ${trialParameters.p-n}\n", {"run": "n: 3\n"}),
    "bare and categorical": ("mode: ${trialParameters.p-opt}", {"mode": "adam"}),
}


@pytest.mark.parametrize("case", TEXTS)
def test_templates_in_texts(case: str) -> None:
    """What the author wrote without quotes may be a number, what is quoted is text."""
    text, expected = TEXTS[case]
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    assert from_text(f"spec:\n{indented}")["spec"] == expected


def test_name_and_namespace_are_the_trials() -> None:
    """Other metadata stays as written."""
    job = rendered({"metadata": {"labels": {"a": "b"}}})
    assert job["metadata"] == {"labels": {"a": "b"}, "name": "tune-x7k2m", "namespace": "lab"}


META = {
    "${trialSpec.Name}": "tune-x7k2m",
    "${trialSpec.Namespace}": "lab",
    "${trialSpec.Kind}": "Job",
    "${trialSpec.APIVersion}": "batch/v1",
    "${trialSpec.Labels[a.b/c]}": "label",
    "${trialSpec.Annotations[note]}": "주석",
}


@pytest.mark.parametrize("reference", META)
def test_a_trial_knows_itself(reference: str) -> None:
    """Metadata references stand for the trial's name and for what is written in the template."""
    metadata = {"labels": {"a.b/c": "label"}, "annotations": {"note": "주석"}}
    more = TrialParameter(name="me", reference=reference)
    template = a_template({"metadata": metadata, "arg": "${trialParameters.me}"}, more)
    job = render(template, None, FACTS, {"n": "1", "lr": "1", "opt": "x"}, TYPES)
    assert job["arg"] == META[reference]


BROKEN: dict[str, tuple[TrialTemplate, str | None, str]] = {
    "nothing assigned": (a_template({}, TrialParameter(name="q", reference="lrr")), None, '"lr"'),
    "a label that is missing": (
        a_template({}, TrialParameter(name="q", reference="${trialSpec.Labels[a]}")),
        None,
        "labels",
    ),
    "no text": (TrialTemplate(config_map=CONFIG_MAP), None, "lab/t"),
    "a text that is not YAML": (TrialTemplate(config_map=CONFIG_MAP), "a: b: c", "line 1"),
    "a text of two documents": (
        TrialTemplate(config_map=CONFIG_MAP),
        "a: 1\n---\nb: 1",
        "2 documents",
    ),
    "a text that is a list": (TrialTemplate(config_map=CONFIG_MAP), "[]", "not an object"),
    "no template": (TrialTemplate(), None, "no template"),
    "a goTemplate of another name": (
        TrialTemplate(go_template=GoTemplate(raw_template="metadata: {name: a}")),
        None,
        "{{.Trial}}",
    ),
    "a goTemplate without namespace": (
        TrialTemplate(go_template=GoTemplate(raw_template='metadata: {name: "{{.Trial}}"}')),
        None,
        "{{.NameSpace}}",
    ),
    "a goTemplate that does not parse": (
        TrialTemplate(go_template=GoTemplate(raw_template="{{.Trial")),
        None,
        "",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_template_says_so(case: str) -> None:
    """The message names what is missing or what to write."""
    template, text, word = BROKEN[case]
    with pytest.raises(TemplateBroken) as broken:
        render(template, text, FACTS, {"n": "1", "lr": "1", "opt": "x"}, TYPES)
    assert word in str(broken.value)


GO = """
apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {name: "{{.Trial}}", namespace: "{{.NameSpace}}"}
spec:
  args:
  {{- range .HyperParameters}}
  - "{{.Name}}={{.Value}}"
  {{- end}}
"""


def test_a_go_template_gets_the_assignments_in_their_order() -> None:
    """`.HyperParameters` are the assignments as the trial has them."""
    template = TrialTemplate(go_template=GoTemplate(raw_template=GO))
    job = render(template, None, FACTS, {"--b": "2", "--a": "1"}, {})
    assert job["spec"] == {"args": ["--b=2", "--a=1"]}


def test_where_the_text_of_a_template_is_kept() -> None:
    """A raw template wins over templateSpec; a trialSpec needs no text."""
    assert text_source(TrialTemplate(config_map=CONFIG_MAP)) == CONFIG_MAP
    assert text_source(a_template({})) is None
    spec_only = TrialTemplate(go_template=GoTemplate(template_spec=CONFIG_MAP))
    assert text_source(spec_only) == CONFIG_MAP
    both = TrialTemplate(go_template=GoTemplate(raw_template="x", template_spec=CONFIG_MAP))
    assert text_source(both) is None


def test_placeholders_of_a_tree() -> None:
    """Found in values at any depth, several in one text, never in keys."""
    tree: Json = {"${trialParameters.k}": ["${trialParameters.a}${trialParameters.b}", {"x": 1}]}
    assert placeholders(tree) == {"a", "b"}


def an_experiment(template: TrialTemplate) -> Experiment:
    """An Experiment as the store holds it."""
    metadata = ObjectMeta(name="tune", namespace="lab", uid="u-1", labels={"team": "vision"})
    return Experiment(metadata=metadata, spec=ExperimentSpec(trial_template=template))


def test_a_trial_is_complete_in_itself() -> None:
    """Labels of three sources, the owner, the job, and what its kind implies."""
    template = TrialTemplate(go_template=GoTemplate(raw_template=GO), retain=True)
    assignment = TrialAssignment(
        name="tune-1",
        parameter_assignments=(ParameterAssignment(name="--lr", value="0.1"),),
        labels={"parent": "p"},
        annotations={"munshi/suggestion-index": "0"},
    )
    made = trial(an_experiment(template), assignment, None)
    assert (made.name, made.namespace, made.experiment_name) == ("tune-1", "lab", "tune")
    assert made.metadata.labels == {"team": "vision", EXPERIMENT_LABEL: "tune", "parent": "p"}
    assert made.metadata.annotations == {"munshi/suggestion-index": "0"}
    assert made.metadata.owner_references[0].uid == "u-1"
    assert made.spec.primary_container_name == "tensorflow"
    assert "Succeeded" in made.spec.success_condition
    assert made.spec.primary_pod_labels == {"training.kubeflow.org/job-role": "master"}
    assert made.spec.retain_run is True
    assert made.spec.run_spec is not None
    assert made.spec.run_spec["spec"] == {"args": ["--lr=0.1"]}


def test_the_first_container_trains_when_nobody_says() -> None:
    """A Job of a goTemplate has the container of its pod template, whatever its name."""
    pod = {"spec": {"containers": [{"name": "{{.Trial}}"}, {"name": "b"}]}}
    go = "kind: Job\napiVersion: batch/v1\nmetadata: {name: '{{.Trial}}', namespace: '{{.NameSpace}}'}\n"
    template = TrialTemplate(go_template=GoTemplate(raw_template=f"{go}spec: {{template: {pod}}}"))
    made = trial(an_experiment(template), TrialAssignment(name="tune-1"), None)
    assert made.spec.primary_container_name == "tune-1"


def test_a_run_spec_needs_a_template() -> None:
    """An Experiment that was never admitted is refused, not crashed upon."""
    with pytest.raises(TemplateBroken):
        run_spec(Experiment(), None, "a", ())
