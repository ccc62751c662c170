"""Every way in which a trial says what it has reached, from a real pod to the observation log."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

import pytest

from collectors.test_events import event
from kube.trials.rendered import collecting
from munshi.api.common import CollectorKind, HttpGet, MetricsCollectorSpec, SourceSpec
from munshi.api.meta import ObjectMeta
from munshi.api.trial import Trial, TrialSpec
from munshi.api.wire import Object
from munshi.kube.trials.launcher import KubeLauncher
from munshi.kube.wire.api import Api
from munshi.reconcile.views import Run
from munshi.template import kinds
from munshi.testing.launchers import OBJECTIVE
from munshi.testing.memory import MemoryLog
from support.cluster import Cluster
from support.cluster_trials import (
    BUSYBOX,
    TRIAL,
    collected,
    launching,
    play,
    until,
    with_trials,
    written,
)

TRAIN = ["python", "/opt/trial/train.py", "--steps=3", "--lr=0.03"]
BEST = ["0.333333", "0.666667", "1.0"]
"""What the program reaches in three steps at its best learning rate."""


def a_container(command: Sequence[str], image: str = TRIAL, **more: object) -> Object:
    """The one that trains."""
    return {"name": "main", "image": image, "command": list(command), **more}


def a_job(container: Object, *, retries: int = 0, **pod: object) -> Object:
    """A Job with that container."""
    spec: Object = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 2,
        **pod,
        "containers": [container],
    }
    job: Object = {"backoffLimit": retries, "template": {"spec": spec}}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": job}


def a_trial(
    cluster: Cluster,
    job: Object,
    collector: MetricsCollectorSpec | None = None,
    primary: str = "main",
) -> Trial:
    """A trial of that job, with the conditions and labels that its kind implies."""
    implied = kinds.defaults(job["kind"])
    spec = TrialSpec(
        objective=OBJECTIVE,
        run_spec={**job, "metadata": {"name": "t", "namespace": cluster.namespace}},
        metrics_collector=collector,
        primary_container_name=primary,
        primary_pod_labels=dict(implied.pod_labels),
        success_condition=implied.success,
        failure_condition=implied.failure,
    )
    return Trial(metadata=ObjectMeta(namespace=cluster.namespace, name="t"), spec=spec)


WRITE_EVENTS = """
import base64, sys
open("/train/ev/events.out.tfevents.1", "wb").write(base64.b64decode(sys.argv[1]))
"""
EVENTS = b"".join(event("accuracy", value) for value in (1 / 3, 2 / 3, 1.0))
Tale = Callable[[Api, KubeLauncher, Trial], Awaitable[None]]


def tell(cluster: Cluster, trial: Trial, log: MemoryLog, tale: Tale) -> None:
    """A story with the trial, launched."""
    with_trials(cluster)

    async def story() -> None:
        async with launching(cluster, log) as (api, launcher):
            made = await written(api, trial)
            await launcher.launch(made)
            await tale(api, launcher, made)

    play(story)


def end_of(cluster: Cluster, trial: Trial) -> tuple[Run, list[str]]:
    """How the trial ends, and which values of the objective are kept."""
    log, runs = MemoryLog(), list[Run]()

    async def tale(api: Api, launcher: KubeLauncher, trial: Trial) -> None:
        del api
        run = await until(launcher, trial, lambda run: run is not None and _is_over(run))
        assert run is not None
        runs.append(run)
        found = await log.read(trial.uid, "accuracy")
        runs_values.extend(each.value for each in found)

    runs_values: list[str] = []
    tell(cluster, trial, log, tale)
    return runs[0], runs_values


def _is_over(run: Run) -> bool:
    return run.collected or bool(run.lost)


CUSTOM = """
import json, os, sys, time, munshi
while not os.path.exists("/k/over"): time.sleep(0.1)
for line in open("/k/m.log"):
    munshi.report_metrics({"accuracy": line.rpartition("=")[2].strip()})
