"""The status written for a local job is judged as its controller's own would be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from local.jobs.builders import (
    Object,
    a_job,
    a_pod,
    a_pytorch_job,
    a_replica,
    a_replica_job,
    a_tf_job,
    a_train_job,
    an_mpi_job,
    replicas_of,
)
from munshi.api.wire import Json
from munshi.local import jobs
from munshi.local.jobs import (
    DEADLINE_EXCEEDED,
    Failed,
    Pending,
    Running,
    Stage,
    Succeeded,
    registry,
)
from munshi.template import condition, kinds

START = datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC)
END = START + timedelta(minutes=1)

STAGES: dict[str, Stage] = {
    "pending": Pending(),
    "running": Running(START),
    "running after two failures": Running(START, failures=2),
    "succeeded": Succeeded(START, END),
    "succeeded after two failures": Succeeded(START, END, failures=2),
    "failed": Failed(START, END),
    "failed by the deadline": Failed(
        START, END, DEADLINE_EXCEEDED, "Job was active longer than specified deadline"
    ),
    "failed before any start": Failed(None, END, "StartError", "no such program: pythn", 1, 127),
}


def whose_true(type_: str) -> str:
    """The default condition of a kind: Katib api contract §7."""
    return f'status.conditions.#(type=="{type_}")#|#(status=="True")#'


def in_phase(phase: str) -> str:
    """What users write for a Pod."""
    return f'status.[@this].#(phase=="{phase}")#'


SUCCEEDED, FAILED = whose_true("Succeeded"), whose_true("Failed")
KINDS: dict[str, tuple[Object, str, str]] = {
    "Job": (a_job(), whose_true("Complete"), whose_true("Failed")),
    "Pod": (a_pod(), in_phase("Succeeded"), in_phase("Failed")),
    "TFJob": (a_tf_job(), SUCCEEDED, FAILED),
    "PyTorchJob": (a_pytorch_job(), SUCCEEDED, FAILED),
    "XGBoostJob": (
        a_replica_job("XGBoostJob", "xgbReplicaSpecs", {"Master": replicas_of("xgboost")}),
        SUCCEEDED, FAILED,
    ),
    "MPIJob": (an_mpi_job(), SUCCEEDED, FAILED),
    "JAXJob": (
        a_replica_job("JAXJob", "jaxReplicaSpecs", {"Worker": replicas_of("jax", 2)}),
        SUCCEEDED, FAILED,
    ),
    "PaddleJob": (
        a_replica_job("PaddleJob", "paddleReplicaSpecs", {"Worker": replicas_of("paddle")}),
        SUCCEEDED, FAILED,
    ),
    "TrainJob": (a_train_job(), whose_true("Complete"), FAILED),
}  # fmt: skip


def test_every_kind_of_the_registry_is_judged_here() -> None:
    """So that no kind's status goes untested; the defaults are those Katib fills in."""
    assert set(KINDS) == {kind for _, kind in registry._ADAPTERS}
    for kind, (_, success, failure) in KINDS.items():
        implied = kinds.defaults(kind)
        if implied.success:
            assert (implied.success, implied.failure) == (success, failure)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_usual_conditions_hold_exactly_when_they_should(kind: str, stage: str) -> None:
    """Success in the succeeded stage, failure in the failed one, and nowhere else."""
    job, success, failure = KINDS[kind]
    status = jobs.status_of(job, STAGES[stage])
    seen: Object = {**job, "status": status}
    assert condition.evaluate(success, seen).met == isinstance(STAGES[stage], Succeeded)
    assert condition.evaluate(failure, seen).met == isinstance(STAGES[stage], Failed)
    assert json.loads(json.dumps(status)) == status


