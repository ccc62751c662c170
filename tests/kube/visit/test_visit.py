"""A visit to a cluster: what logs look like however they break off, and which pod is meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api.trial import Trial
from munshi.errors import Forbidden, NotFound
from munshi.kube.trials.sightings import pod_of
from munshi.kube.visit import looking, output, pods
from munshi.kube.visit.output import _Lines
from support.cli_world import a_trial
from support.cluster_world import collection, pod
from support.fake_api import Call, FakeApi, answer, ended, said
from support.fake_objects import Refused
from support.in_kube import story

PODS = "/api/v1/pods"


def in_main(state: str) -> Trial:
    """The trial t, whose program is the container main."""
    trial = a_trial("t", state)
    spec = trial.spec.model_copy(update={"primary_container_name": "main"})
    return trial.model_copy(update={"spec": spec})


RUNNING = in_main("Running")

pieces = st.lists(st.binary(max_size=8).map(lambda text: text.replace(b"\n", b"")), max_size=12)


@given(pieces, st.lists(st.integers(0, 400), max_size=4), st.booleans())
def test_a_log_that_breaks_off_anywhere_is_whole(
    texts: list[bytes], cuts: list[int], is_unended: bool
) -> None:
    """Read again from the second where it broke off, it has every line once, and none cut in two."""
    stamped = [
        b"2026-01-31T12:00:%02d.%09dZ %s\n" % (at // 3, at % 3, text)
        for at, text in enumerate(texts)
    ]
    if stamped and is_unended:
        stamped[-1] = stamped[-1][:-1]
    lines, told = _Lines(), b""
    since: dict[str, str] = {}
    for cut in [*cuts, None]:
        begin = since.get("sinceTime", "")[:19].encode()
        sent = b"".join(line for line in stamped if line[:19] >= begin)[:cut]
        for line in _split(sent):
            told += lines.feed(line)
        if cut is None:
            told += lines.rest()
        else:
            since = lines.again()
    whole = b"\n".join(texts) + (b"" if is_unended or not texts else b"\n")
    assert told == whole


def _split(text: bytes) -> list[bytes]:
    """Lines by their breaks alone."""
    parts = text.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


async def followed(server: FakeApi, forms: list[Trial | None]) -> list[bytes | str]:
    """What following a log says, while the trial takes these forms, one at each look."""
    waiting = list(forms)

    async def look() -> Trial | None:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    async with server.api() as api:
        return [piece async for piece in output.growing(api, RUNNING, look)]


async def put(server: FakeApi, *documents: dict[str, Any]) -> None:
    """Have these pods there."""
    for each in documents:
        await server.objects.put(PODS, each)


OVER: dict[str, Any] = {
    "phase": "Failed",
    "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": 1}}}],
}


def test_a_trial_that_begins_anew_is_followed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next pod's log comes behind that of the one that failed, and that is said in between."""
    monkeypatch.setattr(output, "LOOK_S", 0.01)

    async def tell() -> None:
        async with FakeApi() as server:
            first = pod("t", "t-1", **OVER)
            await put(server, first)

            async def then(call: Call) -> bool:
                await put(server, pod("t", "t-2", **OVER))
                call.begin()
                call.chunk(b"2026-01-31T12:00:00Z one\n")
                call.chunk(b"")
                return True

            server.next("log", then, said(b"2026-01-31T12:00:09Z two\n", then=_politely))
            done = in_main("Failed")
            told = await followed(server, [RUNNING, RUNNING, done])
            assert told == [b"one\n", "the trial begins anew", b"two\n"]

    story(tell)


def _politely(call: Call) -> None:
    call.chunk(b"")


def test_what_is_said_while_there_is_nothing_to_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """That one waits, once; that the server is away; and that the trial is gone, which ends it."""
    monkeypatch.setattr(output, "LOOK_S", 0.01)

    async def tell() -> None:
        async with FakeApi() as server:
            assert await followed(server, [RUNNING, RUNNING, None]) == [
                'trial "t" does not run yet; waiting, Ctrl-C ends it',
                'trial "t" was deleted',
            ]
            server.next("list", *[answer(503, "Unavailable", "no")] * 4)
            told = await followed(server, [RUNNING, None])
            assert told == ["list pods in default: no", 'trial "t" was deleted']
            with pytest.raises(NotFound, match="retain: true"):
                await followed(server, [in_main("Failed")])

    story(tell)


def test_which_attempt_was_before() -> None:
    """Of a pod that was started again its life before; of several pods the one that failed before."""
    again = [pod_of(pod("t", "t-2", restarts=2))]
    assert pods.before(RUNNING, again) == pods.Program(again[0], "main", before=True)
    two = [pod_of(pod("t", "t-1", **OVER)), pod_of(pod("t", "t-2"))]
    assert pods.before(RUNNING, two).pod.name == "t-1"
    with pytest.raises(NotFound, match="no attempt before"):
        pods.before(RUNNING, two[1:])
    with pytest.raises(NotFound, match="no attempt before"):
        pods.before(RUNNING, [])


def test_names_elsewhere_are_left_out_where_one_may_not_look() -> None:
    """The namespace's own are told all the same."""

    async def only_here(call: Call) -> bool:
        if "fieldSelector" not in call.request.query:
            return False
        await call.send(403, Refused(403, "Forbidden", "no").status)
        return True

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            await server.objects.put(collection("Trial"), a_trial("a").dump())
            await server.objects.put(collection("Trial"), a_trial("b", namespace="far").dump())
            found = await looking.names(api, "Trial", "default", "b")
            assert found == [("default", "a"), ("far", "b")]
            server.always("list", only_here)
            assert await looking.names(api, "Trial", "default", "b") == [("default", "a")]

    story(tell)


def test_a_watch_goes_through_troubles() -> None:
    """What happened while it was broken is told afterwards; only the first look may fail."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.next("watch", ended, answer(500, "Internal"), answer(410, "Expired"))
            news = looking.followed(api, "Trial", "default")
            assert await anext(news) == []
            await server.objects.put(collection("Trial"), a_trial("a").dump())
            [(one, gone)] = await anext(news)
            assert (one["metadata"]["name"], gone) == ("a", False)
            await server.objects.delete(collection("Trial"), "default", "a", {})
            [(one, gone)] = await anext(news)
            assert (one["metadata"]["name"], gone) == ("a", True)
            await news.aclose()
            server.always("list", answer(403, "Forbidden"))
            with pytest.raises(Forbidden):
                await anext(looking.followed(api, "Trial", "default"))

    story(tell)
