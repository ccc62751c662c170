"""A kind of a user's own with its controller, as small as can be: a Bake runs a pod and says how it went."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.cluster import Cluster

GROUP, KIND, PLURAL = "example.com", "Bake", "bakes"
SETTING = f"{KIND}.v1.{GROUP}"
STATES = {"Succeeded": "Baked", "Failed": "Burnt"}
SUCCESS, FAILURE = (f'status.[@this].#(state=="{state}")#' for state in STATES.values())
_LOOK_S = 0.5


def definition() -> dict[str, Any]:
    """The kind: any spec, any status."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": KIND, "plural": PLURAL, "singular": KIND.lower()},
            "versions": [version],
        },
    }


def a_bake(container: dict[str, Any]) -> dict[str, Any]:
    """A Bake; its pod's template lies where nobody but its controller would look."""
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {"apiVersion": f"{GROUP}/v1", "kind": KIND, "spec": {"oven": {"dough": pod}}}


@contextmanager
def open_for(namespace: Cluster) -> Iterator[None]:
    """The controller, at work in one namespace."""
    closed = threading.Event()
    baker = threading.Thread(target=_bake, args=(namespace, closed), name="baker")
    baker.start()
    try:
        yield
    finally:
        closed.set()
        baker.join()


def _bake(namespace: Cluster, closed: threading.Event) -> None:
    while not closed.wait(_LOOK_S):
        pods = {each["metadata"]["name"]: each for each in namespace.get("pods")["items"]}
        for bake in namespace.get(PLURAL)["items"]:
            pod = pods.get(bake["metadata"]["name"])
            if pod is None:
                namespace.try_kubectl("create", "-f", "-", given=_pod(bake))
            elif (state := STATES.get(pod["status"]["phase"])) and not bake.get("status"):
                said = f'{{"status": {{"state": "{state}"}}}}'
                words = ("--subresource=status", "--type=merge", f"--patch={said}")
                namespace.try_kubectl("patch", PLURAL, bake["metadata"]["name"], *words)


def _pod(bake: dict[str, Any]) -> dict[str, Any]:
    dough, metadata = bake["spec"]["oven"]["dough"], bake["metadata"]
    owner = {
        "apiVersion": bake["apiVersion"],
        "kind": KIND,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    own = {**dough.get("metadata", {}), "name": metadata["name"], "ownerReferences": [owner]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": own, "spec": dough["spec"]}
