"""The kubeflow-katib SDK, in an environment of its own: it needs an older protobuf than munshi has."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SDK = "kubeflow-katib==0.19.0"
CACHE = Path(__file__).parents[2] / ".cache"
BOUND_S = 300


@pytest.fixture(scope="session")
def katib_python() -> Path:
    """A Python that has the SDK; made once and kept below .cache."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    home = CACHE / f"katib-sdk-{SDK.rpartition('=')[2]}-py{version}"
    python, ready = home / "bin" / "python", home / "ready"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "katib-sdk.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other test workers want it too
        if not ready.exists():
            shutil.rmtree(home, ignore_errors=True)
            _make(home, python)
            ready.touch()
    return python


def _make(home: Path, python: Path) -> None:
    uv = next(iter(sorted(CACHE.glob("uv-*/bin/uv"))), None)
    if uv is not None:
        _run(uv, "venv", "--quiet", "--python", sys.executable, home)
        _run(uv, "pip", "install", "--quiet", "--python", python, SDK)
    else:
        _run(sys.executable, "-m", "venv", home)
        _run(python, "-m", "pip", "install", "--quiet", SDK)


def _run(*words: str | Path) -> None:
    done = subprocess.run(words, timeout=BOUND_S, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
