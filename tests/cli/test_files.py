"""Files and standard input, and the job that a trial would run."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from munshi.api import decode, dialect, source
from munshi.api.experiment import Experiment
from munshi.cli import files, judging, render
from munshi.errors import Invalid

from .conftest import Munshi

EXPERIMENT = """\
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: random, namespace: default}
spec:
  objective: {type: maximize, objectiveMetricName: accuracy}
  algorithm:
    algorithmName: random
    algorithmSettings: [{name: random_state, value: "7"}]
  maxTrialCount: 3
  parameters:
  - {name: lr, parameterType: double, feasibleSpace: {min: "0.01", max: "0.05"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: rate, reference: lr}]
"""
SPEC = """\
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec: {template: {spec: {containers: [{name: main, args: ["--lr=${trialParameters.rate}"]}]}}}
"""
KEPT = """\
    configMap: {configMapName: templates, configMapNamespace: default, templatePath: job.yaml}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: templates, namespace: default}
data:
  job.yaml: |
    apiVersion: batch/v1
    kind: Job
    spec: {template: {spec: {containers: [{name: main, args: ["--lr=${trialParameters.rate}"]}]}}}
"""


def written(folder: Path, text: str) -> files.Documents:
    """The documents of a file that holds the text."""
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    return files.read([str(folder / "x.yaml")])


def the_experiment(documents: files.Documents) -> Experiment:
    """The one Experiment of some documents."""
    return dialect.home(decode.read(documents.experiments[0].value, Experiment))


@pytest.mark.parametrize(
    "text", [EXPERIMENT + SPEC, EXPERIMENT + KEPT], ids=["inline", "ConfigMap"]
)
def test_the_job_of_given_values(tmp_path: Path, text: str) -> None:
    """A given value reaches the job, wherever the template is kept; the trial's name is in it."""
    documents = written(tmp_path, text)
    job = render.job(the_experiment(documents), documents, ["lr=0.02"], "my-trial")
    assert job["metadata"]["name"] == "my-trial"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["--lr=0.02"]


