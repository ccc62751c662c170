"""One real cluster for all tests of this folder, and a namespace for each.

A cluster that runs is used and left running; one that was started here is ended. Under pytest-xdist the
cluster must run already, for no worker knows when the others are done with it. But the whole folder has to
go one by one: some tests install an operator that drives all namespaces, and some kill the API server.
"""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cluster import STATE, Cluster, is_asked_for, is_there, new_namespace, tool

HERE = Path(__file__).parent
TEST_S = 300


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test here; leave them out of a run that did not ask for them and finds no cluster."""
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        item.add_marker("cluster")
        # The cluster's start does not count: the first one builds Kubernetes.
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_S, func_only=True))
    if ours and not is_asked_for(config) and not is_there():
        config.hook.pytest_deselected(items=ours)
        items[:] = [item for item in items if item not in ours]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster with all its parts, as its administrator in the namespace `default`."""
    ran = is_there()
    if not ran and os.environ.get("PYTEST_XDIST_WORKER"):
        pytest.fail("No cluster runs. Start one first: make cluster")
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        done = tool("up")  # a cluster that runs gets the images of now
        assert done.returncode == 0, done.stderr
    yield Cluster(STATE)
    if not ran:
        done = tool("down")
        assert done.returncode == 0, done.stderr


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, seen from a namespace that is new and goes with the test."""
    with new_namespace(cluster) as within:
        yield within


@pytest.fixture(autouse=True)
def sockets_are_let_go() -> Iterator[None]:
    """A watch cancelled in its TLS handshake leaves its socket to the garbage collector (httpcore)."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
