"""Paths that a container image would have had: private folders, volumes, mounts, files of metrics."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from journeys.stories import X, choice, experiment, written
from journeys.world import World
from support.command import ROOT

pytestmark = pytest.mark.journey
NOBODY = 65534
LIBRARIES = [path for path in sys.path if path.endswith("site-packages")]


def as_nobody(python: str, folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    """Run `munshi args…` as a user who may write into `folder` and nowhere else."""
    return subprocess.run(
        [python, "-B", "-m", "munshi", *args],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=folder,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": ":".join([str(ROOT / "src"), *LIBRARIES]),
            "HOME": str(folder),
            "MUNSHI_HOME": str(folder / "home"),
        },
        capture_output=True,
        timeout=60,
        check=False,
    )


@contextmanager
def folder_of_nobody() -> Iterator[Path]:
    """A folder that belongs to nobody, below one that everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="munshi-nobody-"))
    os.chown(folder, NOBODY, NOBODY)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _python_for_nobody() -> str:
    """An interpreter with which nobody may run munshi; empty when there is none we could use."""
    if os.geteuid() != 0:
        return ""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            done = as_nobody(python, Path("/"), "version")
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return ""


def collector(kind: str, path: str, **more: Any) -> dict[str, Any]:
    """A metricsCollectorSpec that reads a file."""
    where = {"path": path, "kind": "File", **more}
    return {"collector": {"kind": kind}, "source": {"fileSystemPath": where}}


def values(world: World) -> set[float]:
    """The latest objective value of every trial."""
    return {float(t["status"]["observation"]["metrics"][0]["latest"]) for t in world.trials()}


def train() -> dict[str, Any]:
    """An experiment whose four trials all write to /train, a folder this machine has not."""
    return experiment(
        'before=$(ls /train | wc -l); echo "score=$N.$before" >> /train/metrics.log; sleep 0.2',
        parameters=[choice("n", "1", "2", "3", "4")],
        algorithm="grid",
        parallelTrialCount=4,
        metricsCollectorSpec=collector("File", "/train/metrics.log"),
    )


def test_a_hard_coded_path_is_private(world: World) -> None:
    """Four trials at once write to /train/metrics.log: none sees another's, none touches the host's."""
    assert not Path("/train").exists()
    done = world.munshi("run", written(world.path, train()))
    assert done.code == 0, done.err
    assert values(world) == {1.0, 2.0, 3.0, 4.0}, "each found its /train empty"
    assert not Path("/train").exists()


def test_a_hard_coded_path_is_private_without_any_rights() -> None:
    """The same as user nobody, whose namespaces are rootless; nothing is rewritten.

    Where nobody may not run our interpreter, or we are an ordinary user ourselves, the other tests
    of this file prove it, or cannot be made to.
    """
    python = _python_for_nobody()
    if not python:
        return
    with folder_of_nobody() as folder:
        done = as_nobody(python, folder, "run", written(folder, train()))
        assert done.returncode == 0, done.stderr.decode()
        assert b"rewritten" not in done.stderr
        said = as_nobody(python, folder, "get", "trials", "-o", "json").stdout
        trials = json.loads(said)["items"]
        found = {float(t["status"]["observation"]["metrics"][0]["latest"]) for t in trials}
        assert found == {1.0, 2.0, 3.0, 4.0}
        assert {path.stat().st_uid for path in folder.rglob("log")} == {NOBODY}
    assert not Path("/train").exists()


def test_a_file_of_json_lines(world: World) -> None:
    """Collector File with format JSON reads one object a line."""
    story = experiment(
        """mkdir -p /out; printf '{"score": "%s", "한글": 1}\\n' "$X" > /out/metrics.json""",
        metricsCollectorSpec=collector("File", "/out/metrics.json", format="JSON"),
    )
    done = world.munshi("run", written(world.path, story))
    assert done.code == 0, done.err
    assert len(values(world)) == 4


