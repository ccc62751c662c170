"""The Korean tutorial of 2019 on a real cluster: Katib's TFJob example, then a CNN of one's own.

munshi stands where Katib stood, Kubeflow's own training operator runs the TFJobs, and TensorFlow trains in
them. Typed are the commands of the tutorial; what its reader sees is what is asserted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.cluster import ROOT, Cluster
from support.operators import ended, installed, last, until

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(1500, func_only=True)]
END_S = 1200
"""For twelve trials on a busy machine; a quiet one of two cores takes a minute."""
NOTE = "손글씨 숫자를 읽는 CNN, 첫 실험"
VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata:
  name: katib-mysql
  labels:
    type: local
    app: katib
spec:
  capacity:
    storage: 10Gi
  accessModes:
    - ReadWriteOnce
  hostPath:
    path: /data/katib
"""
"""The tutorial's first step. Katib's database needed it; munshi has none, and leaves it alone."""


@pytest.fixture(scope="module")
def kubeflow(cluster: Cluster) -> Iterator[Cluster]:
    """The namespace of the tutorial, with the operator that drives it and the volume of the first step."""
    with installed(cluster, MUNSHI_NAMESPACES="kubeflow") as within:
        within.kubectl("apply", "-f", "-", given=VOLUME)
        yield within
        within.kubectl("delete", "pv", "katib-mysql", "--wait")


def example(name: str, image: str) -> str:
    """An example of ours with another image, and not a character more."""
    text = ROOT.joinpath("examples", name).read_text("utf-8")
    changed, count = re.subn(r"(?m)^( *image: )\S+$", rf"\g<1>{image}", text)
    assert count == 1
    return changed


@contextmanager
def applied(cluster: Cluster, name: str, text: str, folder: Path) -> Iterator[Path]:
    """The Experiment, applied; deleted in the end. What is yielded grows: all that was seen of its pods."""
    seen = folder / f"{name}.json"
    chosen = f"--selector=katib.kubeflow.org/experiment={name}"
    words = ["get", "pods", chosen, "--watch", "--output-watch-events", "--output=json"]
    cluster.kubectl("delete", "experiment", name, "--ignore-not-found")  # of a run that was killed
    watching = cluster.start_kubectl(*words, out=seen)
    try:
        cluster.kubectl("apply", "-f", "-", given=text)
        yield seen
    finally:
        cluster.kubectl("delete", "experiment", name)
        watching.kill()
        watching.wait()


def most_at_once(seen: Path) -> int:
    """How many pods were there at once that had not ended, at most."""
    text, reader = seen.read_text("utf-8"), json.JSONDecoder()
    at, most = 0, 0
    alive: set[str] = set()
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            event, at = reader.raw_decode(text, at)
        except ValueError:  # cut off in the middle
            break
        pod = event["object"]
        over = _is_over(pod) or event["type"] == "DELETED"
        (alive.discard if over else alive.add)(pod["metadata"]["uid"])
        most = max(most, len(alive))
    return most


def _is_over(pod: dict[str, Any]) -> bool:
    """Whether its program has ended; its collector, and so its phase, may be a moment behind."""
    status = pod["status"]
    program = [each for each in status.get("containerStatuses", ()) if each["name"] == "tensorflow"]
    ended = any("terminated" in each["state"] for each in program)
    return ended or status.get("phase") in {"Succeeded", "Failed"}


