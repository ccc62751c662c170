"""The verbs: what is sent, what a refusal means, what is tried again, and what a stream gives."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

import pytest

from munshi.errors import (
    AlreadyExists,
    ClusterUnreachable,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    MunshiError,
    NotFound,
    Retryable,
)
from munshi.kube.wire import answers
from support.fake_api import FakeApi, Fault, answer, lost, reset, said
from support.in_kube import a_document, story

IN_DEFAULT = "/apis/kubeflow.org/v1beta1/namespaces/default/trials"
LOG = "/api/v1/namespaces/default/pods/p/log"

REFUSALS: dict[str, tuple[int, str, str, type[MunshiError]]] = {
    "nothing there": (404, "NotFound", "", NotFound),
    "a name that is taken": (409, "AlreadyExists", "", AlreadyExists),
    "a stale version": (409, "Conflict", "", Conflict),
    "a version that is forgotten": (410, "Expired", "", Gone),
    "a bad request": (400, "BadRequest", "", Invalid),
    "a body too large": (413, "RequestEntityTooLarge", "", Invalid),
    "an object too large for etcd": (500, "", "etcdserver: request is too large", Invalid),
    "an object that is not in order": (422, "Invalid", "", Invalid),
    "nobody we know": (401, "Unauthorized", "", Forbidden),
    "a missing right": (403, "Forbidden", "", Forbidden),
    "a full quota": (403, "Forbidden", "exceeded quota: jobs", Retryable),
    "a busy server": (429, "TooManyRequests", "", ClusterUnreachable),
    "a broken server": (500, "InternalError", "", ClusterUnreachable),
    "a proxy without a server": (502, "", "", ClusterUnreachable),
    "a server on its way": (503, "ServiceUnavailable", "", ClusterUnreachable),
    "an answer from elsewhere": (302, "", "", ClusterUnreachable),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_is_named_by_what_to_do_next(what: str) -> None:
    """The status and the server's reason decide the error; its message is in ours."""
    code, reason, message, error = REFUSALS[what]

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.next("create", answer(code, reason, message or "as the server says"))
            with pytest.raises(error, match=message or "as the server says") as refused:
                await api.create(IN_DEFAULT, a_document("t"))
            assert type(refused.value) is error

    story(tell)


def test_the_causes_are_faults() -> None:
    """Each field that the server's validation names is one, with its path."""
    body = (
        b'{"kind":"Status","reason":"Invalid","message":"Job is invalid","details":{"causes":['
        b'{"field":"spec.template.spec.containers[0].image","message":"Required value"},'
        b'{"field":"metadata.labels[a.b/c]","message":"Too long"}]}}'
    )
    refused = answers.refusal("create", "/apis/batch/v1/namespaces/d/jobs", 422, {}, body)
    assert isinstance(refused, Invalid)
    assert [(fault.path, fault.problem) for fault in refused.faults] == [
        (("spec", "template", "spec", "containers", 0, "image"), "Required value"),
        (("metadata", "labels", "a.b/c"), "Too long"),
    ]


def test_a_namespace_on_its_way_out_is_not_there() -> None:
    """Kubernetes forbids what one creates in it; trying again would be for ever."""
    body = b'{"kind":"Status","details":{"causes":[{"reason":"NamespaceTerminating"}]}}'
    assert isinstance(answers.refusal("create", IN_DEFAULT, 403, {}, body), NotFound)


def test_a_version_the_server_has_not_reached_is_gone() -> None:
    """After a restore it never will be reached: the collection is to be read anew."""
    body = b'{"kind":"Status","details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}}'
    assert isinstance(answers.refusal("watch", IN_DEFAULT, 504, {}, body), Gone)


def test_a_missing_right_names_verb_and_resource() -> None:
    """So that whoever reads it can write the Role."""
    refused = answers.refusal("create", "/apis/batch/v1/namespaces/d/jobs", 403, {}, b"{}")
    assert "create jobs.batch in d" in str(refused)


SOON: dict[str, Fault] = {
    "the connection breaks": reset,
    "the server is broken": answer(500),
    "the server is busy": answer(429, retry_after="2"),
    "the answer is no JSON": said(b"<html>", then=lambda call: call.chunk(b"")),
}


@pytest.mark.parametrize("trouble", SOON)
def test_a_read_is_tried_again_for_a_moment(trouble: str) -> None:
    """Twice in trouble, then well: the reader notices nothing."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            made = await api.create(IN_DEFAULT, a_document("t"))
            server.next("get", *[SOON[trouble]] * 2)
            assert await api.get(f"{IN_DEFAULT}/t") == made
            assert api.counts["get"] == server.counts["get"] == 3
            assert all(0 < pause <= 5 for pause in server.pauses)

    story(tell)


def test_a_read_gives_up_after_a_few_tries() -> None:
    """And at once when the server asks for more patience than that."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.next("get", *[answer(503)] * 9)
            with pytest.raises(ClusterUnreachable):
                await api.get(f"{IN_DEFAULT}/t")
            assert server.counts["get"] == 4
            server.next("list", answer(429, retry_after="60"))
            with pytest.raises(ClusterUnreachable) as busy:
                async with aclosing(api.pages(IN_DEFAULT)) as pages:
                    await anext(pages)
            assert busy.value.after == timedelta(seconds=60)
            assert server.counts["list"] == 1

    story(tell)


