"""What a machine cannot test is left out aloud: named in the last lines, and never in CI."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

from support.cluster import is_asked_for, is_there
from support.katib_sdk import katib_python

__all__ = ["katib_python"]

settings.register_profile("munshi", deadline=None)  # no test asserts how fast a busy machine is
settings.load_profile("munshi")

NEEDS = (
    ("podman", "podman", "apt install podman runc busybox-static"),
    ("browser", "chromium", "apt install chromium"),
    ("browser", "npm", "Node 20.19, or 22.12 and later"),
)
"""Marker, a program that such tests need, and how to get it."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what needs a program that is not here; CI has all of them, or fails."""
    for marker, program, install in NEEDS:
        wanting = [item for item in items if item.get_closest_marker(marker)]
        if not wanting or shutil.which(program):
            continue
        if os.environ.get("CI"):
            pytest.exit(f"{program} is missing: {install}", returncode=3)
        config.hook.pytest_deselected(items=wanting)
        items[:] = [item for item in items if item not in wanting]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, just above the summary line."""
    # Said here and not where it is done: that is in the workers, which have no terminal.
    missing = [
        f"tests with {program}, which is not installed: {install}"
        for _, program, install in NEEDS
        if not shutil.which(program)
    ]
    if not is_asked_for(terminalreporter.config) and not is_there():
        missing.append("tests on a real Kubernetes: make test-cluster")
    by_make = os.environ.get("MUNSHI_LEFT_OUT", "").splitlines()
    for sentence in filter(None, (*missing, *by_make)):
        terminalreporter.write_line(f"LEFT OUT: {sentence}")