WHY = "Job was active longer than specified deadline"
REASONS = {
    "Job": ("DeadlineExceeded", WHY),
    "Pod": ("DeadlineExceeded", WHY),
    "TrainJob": ("FailedJobs", f"jobset failed due to one or more job failures: {WHY}"),
    **{
        kind: (f"{kind}Failed", f"{kind} lab/trial-1 has failed: {WHY}")
        for kind in ("TFJob", "PyTorchJob", "XGBoostJob", "MPIJob", "JAXJob", "PaddleJob")
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_condition_finds_the_reason_and_the_message(kind: str) -> None:
    """What it finds is what the trial's own condition will repeat."""
    job, _, failure = KINDS[kind]
    seen: Object = {**job, "status": jobs.status_of(job, STAGES["failed by the deadline"])}
    verdict = condition.evaluate(failure, seen)
    assert (verdict.reason, verdict.message) == REASONS[kind]


def test_a_finished_job_says_so_twice_as_kubernetes_does() -> None:
    """Since 1.31 the deciding condition comes first, the final one after it, with equal reasons."""
    assert jobs.status_of(a_job(), Succeeded(START, END, failures=1)) == {
        "startTime": "2026-01-02T03:04:05Z",
        "completionTime": "2026-01-02T03:05:05Z",
        "succeeded": 1,
        "failed": 1,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "conditions": [
            {
                "type": type_,
                "status": "True",
                "reason": "CompletionsReached",
                "message": "Reached expected number of succeeded pods",
                "lastProbeTime": "2026-01-02T03:05:05Z",
                "lastTransitionTime": "2026-01-02T03:05:05Z",
            }
            for type_ in ("SuccessCriteriaMet", "Complete")
        ],
    }


def test_a_failed_job_gives_its_reason_and_no_completion_time() -> None:
    """The reason ends up in the trial's own condition."""
    status = jobs.status_of(a_job(), STAGES["failed by the deadline"])
    assert [(one["type"], one["reason"]) for one in _conditions(status)] == [
        ("FailureTarget", "DeadlineExceeded"), ("Failed", "DeadlineExceeded"),
    ]  # fmt: skip
    assert "completionTime" not in status
    assert (status["failed"], status["startTime"]) == (1, "2026-01-02T03:04:05Z")


def test_a_running_job_counts_its_pod_and_earlier_failures() -> None:
    """One active, two failed."""
    status = jobs.status_of(a_job(), Running(START, failures=2))
    assert (status["active"], status["failed"]) == (1, 2)


def test_a_tf_jobs_last_condition_is_its_state() -> None:
    """v1alpha3 judges by it; Running turns false at the end, and Created stays."""
    seen = {
        name: [
            (one["type"], one["status"], one["reason"])
            for one in _conditions(jobs.status_of(a_tf_job(), STAGES[name]))
        ]
        for name in ("running", "succeeded", "failed", "failed before any start")
    }
    created = ("Created", "True", "TFJobCreated")
    stopped = ("Running", "False", "TFJobRunning")
    failed = ("Failed", "True", "TFJobFailed")
    assert seen == {
        "running": [created, ("Running", "True", "TFJobRunning")],
        "succeeded": [created, stopped, ("Succeeded", "True", "TFJobSucceeded")],
        "failed": [created, stopped, failed],
        "failed before any start": [created, failed],
    }


def test_a_tf_job_counts_its_replica_under_its_type() -> None:
    """As the operator spells the type, not as the author did."""
    chief = a_tf_job({"chief": a_replica(), "Worker": a_replica(0)})
    assert jobs.status_of(chief, Running(START))["replicaStatuses"] == {"Chief": {"active": 1}}
    assert jobs.status_of(chief, Succeeded(START, END))["replicaStatuses"] == {
        "Chief": {"succeeded": 1}
    }


def test_the_replica_that_failed_is_counted_under_its_type() -> None:
    """A worker's failure is not the master's; nobody named means the primary one."""
    job = a_pytorch_job({"Master": replicas_of("pytorch"), "Worker": replicas_of("pytorch", 2)})
    assert jobs.status_of(job, Running(START))["replicaStatuses"] == {
        "Master": {"active": 1}, "Worker": {"active": 2},
    }  # fmt: skip
    failed = jobs.status_of(job, Failed(START, END, replica="worker-1"))
    assert failed["replicaStatuses"] == {"Worker": {"failed": 1}}
    failed = jobs.status_of(job, Failed(START, END))
    assert failed["replicaStatuses"] == {"Master": {"failed": 1}}


def test_an_indexed_job_counts_all_its_pods() -> None:
    """Active together, completed together."""
    job = a_job(parallelism=3, completions=3, completionMode="Indexed")
    assert jobs.status_of(job, Running(START))["active"] == 3
    done = jobs.status_of(job, Succeeded(START, END))
    assert (done["succeeded"], done["completedIndexes"]) == (3, "0-2")
    one = jobs.status_of(a_job(completionMode="Indexed"), Succeeded(START, END))
    assert one["completedIndexes"] == "0"


def test_a_train_job_has_no_condition_before_its_end() -> None:
    """Its one JobSet job is counted instead; conditions are as the API machinery writes them."""
    node = {"name": "node", "ready": 0, "succeeded": 0, "failed": 0, "active": 0, "suspended": 0}
    assert jobs.status_of(a_train_job(), Running(START)) == {
        "jobsStatus": [{**node, "ready": 1, "active": 1}]
    }
    assert jobs.status_of(a_train_job(), Succeeded(START, END)) == {
        "conditions": [
            {
                "type": "Complete",
                "status": "True",
                "reason": "AllJobsCompleted",
                "message": "jobset completed successfully",
                "lastTransitionTime": "2026-01-02T03:05:05Z",
            }
        ],
        "jobsStatus": [{**node, "succeeded": 1}],
    }


def test_a_pod_tells_how_its_container_ended() -> None:
    """Exit code, times, restarts; and at the top the reason a condition on `status` finds."""
    status = jobs.status_of(a_pod(), Failed(START, END, "Error", "exit 3", failures=2, exit_code=3))
    (container,) = _objects(status["containerStatuses"])
    assert container["state"] == {
        "terminated": {
            "exitCode": 3,
            "reason": "Error",
            "startedAt": "2026-01-02T03:04:05Z",
            "finishedAt": "2026-01-02T03:05:05Z",
        }
    }
    assert (container["name"], container["restartCount"]) == ("main", 1)
    assert (status["reason"], status["message"]) == ("Error", "exit 3")
    ready = {
        one["type"]: one["status"] for one in _conditions(jobs.status_of(a_pod(), Running(START)))
    }
    assert ready["Ready"] == "True"


def test_times_are_written_in_utc_and_must_have_a_zone() -> None:
    """Seoul's noon is three in the morning; a time without a zone is nobody's."""
    seoul = timezone(timedelta(hours=9))
    noon = datetime(2026, 1, 2, 12, 0, 0, tzinfo=seoul)
    assert jobs.status_of(a_job(), Running(noon))["startTime"] == "2026-01-02T03:00:00Z"
    with pytest.raises(ValueError, match="time zone"):
        jobs.status_of(a_job(), Running(noon.replace(tzinfo=None)))


def _objects(value: Json) -> list[Object]:
    assert isinstance(value, list)
    return [one for one in value if isinstance(one, dict)]


def _conditions(status: Object) -> list[Object]:
    return _objects(status["conditions"])
