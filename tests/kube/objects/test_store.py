"""KubeStore against the store contract, and what is its own, beside a fake API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.engine.ports import Store
from munshi.errors import AlreadyExists, ClusterUnreachable, Conflict, Invalid, NotFound
from munshi.kube.objects import documents
from munshi.kube.objects.store import KubeStore, Unreadable
from munshi.store.semantics import Key
from munshi.testing.stores import (
    StoreContract,
    a_trial,
    an_experiment,
    with_attempts,
    with_metadata,
    with_spec,
)
from support.fake_api import FakeApi, answer, lost
from support.in_kube import TRIALS, a_document, story, until

EXPERIMENTS = "/apis/kubeflow.org/v1beta1/experiments"


class TestKubeStore(StoreContract):
    """The contract; `tests/cluster/test_store.py` runs it against a real API server."""

    cascades_at_once: ClassVar[bool] = False
    counts_alone: ClassVar[bool] = False

    def opened(self, folder: Path, keep: int = 1_000) -> AbstractAsyncContextManager[Store]:
        """A store on a server of its own."""
        return _alone(keep)


def test_what_nobody_knows_is_never_written_over() -> None:
    """A write says what changed: foreign fields, a foreign status and kubectl's annotation stay."""

    async def tell() -> None:
        async with FakeApi() as server, opened(server) as store:
            sent = a_document("t", successCondition="a", ofAnotherVersion={"x": 1})
            sent["metadata"]["annotations"] = {documents.LAST_APPLIED: "{}", "mine": "1"}
            await server.objects.create(TRIALS, "default", sent)
            trial = await store.get(Trial, "default", "t")
            assert trial.metadata.annotations == {"mine": "1"}
            trial = await store.replace(with_metadata(with_spec(trial, "b"), annotations={}))
            await store.replace_status(with_attempts(trial, 2))
            kept = server.objects.get(TRIALS, "default", "t")
            assert kept["spec"] == {"successCondition": "b", "ofAnotherVersion": {"x": 1}}
            assert kept["metadata"]["annotations"] == {documents.LAST_APPLIED: "{}"}
            assert kept["metadata"]["managedFields"]
            patches = [asked.body for asked in server.asked if asked.verb == "patch"]
            assert [sorted(patch) for patch in patches] == [
                ["metadata", "spec"],
                ["metadata", "status"],
            ]

    story(tell)


def test_what_is_filled_in_on_reading_is_never_written() -> None:
    """Readers see the defaults; the author's text stays as it is."""

    def reading(written: Experiment) -> Experiment | None:
        if written.name == "not-ours":
            return None
        spec = written.spec.model_copy(update={"parallel_trial_count": 9})
        return written.model_copy(update={"spec": spec})

    async def tell() -> None:
        async with FakeApi() as server, opened(server, reading=reading) as store:
            for name in ("e", "not-ours"):
                await server.objects.create(EXPERIMENTS, "default", an_experiment(name).dump())
            await until_listed(store, Experiment, "e")
            [seen] = await store.list(Experiment)
            assert seen.spec.parallel_trial_count == 9
            with pytest.raises(NotFound):
                await store.get(Experiment, "default", "not-ours")
            labelled = await store.replace(with_metadata(seen, labels={"a": "b"}))
            assert labelled.spec.parallel_trial_count == 9
            kept = server.objects.get(EXPERIMENTS, "default", "e")
            assert kept["metadata"]["labels"] == {"a": "b"}
            assert kept["spec"]["parallelTrialCount"] == 3

    story(tell)


def test_an_object_that_cannot_be_read_stops_nothing() -> None:
    """It is kept aside with all its faults; one that was readable goes on as it was until it is mended."""

    async def tell() -> None:
        told: list[Unreadable] = []
        async with FakeApi() as server, opened(server, refused=told.append) as store:
            odd = a_document("odd", successCondition=["x"], parameterAssignments=1)
            await server.objects.create(TRIALS, "default", odd)
            good = await store.create(with_spec(a_trial("good"), "a"))
            await until(lambda: told)
            assert list(await store.list(Trial)) == [good]
            key = Key("Trial", "default", "odd")
            assert store.unreadable == {key: told[0]}
            assert {fault.path[1] for fault in told[0].faults} == {
                "successCondition",
                "parameterAssignments",
            }
            with pytest.raises(Invalid):
                await store.get(Trial, "default", "odd")
            change: dict[str, Any] = {"spec": {"successCondition": {}}}
            await server.objects.patch(TRIALS, "default", "good", change, status=False)
            await until(lambda: len(told) == 2)
            assert list(await store.list(Trial)) == [good]
            await server.objects.delete(TRIALS, "default", "odd", {})
            await until(lambda: key not in store.unreadable)

    story(tell)


