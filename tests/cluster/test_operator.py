"""munshi on a real Kubernetes: what a user applies, watches and gets, and what goes wrong around it."""

from __future__ import annotations

import json
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.cluster import ROOT, Cluster
from support.operators import figures, installed, page_of, replicas, until

TRIAL = "munshi/trial:test"
KATIBS = ("update-prometheus-metrics", "clean-metrics-in-db")


@pytest.fixture(scope="module")
def operator(cluster: Cluster) -> Iterator[Cluster]:
    """The operator of deploy/munshi.yaml, with its own account and its own rights."""
    with installed(cluster) as within:
        yield within


def an_experiment(*words: str, name: str = "random", **spec: Any) -> dict[str, Any]:
    """Random search with a Job; `words` are more arguments of the program."""
    command = ["python", "/opt/trial/train.py", "--lr=${trialParameters.learningRate}", *words]
    main = {"name": "main", "image": TRIAL, "command": command}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "terminationGracePeriodSeconds": 1,
                    "containers": [main],
                }
            },
        },
    }
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
            "algorithm": {"algorithmName": "random"},
            "parallelTrialCount": 2,
            "maxTrialCount": 4,
            "parameters": [
                {
                    "name": "lr",
                    "parameterType": "double",
                    "feasibleSpace": {"min": "0.01", "max": "0.05"},
                }
            ],
            "trialTemplate": {
                "primaryContainerName": "main",
                "trialParameters": [{"name": "learningRate", "reference": "lr"}],
                "trialSpec": job,
            },
            **spec,
        },
    }


def last(cluster: Cluster, name: str = "random") -> dict[str, str]:
    """The last condition of an Experiment; empty before the first."""
    said = cluster.get("experiment", name).get("status", {}).get("conditions") or [{}]
    condition: dict[str, str] = said[-1]
    return condition


def test_an_experiment_succeeds(operator: Cluster, namespace: Cluster) -> None:
    """Applied by kubectl in a namespace without any label, it ends with the best of its four trials."""
    namespace.apply(an_experiment())
    namespace.wait("experiment/random", "condition=Succeeded")
    status = namespace.get("experiment", "random")["status"]
    assert (status["trials"], status["trialsSucceeded"]) == (4, 4)
    best = status["currentOptimalTrial"]
    [metric] = best["observation"]["metrics"]
    trials = namespace.get("trials")["items"]
    values = {
        each["metadata"]["name"]: float(each["status"]["observation"]["metrics"][0]["max"])
        for each in trials
    }
    assert float(metric["max"]) == max(values.values()) == values[best["bestTrialName"]]
    shown = namespace.kubectl("get", "trials").splitlines()
    assert shown[0].split() == ["NAME", "TYPE", "STATUS", "AGE"]
    assert all(line.split()[1:3] == ["Succeeded", "True"] for line in shown[1:])
    until(lambda: not namespace.get("jobs")["items"], 30, "the jobs of ended trials are deleted")
    reasons = {each["reason"] for each in namespace.get("events")["items"]}
    assert {"ExperimentRunning", "ExperimentMaxTrialsReached"} <= reasons


def test_a_failing_program_is_told(operator: Cluster, namespace: Cluster) -> None:
    """The trial quotes what the program said last, a Warning stands beside it, the Experiment fails."""
    failing = an_experiment("--fail=3", maxFailedTrialCount=1, parallelTrialCount=1)
    namespace.apply(failing)
    namespace.wait("experiment/random", "condition=Failed")
    [trial] = namespace.get("trials")["items"]
    said = trial["status"]["conditions"][-1]
    assert said["type"] == "Failed"
    assert "accuracy=" in said["message"]

    def warned() -> bool:
        events = namespace.get("events")["items"]
        mine = [each for each in events if each["involvedObject"]["kind"] == "Trial"]
        return any((each["type"], each["reason"]) == ("Warning", "JobFailed") for each in mine)

    until(warned, 10, "a Warning JobFailed on the trial")


def test_what_the_schema_lets_pass_is_judged(operator: Cluster, namespace: Cluster) -> None:
    """An unknown algorithm and an unused parameter are told together; mended, the Experiment runs."""
    wrong = an_experiment(algorithm={"algorithmName": "tpee"})
    more = {"name": "unused", "parameterType": "int", "feasibleSpace": {"min": "1", "max": "2"}}
    wrong["spec"]["parameters"].append(more)
    namespace.apply(wrong)
    namespace.wait("experiment/random", "condition=Failed")
    said = last(namespace)
    assert said["reason"] == "ExperimentInvalid"
    assert 'did you mean "tpe"?' in said["message"]
    assert '"unused" is used by no trialParameter' in said["message"]
    assert namespace.get("trials")["items"] == []
    namespace.apply(an_experiment(maxTrialCount=2))
    namespace.wait("experiment/random", "condition=Succeeded")


