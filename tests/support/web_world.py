"""A real home with an experiment, the real server before it, and clients of several kinds."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from munshi.api.experiment import Experiment
from munshi.api.meta import INDEX_ANNOTATION
from munshi.api.trial import Trial
from munshi.cli.ui_place import LaptopWeb
from munshi.engine.ports import Event
from munshi.metrics.log import MetricLog
from munshi.store.sqlite import SqlStore
from munshi.web.guard import Secrets
from munshi.web.server import Server
from support.cli_world import a_trial, an_experiment, condition
from support.real_home import RealHome

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def at(trial: Trial, index: int) -> Trial:
    """The trial as the suggestion of that number."""
    notes = {**trial.metadata.annotations, INDEX_ANNOTATION: str(index)}
    return trial.model_copy(
        update={"metadata": trial.metadata.model_copy(update={"annotations": notes})}
    )


def furnished(path: Path) -> RealHome:
    """A home with `random`: four trials succeeded, one failed, one runs; with values, events and a log."""
    home = RealHome(path)
    values = {"random-a": "0.7", "random-b": "0.9", "random-c": "0.8", "random-d": "nan"}
    best = a_trial("random-b", "Succeeded", accuracy="0.9", lr="0.03")
    owner = home.holds(
        an_experiment(
            "random",
            condition("Created"),
            condition("Running", reason="ExperimentRunning", message="it runs"),
            best=best,
            trials=6,
            trials_succeeded=4,
            trials_failed=1,
            trials_running=1,
        )
    )
    kept = [
        home.owned(
            at(a_trial(name, "Succeeded", accuracy=value, lr=f"0.0{index + 1}"), index), owner
        )
        for index, (name, value) in enumerate(values.items())
    ]
    home.owned(at(a_trial("random-e", "Failed", message="exit code 1"), 4), owner)
    kept.append(home.owned(at(a_trial("random-f", "Running"), 5), owner))

    async def reported(store: SqlStore) -> None:
        for number in range(50):
            said = MetricLog("accuracy", str(number / 100), 10**18 + number * 10**9, step=number)
            await store.append(kept[0], [said], NOW)
        await store.append(kept[0], [MetricLog("accuracy", "nan", 10**18 + 10**12)], NOW)

    home.ask(reported)
    home.happened(
        [_event(owner, "ExperimentRunning"), _event(kept[0], "TrialSucceeded", owner.uid)]
    )
    folder = home.home.trial_folder(kept[0])
    folder.mkdir(parents=True)
    (folder / "log").write_bytes("first line\naccuracy=0.7 한국\n\xff".encode("latin-1", "ignore"))
    return home


def _event(one: Experiment | Trial, reason: str, owner: str = "") -> Event:
    return Event(
        time=NOW + timedelta(seconds=len(reason)),
        kind=one.kind,
        namespace=one.namespace,
        name=one.name,
        uid=one.uid,
        experiment_uid=owner or one.uid,
        reason=reason,
        message=f"because of {reason}",
        warning=False,
    )


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def text(self) -> str:
        """The body as text."""
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()


class Client:
    """Speaks to a server; as a program by default.

    Args:
        port: Of the server.
        token: Of its link.
    """

    def __init__(self, port: int, token: str) -> None:
        self.port, self.secrets = port, Secrets(token)
        self.program = {"authorization": f"Bearer {token}"}
        self.page = {"cookie": f"munshi_{port}={self.secrets.cookie}"}

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request with exactly these headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """GET, as a program."""
        return self.ask("GET", path, self.program)

    def post(self, path: str, body: object = None) -> Answer:
        """POST, as a program."""
        text = None if body is None else json.dumps(body).encode()
        return self.ask("POST", path, self.program, text)

    def delete(self, path: str) -> Answer:
        """DELETE, as a program."""
        return self.ask("DELETE", path, self.program)

    @contextmanager
    def events(self) -> Iterator[Iterator[dict[str, Any]]]:
        """Watch: the changes as they come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/api/changes", headers=self.program)
            stream = connection.getresponse()
            assert stream.headers["content-type"].startswith("text/event-stream")
            stream.readline()
            yield (json.loads(line[6:]) for line in stream if line.startswith(b"data: "))
        finally:
            connection.close()


@contextmanager
def served(home: RealHome, folder: Path | None = None) -> Iterator[Client]:
    """The web of a home, listening, as long as the context is."""
    place = LaptopWeb(home.home)
    server = Server(place, 0, folder) if folder is not None else Server(place, 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Client(server.port, server.token)
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive(), "the server has not ended"
