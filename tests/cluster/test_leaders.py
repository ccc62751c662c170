"""Replicas of the operator that share a Lease; none is installed beside them that would do their work."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from support.cluster import ROOT, Cluster
from support.experiments import an_experiment
from support.operators import figures, replicas, until

START_S = 120
"""Until a process is there, on a machine that is busy; what the facts say of time is measured apart."""


def test_leaders_follow_each_other(cluster: Cluster, namespace: Cluster, tmp_path: Path) -> None:
    """After a clean stop within 3 s, after a death within 20 s; no trial is lost, repeated or added."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    with replicas(namespace, tmp_path) as start:
        one = start(18481)
        until(one.is_("leading"), START_S, "the first replica leads")
        two = start(18482)
        until(two.is_("standing by"), START_S, "the second one stands by")
        namespace.apply(an_experiment("--pause=1", maxTrialCount=12))
        until(lambda: namespace.get("trials")["items"], START_S, "trials")
        assert one.end() == 0
        assert until(two.is_("leading"), 10, "the second one leads") <= 3
        three = start(18483)
        until(three.is_("standing by"), START_S, "the third one stands by")
        two.process.kill()
        assert until(three.is_("leading"), 30, "the third one leads") <= 20
        namespace.wait("experiment/random", "condition=Succeeded", timeout_s=START_S)
        assert len(namespace.get("trials")["items"]) == 12
        assert three.end() == 0


def test_a_leader_that_slept_writes_nothing(
    cluster: Cluster, namespace: Cluster, tmp_path: Path
) -> None:
    """Stopped for 30 s in the middle of its work, it wakes to stand by; the other one went on meanwhile."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    with replicas(namespace, tmp_path) as start:
        one = start(18491)
        until(one.is_("leading"), START_S, "the first replica leads")
        two = start(18492)
        until(two.is_("standing by"), START_S, "the second one stands by")
        namespace.apply(an_experiment("--pause=2", maxTrialCount=10))
        until(lambda: len(namespace.get("trials")["items"]) >= 2, START_S, "trials")
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
        namespace.wait("experiment/random", "condition=Succeeded", timeout_s=START_S)
        assert len(namespace.get("trials")["items"]) == 10


def written(found: dict[tuple[str, ...], float]) -> float:
    """How many writes the API server answered, but for those of the Lease (replace)."""
    verbs = {"create", "patch", "delete"}
    return sum(
        count
        for name, count in found.items()
        if name[0] == "munshi_api_requests_total" and verbs & set(name)
    )
