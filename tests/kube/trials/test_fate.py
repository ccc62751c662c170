"""Whose fault an end is, who reports, and why nothing runs: told from what pods say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from munshi.api.wire import Object
from munshi.kube.trials import fate
from munshi.kube.trials.sightings import PodSighting, job_of, pod_of


def a_pod(
    name: str = "p",
    phase: str = "Running",
    *,
    created: str = "2026-11-30T10:00:00Z",
    labels: dict[str, str] | None = None,
    doomed: str = "",
    containers: dict[str, Object] | None = None,
    inits: dict[str, Object] | None = None,
    **status: Any,
) -> PodSighting:
    """A pod as the API server has it; containers by name, each with its state."""
    metadata: Object = {
        "namespace": "team",
        "name": name,
        "uid": f"uid-{name}",
        "creationTimestamp": created,
        "labels": labels or {},
    }
    if doomed:
        metadata |= {"deletionTimestamp": doomed, "deletionGracePeriodSeconds": 30}
    said = [{"name": key, **value} for key, value in (containers or {}).items()]
    first = [{"name": key, **value} for key, value in (inits or {}).items()]
    whole = {"phase": phase, "containerStatuses": said, "initContainerStatuses": first, **status}
    return pod_of({"metadata": metadata, "status": whole})


def ended(code: int, at: str = "2026-11-30T10:01:00Z", **said: Any) -> Object:
    """A container that has ended."""
    return {"state": {"terminated": {"exitCode": code, "finishedAt": at, **said}}}


def waits(reason: str, message: str = "") -> Object:
    """A container that waits."""
    return {"state": {"waiting": {"reason": reason, "message": message}}}


RUNS: Object = {"state": {"running": {}}}
DISRUPTED = [
    {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": "m",
    }
]

FAULTS: dict[str, tuple[list[PodSighting], str]] = {
    "its program ended badly": ([a_pod(phase="Failed", containers={"main": ended(3)})], ""),
    "it was preempted": (
        [a_pod(phase="Failed", containers={"main": ended(137)}, conditions=DISRUPTED)],
        "pod p was disrupted (PreemptionByScheduler): m",
    ),
    "it was evicted as its node was full": (
        [a_pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory.")],
        "pod p was evicted: The node was low on resource: memory.",
    ),
    "it was evicted for what it used itself": (
        [
            a_pod(
                phase="Failed",
                reason="Evicted",
                message='Usage of EmptyDir volume "v" exceeds the limit "1Mi".',
            )
        ],
        "",
    ),
    "its node is gone": (
        [a_pod(phase="Failed", containers={"main": ended(137, reason="ContainerStatusUnknown")})],
        "pod p was lost with its node",
    ),
    "its node had no room after all": (
        [a_pod(phase="Failed", reason="OutOfcpu", message="too little")],
        "pod p was refused by its node (OutOfcpu): too little",
    ),
    "somebody deleted it while it ran": (
        [
            a_pod(
                phase="Failed",
                doomed="2026-11-30T10:05:30Z",
                containers={"main": ended(143, "2026-11-30T10:05:01Z")},
            )
        ],
        "pod p was deleted while it ran",
    ),
    "it was deleted after it had failed": (
        [
            a_pod(
                phase="Failed",
                doomed="2026-11-30T10:05:30Z",
                containers={"main": ended(1, "2026-11-30T10:04:00Z")},
            )
        ],
        "",
    ),
    "one replica was evicted and another crashed": (
        [
            a_pod("a", "Failed", conditions=DISRUPTED),
            a_pod("b", "Failed", containers={"main": ended(1)}),
        ],
        "",
    ),
    "one replica was preempted and another goes on": (
        [a_pod("a", "Failed", conditions=DISRUPTED), a_pod("b", containers={"main": RUNS})],
        "pod a was disrupted (PreemptionByScheduler): m",
    ),
    "nobody knows of a pod": ([], ""),
}


@pytest.mark.parametrize("case", FAULTS)
def test_whose_fault_it_is(case: str) -> None:
    """What took a pod away is the infrastructure's; a program that ended badly is the trial's."""
    found, said = FAULTS[case]
    assert fate.taken(found, "BackoffLimitExceeded") == said


def test_a_deadline_is_the_authors_wish() -> None:
    """Pods that end for one were deleted, and yet the trial has failed; whichever operator says so."""
    pod = a_pod(doomed="2026-11-30T10:05:30Z", containers={"main": RUNS})
    assert fate.taken([pod], "BackoffLimitExceeded")
    assert not fate.taken([pod], "DeadlineExceeded")
    assert not fate.taken([pod], "TFJobFailed", "it was active longer than specified deadline")


def a_failed_job(
    restarts: str = "Never", kind: str = "Job", failed: int = 1, **spec: Any
) -> Object:
    """A job that has failed, and of whose pods none is left."""
    template = {"spec": {"restartPolicy": restarts}}
    return {"kind": kind, "spec": {"template": template, **spec}, "status": {"failed": failed}}


UNWITNESSED: dict[str, tuple[Object, str, bool]] = {
    "a Job keeps pods that failed": (a_failed_job(), "BackoffLimitExceeded", True),
    "its own controller, by name": (
        a_failed_job(managedBy="kubernetes.io/job-controller"),
        "BackoffLimitExceeded",
        True,
    ),
    "its deadline deleted them": (a_failed_job(), "DeadlineExceeded", False),
    "those that are restarted are deleted by the Job": (
        a_failed_job("OnFailure"),
        "BackoffLimitExceeded",
        False,
    ),
    "they are in another cluster": (
        a_failed_job(managedBy="kueue.x-k8s.io/multikueue"),
        "BackoffLimitExceeded",
        False,
    ),
    "there never was one": (a_failed_job(failed=0), "", False),
    "other kinds clean up as they like": (a_failed_job(kind="TFJob"), "TFJobFailed", False),
}


@pytest.mark.parametrize("case", UNWITNESSED)
def test_a_failed_job_without_pods(case: str) -> None:
    """It is nobody's failure where its failed pods would be there, had nobody deleted them."""
    job, reason, is_lost = UNWITNESSED[case]
    assert bool(fate.unwitnessed(job, reason)) is is_lost


