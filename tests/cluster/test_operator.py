"""munshi on a real Kubernetes: what a user applies, watches and gets, and what goes wrong around it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator

import pytest

from support.cluster import Cluster
from support.experiments import an_experiment
from support.operators import figures, installed, page_of, removed, until

KATIBS = ("update-prometheus-metrics", "clean-metrics-in-db")


@pytest.fixture(scope="module")
def operator(cluster: Cluster) -> Iterator[Cluster]:
    """The operator of deploy/munshi.yaml, with its own account and its own rights."""
    with installed(cluster) as within:
        yield within


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


def test_its_removal_leaves_what_is_others(operator: Cluster, namespace: Cluster) -> None:
    """Without deploy/operator.yaml's objects Experiments, results and what runs stay, and the namespace.

    It stands last, for it takes the operator away from the others.
    """
    namespace.apply(an_experiment("--pause=5", maxTrialCount=2))
    running = ("pods", "--field-selector=status.phase=Running")
    until(lambda: len(namespace.get(*running)["items"]) == 2, 60, "two pods")
    kinds = "experiments,suggestions,trials,jobs"
    before = {each["metadata"]["uid"] for each in namespace.get(kinds)["items"]}
    removed(operator)
    assert before == {each["metadata"]["uid"] for each in namespace.get(kinds)["items"]}
    assert operator.get("namespace", operator.namespace)["status"]["phase"] == "Active"
    assert "munshi" not in operator.kubectl(
        "get", "deployments,serviceaccounts,roles", "-o", "name"
    )
    namespace.kubectl("wait", "jobs", "--all", "--for=condition=Complete", "--timeout=60s")