def test_a_write_is_sent_once() -> None:
    """A lost answer is the caller's to settle: the object may be there, and then its name is taken."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.next("create", reset, lost)
            with pytest.raises(ClusterUnreachable):
                await api.create(IN_DEFAULT, a_document("t"))
            assert server.objects.list("/apis/kubeflow.org/v1beta1/trials") == []
            with pytest.raises(ClusterUnreachable):
                await api.create(IN_DEFAULT, a_document("t"))
            with pytest.raises(AlreadyExists):
                await api.create(IN_DEFAULT, a_document("t"))
            assert api.counts["create"] == server.counts["create"] == 3

    story(tell)


def test_nobody_at_home_is_said_in_a_sentence() -> None:
    """A refused connection is a ClusterUnreachable that names verb and object."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            await server.stop()
            with pytest.raises(
                ClusterUnreachable, match=r"create trials\.kubeflow\.org in default"
            ):
                await api.create(IN_DEFAULT, a_document("t"))

    story(tell)


def test_each_write_says_who_we_are_and_how_it_is_meant() -> None:
    """Field manager, content types, and preconditions of a deletion."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            made = await api.create(IN_DEFAULT, a_document("t"))
            await api.patch(f"{IN_DEFAULT}/t", {"spec": {"a": 1}})
            await api.apply(f"{IN_DEFAULT}/t", {"metadata": {"name": "t"}})
            with pytest.raises(Conflict):
                await api.delete(f"{IN_DEFAULT}/t", uid="another")
            await api.delete(f"{IN_DEFAULT}/t", uid=made["metadata"]["uid"])
            create, patch, apply, _, delete = server.asked
            assert create.query == patch.query == {"fieldManager": "munshi"}
            assert apply.query == {"fieldManager": "munshi", "force": "true"}
            types = [each.headers["content-type"] for each in (create, patch, apply)]
            assert types == [
                "application/json",
                "application/merge-patch+json",
                "application/apply-patch+yaml",
            ]
            assert delete.body["propagationPolicy"] == "Background"
            assert delete.body["preconditions"] == {"uid": made["metadata"]["uid"]}

    story(tell)


def test_a_body_that_is_no_json_is_not_sent() -> None:
    """Half a character has no form in UTF-8."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            with pytest.raises(Invalid):
                await api.create(IN_DEFAULT, a_document("t", a="\ud800"))
            assert not server.asked

    story(tell)


LINES: dict[str, tuple[list[bytes], list[bytes]]] = {
    "in one piece each": ([b"a\n", b"b\n"], [b"a\n", b"b\n"]),
    "several in a piece": ([b"a\n\nb\n"], [b"a\n", b"\n", b"b\n"]),
    "across pieces": ([b"a", b"b\nc", b"d", b"\n"], [b"ab\n", b"cd\n"]),
    "the last without an end": ([b"a\nb"], [b"a\n", b"b"]),
    "too long": ([b"x" * 6, b"y" * 6, b"z\nb\n"], [b"x" * 6 + b"y" * 6, b"z\n", b"b\n"]),
    "none": ([], []),
}


@pytest.mark.parametrize("how", LINES)
def test_a_stream_comes_as_lines(how: str) -> None:
    """However the bytes are cut."""
    sent, lines = LINES[how]

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.next("log", said(*sent, then=lambda call: call.chunk(b"")))
            async with aclosing(api.stream(LOG, longest=10, follow="true")) as stream:
                assert [line async for line in stream] == lines
            assert api.counts == {"log": 1}

    story(tell)


def test_a_stream_that_breaks_off_says_so() -> None:
    """What came before is given; then ClusterUnreachable."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.next("log", said(b"a\n"))
            got: list[bytes] = []
            with pytest.raises(ClusterUnreachable):
                await _drained(api.stream(LOG), got)
            assert got == [b"a\n"]

    story(tell)


def test_a_stalled_stream_is_broken() -> None:
    """After so long without a byte, when that was asked."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            watch = api.stream(IN_DEFAULT, stall_s=0.05, watch="true", resourceVersion="100")
            with pytest.raises(ClusterUnreachable, match="ReadTimeout"):
                await _drained(watch, [])

    story(tell)


async def _drained(stream: AsyncGenerator[bytes, None], into: list[bytes]) -> None:
    async with aclosing(stream):
        async for line in stream:
            into.append(line)  # noqa: PERF401 - what comes before an error counts
