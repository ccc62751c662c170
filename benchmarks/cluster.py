"""What munshi costs on a cluster, against a bare loop that creates the same Jobs there.

    python benchmarks/cluster.py                          60 trials of 1 s, 6 at a time, in two rounds
    python benchmarks/cluster.py --trials 12 --parallel 3

Needs a cluster of the tests (`make cluster`) with nothing else at work on it. Both sides run from this
machine, take turns, and create the same Job: a shell that sleeps and prints a number. The loop creates,
watches and deletes Jobs with the same client, and knows nothing else. Told are: the time from `apply` to
Succeeded as a ratio to the loop's; how long after the Experiment the first pod is there; what the operator
asked of the API server for each trial, by verb, the Lease and Events included; and its resident memory
before the first Experiment and after the last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
import uuid
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from munshi.engine.clock import WallClock
from munshi.kube.wire import connection, kinds
from munshi.kube.wire.api import Api
from support.cluster import STATE, Cluster
from support.operators import Replica, figures, replicas, until

WRITES = ("create", "patch", "apply", "delete", "replace")
"""All of them: of Experiment, Suggestion, Trials, Jobs and Events, and of the Lease (replace)."""
JOBS = kinds.Resource("batch/v1", "Job", "jobs", True)


def job(seconds: float, accuracy: str = "0.5") -> dict[str, Any]:
    """What every trial runs."""
    script = f"sleep {seconds:g}; echo accuracy={accuracy}"
    container = {
        "name": "main",
        "image": "munshi/busybox:test",
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", script],
    }
    pod = {"restartPolicy": "Never", "containers": [container], "terminationGracePeriodSeconds": 1}
    return {"backoffLimit": 0, "template": {"spec": pod}}


async def bare(api: Api, namespace: str, trials: int, parallel: int, seconds: float) -> float:
    """Create the Jobs, so many at a time, and delete each when it is complete; how long it took."""
    path, began, left = JOBS.path(namespace), time.monotonic(), trials
    done: set[str] = set()

    async def create(number: int) -> None:
        meta = {"name": f"bare-{uuid.uuid4().hex[:8]}"}
        body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": job(seconds)}
        await api.create(path, {**body, "metadata": {**meta, "labels": {"number": str(number)}}})

    at = (await api.get(path))["metadata"]["resourceVersion"]
    for number in range(min(parallel, trials)):
        await create(number)
        left -= 1
    stream = api.stream(path, watch="true", resourceVersion=at)
    async with aclosing(stream) as lines:
        async for line in lines:
            seen = json.loads(line)["object"]
            name = seen["metadata"]["name"]
            said = seen.get("status", {}).get("conditions", ())
            if name in done or not any(c["type"] == "Complete" for c in said):
                continue
            done.add(name)
            if left:
                left -= 1
                await create(left)
            await api.delete(f"{path}/{name}")
            if len(done) == trials:
                break
    return time.monotonic() - began


def experiment(name: str, trials: int, parallel: int, seconds: float) -> dict[str, Any]:
    """The same Jobs, as trials of a random search."""
    body = job(seconds, "${trialParameters.lr}")
    spec = {"apiVersion": "batch/v1", "kind": "Job", "spec": body}
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
            "algorithm": {"algorithmName": "random"},
            "parallelTrialCount": parallel,
            "maxTrialCount": trials,
            "parameters": [
                {
                    "name": "lr",
                    "parameterType": "double",
                    "feasibleSpace": {"min": "0.01", "max": "0.05"},
                }
            ],
            "trialTemplate": {
                "primaryContainerName": "main",
                "trialParameters": [{"name": "lr", "reference": "lr"}],
                "trialSpec": spec,
            },
        },
    }


async def munshi(api: Api, cluster: Cluster, wanted: dict[str, Any]) -> tuple[float, float]:
    """Apply and wait; how long it took, and how long after the Experiment the first pod came.

    Both are seen by a watch: kubectl takes a tenth of a second to start, and more on a busy machine.
    """
    name, clock = wanted["metadata"]["name"], WallClock()
    created = asyncio.create_task(_first(api, kinds.EXPERIMENTS, cluster.namespace, name))
    begun = asyncio.create_task(_first(api, kinds.PODS, cluster.namespace, f"{name}-"))
    await asyncio.sleep(0.5)  # both watch
    began = clock.now()
    await asyncio.to_thread(cluster.apply, wanted)
    async with asyncio.timeout(60):
        first_s = await begun - await created
    await asyncio.to_thread(cluster.wait, f"experiment/{name}", "condition=Succeeded", 900)
    ended = cluster.get("experiment", name)["status"]["completionTime"]
    return (datetime.fromisoformat(ended) - began).total_seconds(), first_s


async def _first(api: Api, kind: kinds.Resource, namespace: str, start: str) -> float:
    """When the first object came whose name begins so, by the loop's clock."""
    path = kind.path(namespace)
    at = (await api.get(path))["metadata"]["resourceVersion"]
    async with aclosing(api.stream(path, watch="true", resourceVersion=at)) as lines:
        async for line in lines:
            if json.loads(line)["object"]["metadata"]["name"].startswith(start):
                return asyncio.get_running_loop().time()
    raise RuntimeError(f"no {start} was seen")


