"""Experiments of v1alpha3 on a real cluster, which keeps and shows them as v1beta1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from journeys.stories import REPORT
from munshi.api.meta import HOME, V1ALPHA3
from support.cluster import ROOT, Cluster
from support.cluster_stories import small, trials
from support.operators import ended, last, replicas, until

ALONE = "--no-leader-election"


def old(name: str, *script: str, **spec: Any) -> dict[str, Any]:
    """In the older dialect, though nothing of its shape shows it."""
    return {**small(*script, name=name, **spec), "apiVersion": V1ALPHA3}


def test_the_older_dialect_is_kept(cluster: Cluster, namespace: Cluster, tmp_path: Path) -> None:
    """What v1alpha3 means differently by the same words holds, whoever labels or asks for it as v1beta1.

    More parallel trials than trials are no fault; it fails above maxFailedTrialCount, not at it; and without
    a resumePolicy it goes on when its budget is raised. The same under v1beta1 is refused, or fails at it.
    """
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    wide, raised = (
        old("wide", REPORT, maxTrialCount=count, parallelTrialCount=4) for count in (1, 2)
    )
    failing: dict[str, Any] = {
        "maxTrialCount": 3,
        "parallelTrialCount": 1,
        "maxFailedTrialCount": 1,
    }
    namespace.apply(wide, old("failing", "exit 1", **failing))
    namespace.apply(small("exit 1", name="today", **failing))
    namespace.kubectl("label", "experiments.v1beta1.kubeflow.org", "--all", "seen=yes")
    assert namespace.get("experiment", "wide")["apiVersion"] == HOME
    with replicas(namespace, tmp_path) as start:
        start(18531, ALONE)
        assert last(ended(namespace, "wide", 90))["reason"] == "ExperimentMaxTrialsReached"
        counts = {name: ended(namespace, name, 90)["status"] for name in ("failing", "today")}
        assert {name: said["trialsFailed"] for name, said in counts.items()} == {
            "failing": 2,
            "today": 1,
        }
        namespace.apply(raised)
        until(lambda: len(trials(namespace, "wide")) == 2, 60, "it goes on")
        assert last(ended(namespace, "wide", 90))["reason"] == "ExperimentMaxTrialsReached"
    owners = [one["metadata"]["ownerReferences"][0] for one in trials(namespace, "wide")]
    assert {one["apiVersion"] for one in owners} == {HOME}
