"""The contract of `engine.ports.Store` as tests: inherit `StoreContract`."""

# ruff: noqa: S101 - a suite of tests asserts
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest

from munshi.api.experiment import Experiment
from munshi.api.meta import ConfigMap, ObjectMeta, Resource
from munshi.api.trial import Trial, TrialSpec
from munshi.engine.ports import Change, Store
from munshi.errors import AlreadyExists, Conflict, Gone, Invalid, NotFound
from munshi.testing import builders

R = TypeVar("R", bound=Resource)
PATIENCE_S = 20


def a_trial(name: str, namespace: str = "default", owner: Resource | None = None) -> Trial:
    """A trial as the engine would create it."""
    owners = (owner.owned_by(),) if owner else ()
    return Trial(metadata=ObjectMeta(namespace=namespace, name=name, owner_references=owners))


def an_experiment(name: str = "e", namespace: str = "default") -> Experiment:
    """An Experiment with as little in it as a cluster's schema takes."""
    spec = builders.an_experiment().spec
    return Experiment(metadata=ObjectMeta(namespace=namespace, name=name), spec=spec)


def with_attempts(trial: Trial, attempts: int) -> Trial:
    """The trial with another status."""
    return trial.model_copy(
        update={"status": trial.status.model_copy(update={"attempts": attempts})}
    )


def with_spec(trial: Trial, condition: str) -> Trial:
    """The trial with another spec."""
    return trial.model_copy(update={"spec": TrialSpec(success_condition=condition)})


def with_metadata(resource: R, **fields: object) -> R:
    """The object with other metadata."""
    return resource.model_copy(update={"metadata": resource.metadata.model_copy(update=fields)})


async def heard(store: Store, since: int, count: int) -> list[Change]:
    """The next `count` changes after `since`."""
    changes: list[Change] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(_generator(store, since)) as watch:
        while len(changes) < count:
            changes.append(await anext(watch))
    return changes


async def _generator(store: Store, since: int) -> AsyncGenerator[Change, None]:
    async for change in store.watch(since):
        yield change


