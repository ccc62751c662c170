"""What this machine cannot do is told before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from munshi.api.common import (
    CollectorKind,
    CollectorSpec,
    HttpGet,
    MetricsCollectorSpec,
    SourceSpec,
)
from munshi.api.wire import Json
from munshi.local import check
from munshi.local.containers import Runtime
from munshi.local.planning import Settings
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
    return [str(one) for one in check.faults(an_experiment(), job, "main", Settings(), config_maps)]


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


POD: dict[str, Json] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "t"},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "command": ["true"]}]},
}


def collector_faults(
    kind: CollectorKind, parallel: int = 1, job: dict[str, Json] = POD, **http: str
) -> dict[str, str]:
    """Field to fault of an Experiment that collects so."""
    source = SourceSpec(http_get=HttpGet(**http)) if http else None
    said = MetricsCollectorSpec(collector=CollectorSpec(kind=kind), source=source)
    one = an_experiment()
    update = {"metrics_collector_spec": said, "parallel_trial_count": parallel}
    asked = one.model_copy(update={"spec": one.spec.model_copy(update=update)})
    found = check.faults(asked, job, "main", Settings(), {})
    return {fault.field: str(fault) for fault in found}


def test_every_kind_of_collector_runs_here() -> None:
    """Only a Custom collector without a container cannot."""
    refused = {kind.value for kind in CollectorKind if collector_faults(kind)}
    assert refused == {"Custom"}


def test_trials_side_by_side_cannot_share_a_port() -> None:
    """PrometheusMetric with several trials at once wants MUNSHI_METRICS_PORT; with one it does not."""
    kind, field = CollectorKind.PROMETHEUS, "spec.metricsCollectorSpec.source.httpGet.port"
    assert list(collector_faults(kind, parallel=3)) == [field]
    assert "MUNSHI_METRICS_PORT" in collector_faults(kind, parallel=3)[field]
    container: dict[str, Json] = {
        "name": "main",
        "command": ["true"],
        "env": [{"name": "MUNSHI_METRICS_PORT", "value": "8080"}],
    }
    spec: dict[str, Json] = {"restartPolicy": "Never", "containers": [container]}
    assert not collector_faults(kind, parallel=3, job={**POD, "spec": spec})


def test_only_this_machine_is_scraped() -> None:
    """Another host or https is refused at its field; naming this machine is fine."""
    kind = CollectorKind.PROMETHEUS
    found = collector_faults(kind, host="example.org", scheme="HTTPS")
    http = "spec.metricsCollectorSpec.source.httpGet"
    assert list(found) == [f"{http}.host", f"{http}.scheme"]
    assert not collector_faults(kind, host="localhost", scheme="HTTP")


def test_an_image_that_is_nowhere_is_told_at_its_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is that of the container's image, with the mend; podman is asked for each."""
    podman = tmp_path / "podman"
    podman.write_text("#!/bin/sh\n[ $1 = info ] || { echo unknown >&2; [ $3 = here ]; }\n")
    podman.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    helper: dict[str, Json] = {"name": "first", "image": "here", "command": ["true"]}
    main: dict[str, Json] = {"name": "main", "image": "nope", "command": ["true"]}
    pod: dict[str, Json] = {"restartPolicy": "Never", "containers": [main]}
    job: dict[str, Json] = {**POD, "spec": {**pod, "initContainers": [helper]}}
    one = an_experiment()
    template = one.spec.trial_template
    assert template is not None
    (fault,) = check.faults(one, job, "main", Settings(runtime=Runtime.PODMAN), {})
    place = "spec.containers[0].image"
    if template.trial_spec is not None:
        assert fault.field == f"spec.trialTemplate.trialSpec.{place}"
    else:
        assert fault.field == "spec.trialTemplate"
        assert f"in the rendered job, {place}: " in fault.problem
    assert 'image "nope" is not here' in fault.problem
    assert "podman build -t nope FOLDER" in fault.problem
