"""Whatever happens to server, network or watch: what is held is what the server has, and was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from munshi.errors import ClusterUnreachable, Forbidden
from munshi.kube.wire.api import Api
from munshi.kube.wire.reflector import Reflector
from support.fake_api import Call, FakeApi, Fault, answer, ended, reset, said
from support.in_kube import TRIALS, a_document, story, until


class Follower:
    """A reflector with what it told."""

    def __init__(self, server: FakeApi, api: Api) -> None:
        self.server = server
        self.told: list[tuple[str, str, bool]] = []
        self.pauses: list[float] = []
        self.reflector = Reflector(
            api, TRIALS, self._keep, self._heard, pause=self._pause, chance=lambda: 1.0
        )

    def held(self) -> dict[str, str]:
        """Name and version of what is held."""
        return {name: item["version"] for (_, name), item in self.reflector.items.items()}

    def stored(self) -> dict[str, str]:
        """Name and version of what the server has."""
        return {
            document["metadata"]["name"]: document["metadata"]["resourceVersion"]
            for document in self.server.objects.list(TRIALS)
        }

    async def level(self) -> None:
        """Wait until what is held is what the server has."""
        await until(lambda: self.reflector.synced.is_set() and self.held() == self.stored())

    async def make(self, name: str, **spec: object) -> dict[str, Any]:
        """A new object on the server."""
        return await self.server.objects.create(TRIALS, "default", a_document(name, **spec))

    async def change(self, name: str, **spec: object) -> dict[str, Any]:
        """The object changes on the server."""
        return await self.server.objects.patch(
            TRIALS, "default", name, {"spec": spec}, status=False
        )

    async def remove(self, name: str) -> None:
        """The object is deleted on the server."""
        await self.server.objects.delete(TRIALS, "default", name, {})

    def _keep(self, document: dict[str, Any]) -> dict[str, str]:
        meta = document["metadata"]
        return {"name": meta["name"], "uid": meta["uid"], "version": meta["resourceVersion"]}

    def _heard(self, item: dict[str, str], gone: bool) -> None:
        self.told.append((item["name"], item["uid"], gone))

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0.001)


@asynccontextmanager
async def following(*names: str) -> AsyncIterator[Follower]:
    """A follower of a server that holds these, up to date."""
    async with FakeApi() as server, server.api() as api:
        follower = Follower(server, api)
        for name in names:
            await follower.make(name)
        async with runs(follower.reflector):
            await follower.level()
            await until(lambda: server.counts["watch"] > 0)
            yield follower


@asynccontextmanager
async def runs(reflector: Reflector[Any]) -> AsyncIterator[None]:
    """The reflector follows, for the length of a block."""
    running = asyncio.create_task(reflector.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


def test_what_happens_is_told_in_order() -> None:
    """A list, then each change as it comes; a deletion shows its last form."""

    async def tell() -> None:
        async with following("a", "b") as it:
            await it.make("c")
            await it.change("a", x=1)
            await it.remove("b")
            await it.level()
            assert [(name, gone) for name, _, gone in it.told] == [
                ("a", False),
                ("b", False),
                ("c", False),
                ("a", False),
                ("b", True),
            ]
            assert it.server.counts["list"] == 1

    story(tell)


BREAKS: dict[str, Fault] = {
    "the connection is reset": reset,
    "the watch ends at once": ended,
    "the version is gone": answer(410, "Expired"),
    "the version is gone, said in the stream": said(
        json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410}}).encode() + b"\n"
    ),
    "the server is busy": answer(429, "TooManyRequests", retry_after="1"),
    "the server is broken": answer(500, "InternalError"),
    "a proxy answers for it": answer(502, "", "<html>Bad Gateway</html>"),
    "an event is cut off": said(b'{"type":"ADDED","object":{"metadata":{"na'),
    "an event is no JSON": said(b"<html>\n"),
    "an event is of another kind of thing": said(b'{"type":"ADDED","object":7}\n'),
    "an event has no name": said(b'{"type":"ADDED","object":{"metadata":{}}}\n'),
    "the server's version is behind": answer(504, "Timeout", "Too large resource version"),
    "the rights were taken away": answer(403, "Forbidden"),
}


@pytest.mark.parametrize("breaking", BREAKS)
def test_nothing_is_lost_when(breaking: str) -> None:
    """What was created, changed, deleted and replaced meanwhile is held, and told, as it is."""

    async def tell() -> None:
        async with following("stays", "changes", "goes", "replaced") as it:
            it.told.clear()
            uids = {item["name"]: item["uid"] for item in it.reflector.items.values()}
            server = it.server
            await server.stop()
            await it.change("changes", x=1)
            await it.remove("goes")
            await it.remove("replaced")
            again = await it.make("replaced")
            await it.make("new")
            server.next("watch", *[BREAKS[breaking]] * 3)
            await server.start()
            await it.level()
            await until(lambda: it.reflector.trouble is None)
            told = [(name, uid, gone) for name, uid, gone in it.told]
            assert ("changes", uids["changes"], False) in told
            assert ("goes", uids["goes"], True) in told
            assert told.index(("replaced", uids["replaced"], True)) < told.index(
                ("replaced", again["metadata"]["uid"], False)
            )
            assert len(set(told)) == len(told), "nothing is told twice"
            assert "stays" not in [name for name, _, _ in told]

    story(tell)


def test_deletions_behind_a_compaction_are_told() -> None:
    """A server that forgot its history is listed again, and what is missing was deleted."""

    async def tell() -> None:
        async with following("a", "b", "c") as it:
            await it.server.stop()
            await it.remove("a")
            await it.remove("c")
            await it.server.objects.forget_history()
            await it.server.start()
            await it.level()
            assert [(name, gone) for name, _, gone in it.told[3:]] == [("a", True), ("c", True)]
            assert it.server.counts["list"] == 2

    story(tell)


def test_a_list_that_expires_midway_begins_again() -> None:
    """Pages of two moments are never mixed."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            it = Follower(server, api)
            for number in range(1_100):
                await it.make(f"t{number:04}")

            async def shrink(call: Call) -> bool:
                for number in range(600):
                    await it.remove(f"t{number:04}")
                return await answer(410, "Expired")(call)

            async def sound(call: Call) -> bool:
                return False

            server.next("list", sound, shrink)
            async with runs(it.reflector):
                await it.level()
                assert len(it.held()) == 500
                assert not [name for name, _, gone in it.told if gone], (
                    "what was never held is not told"
                )

    story(tell)


