"""Where a kind is served is asked, kept, and asked again when it was not there."""

from __future__ import annotations

import pytest

from munshi.errors import Invalid, LaunchRefused
from munshi.kube.wire.kinds import TRIALS, Kinds, Resource
from support.fake_api import FakeApi
from support.in_kube import story

BATCH = {
    "resources": [
        {"name": "jobs", "kind": "Job", "namespaced": True},
        {"name": "jobs/status", "kind": "Job", "namespaced": True},
        {"name": "cronjobs", "kind": "CronJob", "namespaced": True},
    ]
}
FLOWS = {"resources": [{"name": "clusterflows", "kind": "ClusterFlow", "namespaced": False}]}


def test_a_kind_is_asked_for_once() -> None:
    """Its plural, namespace and subresources come from discovery; so do its neighbours'."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.documents["/apis/batch/v1"] = BATCH
            kinds = Kinds(api)
            job = await kinds.resource("batch/v1", "Job")
            assert job == Resource("batch/v1", "Job", "jobs", True, frozenset({"status"}))
            assert (await kinds.resource("batch/v1", "CronJob")).plural == "cronjobs"
            assert await kinds.resource("batch/v1", "Job") is job
            assert len(server.asked) == 1

    story(tell)


def test_a_kind_that_is_installed_later_is_found() -> None:
    """A miss is not kept."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            kinds = Kinds(api)
            with pytest.raises(LaunchRefused):
                await kinds.resource("flows.example/v1", "ClusterFlow")
            server.documents["/apis/flows.example/v1"] = FLOWS
            found = await kinds.resource("flows.example/v1", "ClusterFlow")
            assert found.path("ignored", "one") == "/apis/flows.example/v1/clusterflows/one"

    story(tell)


MISSING: dict[str, tuple[str, str, str]] = {
    "an operator that is known": (
        "kubeflow.org/v1",
        "TFJob",
        "install the Kubeflow Training Operator",
    ),
    "an operator that is not": ("x.example/v1", "X", "the operator that brings x.example"),
    "a slip of the pen": ("batch/v1", "Jop", 'did you mean "Job"?'),
    "another version": ("batch/v1beta1", "Job", "it has the kind as batch/v1"),
    "a version that is none": ("../../secrets", "Job", "does not know the kind"),
}


@pytest.mark.parametrize("what", MISSING)
def test_a_kind_that_is_not_served_is_refused_with_what_to_do(what: str) -> None:
    """What to install, or what else was meant."""
    api_version, kind, sentence = MISSING[what]

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            server.documents["/apis/batch/v1"] = BATCH
            server.documents["/apis/batch"] = {"versions": [{"version": "v1"}]}
            with pytest.raises(LaunchRefused) as refused:
                await Kinds(api).resource(api_version, kind)
            assert sentence in str(refused.value)
            assert not any("secrets" in asked.path for asked in server.asked)

    story(tell)


def test_paths_are_made_of_names_only() -> None:
    """No name leads elsewhere, whoever wrote it."""
    assert TRIALS.path() == "/apis/kubeflow.org/v1beta1/trials"
    assert (
        TRIALS.path("a", "b", "status") == "/apis/kubeflow.org/v1beta1/namespaces/a/trials/b/status"
    )
    assert Resource("v1", "Pod", "pods").path("a") == "/api/v1/namespaces/a/pods"
    for name in ("..", ".", "a/b", "a%2fb", "a\nb"):
        with pytest.raises(Invalid):
            TRIALS.path("a", name)
        with pytest.raises(Invalid):
            TRIALS.path(name)
