"""`munshi run --runtime podman`: the real image, an image made here, and nothing left of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from journeys.containers import IMAGE, INSIDE, image_here, left
from journeys.stories import ONE_TRIAL, experiment, written
from journeys.world import World, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.podman, pytest.mark.xdist_group("podman")]


@pytest.fixture(scope="module", autouse=True)
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The image, for all tests of this file."""
    with image_here(tmp_path_factory.mktemp("image")) as variables:
        os.environ.update(variables)
        try:
            yield
        finally:
            for name in variables:
                del os.environ[name]


def story(name: str, *script: str, container: dict[str, Any] | None = None, **spec: Any) -> Any:
    """An Experiment of that name whose trials run in the image."""
    made = experiment(*script, container={"image": IMAGE, **(container or {})}, **spec)
    made["metadata"]["name"] = name
    return made


def test_the_image_s_own_files_are_there(world: World) -> None:
    """Trials see the image's files and variables; all succeed, and their containers are removed."""
    script = (f'echo "made=$(cat {INSIDE}) env=$FROM_IMAGE"', 'echo "score=$X"')
    name = written(world.path, story("pod-image", *script))
    done = world.munshi("run", "--runtime", "podman", name)
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}
    said = world.munshi("logs", world.trials()[0]["metadata"]["name"]).out
    assert "made=yes env=yes" in said
    assert not os.path.exists(INSIDE), "the file is only in the image"  # noqa: PTH110
    assert not left("pod-image")


def test_a_container_without_a_command_runs_the_image_s_entry_point(world: World) -> None:
    """`args` alone go to the image's ENTRYPOINT, as on Kubernetes; a value keeps its blanks and quotes."""
    made = story("pod-entry", container={"args": ["--lr", 'a "b" $c']}, **ONE_TRIAL)
    job = made["spec"]["trialTemplate"]["trialSpec"]
    del job["spec"]["template"]["spec"]["containers"][0]["command"]
    done = world.munshi("run", "--runtime", "podman", written(world.path, made))
    assert done.code == 0, done.err
    said = world.munshi("logs", world.trials()[0]["metadata"]["name"]).out
    assert 'entry got --lr a "b" $c' in said


def test_metrics_files_and_volumes_are_shared_with_the_container(world: World) -> None:
    """The File collector's path and an emptyDir are private folders of each trial, seen inside."""
    script = ("echo $X > /scratch/x", 'echo "score=$(cat /scratch/x)" > /out/metrics.log')
    made = story(
        "pod-file",
        *script,
        container={"volumeMounts": [{"name": "s", "mountPath": "/scratch"}]},
        pod={"volumes": [{"name": "s", "emptyDir": {}}]},
        metricsCollectorSpec={
            "collector": {"kind": "File"},
            "source": {"fileSystemPath": {"kind": "File", "path": "/out/metrics.log"}},
        },
    )
    done = world.munshi("run", "--runtime", "podman", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}


def test_ctrl_c_ends_the_containers(world: World) -> None:
    """SIGINT gives 130; no container is left, running or not."""
    made = story("pod-stop", "echo begun; while :; do sleep 0.1; done", maxTrialCount=2)
    run = world.start("run", "--runtime", "podman", written(world.path, made))
    wait_until(lambda: len(left("pod-stop")) == 2, "for two containers")
    done = run.interrupt()
    assert done.code == 130, done.err
    assert not left("pod-stop")


def test_a_killed_engine_s_containers_are_adopted(world: World) -> None:
    """After kill -9 containers go on, and the next run reads what they report; none is run twice."""
    script = ("echo begun", "until [ -e /gate/open ]; do sleep 0.1; done", 'echo "score=$X"')
    (world.path / "gate").mkdir()
    made = story("pod-adopt", *script, maxTrialCount=2)
    args = ("run", "--runtime", "podman", "--mount", "gate:/gate", written(world.path, made))
    pod = made["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]
    assert "volumes" not in pod, "--mount needs no volume"
    run = world.start(*args)
    wait_until(lambda: len(left("pod-adopt")) == 2, "for two containers")
    before = sorted(left("pod-adopt"))
    run.kill()
    assert sorted(left("pod-adopt")) == before
    (world.path / "gate" / "open").touch()
    done = world.munshi(*args)
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 2}
    assert not left("pod-adopt")


def test_a_killed_supervisor_s_container_is_removed(world: World) -> None:
    """Kill -9 of everything munshi runs: the trial is begun anew, and the old container is gone."""
    script = ("until [ -e /gate/open ]; do sleep 0.1; done", 'echo "score=$X"')
    (world.path / "gate").mkdir()
    made = story("pod-lost", *script, **ONE_TRIAL)
    args = ("run", "--runtime", "podman", "--mount", "gate:/gate", written(world.path, made))
    run = world.start(*args)
    wait_until(lambda: len(left("pod-lost")) == 1, "for the container")
    (before,) = left("pod-lost")
    run.kill()
    for identity in world.home.glob("trials/*/*/*/identity.json"):
        os.kill(int(identity.read_text().split('"pid": ')[1].split(",")[0]), signal.SIGKILL)
    again = world.start(*args)
    wait_until(lambda: bool(left("pod-lost")) and before not in left("pod-lost"), "for another")
    (world.path / "gate" / "open").touch()
    done = again.wait()
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 1}
    assert not left("pod-lost")


def test_an_image_that_is_nowhere_is_refused_before_the_first_trial(world: World) -> None:
    """Exit code 2, the image's name and how to build it; no trial exists."""
    made = story("pod-none", "true", container={"image": "localhost/there-is-none:1"})
    done = world.munshi("run", "--runtime", "podman", written(world.path, made))
    assert done.code == 2
    assert "localhost/there-is-none:1" in done.err
    assert "podman build" in done.err
    assert not world.trials()