CAUSES: dict[str, tuple[PodSighting, str]] = {
    "an exit code": (
        a_pod(phase="Failed", containers={"main": ended(3)}),
        'container "main" ended with exit code 3',
    ),
    "a signal": (
        a_pod(phase="Failed", containers={"main": ended(139)}),
        'container "main" was ended by signal 11 (SIGSEGV)',
    ),
    "too little memory": (
        a_pod(phase="Failed", containers={"main": ended(137, reason="OOMKilled")}),
        'container "main" needed more memory than resources.limits.memory allows (OOMKilled)',
    ),
    "a program that is not there": (
        a_pod(
            phase="Failed",
            containers={
                "main": ended(128, reason="StartError", message='exec: "train":\nnot found')
            },
        ),
        'container "main" could not be started: exec: "train": not found',
    ),
    "an init container": (
        a_pod(
            phase="Failed", inits={"get": ended(2)}, containers={"main": waits("PodInitializing")}
        ),
        'container "get" ended with exit code 2',
    ),
    "the primary container first": (
        a_pod(phase="Failed", containers={"aside": ended(1), "main": ended(4)}),
        'container "main" ended with exit code 4',
    ),
    "a limit of the pod": (
        a_pod(phase="Failed", reason="Evicted", message="exceeded the limit"),
        "pod p failed (Evicted): exceeded the limit",
    ),
    "nothing": (a_pod(phase="Succeeded", containers={"main": ended(0)}), ""),
}


@pytest.mark.parametrize("case", CAUSES)
def test_what_ended_it_is_said(case: str) -> None:
    """The container and how it ended, in the words of the laptop."""
    pod, said = CAUSES[case]
    assert fate.failure([pod], "main")[0] == said


WAITS: dict[str, tuple[PodSighting, str]] = {
    "no node has room": (
        a_pod(
            phase="Pending",
            conditions=[
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": "0/1 nodes are available: 1 Insufficient cpu.",
                }
            ],
        ),
        "pod p finds no node: 0/1 nodes are available: 1 Insufficient cpu.",
    ),
    "its image is not there": (
        a_pod(phase="Pending", containers={"main": waits("ErrImagePull", "not found")}),
        'the image of container "main" cannot be pulled: not found',
    ),
    "the sidecar's image is not there": (
        a_pod(phase="Pending", inits={"metrics-collector": waits("ImagePullBackOff", "gone")}),
        'the image of container "metrics-collector" cannot be pulled: gone',
    ),
    "a Secret is missing": (
        a_pod(phase="Pending", containers={"main": waits("CreateContainerConfigError", "no s")}),
        'container "main" cannot be made (CreateContainerConfigError): no s',
    ),
    "it crashes again and again": (
        a_pod(
            containers={
                "main": {
                    **waits("CrashLoopBackOff"),
                    "restartCount": 3,
                    "lastState": {"terminated": {"exitCode": 1}},
                }
            }
        ),
        'container "main" ended with exit code 1, and is started again and again',
    ),
    "it is on its way": (
        a_pod(phase="Pending", containers={"main": waits("ContainerCreating")}),
        "",
    ),
    "it runs": (a_pod(containers={"main": RUNS}), ""),
}


@pytest.mark.parametrize("case", WAITS)
def test_why_nothing_runs_is_said(case: str) -> None:
    """In Kubernetes' own words, for whoever looks at the trial."""
    pod, said = WAITS[case]
    key, sentence = fate.waiting([pod])
    assert sentence == said
    assert bool(key) == bool(said)


