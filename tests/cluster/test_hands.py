"""What people do with kubectl while trials run, on a real cluster: delete things, and go on after the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from journeys.stories import REPORT, X
from munshi.api.meta import INDEX_ANNOTATION
from support.cluster import ROOT, Cluster
from support.cluster_stories import active, result, small, trials, watched
from support.operators import figures, replicas, until

ALONE = "--no-leader-election"
PATIENT = ("sleep 6", REPORT)
FEW, MORE = 4, 6


def test_what_is_deleted_by_hand(cluster: Cluster, namespace: Cluster, tmp_path: Path) -> None:
    """A trial whose pod or job was deleted begins anew and is no failure; a deleted trial stays away.

    Two operators are there; one acts, the other one stands by and writes nothing.
    """
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    with replicas(namespace, tmp_path) as start, watched(namespace, tmp_path) as jobs:
        one = start(18521)
        until(one.is_("leading"), 60, "the first operator leads")
        two = start(18522)
        story = small(*PATIENT, maxTrialCount=6, parallelTrialCount=3, maxFailedTrialCount=1)
        namespace.apply(story)
        until(active(namespace, 3), 60, "three pods run")
        by_pod, by_job, by_trial = (trial["metadata"]["name"] for trial in in_order(namespace))
        namespace.kubectl("delete", "pod", "-l", f"job-name={by_pod}", "--wait=false")
        namespace.kubectl("delete", "job", by_job, "--wait=false")
        namespace.kubectl("delete", "trial", by_trial, "--wait=false")
        until(lambda: by_trial not in job_names(namespace), 20, "the job of the deleted trial goes")
        until(lambda: over(namespace), 90, "the Experiment ends")
        status = namespace.get("experiment", "story")["status"]
        names = {trial["metadata"]["name"] for trial in in_order(namespace)}
        assert two.state() == "standing by"
        wrote = [key for key in figures(two.page("/metrics")) if {"patch", "delete"} & set(key)]
        assert wrote == []
    made = {name: len(uids) for name, uids in jobs.made.items()}
    assert set(made) == {*names, by_trial}
    assert (made.pop(by_pod), made.pop(by_job)) == (2, 2)
    assert set(made.values()) == {1}
    assert len(names) == 5
    assert by_trial not in names
    assert (status["trialsSucceeded"], status.get("trialsFailed", 0)) == (5, 0)
    told = {
        (event["involvedObject"]["name"], event["reason"]): event["message"]
        for event in namespace.get("events")["items"]
        if event["involvedObject"]["kind"] == "Trial"
    }
    for name in (by_pod, by_job):
        assert any("deleted" in said for (who, _), said in told.items() if who == name), told


def test_what_is_deleted_while_nobody_looks(
    cluster: Cluster, namespace: Cluster, tmp_path: Path
) -> None:
    """It is the same without an operator: a pod's trial begins anew, a deleted trial is not made again.

    The operator dies when the trials' assignments have left the Suggestion, a moment after they were made.
    """
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    more = ("--data", str(tmp_path / "data"), ALONE)
    with replicas(namespace, tmp_path) as start, watched(namespace, tmp_path) as jobs:
        operator = start(18523, *more)
        story = small(*PATIENT, maxTrialCount=3, parallelTrialCount=2, maxFailedTrialCount=1)
        namespace.apply(story)
        until(active(namespace, 2), 60, "two pods run")
        until(lambda: not waiting(namespace), 20, "no assignment waits for its trial")
        operator.kill()
        by_pod, by_trial = (trial["metadata"]["name"] for trial in in_order(namespace))
        namespace.kubectl("delete", "trial", by_trial, "--timeout=30s")
        namespace.kubectl("delete", "pod", "-l", f"job-name={by_pod}", "--timeout=30s")
        namespace.kubectl("wait", f"job/{by_pod}", "--for=condition=Failed", "--timeout=30s")
        until(lambda: by_trial not in job_names(namespace), 20, "the job of the deleted trial goes")
        start(18523, *more)
        until(lambda: over(namespace), 60, "the Experiment ends")
        found = {trial["metadata"]["name"]: last(trial) for trial in trials(namespace)}
    made = {name: len(uids) for name, uids in jobs.made.items()}
    assert (made.pop(by_pod), made.pop(by_trial)) == (2, 1)
    assert list(made.values()) == [1]
    assert found == dict.fromkeys((by_pod, *made), "Succeeded")


def test_going_on_after_the_end(cluster: Cluster, namespace: Cluster, tmp_path: Path) -> None:
    """With a raised budget LongRunning and FromVolume go on as if they had never ended; Never refuses.

    Between the end and the raise no operator runs, and the next one has nothing but the cluster.
    """
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    policies = {"long": "LongRunning", "volume": "FromVolume", "never": "Never"}
    few = [learner(name, FEW, resumePolicy=policy) for name, policy in policies.items()]
    with replicas(namespace, tmp_path) as start:
        operator = start(18524, ALONE)
        namespace.apply(learner("whole", MORE), *few)
        for name in ("whole", *policies):
            namespace.wait(f"experiment/{name}", "condition=Succeeded", timeout_s=120)
        operator.kill()
        before = {name: outcome(namespace, name)["order"] for name in policies}
        refused = namespace.try_kubectl(*raised("never"))
        assert refused.returncode != 0
        assert "resumePolicy is Never" in refused.stderr
        for name in ("long", "volume"):
            namespace.kubectl(*raised(name))
        start(18525, ALONE)
        for name in ("long", "volume"):
            until(has_ended(namespace, name, MORE), 90, f"{name} goes on")
            namespace.wait(f"experiment/{name}", "condition=Succeeded", timeout_s=60)
        whole = outcome(namespace, "whole")
        assert outcome(namespace, "long") == whole
        assert outcome(namespace, "volume") == whole
        assert outcome(namespace, "never")["order"] == before["never"] == whole["order"][:FEW]


def learner(name: str, count: int, **spec: Any) -> dict[str, Any]:
    """One trial after the other by TPE, which looks at what came of the first three."""
    document = small(
        'awk -v x="$X" \'BEGIN { printf "score=%.6f\\n", x * (1 - x) }\'',
        name=name,
        algorithm="tpe",
        parameters=(X,),
        maxTrialCount=count,
        parallelTrialCount=1,
        **spec,
    )
    start = {"name": "n_startup_trials", "value": "3"}
    document["spec"]["algorithm"]["algorithmSettings"].append(start)
    return document


def raised(name: str) -> tuple[str, ...]:
    """The words for kubectl that raise a budget."""
    patch = json.dumps({"spec": {"maxTrialCount": MORE}})
    return ("patch", f"experiment/{name}", "--type=merge", "-p", patch)


def outcome(cluster: Cluster, name: str) -> dict[str, Any]:
    """See `result`."""
    return result(cluster.get("experiment", name), trials(cluster, name))


def has_ended(cluster: Cluster, name: str, count: int) -> Callable[[], bool]:
    """Whether so many trials have succeeded."""
    return lambda: [last(one) for one in trials(cluster, name)].count("Succeeded") == count


def over(cluster: Cluster) -> bool:
    """Whether the Experiment has ended, well or not."""
    return last(cluster.get("experiment", "story")) in {"Succeeded", "Failed"}


def last(found: dict[str, Any]) -> str:
    """The type of the last condition; empty before the first."""
    said: list[dict[str, str]] = found.get("status", {}).get("conditions") or [{}]
    return said[-1].get("type", "")


def in_order(cluster: Cluster) -> list[dict[str, Any]]:
    """The trials of the story, as they were given out."""
    return sorted(
        trials(cluster), key=lambda one: int(one["metadata"]["annotations"][INDEX_ANNOTATION])
    )


def waiting(cluster: Cluster) -> list[dict[str, Any]]:
    """The assignments that wait for their trial."""
    found: list[dict[str, Any]] = cluster.get("suggestion", "story")["status"].get(
        "suggestions", []
    )
    return found


def job_names(cluster: Cluster) -> set[str]:
    """The jobs that are there."""
    return {job["metadata"]["name"] for job in cluster.get("jobs")["items"]}