def test_an_odd_status_is_passed_over() -> None:
    """Katib, or another version of us, may have written there; what is understood is kept."""

    async def tell() -> None:
        async with FakeApi() as server, opened(server) as store:
            await server.objects.create(TRIALS, "default", a_document("t"))
            status = {"status": {"attempts": 2, "conditions": 7, "phase": "Odd"}}
            await server.objects.patch(TRIALS, "default", "t", status, status=True)
            trial = await store.get(Trial, "default", "t")
            assert (trial.status.attempts, trial.status.conditions) == (2, ())

    story(tell)


def test_only_the_chosen_namespaces_are_followed() -> None:
    """Each by its own list and watch, as a Role allows; others are not even asked for."""

    async def tell() -> None:
        async with FakeApi() as server, opened(server, namespaces=("a", "b")) as store:
            for namespace in ("a", "b", "c"):
                await server.objects.create(TRIALS, namespace, a_document("t"))
            await until_listed(store, Trial, "t", "t")
            assert [trial.namespace for trial in await store.list(Trial)] == ["a", "b"]
            assert all("/namespaces/" in asked.path for asked in server.asked)

    story(tell)


def test_a_lost_answer_to_a_create_is_settled_by_its_name() -> None:
    """The writer hears that nobody answered; when it asks again, the object is there, and is its own."""

    async def tell() -> None:
        async with FakeApi() as server, opened(server) as store:
            server.next("create", lost)
            with pytest.raises(ClusterUnreachable):
                await store.create(a_trial("t"))
            with pytest.raises(AlreadyExists):
                await store.create(a_trial("t"))
            assert (await store.get(Trial, "default", "t")).name == "t"

    story(tell)


def test_a_lost_answer_to_a_status_is_a_conflict_until_read_again() -> None:
    """Nothing is written twice: the version has moved on."""

    async def tell() -> None:
        async with FakeApi() as server, opened(server) as store:
            trial = await store.create(a_trial("t"))
            server.next("patch", lost)
            with pytest.raises(ClusterUnreachable):
                await store.replace_status(with_attempts(trial, 1))
            with pytest.raises(Conflict):
                await store.replace_status(with_attempts(trial, 2))
            trial = await store.get(Trial, "default", "t")
            assert trial.status.attempts == 1
            assert (await store.replace_status(with_attempts(trial, 2))).status.attempts == 2

    story(tell)


def test_a_stale_write_costs_no_request_where_it_is_known() -> None:
    """What is held already says that another was faster."""

    async def tell() -> None:
        async with FakeApi() as server, opened(server) as store:
            old = await store.create(a_trial("t"))
            await store.replace_status(with_attempts(old, 1))
            asked = len(server.asked)
            with pytest.raises(Conflict):
                await store.replace_status(with_attempts(old, 2))
            assert len(server.asked) == asked

    story(tell)


def test_a_trials_life_is_three_writes() -> None:
    """A create, a status, a delete: nothing is read for them."""

    async def tell() -> None:
        async with FakeApi() as server, opened(server) as store:
            trial = await store.create(a_trial("t"))
            trial = await store.replace_status(with_attempts(trial, 1))
            await store.delete(Trial, "default", "t", trial.uid)
            assert list(await store.list(Trial)) == []
            assert server.counts == {"list": 3, "watch": 3, "create": 1, "patch": 1, "delete": 1}

    story(tell)


def test_a_server_without_our_kinds_is_a_trouble_that_is_told() -> None:
    """Nothing is synced, and whoever asks can say what is missing."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.always("list", answer(404, "NotFound", "the server could not find it"))
            store = KubeStore(api)
            running = asyncio.create_task(store.run())
            await until(lambda: len(store.troubles) == 3)
            assert not store.is_synced
            server.always("list", None)
            assert (await store.synced()).troubles == ()
            running.cancel()
            await asyncio.wait([running])

    story(tell)


async def until_listed(store: KubeStore, kind: type[Resource], *names: str) -> None:
    """Wait until a list shows these."""
    while [found.name for found in await store.list(kind)] != list(names):
        await asyncio.sleep(0.002)


@asynccontextmanager
async def _alone(keep: int) -> AsyncIterator[KubeStore]:
    async with FakeApi() as server, opened(server, keep=keep) as store:
        yield store


@asynccontextmanager
async def opened(
    server: FakeApi,
    *,
    namespaces: tuple[str, ...] = (),
    reading: Callable[[Experiment], Experiment | None] = lambda experiment: experiment,
    refused: Callable[[Unreadable], None] = lambda unreadable: None,
    keep: int = 1_000,
) -> AsyncIterator[KubeStore]:
    """A store that follows the server."""
    async with server.api() as api:
        store = KubeStore(api, namespaces=namespaces, reading=reading, refused=refused, keep=keep)
        running = asyncio.create_task(store.run())
        try:
            yield await store.synced()
        finally:
            running.cancel()
            await asyncio.wait([running])
