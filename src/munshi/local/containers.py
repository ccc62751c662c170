"""Trials in containers: the real image, run by podman or docker instead of a plain process.

To the supervisor the runtime's client is a program like any other: it is started, its output is the
trial's log, TERM is passed on to what runs inside, and its exit code is the program's. What outlives
the client (docker's containers belong to a daemon) is removed by `cleanup`, which the supervisor runs
however the trial ended. Both clients understand the same words, so one adapter serves them.

The launcher decides what a trial runs and asks here how to say it; `prepare` is asked once, before the
first trial. Containers use the host's network: replicas find each other on localhost, as processes do.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from munshi.errors import LaunchRefused
from munshi.local.jobs import ContainerRun
from munshi.local.process import Bind

ASK_S = 20.0
"""How long the runtime may take to say whether it works and has an image."""
PULL_S = 1800.0
"""How long fetching an image may take; some have ten gigabytes."""


class Runtime(StrEnum):
    """What runs a trial's containers."""

    PROCESS = "process"
    PODMAN = "podman"
    DOCKER = "docker"

    @property
    def has_images(self) -> bool:
        """Whether the image is real here."""
        return self is not Runtime.PROCESS


@dataclass(frozen=True, slots=True)
class Client:
    """How one container is run and removed.

    Attributes:
        argv: The client's command line; ends when the container has ended, with its exit code.
        cleanup: Removes the container if it is still there; harmless when it is not.
    """

    argv: tuple[str, ...]
    cleanup: tuple[str, ...]


def client(
    runtime: Runtime,
    name: str,
    container: ContainerRun,
    env: Mapping[str, str],
    binds: Iterable[Bind],
    hosts: Mapping[str, str],
) -> Client:
    """The command lines for one container.

    Args:
        runtime: podman or docker.
        name: Of the new container, unique on this machine.
        container: What it runs; its image is real here.
        env: The complete list of what is set besides the image's own variables.
        binds: Paths of this machine that it sees.
        hosts: Host names it knows besides its own, and their addresses.
    """
    limits = container.limits
    said = [runtime.value, "run", "--rm", f"--name={name}", "--network=host", "--log-driver=none"]
    said.append("--security-opt=label=disable")  # else SELinux hides the binds from the program
    said += [f"--add-host={host}:{address}" for host, address in hosts.items()]
    said += [f"--env={key}={value}" for key, value in env.items()]
    said += [f"--mount={_mount(bind)}" for bind in binds]
    if limits.memory_bytes is not None:
        said.append(f"--memory={limits.memory_bytes}")
    if limits.cpu is not None:
        said.append(f"--cpus={limits.cpu:g}")
    if container.working_dir is not None:
        said.append(f"--workdir={container.working_dir}")
    entry, *rest = container.command or ("",)
    if entry:
        said.append(f"--entrypoint={entry}")
    return Client(
        argv=(*said, container.image, *rest, *container.args),
        cleanup=(runtime.value, "rm", "--force", name),
    )


def _mount(bind: Bind) -> str:
    """One `--mount`, in the comma-separated form that both clients read as CSV."""
    fields = ["type=bind", f"source={bind.source}", f"target={bind.target}"]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields + ["readonly"] * bind.read_only)
    return line.getvalue()


class ImageNowhere(LaunchRefused):
    """An image is neither here nor to be fetched.

    Attributes:
        image: Its name, as the job has it.
    """

    def __init__(self, image: str, said: str) -> None:
        super().__init__(said)
        self.image = image


def prepare(runtime: Runtime, images: Iterable[str]) -> None:
    """Make sure that the runtime works and has the images; fetches those that are not here.

    Raises:
        ImageNowhere: An image is not here and cannot be fetched.
        LaunchRefused: It is not installed, or does not answer.
    """
    program = shutil.which(runtime.value)
    if program is None:
        raise LaunchRefused(
            f"{runtime} is not installed; install it (Debian, Ubuntu: apt install "
            f"{'docker.io' if runtime is Runtime.DOCKER else 'podman'}), or leave out --runtime"
        )
    if trouble := _trouble([program, "info"], ASK_S):
        raise LaunchRefused(f"{runtime} does not work here: {trouble}")
    for image in dict.fromkeys(images):
        if _trouble([program, "image", "inspect", image], ASK_S) and (
            trouble := _trouble([program, "pull", image], PULL_S)
        ):
            raise ImageNowhere(
                image,
                f'image "{image}" is not here and cannot be fetched: {trouble}; '
                f"build it: {runtime} build -t {image} FOLDER",
            )


def _trouble(argv: list[str], patience_s: float) -> str:
    """What a command complains of; empty when all is well."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {patience_s:g} s"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    words = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
    return words[-1] if words else f"exit code {done.returncode}"