def test_volumes_of_every_kind(world: World) -> None:
    """EmptyDir is shared by nobody, hostPath is the host's, a ConfigMap's keys are files."""
    shared = world.path / "shared"
    shared.mkdir()
    (shared / "입력.txt").write_text("0.25")
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"rate.txt": "0.5", "이름": "값"},
    }
    mounts = {"/scratch": "scratch", "/data/in": "data", "/etc/settings": "settings"}
    pod = {
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            {"name": "data", "hostPath": {"path": str(shared)}},
            {"name": "settings", "configMap": {"name": "settings"}},
        ]
    }
    script = (
        '[ -z "$(ls -A /scratch)" ] || exit 7; echo mine > /scratch/file',
        '[ "$(cat /etc/settings/이름)" = 값 ] || exit 8',
        'echo "score=$(cat /data/in/입력.txt)"; echo "rate=$(cat /etc/settings/rate.txt)"',
        'echo done >> "/data/in/결과 $X"',
    )
    objective = {
        "type": "maximize",
        "objectiveMetricName": "score",
        "additionalMetricNames": ["rate"],
    }
    story = experiment(
        *script,
        container={"volumeMounts": [{"name": v, "mountPath": k} for k, v in mounts.items()]},
        pod=pod,
        objective=objective,
    )
    done = world.munshi("run", written(world.path, config, story))
    assert done.code == 0, done.err
    assert values(world) == {0.25}
    assert len(list(shared.glob("결과 *"))) == 4
    assert not Path("/scratch").exists()
    assert not Path("/data/in").exists()


def test_a_template_kept_in_a_config_map(world: World) -> None:
    """`trialTemplate.configMap` takes the job's text from a ConfigMap in the same file."""
    story = experiment()
    template = story["spec"]["trialTemplate"]
    del template["trialSpec"]
    template["configMap"] = {
        "configMapName": "templates",
        "configMapNamespace": "default",
        "templatePath": "job.yaml",
    }
    job = """
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: none
          command: [echo, "score=${trialParameters.x}"]
"""
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "templates", "namespace": "default"},
        "data": {"job.yaml": job},
    }
    done = world.munshi("run", written(world.path, story, config))
    assert done.code == 0, done.err
    assert len(values(world)) == 4


def test_other_documents_are_passed_over(world: World) -> None:
    """A Namespace and a PersistentVolume beside the Experiment give a note, not a refusal."""
    others = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kubeflow"}},
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"}, "spec": {}},
    ]
    done = world.munshi("run", written(world.path, *others, experiment('echo "score=$X"')))
    assert done.code == 0, done.err
    assert "Namespace" in done.err
    assert "PersistentVolume" in done.err


def test_a_tf_job_of_v1alpha3(world: World) -> None:
    """An old manifest: goTemplate, TFJob, `--name=value`; namespace and mount as they were then."""
    (world.path / "src").mkdir()
    (world.path / "src" / "train.sh").write_text(
        'for word; do case "$word" in --x=*) echo "score=${word#--x=}";; esac; done\n'
    )
    text = """
apiVersion: kubeflow.org/v1alpha3
kind: Experiment
metadata: {namespace: kubeflow, name: old}
spec:
  parallelTrialCount: 2
  maxTrialCount: 4
  maxFailedTrialCount: 2
  objective: {type: maximize, objectiveMetricName: score}
  algorithm: {algorithmName: random}
  parameters:
    - {name: --x, parameterType: double, feasibleSpace: {min: "0.1", max: "0.9"}}
  trialTemplate:
    goTemplate:
      rawTemplate: |-
        apiVersion: "kubeflow.org/v1"
        kind: TFJob
        metadata:
          name: {{.Trial}}
          namespace: {{.NameSpace}}
        spec:
          tfReplicaSpecs:
            Worker:
              replicas: 1
              restartPolicy: OnFailure
              template:
                spec:
                  containers:
                    - name: tensorflow
                      image: none
                      command: # 한글 주석
                        - sh
                        - /opt/src/train.sh
                        {{- with .HyperParameters}}
                        {{- range .}}
                        - "{{.Name}}={{.Value}}"
                        {{- end}}
                        {{- end}}
"""
    (world.path / "오래된.yaml").write_text(text, "utf-8")
    done = world.munshi("run", "오래된.yaml", "--mount", "src:/opt/src:ro")
    assert done.code == 0, done.err
    trials = world.get("trials", "-n", "kubeflow")["items"]
    assert len(trials) == 4
    assert not Path("/opt/src").exists()


def test_working_directory_and_facts_of_the_pod(world: World) -> None:
    """WorkingDir is where the program starts; env valueFrom fieldRef knows the trial's name."""
    place = world.path / "일터"
    place.mkdir()
    fact = {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
    env = [{"name": "X", "value": "${trialParameters.x}"}, fact]
    story = experiment(
        '[ "$POD" = default ] || exit 9; pwd > "where-$X"; echo "score=$X"',
        parameters=[X],
        container={"workingDir": str(place), "env": env},
    )
    done = world.munshi("run", written(world.path, story))
    assert done.code == 0, done.err
    said = {path.read_text().strip() for path in place.glob("where-*")}
    assert said == {str(place)}
