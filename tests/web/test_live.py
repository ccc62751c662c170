"""News: whoever watches hears of what other programs write, and soon."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from munshi.errors import Retryable, StoreBusy
from munshi.web import live
from munshi.web.live import Live
from munshi.web.shapes import Change
from support.cli_world import a_trial, an_experiment
from support.real_home import RealHome
from support.web_world import Client, at


def change(name: str = "random", version: int = 1) -> Change:
    """News of an experiment."""
    return {"kind": "trial", "namespace": "default", "name": name, "version": version}


def test_every_watcher_hears_of_another_programs_write(client: Client, home: RealHome) -> None:
    """A trial is written by another connection: all who watch are told which experiment changed."""
    with client.events() as first, client.events() as second:
        owner = home.get(an_experiment("random"))
        home.owned(at(a_trial("random-g", "Running"), 6), owner)
        for stream in (first, second):
            told = next(stream)
            assert (told["kind"], told["namespace"], told["name"]) == ("trial", "default", "random")
    assert client.get("/api/experiments/default/random/trials").json["name"][-1] == "random-g"


def test_the_server_ends_while_somebody_watches(client: Client) -> None:
    """The fixture ends the server with a stream open, and that is no reason to wait."""
    with client.events() as stream:
        assert stream is not None


def test_a_burst_becomes_few_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often an experiment changes, its changes come `APART_S` apart, the last one included."""
    monkeypatch.setattr(live, "LOOK_S", 0.001)
    monkeypatch.setattr(live, "APART_S", 0.1)
    versions = iter(range(1, 61))

    async def news() -> Sequence[Change]:
        version = next(versions, 0)
        return [change(version=version)] if version else []

    async def heard() -> list[bytes]:
        told = Live(news)
        stream = told.join()
        found = [await anext(stream)]
        while b'"version": 60' not in found[-1]:
            found.append(await anext(stream))
        told.close()
        return found

    found = asyncio.run(heard())
    assert len(found) < 20


def test_nothing_is_looked_at_while_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one who leaves ends the looking; the next one begins it anew."""
    monkeypatch.setattr(live, "LOOK_S", 0.001)
    looks = 0

    async def news() -> Sequence[Change]:
        nonlocal looks
        looks += 1
        return [change()] if looks == 1 else []

    async def watch() -> None:
        told = Live(news)
        assert looks == 0
        stream = told.join()
        await anext(stream)
        await anext(stream)
        assert told.watchers == 1
        await stream.aclose()  # type: ignore[attr-defined]  # a generator, which the browser's leaving closes
        assert told._work is not None
        await told._work
        assert told.watchers == 0

    asyncio.run(watch())
    assert looks >= 1


def test_trouble_with_the_database_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is looked at again, and the news come then."""
    monkeypatch.setattr(live, "LOOK_S", 0.001)
    answers = iter([StoreBusy("locked"), StoreBusy("locked")])

    async def news() -> Sequence[Change]:
        trouble = next(answers, None)
        if trouble is not None:
            raise trouble
        return [change()]

    async def heard() -> bytes:
        told = Live(news)
        stream = told.join()
        await anext(stream)
        event = await anext(stream)
        told.close()
        return event

    assert asyncio.run(heard()).startswith(b"event: change\ndata: {")


def test_there_is_an_end_to_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than MOST watchers are refused with a sentence."""
    monkeypatch.setattr(live, "MOST", 1)

    async def news() -> Sequence[Change]:
        return []

    async def watch() -> None:
        told = Live(news)
        told.join()
        with pytest.raises(Retryable, match="close some"):
            told.join()
        told.close()

    asyncio.run(watch())