def rows(printed: str) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of what kubectl printed."""
    head, *rest = [line.split() for line in printed.splitlines()]
    return head, rest


def logged(cluster: Cluster, experiment: str, words: str) -> str:
    """What `kubectl logs POD -c tensorflow` shows of a trial that runs, once the words are in it."""
    said: list[str] = []
    chosen = f"katib.kubeflow.org/experiment={experiment}"

    def shown() -> bool:
        for pod in cluster.get("pods", "-l", chosen)["items"]:
            done = cluster.try_kubectl("logs", pod["metadata"]["name"], "-c", "tensorflow")
            if words in done.stdout:
                said[:] = [done.stdout]
                return True
        return False

    until(shown, END_S, f"{words!r} in the log of a trial of {experiment}")
    return said[0]


def trials_of(cluster: Cluster, experiment: str) -> list[dict[str, Any]]:
    """The trials of an Experiment."""
    found = cluster.get("trials", "-l", f"katib.kubeflow.org/experiment={experiment}")
    trials: list[dict[str, Any]] = found["items"]
    return trials


def test_the_first_part(kubeflow: Cluster, tmp_path: Path) -> None:
    """The manifest of 2019 with another image: 12 TFJobs, 3 at a time, or fewer when the goal is reached."""
    text = example("tfjob-example.yaml", "munshi/tf-mnist:test")
    with applied(kubeflow, "tfjob-example", text, tmp_path) as seen:
        head, [row] = rows(kubeflow.kubectl("get", "experiments", "-n", "kubeflow"))
        assert head == ["NAME", "TYPE", "STATUS", "AGE"]
        assert row[0] == "tfjob-example"
        assert "Accuracy at step 10: " in logged(kubeflow, "tfjob-example", "Accuracy at step 100:")
        experiment = ended(kubeflow, "tfjob-example", END_S)
        head, [row] = rows(kubeflow.kubectl("get", "experiments", "-n", "kubeflow"))
        assert row[:3] == ["tfjob-example", "Succeeded", "True"]
        head, found = rows(kubeflow.kubectl("get", "trials", "-n", "kubeflow"))
        assert head == ["NAME", "TYPE", "STATUS", "AGE"]
        reached = last(experiment)["reason"] == "ExperimentGoalReached"
        kinds = {row[1] for row in found if row[0].startswith("tfjob-example-")}
        assert kinds == {"Succeeded"} or (reached and kinds <= {"Succeeded", "Killed"})
        assert len(found) == 12 or reached
        old = "experiments.v1alpha3.kubeflow.org"
        assert rows(kubeflow.kubectl("get", old))[0] == ["NAME", "STATUS", "AGE"]
    best = experiment["status"]["currentOptimalTrial"]
    [metric] = [each for each in best["observation"]["metrics"] if each["name"] == "accuracy_1"]
    assert float(metric["max"]) > 0.9
    names = [each["name"] for each in best["parameterAssignments"]]
    assert names == ["--learning_rate", "--batch_size"]
    assert 1 < most_at_once(seen) <= 3
    assert kubeflow.get("pv", "katib-mysql")["status"]["phase"] == "Available"


def test_the_second_part(kubeflow: Cluster, tmp_path: Path) -> None:
    """A CNN of one's own, with Korean in comments, an argument, an annotation and all of the output."""
    text = example("cnn-accuracy2.yaml", "munshi/tf-cnn:test")
    text = text.replace(
        "metadata:\n", f"metadata:\n  annotations:\n    example.com/note: {NOTE}\n", 1
    )
    with applied(kubeflow, "cnn-example-accuracy2", text, tmp_path) as seen:
        said = logged(kubeflow, "cnn-example-accuracy2", "번째 반복: 정확도")
        assert "[손글씨 숫자 합성곱 신경망] 학습을 시작합니다" in said
        experiment = ended(kubeflow, "cnn-example-accuracy2", END_S)
        trials = trials_of(kubeflow, "cnn-example-accuracy2")
    assert last(experiment)["type"] == "Succeeded", last(experiment)
    assert experiment["metadata"]["annotations"]["example.com/note"] == NOTE
    assert [last(each)["type"] for each in trials] == ["Succeeded"] * 12
    values = {each["status"]["observation"]["metrics"][0]["max"] for each in trials}
    assert len(values) > 6, "every trial is judged by its own events"
    best = experiment["status"]["currentOptimalTrial"]
    assert max(map(float, values)) == float(best["observation"]["metrics"][0]["max"]) > 0.9
    assert 1 < most_at_once(seen) <= 3
