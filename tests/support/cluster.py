"""The real cluster of the tests: kubectl as its administrator, with nothing of the user's own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "cluster"
STATE = ROOT / ".cache" / "cluster"
PATIENCE_S = 180
BUILD_S = 3600


def tool(*words: str, timeout_s: float = BUILD_S) -> subprocess.CompletedProcess[str]:
    """Run `tools/cluster` to its end."""
    return subprocess.run(
        [sys.executable, str(TOOL), *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def is_there() -> bool:
    """Whether this clone's cluster runs."""
    return (STATE / "ready").exists() and tool("status", timeout_s=60).returncode == 0


def is_asked_for(config: pytest.Config) -> bool:
    """Whether a run of pytest has made up its mind about the cluster, for or against."""
    words = (config.option.markexpr, *config.invocation_params.args)
    return any("cluster" in str(word) for word in words)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that runs, as one namespace of it sees it."""

    state: Path
    namespace: str = "default"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.state / "kubeconfig"

    def within(self, namespace: str) -> Cluster:
        """The same cluster, seen from another namespace."""
        return Cluster(self.state, namespace)

    def kubectl(
        self,
        *words: str,
        given: Mapping[str, Any] | str | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> str:
        """Run kubectl; what it wrote to standard output. It must succeed.

        Args:
            words: What to do, e.g. `"get", "pods"`.
            given: Standard input; an object goes as JSON, for `"apply", "-f", "-"`.
            timeout_s: How long it may take.
        """
        done = self.try_kubectl(*words, given=given, timeout_s=timeout_s)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def try_kubectl(
        self,
        *words: str,
        given: Mapping[str, Any] | str | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, whatever comes of it."""
        return subprocess.run(
            self._words(*words),
            input=given if given is None or isinstance(given, str) else json.dumps(given),
            env=self._env(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start_kubectl(self, *words: str, out: Path) -> subprocess.Popen[bytes]:
        """Start kubectl and go on; what it prints goes to a file. The caller ends it."""
        with out.open("wb") as file:
            return subprocess.Popen(self._words(*words), env=self._env(), stdout=file)

    def _words(self, *words: str) -> list[str]:
        own = [
            f"--kubeconfig={self.kubeconfig}",
            f"--cache-dir={self.state}/kubectl",
            f"--namespace={self.namespace}",
        ]
        return [_kubectl(), *own, *words]

    def _env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.state), "NO_PROXY": "*"}

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Create objects, or change them."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-f", "-", given=items)

    def get(self, *words: str) -> dict[str, Any]:
        """What `kubectl get` finds, as an object."""
        found: dict[str, Any] = json.loads(self.kubectl("get", "-o", "json", *words))
        return found

    def wait(self, what: str, for_what: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until e.g. `job/one` is `condition=Complete`; a failure tells what it looked like."""
        words = ("wait", what, f"--for={for_what}", f"--timeout={timeout_s:.0f}s")
        until = time.monotonic() + timeout_s
        done = self.try_kubectl(*words, timeout_s=timeout_s + 30)
        while "accessor error" in done.stderr and time.monotonic() < until:
            # Of what has no conditions yet, a moment after it was made, kubectl wait despairs.
            time.sleep(0.2)
            done = self.try_kubectl(*words, timeout_s=timeout_s + 30)
        assert done.returncode == 0, (
            f"{what} is not {for_what}: {done.stderr}\n"
            + self.try_kubectl("get", what, "-o", "yaml").stdout[-4000:]
            + self.try_kubectl("get", "pods,events").stdout[-4000:]
        )

    def logs(self, what: str, *words: str) -> str:
        """What a pod has printed, e.g. of `job/one`."""
        return self.kubectl("logs", what, *words)

    def stop_part(self, name: str) -> None:
        """Kill a part of the cluster, e.g. `kube-apiserver`, as a crash would."""
        _succeeded(tool("--state", str(self.state), "stop", name, timeout_s=60))

    def start_part(self, name: str) -> None:
        """Start a part again, and wait until it is well."""
        _succeeded(tool("--state", str(self.state), "start", name, timeout_s=120))


@contextmanager
def new_namespace(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, seen from a namespace that is new, and gone in the end."""
    name = f"test-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    within = cluster.within(name)
    try:
        within.wait("serviceaccount/default", "create")
        yield within
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")


@cache
def _kubectl() -> str:
    """The user's kubectl, or the one that was built for the cluster."""
    if found := shutil.which("kubectl"):
        return found
    built = tool("kubectl", timeout_s=BUILD_S)
    _succeeded(built)
    return built.stdout.strip()


def _succeeded(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
