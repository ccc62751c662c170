"""What the operator writes past the engine's Store, beside a fake API server; and who may write at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from munshi.api.experiment import Experiment
from munshi.errors import FieldFault, Forbidden, Terminal
from munshi.kube.objects.store import Unreadable
from munshi.kube.operator import finalizers, preflight, returns
from munshi.kube.operator.lease import LeadershipLost
from munshi.kube.operator.settings import Settings
from munshi.kube.wire import kinds
from munshi.store.semantics import Key
from munshi.testing.builders import NOW
from support.fake_api import Call, FakeApi, answer
from support.in_kube import story

EXPERIMENTS = kinds.EXPERIMENTS.path("default")


def a_document(name: str = "e", **meta: object) -> dict[str, Any]:
    """An Experiment that cannot be read."""
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name, **meta},
        "spec": {"parallelTrialCount": "many", "unknown": {"of": "another version"}},
    }


def test_what_cannot_be_read_says_so_once() -> None:
    """Failed with every fault; the spec stays as written, and saying it again writes nothing."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            made = await api.create(EXPERIMENTS, a_document())
            faults = (FieldFault(("spec", "parallelTrialCount"), "a whole number is wanted"),)
            key = Key("Experiment", "default", "e")
            unreadable = Unreadable(key, made["metadata"]["uid"], faults)
            event = await returns.give_back(api, unreadable, NOW)
            assert event is not None
            assert (event.reason, event.warning) == ("ExperimentInvalid", True)
            now = await api.get(f"{EXPERIMENTS}/e")
            [said] = now["status"]["conditions"]
            assert (said["type"], said["reason"]) == ("Failed", "ExperimentInvalid")
            assert said["message"].startswith("spec.parallelTrialCount: a whole number is wanted")
            assert now["spec"] == a_document()["spec"]
            assert await returns.give_back(api, unreadable, NOW) is None
            another = Unreadable(key, "uid-of-another", faults)
            assert await returns.give_back(api, another, NOW) is None
            assert server.counts["patch"] == 1

    story(tell)


def test_what_was_mended_meanwhile_is_not_given_back() -> None:
    """The news of what could not be read may be older than its author's next version."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            document = a_document()
            document["spec"] = {"parallelTrialCount": 2}
            made = await api.create(EXPERIMENTS, document)
            faults = (FieldFault(("spec", "parallelTrialCount"), "a whole number is wanted"),)
            stale = Unreadable(Key("Experiment", "default", "e"), made["metadata"]["uid"], faults)
            assert await returns.give_back(api, stale, NOW) is None
            assert "status" not in await api.get(f"{EXPERIMENTS}/e")

    story(tell)


def test_katibs_finalizers_are_taken_off() -> None:
    """Katib's two go, somebody else's stays; an object without them is not written."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            theirs = ["clean-metrics-in-db", "example.org/mine", "update-prometheus-metrics"]
            await api.create(EXPERIMENTS, a_document(finalizers=theirs))
            document = await api.get(f"{EXPERIMENTS}/e")
            document.pop("spec")
            one = Experiment.model_validate(document)
            await finalizers.release(api, one)
            left = await api.get(f"{EXPERIMENTS}/e")
            assert left["metadata"]["finalizers"] == ["example.org/mine"]
            await finalizers.release(api, one)  # stale: somebody else was faster
            writes = server.counts["patch"]
            left.pop("spec")
            await finalizers.release(api, Experiment.model_validate(left))
            assert server.counts["patch"] == writes

    story(tell)


def test_a_fenced_client_writes_nothing() -> None:
    """Whoever lost the Lease can read and not write; the server hears nothing of the attempt."""

    def lost() -> None:
        raise LeadershipLost("lost")

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            await api.create(EXPERIMENTS, a_document())
            fenced = api.fenced(lost)
            before = len(server.asked)
            with pytest.raises(LeadershipLost):
                await fenced.create(EXPERIMENTS, a_document("f"))
            with pytest.raises(LeadershipLost):
                await fenced.patch(f"{EXPERIMENTS}/e", {"metadata": {"labels": {"a": "b"}}})
            with pytest.raises(LeadershipLost):
                await fenced.delete(f"{EXPERIMENTS}/e")
            assert len(server.asked) == before
            assert (await fenced.get(f"{EXPERIMENTS}/e"))["metadata"]["name"] == "e"
            assert api.counts is fenced.counts
            await api.delete(f"{EXPERIMENTS}/e")

    story(tell)


def serve_kinds(server: FakeApi, *served: str) -> None:
    """Let the server have those kinds of ours."""
    resources = [{"name": f"{kind.lower()}s", "kind": kind} for kind in served]
    server.documents["/apis/kubeflow.org/v1beta1"] = {"resources": resources}


async def allow_but(call: Call, *denied: str) -> bool:
    """Answer a review: everything is allowed, but for some resources."""
    asked = call.request.body["spec"]["resourceAttributes"]
    allowed = asked["resource"] not in denied
    await call.send(201, {"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}})
    return True


def test_without_the_kinds_it_says_what_to_install() -> None:
    """A cluster that knows only Experiments lacks two kinds; they are named with the command."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            serve_kinds(server, "Experiment")
            with pytest.raises(Terminal, match=r"Suggestion, Trial.*kubectl apply -f deploy/crds"):
                await preflight.check(api, Settings(Path()))

    story(tell)


def test_without_the_rights_it_names_them_all() -> None:
    """Every missing right is in one sentence, with where it is missing."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            serve_kinds(server, "Experiment", "Suggestion", "Trial")
            server.always("create", lambda call: allow_but(call, "trials", "leases"))
            settings = Settings(Path(), namespaces=("team",), lease_namespace="kubeflow")
            with pytest.raises(Forbidden) as refused:
                await preflight.check(api, settings)
            said = str(refused.value)
            assert "create trials.kubeflow.org in namespace team" in said
            assert "create leases.coordination.k8s.io in namespace kubeflow" in said
            assert "suggestions" not in said

    story(tell)


def test_a_cluster_that_does_not_tell_is_no_obstacle() -> None:
    """Where reviews are forbidden the work itself will show what may be done."""

    async def tell() -> None:
        async with FakeApi() as server, server.api() as api:
            serve_kinds(server, "Experiment", "Suggestion", "Trial")
            server.always("create", answer(403, "Forbidden"))
            await preflight.check(api, Settings(Path()))

    story(tell)
