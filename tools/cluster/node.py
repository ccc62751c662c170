"""The private machine that a cluster runs on: how it is started, entered and found.

It is a process tree with its own processes, mounts, network and host name (namespaces; see unshare(1)). Each
process that we start in it carries marks in its environment, and what it starts inherits them. So the
processes of a cluster are found by looking, not remembered in files that a crash would leave wrong.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.network import Network
from tools.cluster.packages import SYSTEM_PATH
from tools.cluster.place import INSIDE, ClusterError, Place

FIRST_PROCESS = Path(__file__).with_name("first_process.py")
OWN = ("--pid", "--mount", "--net", "--uts", "--ipc")
SETTLE_S = 15
DIE_S = 30


@dataclass(frozen=True, slots=True)
class Process:
    """A process of a cluster, seen from the host."""

    pid: int
    program: str
    """The name of its program, without folders."""
    state: Path
    """The folder of its cluster, which may be gone."""
    number: int
    part: str
    """The part of the cluster that it, or what started it, belongs to."""
    is_first: bool
    """Whether it is process 1 of its node."""


def processes() -> Iterator[Process]:
    """All processes of all clusters on this machine, but for those in pods."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            pairs = (one.partition(b"=") for one in (folder / "environ").read_bytes().split(b"\0"))
            marks = {
                name: value.decode() for name, _, value in pairs if name.startswith(b"MUNSHI_NODE_")
            }
            if not marks:
                continue
            status = (folder / "status").read_text()
            words = (folder / "cmdline").read_bytes().split(b"\0")
            yield Process(
                pid=int(folder.name),
                program=Path(words[0].decode()).name,
                state=Path(marks[b"MUNSHI_NODE_STATE"]),
                number=int(marks[b"MUNSHI_NODE_NUMBER"]),
                part=marks[b"MUNSHI_NODE_PART"],
                is_first="\nNSpid:\t" in status
                and status.partition("\nNSpid:\t")[2].partition("\n")[0].split()[1:] == ["1"],
            )
        except (OSError, KeyError):
            continue  # it ended while we looked, or is a stranger who uses our words


def of(place: Place) -> list[Process]:
    """The processes of one cluster."""
    return [one for one in processes() if one.state == place.state]


def kill(doomed: Callable[[], list[Process]]) -> None:
    """Kill processes until none is left.

    Raises:
        ClusterError: One did not die.
    """
    end = time.monotonic() + DIE_S
    while left := doomed():
        if time.monotonic() > end:
            message = f"These processes do not die: {left}"
            raise ClusterError(message)
        for one in left:
            try:
                os.kill(one.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.05)


def start(place: Place, network: Network) -> None:
    """Start the node and plug in the cable to the host.

    Raises:
        ClusterError: It does not come up.
    """
    words = ["unshare", *OWN, "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
    python = [sys.executable, str(FIRST_PROCESS), str(place.state), str(INSIDE)]
    with place.log("node").open("wb") as log:
        started = subprocess.Popen(
            [*words, "--", *python],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(place, network, "node"),
            start_new_session=True,
        )
    end = time.monotonic() + SETTLE_S
    while not (place.state / "settled").exists():
        if started.poll() is not None or time.monotonic() > end:
            message = f"The node does not start. {place.tail('node')}"
            raise ClusterError(message)
        time.sleep(0.02)
    _plug_in(place, network)
    for folder in network.cgroups():
        folder.mkdir(exist_ok=True)  # kubelet wants to find its group


def _plug_in(place: Place, network: Network) -> None:
    first = str(_first(place).pid)
    _ip("link", "add", network.cable, "type", "veth", "peer", "name", "host", "netns", first)
    _ip("address", "add", f"{network.host}/16", "dev", network.cable)
    _ip("link", "set", network.cable, "up")
    _ip("route", "add", network.services, "via", network.node)
    for command in (
        "ip link set lo up",
        "ip link add cni0 type bridge",
        "ip link set host master cni0",
        "ip link set host up",
        f"ip address add {network.node}/16 dev cni0",
        "ip link set cni0 up",
        f"ip route add {network.services} dev cni0",  # only so that kube-proxy gets to see it
        "sysctl -q -w net.ipv4.ip_forward=1",
    ):
        run(place, network, *command.split())


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, timeout=10)


def _first(place: Place) -> Process:
    for one in of(place):
        if one.is_first:
            return one
    message = f"No cluster runs in {place.state}; start it: make cluster"
    raise ClusterError(message)


def spawn(place: Place, network: Network, part: str, words: list[str]) -> None:
    """Start a program on the node and leave it to process 1. What it says goes to its log."""
    # The shell is outside the node's process tree, its child inside; with the shell gone, nothing of us
    # is left.
    background = ["/bin/sh", "-c", '"$@" &', "sh", "setsid", *words]
    with place.log(part).open("ab") as log:
        subprocess.run(
            [*_enter(place), "--no-fork", "--", *background],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(place, network, part),
            timeout=20,
            check=True,
        )


def run(place: Place, network: Network, *words: str, timeout_s: float = 30) -> str:
    """Run a program on the node to its end.

    Returns:
        What it wrote to standard output.

    Raises:
        ClusterError: It failed, with what it wrote to standard error.
    """
    done = subprocess.run(
        [*_enter(place), "--", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=_environment(place, network, "command"),
        timeout=timeout_s,
        check=False,
    )
    if done.returncode:
        message = f"{' '.join(words)} failed on the node:\n{done.stderr[-3000:]}"
        raise ClusterError(message)
    return done.stdout


def _enter(place: Place) -> list[str]:
    return ["nsenter", "--target", str(_first(place).pid), *OWN]


def _environment(place: Place, network: Network, part: str) -> dict[str, str]:
    """Nothing of the caller's own: no proxy, no kubeconfig, no language."""
    return {
        "PATH": SYSTEM_PATH,
        "HOME": str(INSIDE),
        "MUNSHI_NODE_STATE": str(place.state),
        "MUNSHI_NODE_NUMBER": str(network.number),
        "MUNSHI_NODE_PART": part,
    }