"""

WAYS: dict[str, tuple[Object, MetricsCollectorSpec | None]] = {
    "it prints": (a_container(TRAIN), None),
    "it prints and is over at once": (
        a_container(["sh", "-c", f"for v in {' '.join(BEST)}; do echo accuracy=$v; done"], BUSYBOX),
        None,
    ),
    "it writes lines into a file": (
        a_container([*TRAIN, "--file=/train/m.log"]),
        collecting(CollectorKind.FILE, "/train/m.log"),
    ),
    "it writes JSON into a file": (
        a_container([*TRAIN, "--file=/train/m.json"]),
        collecting(CollectorKind.FILE, "/train/m.json", json=True),
    ),
    "it calls munshi": (a_container([*TRAIN, "--push=munshi"]), collecting(CollectorKind.PUSH)),
    "it calls Katib": (a_container([*TRAIN, "--push=katib"]), collecting(CollectorKind.PUSH)),
    "a collector of the author's calls": (
        a_container(
            ["sh", "-c", f"printf 'accuracy=%s\n' {' '.join(BEST)} > /k/m.log; touch /k/over"]
        ),
        collecting(
            CollectorKind.CUSTOM,
            "/k/m.log",
            custom={"name": "mine", "image": TRIAL, "command": ["python", "-c", CUSTOM]},
        ),
    ),
    "it writes event files": (
        a_container(
            [
                "python",
                "-c",
                WRITE_EVENTS,
                base64.b64encode(EVENTS).decode(),
            ]
        ),
        collecting(CollectorKind.TF_EVENT, "/train/ev"),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_a_trial_says_is_kept(way: str, namespace: Cluster) -> None:
    """Whole, each value once, before the job is said to be over and read."""
    container, collector = WAYS[way]
    run, values = end_of(namespace, a_trial(namespace, a_job(container), collector))
    assert (run.live, run.lost, run.notes) == (False, "", ())
    assert [round(float(value), 6) for value in values] == [float(value) for value in BEST]


SERVE = """
import http.server, time
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"accuracy 0.75\\n")
server = http.server.HTTPServer(("", 8080), Page)
server.timeout = 1
end = time.time() + 5
while time.time() < end: server.handle_request()
"""


def test_a_page_that_a_pod_serves_is_asked(namespace: Cluster) -> None:
    """At the pod's own address, while the program runs."""
    page = SourceSpec(http_get=HttpGet(port="8080", path="/metrics"))
    collector = MetricsCollectorSpec(
        source=page, collector=collecting(CollectorKind.PROMETHEUS).collector
    )
    container = a_container(["python", "-c", SERVE])
    run, values = end_of(namespace, a_trial(namespace, a_job(container), collector))
    assert run.notes == ()
    assert set(values) == {"0.75"}


RESTRICTED: Object = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
}
CONFINED: Object = {
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
}


@pytest.mark.parametrize("way", ["it writes lines into a file", "it calls Katib", "it prints"])
def test_it_works_under_the_restricted_level(way: str, namespace: Cluster) -> None:
    """A namespace that enforces the strictest Pod Security takes a pod that was fit for it before."""
    label = "pod-security.kubernetes.io/enforce=restricted"
    namespace.kubectl("label", "namespace", namespace.namespace, label)
    container, collector = WAYS[way]
    job = a_job({**container, **CONFINED}, **RESTRICTED)
    run, values = end_of(namespace, a_trial(namespace, job, collector))
    assert run.notes == ()
    assert values == BEST


def test_a_failure_tells_who_and_how(namespace: Cluster) -> None:
    """The container, its exit code, its last words; what it reported before is kept."""
    job = a_job(a_container([*TRAIN, "--fail=3"]))
    run, values = end_of(namespace, a_trial(namespace, job))
    assert (run.lost, run.cause) == ("", 'container "main" ended with exit code 3')
    assert run.last_words[-1].startswith("loss=")
    assert values == BEST


def test_too_little_memory_is_called_so(namespace: Cluster) -> None:
    """And is the trial's own failure."""
    eat = "x = bytearray(300 << 20); print(sum(x))"
    limits = {"limits": {"memory": "64Mi"}}
    job = a_job(a_container(["python", "-c", eat], resources=limits))
    run, _ = end_of(namespace, a_trial(namespace, job))
    assert run.lost == ""
    assert "resources.limits.memory" in run.cause


def test_a_retry_of_the_job_reports_too(namespace: Cluster) -> None:
    """The values of every try are kept, in their order."""
    script = "echo accuracy=0.$(cat /n/n 2>/dev/null | wc -l); exit 1"
    job = a_job(a_container(["sh", "-c", script], BUSYBOX), retries=1)
    run, values = end_of(namespace, a_trial(namespace, job))
    assert values == ["0.0", "0.0"]
    assert run.cause == 'container "main" ended with exit code 1'


