"""`munshi convert`: files in, files out; what comes out runs the same trials."""

from __future__ import annotations

import json

import pytest

from journeys.world import World
from munshi.api import source

pytestmark = pytest.mark.journey
OLD = """\
# 오래된 실험
apiVersion: kubeflow.org/v1alpha3
kind: Experiment
metadata: {name: old}
spec:
  objective: {type: maximize, objectiveMetricName: score}
  algorithm:
    algorithmName: random
    algorithmSettings: [{name: random_state, value: "7"}]
  maxTrialCount: 5
  parallelTrialCount: 2
  parameters:
    - {name: --x, parameterType: double, feasibleSpace: {min: "0", max: "1"}}
    - {name: --n, parameterType: int, feasibleSpace: {min: "1", max: "9"}}
  trialTemplate:
    goTemplate:
TEMPLATE"""
JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{.Trial}}
  namespace: {{.NameSpace}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: {{.Trial}}   # 이름
        image: none
        command:
        - sh
        - -c
        - 'echo "$0 $*"; echo "score=${1#--x=}"'
        - {{.Trial}}
        {{- range .HyperParameters}}
        - "{{.Name}}={{.Value}}"
        {{- end}}
"""


def indented(text: str, by: int) -> str:
    """The text as a block of YAML."""
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


INLINE = OLD.replace("TEMPLATE", f"      rawTemplate: |-\n{indented(JOB, 8)}")
PLACE = {"configMapName": "t", "configMapNamespace": "default", "templatePath": "job"}
KEPT = OLD.replace("TEMPLATE", f"      templateSpec: {json.dumps(PLACE)}\n")
CONFIG_MAP = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: t}  # 틀\n"
    f"data:\n  job: |\n{indented(JOB, 4)}"
)
VOLUME = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: p} # mine\n"


def settings(world: World) -> list[tuple[str, ...]]:
    """What the trials tried, in the order of their suggestions."""
    found = sorted(
        world.trials(),
        key=lambda trial: int(trial["metadata"]["annotations"]["munshi/suggestion-index"]),
    )
    return [tuple(a["value"] for a in t["spec"]["parameterAssignments"]) for t in found]


def test_the_converted_file_runs_the_same_trials(world: World) -> None:
    """`convert | validate -` is clean, and `convert | run -` tries what the old file tries, seed for seed."""
    (world.path / "old.yaml").write_text(INLINE, "utf-8")
    assert world.munshi("run", "old.yaml").code == 0
    before = settings(world)
    assert world.munshi("delete", "experiment", "old").code == 0
    new = world.munshi("convert", "-f", "old.yaml")
    assert (new.code, "note: " in new.err) == (0, True)
    judged = world.munshi("validate", "-", stdin=new.out)
    assert (judged.code, judged.err) == (0, "")
    done = world.munshi("run", "-", stdin=new.out)
    assert done.code == 0, done.err
    assert settings(world) == before
    assert len(before) == 5
    stored = world.get("experiment", "old")
    assert stored["apiVersion"] == "kubeflow.org/v1beta1"
    assert stored["spec"]["trialTemplate"]["primaryContainerName"] == "training-container"
    name = world.trials()[0]["metadata"]["name"]
    assert world.munshi("logs", name).out.startswith(f"{name} --x=")


def test_several_files_and_other_documents(world: World) -> None:
    """ConfigMaps and volumes come out as they went in; a template kept in a ConfigMap is found."""
    (world.path / "a.yaml").write_text(f"{KEPT}---\n{VOLUME}", "utf-8")
    (world.path / "b.yaml").write_text(CONFIG_MAP, "utf-8")
    done = world.munshi("convert", "a.yaml", "b.yaml")
    assert done.code == 0, done.err
    assert done.out.endswith(f"---\n{VOLUME}---\n{CONFIG_MAP}")
    assert done.out.startswith("# 오래된 실험\napiVersion: kubeflow.org/v1beta1\n")
    kinds = [document.value["kind"] for document in source.read(done.out)]  # type: ignore[index,call-overload]
    assert kinds == ["Experiment", "PersistentVolume", "ConfigMap"]
    assert world.munshi("validate", "-", stdin=done.out).code == 0


def test_json(world: World) -> None:
    """`-o json` prints the same objects, one after the other."""
    yaml = world.munshi("convert", "-", stdin=f"{INLINE}---\n{VOLUME}")
    done = world.munshi("convert", "-o", "json", "-", stdin=f"{INLINE}---\n{VOLUME}")
    assert [json.loads(text) for text in done.out.split("---\n")] == [
        document.value for document in source.read(yaml.out)
    ]


def test_what_is_new_already_passes_through(world: World) -> None:
    """The second conversion changes no byte, and says so."""
    once = world.munshi("convert", "-", stdin=INLINE).out
    twice = world.munshi("convert", "-", stdin=once)
    assert (twice.code, twice.out) == (0, once)
    assert "is v1beta1 already; passed through unchanged" in twice.err


def test_what_cannot_be_said_is_refused(world: World) -> None:
    """Exit 2, nothing on stdout, the reason with file, line and column."""
    text = INLINE.replace("{{.Value}}", '{{if eq .Value "1"}}one{{else}}more{{end}}')
    (world.path / "old.yaml").write_text(text, "utf-8")
    done = world.munshi("convert", "old.yaml")
    assert (done.code, done.out) == (2, "")
    line = next(at for at, said in enumerate(text.splitlines(), 1) if "{{if" in said)
    assert done.err.startswith(f"old.yaml:{line}:")
    assert "no equal in v1beta1" in done.err


def test_nothing_to_convert(world: World) -> None:
    """A file without Experiment, and no file at all: exit 2 and a sentence."""
    (world.path / "b.yaml").write_text(CONFIG_MAP, "utf-8")
    done = world.munshi("convert", "b.yaml")
    assert (done.code, done.out) == (2, "")
    assert "no Experiment" in done.err
    assert world.munshi("convert").code == 2
