"""An image made here, and a podman that runs it.

Some machines (nested ones) let nobody raise resource limits, or have control groups that podman's
default runtime refuses; then podman gets settings of its own, in a file that only the tests name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IMAGE = "localhost/munshi-journey:1"
INSIDE = "/etc/made-for-munshi"
"""A file that is only in the image."""
RECIPE = f"""FROM scratch
COPY busybox /bin/busybox
COPY busybox /bin/sh
COPY made {INSIDE}
COPY entry /entry
ENV FROM_IMAGE=yes
ENTRYPOINT ["/bin/sh", "/entry"]
"""
ENTRY = """#!/bin/sh
echo "entry got $*"
echo "score=$X"
"""
NESTED = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""
PATIENCE_S = 120


@contextmanager
def image_here(folder: Path) -> Iterator[dict[str, str]]:
    """Build the image; gives the variables with which podman works on this machine."""
    busybox = shutil.which("busybox")
    assert busybox, "busybox is missing: apt install busybox-static"
    shutil.copy(busybox, folder / "busybox")
    for name, text in (("Containerfile", RECIPE), ("made", "yes\n"), ("entry", ENTRY)):
        (folder / name).write_text(text)
    podman("build", "--quiet", "--tag", IMAGE, str(folder))
    try:
        yield _working(folder)
    finally:
        podman("rmi", "--force", IMAGE, check=False)


def _working(folder: Path) -> dict[str, str]:
    """No variables where podman runs as it is; else those that make it."""
    nested = folder / "containers.conf"
    nested.write_text(NESTED)
    said = []
    for variables in ({}, {"CONTAINERS_CONF": str(nested)}):
        done = podman("run", "--rm", "--network=host", IMAGE, check=False, **variables)
        if done.returncode == 0:
            return variables
        said.append(done.stderr)
    raise AssertionError(f"podman runs no container here: {said}")


def podman(*args: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one podman command to its end."""
    done = subprocess.run(
        ["podman", *args],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def left(mark: str) -> list[str]:
    """Names of containers, running or not, that carry a mark in their name."""
    said = podman("ps", "--all", "--format", "{{.Names}}").stdout.split()
    return [name for name in said if mark in name]
