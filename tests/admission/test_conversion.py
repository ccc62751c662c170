"""v1alpha3 becomes v1beta1 with the same trials, comments and all; or it is refused, at the place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi import admission
from munshi.admission import conversion
from munshi.api import source, yaml_patch
from munshi.api.common import ParameterAssignment
from munshi.api.experiment import Experiment
from munshi.api.suggestion import TrialAssignment
from munshi.api.wire import Json, Object
from munshi.errors import Invalid
from munshi.template import trial

FOLDER = Path(__file__).parent.parent / "manifests" / "v1alpha3"
SHIPPED = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.rglob("*.yaml")
    if path.parent.name != "nas"  # refused by admission: architectures are not searched yet
)
HEAD = """\
# 학습률 실험 — written in 2019
apiVersion: "kubeflow.org/v1alpha3"   # the old one
kind: Experiment
metadata:
  name: old   # 이름
  namespace: lab
spec:
  # what is sought
  objective: {type: maximize, objectiveMetricName: score}
  algorithm: {algorithmName: random}
  maxTrialCount: 12
  maxFailedTrialCount: 3  # three may fail
  parameters:
    - {name: --lr, parameterType: double, feasibleSpace: {min: "0.1", max: "0.9"}}
    - {name: --num-layers, parameterType: int, feasibleSpace: {min: "1", max: "4"}}
    - name: --say
      parameterType: categorical
      feasibleSpace: {list: SAYINGS}
  trialTemplate:
    # how a trial runs
    goTemplate:   # in Go
      rawTemplate: |-
"""
JOB = """\
# 작업
apiVersion: batch/v1
kind: Job
metadata:
  name: {{.Trial}}
  namespace: {{.NameSpace}}
spec:
  template:
    spec:
      restartPolicy: Never  # once
      containers:
      # the only one
      - name: {{.Trial}}
        image: train
        command:
        - train   # 학습
        {{- with .HyperParameters}}
        {{- range .}}
        - {{.Name}}={{.Value}}
        {{- end}}
        {{- end}}
"""
LOOP = JOB[JOB.index("        {{- with") :]
PLAIN = '["yes", "no"]'


def written(job: str = JOB, sayings: str = PLAIN, head: str = HEAD) -> str:
    """An Experiment of v1alpha3."""
    lines = [f"        {line}" if line else "" for line in job.splitlines()]
    return head.replace("SAYINGS", sayings) + "\n".join(lines) + "\n"


def loop(item: str) -> str:
    """The job with another loop."""
    assert LOOP in JOB
    return JOB.replace(
        LOOP, f"        {{{{- range .HyperParameters}}}}\n        {item}\n        {{{{- end}}}}\n"
    )


def converted(text: str, maps: Object | None = None) -> tuple[str, list[str]]:
    """The new text, and the fields of the notes."""
    documents = source.read(text, "old.yaml")
    done = conversion.convert(documents[0], lambda ns, name: (maps or {}).get(f"{ns}/{name}"))
    new = yaml_patch.applied(documents[0].text, done.edits)
    assert source.read(new)[0].value == done.value, "the text says what the value says"
    return new, [str(note) for note in done.notes]


def refusal(text: str) -> Invalid:
    """Why it is not converted."""
    with pytest.raises(Invalid) as refused:
        converted(text)
    return refused.value


def admitted(text: str, maps: Object | None = None) -> Experiment:
    """The first Experiment of a text."""
    document = source.read(text)[0]
    return admission.admit(
        document, config_maps=lambda ns, name: (maps or {}).get(f"{ns}/{name}")
    ).experiment


def job(experiment: Experiment, values: dict[str, str], text: str | None = None) -> Object:
    """What a trial with these values runs."""
    given_values = tuple(ParameterAssignment(name=n, value=v) for n, v in values.items())
    assignment = TrialAssignment(name="old-7", parameter_assignments=given_values)
    made = trial(experiment, assignment, text)
    assert made.spec.run_spec is not None
    return made.spec.run_spec


def called(tree: Json, name: str, fresh: str) -> Json:
    """The job with its container called otherwise."""
    if isinstance(tree, dict):
        return {key: called(inner, name, fresh) for key, inner in tree.items()}
    if isinstance(tree, list):
        return [
            {**called(item, name, fresh), "name": fresh}  # type: ignore[dict-item]
            if isinstance(item, dict) and item.get("name") == name and "image" in item
            else called(item, name, fresh)
            for item in tree
        ]
    return tree


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_examples_keep_every_line_outside_of_the_template(name: str) -> None:
    """Katib's own examples: the text before the template differs in apiVersion and one count only."""
    old = (FOLDER / name).read_text("utf-8")
    new, _ = converted(old)
    before = old.partition("  trialTemplate:")[0].splitlines()
    after = new.partition("  trialTemplate:")[0].splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert len(changed) == 2
    assert "goTemplate" not in new
    assert "{{" not in new


