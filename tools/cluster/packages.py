"""What Debian or Ubuntu must provide. Installed where that is possible, named where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.cluster.place import ClusterError

PLUGINS = Path("/usr/lib/cni")
"""Where Debian puts the network plugins."""

PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    str(PLUGINS / "bridge"): "containernetworking-plugins",
    "iptables": "iptables",
    "ip": "iproute2",
    "openssl": "openssl",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "busybox": "busybox-static",
}
"""Each program that the cluster and its images are made with: the package that has it."""

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> list[str]:
    """The packages that are not there."""
    path = f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"
    return sorted(
        {package for program, package in PROGRAMS.items() if not shutil.which(program, path=path)}
    )


def why_not() -> str | None:
    """Why no cluster can be held on this machine, in half a sentence; None if it can."""
    if sys.platform != "linux":
        return f"it needs Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "it needs root: control groups, mounts and a private network"
    if (wanting := missing()) and not shutil.which("apt-get"):
        return f"these packages are missing: {' '.join(wanting)}"
    if not shutil.which("go"):
        return "it needs Go (apt install golang-go): the cluster's programs are built from their modules"
    return None


def install() -> None:
    """Install what is missing.

    Raises:
        ClusterError: This machine cannot hold a cluster, or apt failed.
    """
    if reason := why_not():
        message = f"There can be no cluster here: {reason}."
        raise ClusterError(message)
    if not (wanting := missing()):
        return
    print(f"Installing {' '.join(wanting)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *wanting],
    ):
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode:
            message = f"{' '.join(words)} failed:\n{done.stderr[-2000:]}"
            raise ClusterError(message)