def test_its_rights_and_its_size(operator: Cluster) -> None:
    """After all that no request was forbidden, none failed a pass, and it takes less than 150 MB.

    It stands before a namespace is deleted: what is created in one that ends is a 403 as well.
    """
    found = figures(page_of(operator, "/metrics"))
    assert found[("munshi_leader",)] == 1
    forbidden = {name: count for name, count in found.items() if "403" in name or "401" in name}
    assert forbidden == {}
    failed = {
        name: count
        for name, count in found.items()
        if name[0] == "munshi_reconcile_passes_total" and "failed" in name
    }
    assert failed == {}
    assert found[("process_resident_memory_bytes",)] < 150_000_000


def test_katibs_finalizers_hold_nothing(operator: Cluster, cluster: Cluster) -> None:
    """Objects from a Katib that is gone are deleted, with their namespace, like all others."""
    namespace = cluster.within(f"test-{secrets.token_hex(4)}")
    cluster.kubectl("create", "namespace", namespace.namespace)
    document = an_experiment("--pause=30")
    document["metadata"]["finalizers"] = [KATIBS[0]]
    namespace.apply(document)
    until(lambda: len(namespace.get("trials")["items"]) == 2, 30, "two trials")
    for trial in namespace.get("trials")["items"]:
        patch = json.dumps({"metadata": {"finalizers": [KATIBS[1]]}})
        namespace.kubectl(
            "patch", f"trial/{trial['metadata']['name']}", "--type=merge", "-p", patch
        )
    cluster.kubectl("delete", "namespace", namespace.namespace, "--timeout=60s")
    log = operator.logs("deployment/munshi-operator", "--since=120s")
    assert '"level": "error"' not in log


def test_leaders_follow_each_other(cluster: Cluster, namespace: Cluster, tmp_path: Path) -> None:
    """After a clean stop within 3 s, after a death within 20 s; no trial is lost, repeated or added."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    with replicas(namespace, tmp_path) as start:
        one = start(18481)
        until(one.is_("leading"), 30, "the first replica leads")
        two = start(18482)
        until(two.is_("standing by"), 30, "the second one stands by")
        namespace.apply(an_experiment("--pause=1", maxTrialCount=12))
        until(lambda: namespace.get("trials")["items"], 30, "trials")
        assert one.end() == 0
        assert until(two.is_("leading"), 10, "the second one leads") <= 3
        three = start(18483)
        until(three.is_("standing by"), 30, "the third one stands by")
        two.process.kill()
        assert until(three.is_("leading"), 30, "the third one leads") <= 20
        namespace.wait("experiment/random", "condition=Succeeded", timeout_s=120)
        assert len(namespace.get("trials")["items"]) == 12
        assert three.end() == 0


def test_a_leader_that_slept_writes_nothing(
    cluster: Cluster, namespace: Cluster, tmp_path: Path
) -> None:
    """Stopped for 30 s in the middle of its work, it wakes to stand by; the other one went on meanwhile."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    with replicas(namespace, tmp_path) as start:
        one = start(18491)
        until(one.is_("leading"), 30, "the first replica leads")
        two = start(18492)
        until(two.is_("standing by"), 30, "the second one stands by")
        namespace.apply(an_experiment("--pause=2", maxTrialCount=10))
        until(lambda: len(namespace.get("trials")["items"]) >= 2, 30, "trials")
        before = written(figures(one.page("/metrics")))
        one.process.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        until(two.is_("leading"), 30, "the second one leads")
        assert time.monotonic() - stopped <= 20
        time.sleep(max(0.0, 30 - (time.monotonic() - stopped)))  # as long as the fact says
        one.process.send_signal(signal.SIGCONT)
        until(one.is_("standing by"), 10, "the first one stands by")
        after = written(figures(one.page("/metrics")))
        assert after - before <= 2, "at most what was under way when it was stopped"
        namespace.wait("experiment/random", "condition=Succeeded", timeout_s=120)
        assert len(namespace.get("trials")["items"]) == 10


def written(found: dict[tuple[str, ...], float]) -> float:
    """How many writes the API server answered, but for those of the Lease (replace)."""
    verbs = {"create", "patch", "delete"}
    return sum(
        count
        for name, count in found.items()
        if name[0] == "munshi_api_requests_total" and verbs & set(name)
    )


def test_a_killed_api_server_stops_nothing(operator: Cluster, namespace: Cluster) -> None:
    """Killed and started again while trials run: every trial is there once, and the Experiment ends."""
    namespace.apply(an_experiment("--pause=1", maxTrialCount=6))
    until(lambda: len(namespace.get("trials")["items"]) >= 2, 30, "trials")
    namespace.stop_part("kube-apiserver")
    time.sleep(5)  # as long as a restart takes elsewhere
    namespace.start_part("kube-apiserver")
    namespace.wait("experiment/random", "condition=Succeeded", timeout_s=180)
    status = namespace.get("experiment", "random")["status"]
    assert (status["trials"], status["trialsSucceeded"]) == (6, 6)