def test_comments_and_order_are_kept() -> None:
    """Every comment of the author, in the file and in the template, stands in the new file, in order."""
    new, notes = converted(written())
    for comment in (
        "# 학습률 실험 — written in 2019",
        "# the old one",
        "# 이름",
        "# what is sought",
        "# three may fail",
        "# how a trial runs",
        "# in Go",
        "# 작업",
        "# once",
        "# the only one",
        "train   # 학습\n",
    ):
        assert new.count(comment) == 1, comment
    places = [
        new.index(word) for word in ("# what is sought", "maxTrialCount", "# in Go", "# 작업")
    ]
    assert places == sorted(places)
    assert not any("comment" in note for note in notes)


def test_what_changed_in_meaning_is_told() -> None:
    """The count of failures, the resume policy and the container's name: a note each."""
    new, notes = converted(written())
    assert "maxFailedTrialCount: 4  # three may fail" in new
    assert "resumePolicy: LongRunning" in new
    assert [note.partition(":")[0] for note in notes] == [
        "spec.trialTemplate.goTemplate.rawTemplate",
        "spec.maxFailedTrialCount",
        "spec.resumePolicy",
    ]
    assert "training-container" in notes[0]


@given(
    lr=st.floats(0.1, 0.9).map(repr),
    layers=st.integers(1, 4).map(str),
    say=st.sampled_from(["yes", "no"]),
)
def test_both_forms_give_the_same_job(lr: str, layers: str, say: str) -> None:
    """At any point the rendered jobs are equal, but for the container's name."""
    old, new = admitted(written()), admitted(CONVERTED)
    values = {"--lr": lr, "--num-layers": layers, "--say": say}
    assert called(job(old, values), "old-7", "training-container") == job(new, values)


CONVERTED = converted(written())[0]


def test_a_second_conversion_changes_nothing() -> None:
    """What is in v1beta1 passes through, byte for byte, with a note."""
    new, notes = converted(CONVERTED)
    assert new == CONVERTED
    assert "passed through" in notes[0]


EQUAL: dict[str, tuple[str, str]] = {
    "quoted words": (loop('- "{{.Name}}={{.Value}}"'), '"--lr=${trialParameters.lr}"'),
    "flag and value apart": (
        loop('- {{.Name}}\n        - "{{.Value}}"'),
        '- --num-layers\n              - "${trialParameters.numLayers}"',
    ),
    "printf": (loop('- {{printf "%s=%v" .Name .Value}}'), "--lr=${trialParameters.lr}"),
    "variables": (
        loop("- x")
        .replace("range .HyperParameters", "range $i, $p := .HyperParameters")
        .replace("- x", "- {{$p.Name}}={{$p.Value}}-{{$i}}"),
        "--num-layers=${trialParameters.numLayers}-1",
    ),
    "one by one": (
        JOB.replace(
            LOOP,
            "        - {{(index .HyperParameters 0).Value}}-{{(index .HyperParameters 1).Value}}"
            "-{{(index .HyperParameters 2).Value}}\n",
        ),
        "${trialParameters.lr}-${trialParameters.numLayers}-${trialParameters.say}",
    ),
    "a template of its own": (
        '{{define "arg"}}{{.Name}}={{.Value}}{{end}}' + loop('- {{template "arg" .}}'),
        "--say=${trialParameters.say}",
    ),
    "facts of the trial": (
        JOB.replace("- train ", "- {{.Trial}}.{{.NameSpace}}.{{.Experiment}} "),
        "${trialParameters.trialName}.${trialParameters.trialNamespace}.old",
    ),
    "a list in brackets": (
        JOB.replace(
            "        - train   # 학습\n" + LOOP,
            "        - train\n        args: [{{range $i, $p := .HyperParameters}}{{if $i}}, {{end}}"
            '"{{$p.Name}}={{$p.Value}}"{{end}}]\n',
        ),
        '"--lr=${trialParameters.lr}", "--num-layers',
    ),
    "labels of its own": (
        JOB.replace(
            "  namespace: {{.NameSpace}}\n",
            "  namespace: {{.NameSpace}}\n  labels: {run: a-{{.Trial}}}\n",
        ),
        "a-${trialParameters.trialName}",
    ),
    "a second container, named by the trial": (
        JOB.replace(
            "      containers:\n",
            "      initContainers:\n      - {name: '{{.Trial}}-i', image: a}\n      containers:\n",
        ),
        "",
    ),
    "a block text": (
        JOB.replace(
            "        - train   # 학습\n",
            "        - sh\n        - -c\n        - |\n"
            "          echo {{(index .HyperParameters 0).Value}}\n\n          done\n",
        ),
        "echo ${trialParameters.lr}",
    ),
    "CRLF": (JOB.replace("\n", "\r\n"), "${trialParameters.lr}"),
}