def test_drawn_values_are_the_seeds(tmp_path: Path) -> None:
    """Without --set, the same seed draws the same value, and it lies in the feasible space."""
    documents = written(tmp_path, EXPERIMENT + SPEC)
    drawn = [render.assignments(the_experiment(documents), []) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert 0.01 <= float(drawn[0]["lr"]) <= 0.05


@pytest.mark.parametrize("given", ["lr", "rate=1", "=1"])
def test_a_wrong_set_is_usage(tmp_path: Path, given: str) -> None:
    """--set wants NAME=VALUE with a parameter's name."""
    documents = written(tmp_path, EXPERIMENT + SPEC)
    with pytest.raises(click.UsageError):
        render.assignments(the_experiment(documents), [given])


def test_a_value_outside_is_used_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value outside of its space is rendered as asked, and said."""
    documents = written(tmp_path, EXPERIMENT + SPEC)
    assert render.assignments(the_experiment(documents), ["lr=1"]) == {"lr": "1"}
    assert "lr=1 is outside of its feasible space" in capsys.readouterr().err


def test_a_missing_config_map_is_named(tmp_path: Path) -> None:
    """A template in a ConfigMap that was not given is a fault at that field."""
    documents = written(tmp_path, EXPERIMENT + KEPT.split("---", maxsplit=1)[0])
    with pytest.raises(Invalid) as refused:
        judging.template_text(the_experiment(documents), documents)
    assert refused.value.faults[0].path == ("spec", "trialTemplate", "configMap")


BROKEN = {
    "no such file": (None, "there is no such file"),
    "an empty file": ("# nothing\n", "there is nothing in it"),
    "not an object": ("hello", "a Kubernetes object is wanted"),
    "a misspelt kind": ("apiVersion: kubeflow.org/v1beta1\nkind: Experimnt\n", "x.yaml:2:7: kind"),
    "a Trial": ("apiVersion: kubeflow.org/v1beta1\nkind: Trial\n", "munshi's own to make"),
    "broken YAML": ("a: [\n", "x.yaml:"),
    "a binary file": ("\0\1\2", "x.yaml:"),
}


@pytest.mark.parametrize("verb", ["validate", "render"])
@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_unusable_files(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    munshi: Munshi,
    verb: str,
    text: str | None,
    said: str,
) -> None:
    """A file that holds no Experiment is answered with what is wrong and where; the exit code is 2."""
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("x.yaml").write_text(text, encoding="utf-8")
    result = munshi(verb, "x.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_folder_is_not_a_file(tmp_path: Path, munshi: Munshi) -> None:
    """A folder is refused in plain words."""
    assert "is a folder" in munshi("validate", str(tmp_path)).stderr


def test_standard_input(munshi: Munshi) -> None:
    """`-` reads standard input, and faults name it."""
    result = munshi("validate", "-", given=b"a: [\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("<stdin>:")


def test_every_files_faults_are_listed(tmp_path: Path, munshi: Munshi) -> None:
    """One bad file does not hide another's faults."""
    result = munshi("validate", str(tmp_path / "a"), str(tmp_path / "b"))
    assert result.stderr.count("there is no such file") == 2


def test_a_valid_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, munshi: Munshi
) -> None:
    """A right file is named with its Experiment, and the exit code is 0."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path, EXPERIMENT + KEPT)
    result = munshi("validate", "x.yaml")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "x.yaml: Experiment default/random is valid\n"


def test_all_faults_of_an_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, munshi: Munshi
) -> None:
    """Every fault has a line that opens with file:line:column; the exit code is 2."""
    monkeypatch.chdir(tmp_path)
    text = EXPERIMENT.replace("maximize", "maximise").replace('max: "0.05"', 'max: "0.001"')
    written(tmp_path, text + SPEC)
    result = munshi("validate", "x.yaml")
    places = [line.split(":")[:2] for line in result.stderr.splitlines()]
    assert (result.exit_code, result.stdout) == (2, "")
    assert places == [["x.yaml", "5"], ["x.yaml", "11"]]


def test_render_prints_a_job(tmp_path: Path, munshi: Munshi) -> None:
    """`munshi render` prints YAML that reads back as the job with the given value."""
    (tmp_path / "x.yaml").write_text(EXPERIMENT + SPEC, encoding="utf-8")
    result = munshi("render", str(tmp_path / "x.yaml"), "--set", "lr=0.02", "--trial", "t1")
    assert result.exit_code == 0, result.stderr
    job = source.read(result.stdout)[0].value
    assert isinstance(job, dict)
    assert (job["kind"], job["metadata"]) == ("Job", {"name": "t1", "namespace": "default"})
    assert "--lr=0.02" in result.stdout


def test_documents_for_kubernetes_are_passed_over(tmp_path: Path) -> None:
    """Beside an Experiment other kinds give a note each; alone they are a mistake, told as before."""
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: kubeflow}\n"
    both = written(tmp_path, namespace + "---\n" + EXPERIMENT + SPEC)
    assert len(both.experiments) == 1
    assert not both.refusals
    assert [note.partition(": ")[2] for note in both.notes] == [
        "kind: a Namespace is passed over; only Kubernetes needs it"
    ]
    alone = written(tmp_path, namespace)
    assert not alone.notes
    assert [fault.path for refusal in alone.refusals for fault in refusal.faults] == [("kind",)]


RUNNABLE = SPEC.replace("{containers:", "{restartPolicy: Never, containers:").replace(
    "name: main,", "name: main, command: [python],"
)


def test_what_only_this_machine_cannot_run_is_a_note(munshi: Munshi) -> None:
    """A RayJob is valid, since a cluster may run it; that `run` would refuse it here is said beside it."""
    ray = SPEC.replace("batch/v1", "ray.io/v1").replace("kind: Job", "kind: RayJob")
    conditions = (
        "    successCondition: status.done\n    failureCondition: status.failed\n"
        "    primaryPodLabels: {a: b}\n"
    )
    result = munshi("validate", "-", given=(EXPERIMENT + conditions + ray).encode())
    assert (result.exit_code, result.stdout) == (
        0,
        "<stdin>: Experiment default/random is valid\n",
    )
    assert result.stderr.startswith("note: on this machine: <stdin>:")
    assert "RayJob" in result.stderr
    fine = munshi("validate", "-", given=(EXPERIMENT + RUNNABLE).encode())
    assert (fine.exit_code, fine.stderr) == (0, "")


def test_a_trials_name_must_be_one(munshi: Munshi) -> None:
    """A job with a name that no object can have is not printed."""
    given = (EXPERIMENT + RUNNABLE).encode()
    for name in ("BAD name", "", "-x", "x" * 64):
        refused = munshi("render", "-", "--trial", name, given=given)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "is no name of a trial" in refused.stderr
    assert munshi("render", "-", "--trial", "x" * 63, given=given).exit_code == 0


def test_what_to_quote_is_shown_as_it_was_written(munshi: Munshi) -> None:
    """YAML reads y as true; the mend says "y"."""
    custom = "  metricsCollectorSpec: {collector: {kind: Custom, customCollector: {name: c, image: y}}}\n"
    text = EXPERIMENT.replace("  objective:", f"{custom}  objective:") + RUNNABLE
    assert 'e.g. "y"' in munshi("validate", "-", given=text.encode()).stderr