def test_a_container_that_is_started_again_goes_on_reporting(namespace: Cluster) -> None:
    """With `restartPolicy: OnFailure` one pod has several lives; all are read, each value once."""
    script = "echo x >> /v/lives; n=$(cat /v/lives | wc -l); echo accuracy=0.$n; [ $n -ge 2 ]"
    script = script.replace("cat /v/lives | wc -l", "IFS=; set -- $(cat /v/lives); echo ${#1}")
    mount = {"name": "v", "mountPath": "/v"}
    container = a_container(["sh", "-c", script], BUSYBOX, volumeMounts=[mount])
    job = a_job(
        container, retries=3, restartPolicy="OnFailure", volumes=[{"name": "v", "emptyDir": {}}]
    )
    run, values = end_of(namespace, a_trial(namespace, job))
    assert run.lost == ""
    assert len(values) == 2
    assert values == sorted(values)


def test_a_job_that_is_deleted_by_hand_is_lost(namespace: Cluster) -> None:
    """It did not fail: it begins anew, and is not counted."""

    async def tale(api: Api, launcher: KubeLauncher, trial: Trial) -> None:
        del api
        await until(launcher, trial, lambda run: run is not None and run.live)
        await asyncio.to_thread(namespace.kubectl, "delete", "job", "t", "--wait=false")
        run = await until(launcher, trial, lambda run: run is not None and bool(run.lost))
        assert run is not None
        assert run.lost == "its job was deleted"

    trial = a_trial(namespace, a_job(a_container(["sleep", "600"], BUSYBOX)))
    tell(namespace, trial, MemoryLog(), tale)


def test_a_pod_that_is_taken_away_is_no_failure_of_the_trial(namespace: Cluster) -> None:
    """A Job without retries fails when its pod is evicted; the trial is lost, not failed."""

    async def tale(api: Api, launcher: KubeLauncher, trial: Trial) -> None:
        selector = "katib.kubeflow.org/trial=t"
        await until(launcher, trial, lambda run: run is not None and run.live)
        await asyncio.to_thread(
            namespace.kubectl, "wait", "pod", "-l", selector, "--for=condition=Ready"
        )
        pods = await asyncio.to_thread(namespace.get, "pods", "-l", selector)
        name = pods["items"][0]["metadata"]["name"]
        path = f"/api/v1/namespaces/{namespace.namespace}/pods/{name}/eviction"
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        await api.create(path, eviction)
        run = await until(launcher, trial, lambda run: run is not None and _is_over(run))
        assert run is not None
        assert "EvictionByEvictionAPI" in run.lost

    trial = a_trial(namespace, a_job(a_container(["sleep", "600"], BUSYBOX)))
    tell(namespace, trial, MemoryLog(), tale)


STUCK: dict[str, tuple[Object, str]] = {
    "no node has room": (
        a_job(a_container(["true"], resources={"requests": {"cpu": "900"}})),
        "finds no node",
    ),
    "its image is nowhere": (
        a_job(a_container(["true"], "munshi/nothing:none")),
        'the image of container "main" cannot be pulled',
    ),
    "a Secret is missing": (
        a_job(
            a_container(
                ["true"],
                env=[{"name": "X", "valueFrom": {"secretKeyRef": {"name": "no", "key": "k"}}}],
            )
        ),
        "cannot be made (CreateContainerConfigError)",
    ),
    "its namespace wants it safer": (a_job(a_container(["true"])), "violates PodSecurity"),
}


@pytest.mark.parametrize("case", STUCK)
def test_why_nothing_runs_is_told_within_a_minute(case: str, namespace: Cluster) -> None:
    """The trial goes on waiting, and says what for."""
    job, said = STUCK[case]
    if "safer" in case:
        label = "pod-security.kubernetes.io/enforce=restricted"
        namespace.kubectl("label", "namespace", namespace.namespace, label)

    async def tale(api: Api, launcher: KubeLauncher, trial: Trial) -> None:
        del api
        async with asyncio.timeout(60):
            run = await until(launcher, trial, lambda run: run is not None and bool(run.waits))
        assert run is not None
        assert said in run.waits
        assert (run.live, run.collected) == (True, False)

    tell(namespace, a_trial(namespace, job), MemoryLog(), tale)


