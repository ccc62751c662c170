"""Operators at work on the real cluster: that of deploy/munshi.yaml in its pod, and replicas as processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml
from prometheus_client.parser import text_string_to_metric_families

from munshi.kube import manifests
from support.cluster import ROOT, Cluster

IMAGE = "munshi/munshi:test"
OPERATOR = "deployment/munshi-operator"


@contextmanager
def installed(cluster: Cluster, **variables: str) -> Iterator[Cluster]:
    """deploy/munshi.yaml as it is, but for the image; taken away again as docs/cluster.md says.

    Args:
        cluster: Where.
        variables: Settings of docs/cluster.md, added to the Deployment.
    """
    text = ROOT.joinpath("deploy", "munshi.yaml").read_text("utf-8")
    text = re.sub(r"munshi/munshi:[\w.]+", IMAGE, text)
    given = [each for each in yaml.safe_load_all(text) if each]
    [deployment] = [each for each in given if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    container["env"] += [{"name": name, "value": value} for name, value in variables.items()]
    items = {"apiVersion": "v1", "kind": "List", "items": given}
    within = cluster.within(manifests.NAMESPACE)
    within.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=items)
    try:
        within.kubectl("rollout", "status", OPERATOR, "--timeout=90s", timeout_s=120)
        yield within
    finally:
        removed(cluster)


def removed(cluster: Cluster) -> None:
    """Take away what is there of the installed operator; returns when its pod is gone."""
    within = cluster.within(manifests.NAMESPACE)
    words = ("-f", str(ROOT / "deploy" / "operator.yaml"), "--wait", "--ignore-not-found")
    within.kubectl("delete", *words)
    within.kubectl("wait", "pod", "-l", "app.kubernetes.io/name=munshi", "--for=delete")


def figures(page: str) -> dict[tuple[str, ...], float]:
    """What /metrics says, by the sample's name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def page_of(operator: Cluster, path: str) -> str:
    """A page of the installed operator, by way of the API server."""
    words = ("-l", "app.kubernetes.io/name=munshi", "-o", "jsonpath={.items[0].metadata.name}")
    pod = operator.kubectl("get", "pods", *words)
    where = f"/api/v1/namespaces/{operator.namespace}/pods/{pod}:8080/proxy{path}"
    return operator.kubectl("get", "--raw", where)


@dataclass
class Replica:
    """`munshi operator` as a process of this machine."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def state(self) -> str:
        """What /readyz says; empty when nobody answers."""
        return self.page("/readyz").strip()

    def page(self, path: str) -> str:
        """A page; empty when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as page:
                said: bytes = page.read()
        except OSError:
            return ""
        return said.decode()

    def kill(self) -> None:
        """End it as the machine's memory guard would: without a word."""
        self.process.kill()
        self.process.wait(20)

    def end(self) -> int:
        """Stop it as a pod is stopped; its exit code."""
        self.process.terminate()
        return self.process.wait(20)

    def is_(self, state: str) -> Callable[[], bool]:
        """Whether it is `leading`, say."""
        return lambda: self.state() == state


class Start(Protocol):
    """Starts a replica."""

    def __call__(self, port: int, *more: str) -> Replica:
        """With its pages at this port, and more options, the last of which count."""
        ...


@contextmanager
def replicas(cluster: Cluster, folder: Path) -> Iterator[Start]:
    """Starts replicas that drive one namespace; whatever still runs is killed."""
    begun: list[Replica] = []

    def start(port: int, *more: str) -> Replica:
        log = folder / f"{port}-{len(begun)}.log"
        words = ["--kubeconfig", str(cluster.kubeconfig), "--namespace", cluster.namespace]
        words += ["--data", str(folder / log.stem), "--listen", f"127.0.0.1:{port}"]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "munshi", "operator", *words, *more],
                env={"PATH": os.environ["PATH"], "HOME": str(folder)},
                stdout=out,
                stderr=out,
            )
        begun.append(Replica(process, port, log))
        return begun[-1]

    try:
        yield start
    finally:
        for each in begun:
            each.process.kill()
            each.process.wait()


def ended(cluster: Cluster, name: str, within_s: float) -> dict[str, Any]:
    """An Experiment once it has ended, whichever way."""
    found: list[dict[str, Any]] = []

    def over() -> bool:
        found[:] = [cluster.get("experiment", name)]
        return last(found[0])["type"] in {"Succeeded", "Failed"}

    until(over, within_s, f"experiment {name} ends")
    return found[0]


def last(resource: dict[str, Any]) -> dict[str, str]:
    """The last condition of an Experiment or a Trial; with empty words before the first."""
    conditions: list[dict[str, str]] = resource.get("status", {}).get("conditions") or []
    return conditions[-1] if conditions else {"type": "", "reason": "", "message": ""}


def until(holds: Callable[[], Any], within_s: float, what: str = "") -> float:
    """Wait until something holds; how long that took.

    Raises:
        AssertionError: It does not.
    """
    began = time.monotonic()
    while not holds():
        passed = time.monotonic() - began
        assert passed < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - began