def test_a_reason_is_the_same_reason_however_it_is_worded() -> None:
    """A pull that failed and a pull that is waited for alternate; the key does not."""
    first = a_pod(phase="Pending", containers={"main": waits("ErrImagePull", "a")})
    then = a_pod(phase="Pending", containers={"main": waits("ImagePullBackOff", "b")})
    assert fate.waiting([first])[0] == fate.waiting([then])[0]


def replica(name: str, index: int, **said: Any) -> PodSighting:
    """A pod with a number in its job."""
    labels = {"training.kubeflow.org/replica-index": str(index), "role": "worker"}
    return a_pod(name, labels=labels, containers={"main": RUNS}, **said)


REPORTERS: dict[str, tuple[list[PodSighting], list[str]]] = {
    "of replicas the first": ([replica("b", 1), replica("a", 0)], ["a"]),
    "of equals the oldest": (
        [a_pod("b", created="2026-11-30T10:00:02Z"), a_pod("a", created="2026-11-30T10:00:01Z")],
        ["a"],
    ),
    "after a retry both, in order": (
        [
            a_pod("b", created="2026-11-30T10:00:02Z"),
            a_pod("a", "Failed", created="2026-11-30T10:00:01Z"),
        ],
        ["a", "b"],
    ),
    "when all have failed, all": ([a_pod("a", "Failed"), a_pod("b", "Failed")], ["a", "b"]),
    "not one that failed later than the one that reports": (
        [a_pod("a"), a_pod("b", "Failed")],
        ["a"],
    ),
    "not one without the container": (
        [a_pod("a", containers={"other": RUNS}), a_pod("b", containers={"main": RUNS})],
        ["b"],
    ),
}


@pytest.mark.parametrize("case", REPORTERS)
def test_one_pod_reports_at_a_time(case: str) -> None:
    """However many there are (trap T16); and whoever looks later finds the same."""
    found, names = REPORTERS[case]
    assert [pod.name for pod in fate.reporters(found, {}, "main")] == names


def test_labels_say_which_pod_reports() -> None:
    """All of them must fit."""
    master, worker = a_pod("m", labels={"role": "master", "x": "1"}), replica("w", 0)
    assert fate.reporters([worker, master], {"role": "master"}, "main") == [master]
    assert fate.reporters([worker, master], {"role": "master", "x": "2"}, "main") == []


def test_when_a_job_was_over() -> None:
    """By its own word, or by that of its containers; unknown is unknown."""
    done = {"completionTime": "2026-11-30T10:02:00Z"}
    failed = {
        "conditions": [
            {"type": "Failed", "status": "True", "lastTransitionTime": "2026-11-30T10:03:00Z"}
        ]
    }
    pod = a_pod(phase="Failed", containers={"main": ended(1)})
    cases: list[tuple[Object, list[PodSighting]]] = [
        (done, []),
        (failed, [pod]),
        ({}, [pod]),
        ({}, []),
    ]
    times = [fate.ended_at(*case) for case in cases]
    assert [time and time.minute for time in times] == [2, 3, 1, None]


HOSTILE: list[object] = [
    {},
    {"metadata": None, "status": None},
    {"metadata": {"labels": [], "annotations": "x", "ownerReferences": {}}, "status": []},
    {"metadata": {"name": 3, "deletionTimestamp": "soon"}, "status": {"conditions": [None, "x"]}},
    {"status": {"containerStatuses": [{"state": {"terminated": {"exitCode": "x"}}}, 7]}},
]


@pytest.mark.parametrize("item", HOSTILE)
def test_odd_objects_are_seen_without_trouble(item: Any) -> None:
    """Kinds of every maker come by; what is not there is empty."""
    assert pod_of(item).phase == "Pending"
    assert job_of(item).attempt == 0


COLLECTORS: dict[str, tuple[Object | None, str, bool]] = {
    "nobody saw it": (None, fate.CUT_SHORT, False),
    "it ran to the last": (RUNS, fate.CUT_SHORT, False),
    "it was killed": (ended(137), fate.CUT_SHORT, False),
    "it failed": (
        ended(1),
        'its metrics collector failed: container "metrics-collector" ended with exit code 1',
        False,
    ),
    "it failed and was started again": (
        {**RUNS, "lastState": ended(1)["state"], "restartCount": 1},
        'its metrics collector failed: container "metrics-collector" ended with exit code 1',
        True,
    ),
    "it ate too much": (
        ended(137, reason="OOMKilled"),
        (
            'its metrics collector failed: container "metrics-collector" needed more memory than '
            "resources.limits.memory allows (OOMKilled)"
        ),
        False,
    ),
}


@pytest.mark.parametrize("case", COLLECTORS)
def test_why_a_collector_did_not_come_to_its_end(case: str) -> None:
    """Too little time is told from a failure of its own, and which life of it has the last words."""
    state, said, before = COLLECTORS[case]
    pod = a_pod(inits={"metrics-collector": state} if state else {})
    assert fate.cut_short(pod.container("metrics-collector")) == (said, before)
