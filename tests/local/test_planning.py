"""From a trial to a plan: programs, paths, variables, limits."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from munshi.api.common import CollectorKind, CollectorSpec, MetricsCollectorSpec, ObjectiveSpec
from munshi.api.meta import ObjectMeta
from munshi.api.trial import Trial, TrialSpec
from munshi.engine.clock import WallClock
from munshi.local import sources
from munshi.local.containers import Runtime
from munshi.local.planning import PUSHED_INSIDE, Planned, Planner, Settings
from munshi.local.process import MARKER, Program
from munshi.testing.memory import MemoryLog, MemoryStore

ENV = {"PATH": "/usr/bin:/bin", "HOME": "/home/user"}


def planned(
    folder: Path,
    *containers: dict[str, Any],
    collector: MetricsCollectorSpec | None = None,
    settings: Settings = Settings(env=ENV, cwd="/work"),  # noqa: B008 - frozen
    kind: str = "Job",
    **pod: Any,
) -> Planned:
    """The plan of a trial whose job is one pod."""
    spec = {"restartPolicy": "Never", "containers": list(containers), **pod}
    job: dict[str, Any] = {
        "apiVersion": "batch/v1",
        "kind": kind,
        "metadata": {"name": "t", "namespace": "lab"},
        "spec": {"template": {"spec": spec}},
    }
    trial = Trial(
        metadata=ObjectMeta(name="t", namespace="lab", uid="u-1"),
        spec=TrialSpec(
            run_spec=job,
            primary_container_name="main",
            metrics_collector=collector,
            objective=ObjectiveSpec(objective_metric_name="score"),
        ),
    )
    log = MemoryLog()
    store = MemoryStore(WallClock().now, lambda: "u", log)
    folder.mkdir(exist_ok=True)
    return asyncio.run(Planner(store, settings).plan(trial, folder))


def main(**fields: Any) -> dict[str, Any]:
    """The primary container."""
    return {"name": "main", "image": "repo/image:1", "command": ["train"], **fields}


def collecting(kind: CollectorKind, **custom: Any) -> MetricsCollectorSpec:
    """A collector of that kind."""
    return MetricsCollectorSpec(collector=CollectorSpec(kind=kind, custom_collector=custom or None))


def only(made: Planned) -> Program:
    """The one program of a plan."""
    (program,) = made.plan.programs
    return program


def test_a_program_gets_what_it_needs(tmp_path: Path) -> None:
    """Arguments as written, the caller's folder and variables, the log in the trial's folder."""
    program = only(planned(tmp_path, main(args=["--lr", "0.1"])))
    assert program.argv == ("train", "--lr", "0.1")
    assert program.cwd == "/work"
    assert program.log == str(tmp_path / "log")
    assert program.env["KATIB_TRIAL_NAME"] == "t"
    assert program.env["HOME"] == "/home/user"
    assert program.decides


def test_limits_and_deadline_reach_the_supervisor(tmp_path: Path) -> None:
    """`resources.limits` and `activeDeadlineSeconds` are no longer only read."""
    limits = {"limits": {"memory": "64Mi", "cpu": "500m"}}
    made = planned(tmp_path, main(resources=limits), activeDeadlineSeconds=90)
    assert made.plan.deadline_s == 90
    assert only(made).limits.memory_bytes == 64 << 20
    assert only(made).limits.cpu == 0.5


def test_init_containers_come_first_with_logs_of_their_own(tmp_path: Path) -> None:
    """They share the pod's emptyDir with the program."""
    mount = {"volumeMounts": [{"name": "d", "mountPath": "/data"}]}
    init = {"name": "fetch", "command": ["curl"], **mount}
    volumes = [{"name": "d", "emptyDir": {}}]
    made = planned(tmp_path, main(**mount), initContainers=[init], volumes=volumes)
    (setup,) = made.plan.setup
    assert (setup.name, setup.log) == ("init-fetch", str(tmp_path / "log.init-fetch"))
    assert setup.binds == only(made).binds
    assert not setup.decides


def test_a_pushing_program_is_told_where(tmp_path: Path) -> None:
    """Only under Push and Custom; without a DB manager there is no address of one."""
    assert "MUNSHI_METRICS_FILE" not in only(planned(tmp_path, main())).env
    made = planned(tmp_path, main(), collector=collecting(CollectorKind.PUSH))
    assert only(made).env["MUNSHI_METRICS_FILE"] == str(tmp_path / sources.PUSHED)
    assert "MUNSHI_DB_MANAGER_ADDRESS" not in only(made).env
    assert (tmp_path / sources.PUSHED).exists()


def test_katib_s_db_manager_has_a_name_in_the_trial(tmp_path: Path) -> None:
    """A hosts file and the pod's namespace file, seen by the trial alone."""
    settings = Settings(env=ENV, manager_host="127.77.0.1")
    made = planned(tmp_path, main(), collector=collecting(CollectorKind.PUSH), settings=settings)
    shown = {bind.target: Path(bind.source).read_text() for bind in only(made).binds}
    assert shown["/etc/hosts"].endswith("127.77.0.1 katib-db-manager.kubeflow\n")
    assert shown["/var/run/secrets/kubernetes.io/serviceaccount/namespace"] == "lab"


def test_a_custom_collector_is_a_companion(tmp_path: Path) -> None:
    """It decides nothing, writes a log of its own and reports into the trial's file."""
    collector = collecting(CollectorKind.CUSTOM, name="mine", image="any", command=["collect"])
    made = planned(tmp_path, main(), collector=collector)
    (companion,) = made.plan.companions
    assert (companion.name, companion.argv) == ("collector", ("collect",))
    assert companion.log == str(tmp_path / "log.collector")
    assert companion.env["MUNSHI_METRICS_FILE"] == str(tmp_path / sources.PUSHED)


def test_a_port_variable_becomes_a_free_port(tmp_path: Path) -> None:
    """MUNSHI_METRICS_PORT in the job is a port of this trial's own, in arguments too."""
    env = [{"name": "MUNSHI_METRICS_PORT", "value": "8080"}]
    container = main(env=env, args=["--port=$(MUNSHI_METRICS_PORT)"])
    made = planned(tmp_path, container, collector=collecting(CollectorKind.PROMETHEUS))
    port = only(made).env["MUNSHI_METRICS_PORT"]
    assert port != "8080"
    assert only(made).argv == ("train", f"--port={port}")
    assert made.source.inside == f"http://127.0.0.1:{port}/metrics"


@pytest.mark.parametrize("runtime", [Runtime.PODMAN, Runtime.DOCKER], ids=str)
def test_a_container_gets_only_its_own_variables(tmp_path: Path, runtime: Runtime) -> None:
    """The image's environment is its own; the client keeps the caller's, and is cleaned up after."""
    settings = Settings(env=ENV, runtime=runtime)
    collector = collecting(CollectorKind.PUSH)
    made = planned(tmp_path, main(command=[]), collector=collector, settings=settings)
    program = only(made)
    assert program.argv[:2] == (runtime.value, "run")
    assert program.env == ENV
    said = [word for word in program.argv if word.startswith("--env=")]
    assert f"--env=MUNSHI_METRICS_FILE={PUSHED_INSIDE}" in said
    assert f"--env={MARKER}=u-1" in said
    assert not [word for word in said if word.startswith("--env=HOME=")]
    assert program.cleanup[:3] == (runtime.value, "rm", "--force")
    assert program.binds == ()
