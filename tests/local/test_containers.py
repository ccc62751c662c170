"""A container as a command line: what podman and docker are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from munshi.errors import LaunchRefused
from munshi.local import containers
from munshi.local.containers import Runtime
from munshi.local.jobs import ContainerRun, Limits
from munshi.local.process import Bind

CONTAINER = ContainerRun(name="main", image="repo/image:1", command=("python3", "-u", "train.py"))


def argv(container: ContainerRun = CONTAINER, *binds: Bind, **env: str) -> list[str]:
    """The client's command line."""
    return list(containers.client(Runtime.PODMAN, "t-1", container, env, binds, {}).argv)


def test_the_command_replaces_the_entry_point() -> None:
    """Kubernetes' `command` is the whole ENTRYPOINT; the client's flag takes its first word only."""
    said = argv(replace(CONTAINER, args=("--lr", "0.1")))
    assert "--entrypoint=python3" in said
    assert said[-5:] == ["repo/image:1", "-u", "train.py", "--lr", "0.1"]


def test_without_a_command_the_image_s_own_runs() -> None:
    """Only `args` follow the image's name."""
    said = argv(ContainerRun(name="main", image="repo/image:1", command=(), args=("--lr", "0.1")))
    assert not [word for word in said if word.startswith("--entrypoint")]
    assert said[-3:] == ["repo/image:1", "--lr", "0.1"]


def test_nothing_is_for_a_shell() -> None:
    """Values with blanks, quotes, newlines and dollars stay one word each."""
    odd = 'a "b" $(c)\n--x'
    said = argv(replace(CONTAINER, args=(odd,)), LR=odd)
    assert said[-1] == odd
    assert f"--env=LR={odd}" in said


def test_a_path_with_a_comma_is_one_mount() -> None:
    """`--mount` is CSV: a comma or quote in a folder's name is quoted, and a bind may be read-only."""
    said = argv(CONTAINER, Bind('/a,b"c', "/data", read_only=True))
    assert '--mount=type=bind,"source=/a,b""c",target=/data,readonly' in said


def test_limits_are_the_runtime_s() -> None:
    """Memory in bytes and cores as a number."""
    said = argv(replace(CONTAINER, limits=Limits(memory_bytes=1 << 26, cpu=0.5)))
    assert "--memory=67108864" in said
    assert "--cpus=0.5" in said


def test_what_is_left_is_removed_by_name() -> None:
    """The clean-up names the very container."""
    made = containers.client(Runtime.DOCKER, "t-1", CONTAINER, {}, (), {"host": "127.0.0.9"})
    assert "--name=t-1" in made.argv
    assert "--add-host=host:127.0.0.9" in made.argv
    assert made.cleanup == ("docker", "rm", "--force", "t-1")


def test_a_runtime_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal says what to install, and that one can do without."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LaunchRefused, match=r"podman is not installed; install it .*--runtime"):
        containers.prepare(Runtime.PODMAN, ["any"])