def test_of_a_tf_jobs_workers_one_reports(namespace: Cluster) -> None:
    """The one that the training operator calls master; the others are not read (trap T16)."""
    container = {**a_container([*TRAIN, "--file=/train/m.log"]), "name": "tensorflow"}
    worker: Object = {"replicas": 2, "template": {"spec": {"containers": [container]}}}
    job: Object = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "spec": {"tfReplicaSpecs": {"Worker": worker}},
    }
    collector = collecting(CollectorKind.FILE, "/train/m.log")
    run, values = end_of(namespace, a_trial(namespace, job, collector, "tensorflow"))
    assert run.notes == ()
    assert values == BEST


FLOOD = """
import sys
for n in range(400_000):
    sys.stdout.write(f"accuracy={(n * 7919) % 400_000}\\n")
"""


def test_a_flood_in_a_file_is_thinned_and_its_sums_are_exact(namespace: Cluster) -> None:
    """Ten times what a node keeps of a log: the smallest, the largest and the latest value are true."""
    log = MemoryLog()

    async def tale(api: Api, launcher: KubeLauncher, trial: Trial) -> None:
        del api
        run = await collected(launcher, trial)
        assert run.notes == ()
        seen = await log.summarise(trial.uid, ["accuracy"])
        summary = seen.metrics[0]
        assert (summary.min, summary.max) == ("0", "399999")
        assert summary.latest == str(399_999 * 7919 % 400_000)

    command = ["sh", "-c", f"python -c '{FLOOD}' > /train/m.log"]
    trial = a_trial(
        namespace,
        a_job(a_container(command), terminationGracePeriodSeconds=60),
        collecting(CollectorKind.FILE, "/train/m.log"),
    )
    tell(namespace, trial, log, tale)


def test_an_operator_that_comes_back_misses_nothing(namespace: Cluster) -> None:
    """Values that were printed while nobody listened are read later, those before not twice."""
    with_trials(namespace)
    log = MemoryLog()
    command = ["python", "/opt/trial/train.py", "--steps=12", "--pause=0.5", "--lr=0.03"]

    async def story() -> None:
        async with launching(namespace, log) as (api, launcher):
            trial = await written(api, a_trial(namespace, a_job(a_container(command))))
            await launcher.launch(trial)
            async with asyncio.timeout(60):
                while len(await log.read(trial.uid, "accuracy")) < 3:
                    await launcher.look(trial)
                    await asyncio.sleep(0.1)
        before = len(await log.read(trial.uid, "accuracy"))
        await asyncio.sleep(2)
        assert len(await log.read(trial.uid, "accuracy")) == before
        async with launching(namespace, log) as (_, another):
            await collected(another, trial)
        values = [each.value for each in await log.read(trial.uid, "accuracy")]
        assert len(values) == 12
        assert values == sorted(values, key=float)
        times = [each.time_ns or 0 for each in await log.read(trial.uid, "accuracy")]
        apart = [after - before for before, after in pairwise(times)]
        assert min(apart) > 0.4e9  # the times are those of the printing, not of the reading

    play(story)


def test_an_api_server_that_dies_costs_no_value(namespace: Cluster) -> None:
    """Killed in the middle of a followed log, and back after a while: every value is kept, once."""
    log = MemoryLog()

    async def tale(api: Api, launcher: KubeLauncher, trial: Trial) -> None:
        del api
        async with asyncio.timeout(60):
            while len(await log.read(trial.uid, "accuracy")) < 3:
                await launcher.look(trial)
                await asyncio.sleep(0.1)
        await asyncio.to_thread(namespace.stop_part, "kube-apiserver")
        await asyncio.sleep(2)
        await asyncio.to_thread(namespace.start_part, "kube-apiserver")
        await collected(launcher, trial)
        values = [each.value for each in await log.read(trial.uid, "accuracy")]
        assert len(values) == 30
        assert values == sorted(set(values), key=float)

    command = ["python", "/opt/trial/train.py", "--steps=30", "--pause=0.3", "--lr=0.03"]
    tell(namespace, a_trial(namespace, a_job(a_container(command))), log, tale)