@pytest.mark.parametrize(
    "fault",
    [ended, reset, answer(410, "Expired"), answer(500), answer(403)],
    ids=["ended", "reset", "gone", "broken", "forbidden"],
)
def test_a_server_that_never_works_is_not_run_hot(fault: Fault) -> None:
    """Pauses grow to some seconds and stay there, whether it is list or watch that fails."""

    async def tell() -> None:
        async with following("a") as it:
            it.server.always("watch", fault)
            it.pauses.clear()
            await it.server.stop()
            await it.server.start()
            await until(lambda: len(it.pauses) > 12)
            assert it.pauses[1:8] == sorted(it.pauses[1:8])
            assert min(it.pauses[8:]) == 15.0
            it.server.always("watch", None)
            await it.make("b")
            await it.level()

    story(tell)


def test_the_server_says_how_long_to_wait() -> None:
    """A Retry-After longer than our own pause counts."""

    async def tell() -> None:
        async with following("a") as it:
            it.server.next("watch", answer(429, "TooManyRequests", retry_after="7"))
            await it.server.stop()
            await it.server.start()
            await it.make("b")
            await it.level()
            assert 7.0 in it.pauses

    story(tell)


def test_a_missing_right_is_a_trouble_that_passes() -> None:
    """Until the first list is in nothing is synced, and the reason can be told."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            it = Follower(server, api)
            server.always("list", answer(403, "Forbidden", "trials is forbidden"))
            async with runs(it.reflector):
                await until(lambda: it.reflector.trouble)
                assert isinstance(it.reflector.trouble, Forbidden)
                assert not it.reflector.synced.is_set()
                server.always("list", None)
                await it.level()
                assert it.reflector.trouble is None

    story(tell)


def test_our_own_writes_are_ahead_of_the_watch() -> None:
    """An answer that was put is held at once, told once, and not taken back by older news."""

    async def tell() -> None:
        async with following("a") as it:
            it.told.clear()
            made = await it.make("b")
            it.reflector.put(made)
            assert it.held()["b"] == made["metadata"]["resourceVersion"]
            await it.change("b", x=1)
            await it.level()
            it.reflector.put(made)
            assert it.held() == it.stored()
            assert [name for name, _, _ in it.told] == ["b", "b"]

    story(tell)


def test_the_answer_to_a_write_does_not_bring_back_what_is_deleted() -> None:
    """It may arrive after the news of the deletion."""

    async def tell() -> None:
        async with following("a") as it:
            made = await it.make("b")
            await it.remove("b")
            await it.make("c")
            await it.level()
            it.reflector.put(made)
            assert it.held() == it.stored()

    story(tell)


def test_what_was_written_after_a_list_is_not_taken_for_deleted() -> None:
    """A list under way knows nothing of it; the watch will."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            it = Follower(server, api)
            await it.make("a")
            made: list[dict[str, Any]] = []

            async def write_meanwhile(call: Call) -> bool:
                await call.answer()
                made.append(await it.make("b"))
                it.reflector.put(made[0])
                return True

            server.next("list", write_meanwhile)
            async with runs(it.reflector):
                await it.level()
                assert [(name, gone) for name, _, gone in it.told] == [("b", False), ("a", False)]

    story(tell)


def test_a_restored_backup_counts() -> None:
    """Versions may go back when an etcd is restored; what the list says is right all the same."""

    async def tell() -> None:
        async with following("a", "b") as it:
            await it.server.stop()
            objects = it.server.objects
            await it.remove("b")
            objects.version = 40
            await it.change("a", x=1)
            objects.oldest = 0
            objects.history = objects.history[-1:]
            it.server.next("watch", answer(410, "Expired"))
            await it.server.start()
            await it.level()
            assert it.held() == {"a": "41"}

    story(tell)


def test_what_cannot_be_kept_is_left_out() -> None:
    """One odd object stops nothing."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:

            def keep(document: dict[str, Any]) -> str:
                if document["spec"].get("odd"):
                    raise ClusterUnreachable("odd")
                return str(document["metadata"]["name"])

            it = Follower(server, api)
            reflector = Reflector(api, TRIALS, keep)
            await it.make("a", odd=True)
            await it.make("b")
            async with runs(reflector):
                await until(lambda: list(reflector.items.values()) == ["b"])
                await it.change("a", odd=False)
                await until(lambda: sorted(reflector.items.values()) == ["a", "b"])
                await it.change("a", odd=True)
                await until(lambda: sorted(reflector.items.values()) == ["b"])

    story(tell)