@pytest.mark.parametrize("sentence", EQUAL)
def test_is_converted(sentence: str) -> None:
    """The placeholder stands where the value stood, and both forms render alike."""
    template, piece = EQUAL[sentence]
    new, _ = converted(written(template))
    assert piece in new
    old_one, new_one = admitted(written(template)), admitted(new)
    values = {"--lr": "0.25", "--num-layers": "2", "--say": "no"}
    assert called(job(old_one, values), "old-7", "training-container") == job(new_one, values)


REFUSED: dict[str, tuple[str, str, str]] = {
    "a choice by a value": (
        loop('- {{if eq .Value "yes"}}a{{else}}b{{end}}'),
        "eq looks at",
        "40:24",
    ),
    "the length of a value": (loop("- a{{len .Value}}"), "len looks at", "40:22"),
    "a value in other quotes": (loop('- {{printf "%q" .Value}}'), "printf looks at", "40:21"),
    "a value escaped": (loop("- a{{.Value | html}}"), "html looks at", ""),
    "a part of the trial's name": (JOB.replace("- train ", "- {{slice .Trial 0 3}} "), "slice", ""),
    "a value in the name of a field": (
        loop("- x").replace(
            "spec:\n  template:",
            "spec:\n  template:\n    metadata:\n      labels:\n"
            "        v{{(index .HyperParameters 0).Value}}: a",
            1,
        ),
        "stands in the name of a field",
        "",
    ),
    "a parameter that is not used": (
        JOB.replace(LOOP, "        - a{{(index .HyperParameters 0).Value}}\n"),
        "not used by the template",
        "15:14",
    ),
    "a number where v1beta1 has text": (
        JOB.replace(
            "      containers:\n",
            "      volumes:\n      - name: a\n        configMap: {name: a,"
            " defaultMode: {{(index .HyperParameters 1).Value}} }\n      containers:\n",
        ),
        'defaultMode is 1 and would be "1"',
        "22:20",
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_is_refused(sentence: str) -> None:
    """What placeholders cannot say is refused with the reason, at its place in the file."""
    template, word, place = REFUSED[sentence]
    refused = refusal(written(template))
    assert word in str(refused)
    assert f"old.yaml:{place}" in str(refused)
    assert all(fault.mark and fault.mend for fault in refused.faults)


def test_a_choice_by_emptiness_is_found() -> None:
    """A branch that only one value of a list takes is found, whatever its place in the list."""
    item = "- {{with .Value}}{{.}}{{else}}none{{end}}x"
    refused = refusal(written(loop(item), '["a", "b", ""]'))
    assert 'is "nonex" and would be "x"' in str(refused)
    converted(written(loop(item), '["a", "b", "c"]'))


@pytest.mark.parametrize(
    "item", ["'{{.Name}}={{.Value}}'", '"{{.Name}}={{.Value}}"', "{{.Value}}x"]
)
def test_odd_texts_are_equal(item: str) -> None:
    """Quotes, escapes, Korean, emoji, references and placeholders pass both forms alike, in any quotes."""
    sayings = [
        "C:\\new",
        "한글 값",
        "🙂",
        "100%",
        "{{.Trial}}",
        "a#b",
        "#",
        "- x",
        "$HOME",
        "$(A)",
        "b ",
        'say "hi"',
        "it's",
        "${trialParameters.lr}",
        "two\nlines",
        "a: b",
        "[",
        "|",
        "yes",
    ]
    converted(written(loop(f"- {item}"), json.dumps(sayings, ensure_ascii=False)))


def test_a_template_kept_in_a_config_map() -> None:
    """Its text comes into the Experiment; a missing one is refused."""
    head = HEAD.partition("    # how a trial runs")[0].replace("SAYINGS", PLAIN)
    place = {"configMapName": "t", "configMapNamespace": "lab", "templatePath": "job.yaml"}
    lines = "".join(f"        {key}: {value}\n" for key, value in place.items())
    text = f"{head}    retain: true\n    goTemplate:\n      templateSpec: # kept apart\n{lines}"
    new, notes = converted(text, {"lab/t": {"job.yaml": JOB}})
    assert "retain: true" in new
    assert "# kept apart" in new
    assert "# 작업" in new
    assert any("lab/t" in note for note in notes)
    assert "there is no ConfigMap" in str(refusal(text))


COUNTS: dict[str, tuple[str, str, int | None, int | None]] = {
    "failures below the trials": ("5", "3", 4, None),
    "failures just below the trials": ("5", "4", 5, None),
    "as many failures as trials: never failed": ("5", "5", None, None),
    "more failures than trials": ("5", "9", None, None),
    "more at once than trials": ("2", "0", 1, 2),
}


@pytest.mark.parametrize("sentence", COUNTS)
def test_counts(sentence: str) -> None:
    """v1alpha3 fails above the count, v1beta1 at it; v1beta1 wants counts that fit each other."""
    trials, failures, wanted, parallel = COUNTS[sentence]
    head = HEAD.replace("maxTrialCount: 12", f"maxTrialCount: {trials}\n  parallelTrialCount: 3")
    head = head.replace("maxFailedTrialCount: 3", f"maxFailedTrialCount: {failures}")
    spec = admitted(converted(written(head=head))[0]).spec
    assert spec.max_failed_trial_count == wanted
    assert spec.parallel_trial_count == (parallel or 3)


def test_collector_none_is_push() -> None:
    """V1alpha3's word is replaced in place."""
    head = HEAD.replace(
        "  parameters:",
        "  metricsCollectorSpec:\n    collector:\n      kind: None # 없음\n  parameters:",
    )
    assert "kind: Push # 없음" in converted(written(head=head))[0]


def test_flow_style_is_written_anew() -> None:
    """A document in JSON has no lines to patch: it is written anew, and lost comments are told."""
    document = source.read(written())[0].value
    new, notes = converted(json.dumps(document))
    assert admitted(new).spec == admitted(CONVERTED).spec
    assert "written anew" in notes[-1]


SPARSE = {
    "no trialTemplate": HEAD.partition("  trialTemplate:")[0],
    "only retain": HEAD.partition("    # how a trial runs")[0] + "    retain: true # 남김\n",
}


@pytest.mark.parametrize("sentence", SPARSE)
def test_the_default_template(sentence: str) -> None:
    """V1alpha3 names a ConfigMap when nobody does; its template comes into the file, comments are kept."""
    text = SPARSE[sentence].replace("SAYINGS", PLAIN)
    maps = {"kubeflow/trial-template": {"defaultTrialTemplate.yaml": JOB}}
    new, notes = converted(text, maps)
    assert not any("anew" in note for note in notes)
    assert "# three may fail" in new
    assert ("retain: true # 남김" in new) == ("retain" in sentence)
    template = admitted(new).spec.trial_template
    assert template is not None
    assert template.retain is True
    assert template.primary_container_name == "training-container"


def test_an_algorithm_that_munshi_lacks_is_converted_with_a_note() -> None:
    """The file is for Katib, too: a planned algorithm is no reason to refuse, a misspelt one is."""
    _, notes = converted(written().replace("algorithmName: random", "algorithmName: pbt"))
    assert "converted all the same" in notes[0]
    assert "rnadom" in str(
        refusal(written().replace("algorithmName: random", "algorithmName: rnadom"))
    )


def test_other_documents_are_left_alone() -> None:
    """A neighbour in the same file keeps every byte."""
    neighbour = (
        "# mine\napiVersion: v1\nkind: ConfigMap\n"
        "metadata: {name: a}   # 그대로\ndata:\n  k: |\n    x\n"
    )
    new, _ = converted(f"{written()}---\n{neighbour}")
    assert new.endswith(f"---\n{neighbour}")
