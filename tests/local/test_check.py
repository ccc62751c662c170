"""What this machine cannot do is told before anything runs."""

from __future__ import annotations

from typing import Any

from munshi.api.common import CollectorKind, CollectorSpec, MetricsCollectorSpec
from munshi.api.wire import Json
from munshi.local import check
from munshi.testing.builders import an_experiment


def faults(volume: dict[str, Json], **config_maps: dict[str, str]) -> list[str]:
    """The faults of a job with one volume."""
    container: dict[str, Any] = {
        "name": "main",
        "command": ["true"],
        "volumeMounts": [{"name": "v", "mountPath": "/etc/app"}],
    }
    pod = {
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [{"name": "v", **volume}],
    }
    job: dict[str, Json] = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "t"},
        "spec": {"template": {"spec": pod}},  # type: ignore[dict-item] # JSON all the same
    }
    return [str(one) for one in check.faults(an_experiment(), job, "main", (), config_maps)]


def test_a_config_map_that_came_along_will_do() -> None:
    """A volume from a ConfigMap of the same file is fine; one that is missing is a fault."""
    volume: dict[str, Json] = {"configMap": {"name": "app"}}
    assert faults(volume, app={"a": "b"}) == []
    (fault,) = faults(volume)
    assert "app" in fault


def test_a_secret_is_refused_unless_it_is_optional() -> None:
    """Secrets cannot be given here: better said before the first trial than by each of them."""
    (fault,) = faults({"secret": {"secretName": "keys"}})
    assert "keys" in fault
    assert faults({"secret": {"secretName": "keys", "optional": True}}) == []


def test_collectors_that_cannot_run_here_yet() -> None:
    """Custom, PrometheusMetric and Push are refused at their field; the others are not."""
    job: dict[str, Json] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "t"},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "command": ["true"]}]},
    }

    def fields(kind: CollectorKind) -> list[str]:
        said = MetricsCollectorSpec(collector=CollectorSpec(kind=kind))
        one = an_experiment()
        spec = one.spec.model_copy(update={"metrics_collector_spec": said})
        asked = one.model_copy(update={"spec": spec})
        return [fault.field for fault in check.faults(asked, job, "main", (), {})]

    kinds = [
        kind for kind in CollectorKind if kind not in (CollectorKind.NONE, CollectorKind.UNSET)
    ]
    refused = {kind.value for kind in kinds if fields(kind)}
    assert refused == {"Push", "PrometheusMetric", "Custom"}
    assert fields(CollectorKind.PUSH) == ["spec.metricsCollectorSpec.collector.kind"]