class StoreContract:
    """What every store keeps; say in `opened` how to get an empty one.

    Attributes:
        cascades_at_once: What a deleted object owns is gone when `delete` returns. Kubernetes has a garbage
            collector for that, which comes a little later.
        counts_alone: Nobody but this store gives versions, so that a new one begins at 0, and a change is
            always numbered by its object's resourceVersion.
        any_name: What labels and files may be called. Kubernetes restricts both.
    """

    cascades_at_once: ClassVar[bool] = True
    counts_alone: ClassVar[bool] = True
    any_name: ClassVar[str] = "학습률"

    def opened(self, folder: Path, keep: int = 1_000) -> AbstractAsyncContextManager[Store]:
        """An empty store that remembers `keep` deletions, for the length of a block."""
        raise NotImplementedError

    def test_a_created_object_is_the_one_that_is_read(self, tmp_path: Path) -> None:
        """Create gives uid, version, generation 1 and a creation time; the rest is as sent."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                labels, notes = {self.any_name: self.any_name}, {"note": "학습률\n🧪"}
                sent = with_metadata(a_trial("t"), labels=labels, annotations=notes)
                made = await store.create(with_spec(sent, "a"))
                assert made.uid
                assert made.metadata.resource_version
                assert made.metadata.generation == 1
                assert made.metadata.creation_timestamp is not None
                assert (made.metadata.labels, made.metadata.annotations) == (labels, notes)
                assert await store.get(Trial, "default", "t") == made
                if self.counts_alone:
                    assert str(await store.version()) == made.metadata.resource_version

        asyncio.run(story())

    def test_data_comes_back_as_sent(self, tmp_path: Path) -> None:
        """Korean, line ends, quotes and empty text in a ConfigMap survive."""
        data = {f"{self.any_name}.py": "print('안녕')\r\n\t\"\\", "empty": "", "emoji": "🧪"}

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                meta = ObjectMeta(namespace="default", name="c")
                await store.create(
                    ConfigMap(api_version="v1", kind="ConfigMap", metadata=meta, data=data)
                )
                assert (await store.get(ConfigMap, "default", "c")).data == data

        asyncio.run(story())

    def test_a_name_is_taken_once(self, tmp_path: Path) -> None:
        """A second object of the kind, namespace and name is refused; other kinds and places are free."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                first = await store.create(a_trial("x"))
                with pytest.raises(AlreadyExists):
                    await store.create(a_trial("x"))
                await store.create(a_trial("x", "other"))
                await store.create(an_experiment("x"))
                assert await store.get(Trial, "default", "x") == first

        asyncio.run(story())

    def test_what_cannot_be_kept_is_refused(self, tmp_path: Path) -> None:
        """No name, no namespace, more than 1.5 MiB, half a character: Invalid, and nothing is written."""
        meta = ObjectMeta(namespace="default", name="big")
        cases = {
            "without a name": a_trial(""),
            "without a namespace": a_trial("t", ""),
            "too big": ConfigMap(metadata=meta, data={"a": "가" * 600_000}),
            "half a character": ConfigMap(metadata=meta, data={"a": "x"}).model_copy(
                update={"data": {"a": "\ud800"}}
            ),
        }

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                before = await store.version()
                assert before == 0 or not self.counts_alone
                for why, resource in cases.items():
                    with pytest.raises(Invalid):
                        await store.create(resource)
                    assert await store.version() == before, why

        asyncio.run(story())

    def test_a_stale_write_is_refused(self, tmp_path: Path) -> None:
        """Only who read the last version may write; who read nothing may not."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                old = await store.create(a_trial("t"))
                new = await store.replace(with_spec(old, "b"))
                for stale in (old, with_metadata(old, resource_version="")):
                    with pytest.raises(Conflict):
                        await store.replace(with_spec(stale, "c"))
                    with pytest.raises(Conflict):
                        await store.replace_status(with_attempts(stale, 1))
                assert await store.get(Trial, "default", "t") == new

        asyncio.run(story())

    def test_spec_and_status_are_written_apart(self, tmp_path: Path) -> None:
        """Replace leaves the status, replace_status all the rest, as stored."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                both = with_attempts(with_spec(await store.create(a_trial("t")), "a"), 1)
                spec_only = await store.replace(both)
                assert (spec_only.spec.success_condition, spec_only.status.attempts) == ("a", 0)
                both = with_attempts(with_spec(spec_only, "b"), 2)
                status_only = await store.replace_status(both)
                assert (status_only.spec.success_condition, status_only.status.attempts) == ("a", 2)
                assert await store.get(Trial, "default", "t") == status_only

        asyncio.run(story())

    def test_a_status_is_not_created(self, tmp_path: Path) -> None:
        """As on a cluster, a new object begins with an empty status."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                assert (await store.create(with_attempts(a_trial("t"), 3))).status.attempts == 0

        asyncio.run(story())

    def test_generation_counts_changes_of_the_spec(self, tmp_path: Path) -> None:
        """A new spec raises it by one; labels and status do not."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                trial = await store.create(a_trial("t"))
                trial = await store.replace(with_spec(trial, "a"))
                assert trial.metadata.generation == 2
                trial = await store.replace(with_metadata(trial, labels={"a": "b"}, generation=9))
                trial = await store.replace_status(with_attempts(trial, 1))
                assert trial.metadata.generation == 2
                assert trial.metadata.labels == {"a": "b"}

        asyncio.run(story())

    def test_a_write_that_changes_nothing_is_none(self, tmp_path: Path) -> None:
        """The version stays, so that nobody is woken."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                trial = await store.create(a_trial("t"))
                before = await store.version()
                assert await store.replace(trial) == trial
                assert await store.replace_status(trial) == trial
                assert await store.get(Trial, "default", "t") == trial
                assert await store.version() == before

        asyncio.run(story())

    def test_what_is_not_there_is_not_found(self, tmp_path: Path) -> None:
        """get, replace, replace_status and delete all say so; so does delete with another's uid."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                with pytest.raises(NotFound):
                    await store.get(Trial, "default", "t")
                with pytest.raises(NotFound):
                    await store.replace(a_trial("t"))
                with pytest.raises(NotFound):
                    await store.replace_status(a_trial("t"))
                with pytest.raises(NotFound):
                    await store.delete(Trial, "default", "t")
                trial = await store.create(a_trial("t"))
                with pytest.raises(NotFound):
                    await store.delete(Trial, "default", "t", "another")
                await store.delete(Trial, "default", "t", trial.uid)
                with pytest.raises(NotFound):
                    await store.get(Trial, "default", "t")

        asyncio.run(story())

    def test_what_is_owned_goes_with_its_owner(self, tmp_path: Path) -> None:
        """At any depth, in any namespace's order; what is owned by others stays."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                mine = await store.create(an_experiment("mine"))
                other = await store.create(an_experiment("other"))
                child = await store.create(a_trial("child", owner=mine))
                await store.create(a_trial("grandchild", owner=child))
                stays = await store.create(a_trial("stays", owner=other))
                before = await store.version()
                await store.delete(Experiment, "default", "mine")
                if self.cascades_at_once:
                    assert list(await store.list(Trial)) == [stays]
                changes = await heard(store, before, 3)
                assert list(await store.list(Trial)) == [stays]
                assert all(change.gone for change in changes)
                assert {change.resource.name for change in changes} == {
                    "mine",
                    "child",
                    "grandchild",
                }

        asyncio.run(story())

    def test_lists_are_ordered_and_filtered(self, tmp_path: Path) -> None:
        """By namespace, then name; by kind always, by namespace and owner when asked."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                owner = await store.create(an_experiment("e", "b"))
                for namespace, name in (("b", "1"), ("a", "2"), ("a", "10"), ("a", "1")):
                    await store.create(a_trial(name, namespace))
                await store.create(a_trial("0", "b", owner))
                names = [(trial.namespace, trial.name) for trial in await store.list(Trial)]
                assert names == [("a", "1"), ("a", "10"), ("a", "2"), ("b", "0"), ("b", "1")]
                assert [t.name for t in await store.list(Trial, "b")] == ["0", "1"]
                assert [t.name for t in await store.list(Trial, owner_uid=owner.uid)] == ["0"]
                assert list(await store.list(Trial, "a", owner.uid)) == []

        asyncio.run(story())

    def test_a_watch_from_the_beginning_tells_what_is_there(self, tmp_path: Path) -> None:
        """Oldest change first, each object once in its last form, nothing that was gone before."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                first = await store.create(a_trial("first"))
                second = await store.create(a_trial("second"))
                await store.create(a_trial("third"))
                await store.delete(Trial, "default", "third")
                first = await store.replace_status(with_attempts(first, 1))
                changes = await heard(store, 0, 2)
                assert [change.resource for change in changes] == [second, first]
                numbers = [change.version for change in changes]
                assert numbers == sorted(set(numbers))
                assert numbers[-1] == await store.version()
                if self.counts_alone:
                    assert [str(number) for number in numbers] == [
                        change.resource.metadata.resource_version for change in changes
                    ]

        asyncio.run(story())

    def test_a_watch_from_now_tells_what_comes(self, tmp_path: Path) -> None:
        """Creations, changes and deletions after the version asked for, and nothing before."""

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                await store.create(a_trial("old"))
                since = await store.version()
                watching = asyncio.create_task(heard(store, since, 1))
                new = await store.create(a_trial("new"))
                assert [change.resource for change in await watching] == [new]
                await store.delete(Trial, "default", "old")
                new = await store.replace_status(with_attempts(new, 1))
                changes = await heard(store, since, 2)
                assert [(c.resource.name, c.gone) for c in changes] == [
                    ("old", True),
                    ("new", False),
                ]

        asyncio.run(story())

    def test_a_watch_that_lost_deletions_is_told(self, tmp_path: Path) -> None:
        """Gone, once more was deleted than is remembered, or for a version from elsewhere; 0 works."""

        async def story() -> None:
            async with self.opened(tmp_path, keep=2) as store:
                kept = await store.create(a_trial("kept"))
                since = await store.version()
                for name in ("a", "b", "c"):
                    await store.create(a_trial(name))
                    await store.delete(Trial, "default", name)
                with pytest.raises(Gone):
                    await heard(store, since, 1)
                with pytest.raises(Gone):
                    await heard(store, 10_000, 1)
                assert [change.resource for change in await heard(store, 0, 1)] == [kept]

        asyncio.run(story())

    def test_concurrent_writers_lose_nothing(self, tmp_path: Path) -> None:
        """Twenty who each add one, reading again after a Conflict, make twenty."""

        async def add_one(store: Store) -> None:
            while True:
                trial = await store.get(Trial, "default", "t")
                try:
                    await store.replace_status(with_attempts(trial, trial.status.attempts + 1))
                except Conflict:
                    continue
                return

        async def story() -> None:
            async with self.opened(tmp_path) as store:
                await store.create(a_trial("t"))
                await asyncio.gather(*(add_one(store) for _ in range(20)))
                assert (await store.get(Trial, "default", "t")).status.attempts == 20

        asyncio.run(story())