def asked(operator: Replica) -> dict[str, float]:
    """How many requests the operator has made, by verb."""
    counted: dict[str, float] = {}
    for labels, value in figures(operator.page("/metrics")).items():
        if labels[0] == "munshi_api_requests_total":
            counted[labels[2]] = counted.get(labels[2], 0.0) + value
    return counted


def resident_mib(operator: Replica) -> float:
    """The operator's resident memory."""
    return figures(operator.page("/metrics"))["process_resident_memory_bytes",] / 2**20


async def main() -> None:
    """Measure, and print one line a round."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--trials", type=int, default=60)
    words.add_argument("--parallel", type=int, default=6)
    words.add_argument("--seconds", type=float, default=1.0)
    words.add_argument("--rounds", type=int, default=2)
    said = words.parse_args()
    cluster = Cluster(STATE, f"cost-{uuid.uuid4().hex[:6]}")
    cluster.kubectl("create", "namespace", cluster.namespace)
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as data:
        try:
            with replicas(cluster, Path(data)) as start:
                operator = start(18085)
                until(operator.is_("leading"), 60, "an operator that leads")
                print(f"at rest: {resident_mib(operator):.0f} MiB resident", flush=True)
                async with connection.connect(kubeconfig=str(cluster.kubeconfig)) as api:
                    for number in range(said.rounds):
                        loop_s = await bare(
                            api, cluster.namespace, said.trials, said.parallel, said.seconds
                        )
                        before = asked(operator)
                        wanted = experiment(
                            f"cost-{number}", said.trials, said.parallel, said.seconds
                        )
                        took_s, first_s = await munshi(api, cluster, wanted)
                        await asyncio.sleep(3)
                        now = asked(operator)
                        of_a_trial = {
                            verb: (count - before.get(verb, 0)) / said.trials
                            for verb, count in now.items()
                        }
                        writes = sum(of_a_trial.get(verb, 0) for verb in WRITES)
                        ratios.append(took_s / loop_s)
                        each = ", ".join(f"{v} {c:.2f}" for v, c in sorted(of_a_trial.items()))
                        print(
                            f"loop {loop_s:.1f} s, munshi {took_s:.1f} s: {ratios[-1]:.2f} times; "
                            f"first pod {first_s:.2f} s after the Experiment; "
                            f"writes a trial {writes:.2f} ({each}); "
                            f"{resident_mib(operator):.0f} MiB"
                        )
        finally:
            cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=false")
    print(f"median ratio {median(ratios):.2f}")


if __name__ == "__main__":
    asyncio.run(main())
