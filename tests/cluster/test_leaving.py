"""What a cluster leaves on the machine: nothing, also when it was killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.cluster import TOOL, Cluster, tool

FOLDERS = ("/run", "/var/lib", "/var/log", "/var/lib/cni", "/opt", "/etc/cni")
START_S, END_S = 200, 60


def machine(state: Path) -> dict[str, Any]:
    """What a cluster could leave behind, by the kind of thing."""
    rules = subprocess.run(
        ["iptables-save"], capture_output=True, text=True, timeout=20, check=True
    )
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, timeout=20, check=True)
    return {
        "processes": _processes(state),
        "mounts": sorted(Path("/proc/self/mounts").read_text().splitlines()),
        "links": sorted(one.name for one in Path("/sys/class/net").iterdir()),
        "routes": sorted(line.strip() for line in routes.stdout.splitlines()),
        "firewall": re.sub(r"^#.*|\[\d+:\d+\]", "", rules.stdout, flags=re.MULTILINE),
        "control groups": sorted(map(str, Path("/sys/fs/cgroup").glob("**/munshi-*"))),
        "folders": {one: _names(Path(one)) for one in FOLDERS},
        "hosts": Path("/etc/hosts").read_text(),
        "kernel": [
            Path("/proc/sys/vm/overcommit_memory").read_text(),
            Path("/proc/sys/kernel/panic").read_text(),
        ],
        "state": state.exists(),
    }


def _names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


def _processes(state: Path) -> list[bytes]:
    """The cluster's processes; those in its pods are seen by their control groups."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is the kernel's
            words = (folder / "cmdline").read_bytes()
            if bytes(state) in words + (folder / "environ").read_bytes():
                found.append(words)
    return found


@pytest.mark.timeout(START_S * 2 + END_S * 3)
def test_nothing_is_left(cluster: Cluster, tmp_path: Path) -> None:
    """A start that is killed, a node that is killed, and an end: the machine is as it was before."""
    assert cluster.kubeconfig.exists()  # the second cluster, below, does not disturb the first
    state = tmp_path / "a second cluster"
    before = machine(state)
    at = f"--state={state}"

    killed = subprocess.Popen([sys.executable, str(TOOL), at, "up"], stdout=subprocess.DEVNULL)
    end = time.monotonic() + START_S
    while not (state / "log" / "kube-apiserver.log").exists():
        assert time.monotonic() < end
        assert killed.poll() is None
        time.sleep(0.05)  # there is nothing to wait on: the start goes on by itself
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=10)
    assert machine(state) != before

    done = tool(at, "up", timeout_s=START_S)
    assert done.returncode == 0, done.stderr
    assert tool(at, "status", timeout_s=END_S).returncode == 0
    number = _number(state)

    os.kill(_first_process(state), signal.SIGKILL)
    while tool(at, "status", timeout_s=END_S).returncode == 0:
        assert time.monotonic() < end + START_S

    done = tool(at, "down", timeout_s=END_S)
    assert done.returncode == 0, done.stderr
    assert without_others(machine(state), number) == without_others(before, number)


def without_others(found: dict[str, Any], number: str) -> dict[str, Any]:
    """Leave out what belongs to clusters of other clones, which come and go as they like."""
    others = re.compile(rf"munshi-?(?!{number}\b)\d")
    lists = ("links", "routes", "control groups")
    return found | {one: [line for line in found[one] if not others.search(line)] for one in lists}


def _number(state: Path) -> str:
    marks = Path("/proc", str(_first_process(state)), "environ").read_text()
    return marks.partition("MUNSHI_NODE_NUMBER=")[2].partition("\0")[0]


def _first_process(state: Path) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        words = (folder / "cmdline").read_bytes().split(b"\0")
        if words[0] == b"unshare" and str(state).encode() in words:
            return int(folder.name)
    pytest.fail("no node is running")
