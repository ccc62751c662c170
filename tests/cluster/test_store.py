"""KubeStore against a real API server: the contract, and what a server's death must not change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from munshi.api.trial import Trial
from munshi.engine.ports import Change, Store
from munshi.errors import ClusterUnreachable
from munshi.kube.objects.store import KubeStore
from munshi.kube.wire.connection import connect
from munshi.testing.stores import StoreContract, a_trial, heard, with_attempts
from support.cluster import ROOT, Cluster

PATIENCE_S = 180
SPACES = ("a", "b", "default", "other")
"""The contract's namespaces; nothing else of munshi's is to live there while it runs."""


@pytest.fixture(scope="session")
def served(cluster: Cluster) -> Cluster:
    """The cluster, with our kinds."""
    cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "deploy" / "crds"))
    for crd in ("experiments", "suggestions", "trials"):
        cluster.wait(f"crd/{crd}.kubeflow.org", "condition=Established")
    for space in SPACES:
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
    return cluster


@asynccontextmanager
async def opened(cluster: Cluster, keep: int = 1_000) -> AsyncIterator[KubeStore]:
    """A store that follows the contract's namespaces; they hold nothing at first."""
    kinds = "experiments,suggestions,trials"
    for space in SPACES:
        cluster.within(space).kubectl("delete", kinds, "--all", "--wait")
    cluster.kubectl("delete", "configmap", "c", "big", "--ignore-not-found")
    async with connect(kubeconfig=str(cluster.kubeconfig)) as api:
        store = KubeStore(api, namespaces=SPACES, keep=keep)
        running = asyncio.create_task(store.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await store.synced()
            yield store
        finally:
            running.cancel()
            await asyncio.wait([running])


class TestKubeStore(StoreContract):
    """The store contract."""

    cascades_at_once: ClassVar[bool] = False
    counts_alone: ClassVar[bool] = False
    any_name: ClassVar[str] = "learning-rate"

    @pytest.fixture(autouse=True)
    def _served(self, served: Cluster) -> None:
        self.cluster = served

    def opened(self, folder: Path, keep: int = 1_000) -> AbstractAsyncContextManager[Store]:
        """An empty store."""
        return opened(self.cluster, keep)


def test_a_killed_server_costs_nothing_but_time(served: Cluster) -> None:
    """What was deleted and changed meanwhile is told; writes while it is away say so and may be repeated."""

    async def story() -> None:
        async with opened(served) as store:
            kept, gone = [await store.create(a_trial(name)) for name in ("kept", "gone")]
            since = await store.version()
            served.stop_part("kube-apiserver")
            with pytest.raises(ClusterUnreachable):
                await store.replace_status(with_attempts(kept, 1))
            served.start_part("kube-apiserver")
            served.kubectl("delete", "trial", "gone")
            await _until_done(store, with_attempts(kept, 1))
            changes = await _changes(store, since, {"kept", "gone"})
            assert changes["gone"].gone
            assert changes["gone"].resource.uid == gone.uid
            assert changes["kept"].resource == await store.get(Trial, "default", "kept")
            assert list(await store.list(Trial)) == [changes["kept"].resource]

    asyncio.run(story())


async def _until_done(store: KubeStore, trial: Trial) -> Trial:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await store.replace_status(trial)
            except ClusterUnreachable:
                await asyncio.sleep(0.2)


async def _changes(store: KubeStore, since: int, names: set[str]) -> dict[str, Change]:
    """The last changes of these, once each has one."""
    found: dict[str, Change] = {}
    async with asyncio.timeout(PATIENCE_S):
        while set(found) != names:
            [*changes] = await heard(store, since, 1)
            since = changes[-1].version
            found |= {change.resource.name: change for change in changes}
    return found
