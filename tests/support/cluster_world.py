"""A cluster beside the command line: a fake API server in a thread of its own, and a kubeconfig for it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from support.fake_api import FakeApi
from support.fake_objects import Document

T = TypeVar("T")
PATIENCE_S = 20.0
PLURALS = {"Experiment": "experiments", "Suggestion": "suggestions", "Trial": "trials"}


def collection(kind: str) -> str:
    """Where objects of one of our kinds are."""
    return f"/apis/kubeflow.org/v1beta1/{PLURALS[kind]}"


def pod(trial: str, name: str = "", *, restarts: int = 0, **status: Any) -> Document:
    """A pod of a trial whose container `main` runs."""
    main = {"name": "main", "restartCount": restarts, "state": {"running": {}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name or f"{trial}-x",
            "namespace": "default",
            "uid": f"uid-{name or trial}",
            "labels": {"katib.kubeflow.org/trial": trial},
        },
        "status": {"phase": "Running", "containerStatuses": [main], **status},
    }


def kubeconfig(path: Path, port: int, namespace: str = "") -> Path:
    """A kubeconfig with the context `dev` for a server on this machine."""
    document = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": "dev", "context": {"cluster": "c", "user": "u", "namespace": namespace}}
        ],
        "current-context": "dev",
    }
    path.write_text(json.dumps(document), "utf-8")
    return path


class ClusterWorld:
    """The server, and how to mean it.

    Attributes:
        server: The fake; touched by its own thread only, so use `run`.
        flags: What to say on the command line.
    """

    def __init__(self, server: FakeApi, loop: asyncio.AbstractEventLoop, folder: Path) -> None:
        self.server, self._loop = server, loop
        self.kubeconfig = kubeconfig(folder / "kubeconfig", server.port)
        self.flags = ("--context", "dev", "--kubeconfig", str(self.kubeconfig))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Have some work done in the server's thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def holds(self, *documents: Mapping[str, Any]) -> None:
        """Have these objects there, with their status."""
        for each in documents:
            where = "/api/v1/pods" if each["kind"] == "Pod" else collection(each["kind"])
            self.run(self.server.objects.put(where, dict(each)))

    def happened(self, *events: Document) -> None:
        """Have these Events there."""
        for at, each in enumerate(events):
            meta = {"name": f"event-{at}", "namespace": "default", "uid": f"event-{at}"}
            self.run(self.server.objects.put("/api/v1/events", {"metadata": meta, **each}))

    def printed(self, name: str, text: bytes) -> None:
        """Have a pod's log say this."""
        self.server.logs[f"/api/v1/namespaces/default/pods/{name}/log"] = text

    def get(self, kind: str, name: str, namespace: str = "default") -> Document:
        """An object as the server has it."""
        return self.server.objects.get(collection(kind), namespace, name)


@contextmanager
def a_cluster(folder: Path) -> Iterator[ClusterWorld]:
    """A server that is gone afterwards, with its thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = FakeApi()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE_S)
        yield ClusterWorld(server, loop, folder)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()
