"""deploy/munshi.yaml is what the code generates, and asks for no more than it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from munshi.kube import manifests
from munshi.kube.operator.settings import TRIAL_KINDS
from munshi.kube.wire.kinds import PODS

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def by_kind(kind: str) -> dict[str, Any]:
    """The one document of a kind."""
    [found] = [each for each in manifests.documents([]) if each["kind"] == kind]
    return found


def test_the_file_is_generated() -> None:
    """`make generate` would change nothing."""
    written = DEPLOY.joinpath("munshi.yaml").read_text("utf-8")
    assert written == manifests.text(manifests.read_crds(DEPLOY)), "run: make generate"
    own = DEPLOY.joinpath("operator.yaml").read_text("utf-8")
    assert own == manifests.text_of_own(), "run: make generate"


def test_what_removes_it_leaves_what_is_others() -> None:
    """The second file is the first one without the namespace and the kinds, which hold others' objects."""
    crds = manifests.read_crds(DEPLOY)
    kept = [each for each in manifests.documents(crds) if each not in manifests.own()]
    assert {each["kind"] for each in kept} == {"Namespace", "CustomResourceDefinition"}
    assert len(manifests.documents(crds)) == len(kept) + len(manifests.own())


def test_the_kinds_come_with_it() -> None:
    """One file brings the CRDs too, before what needs them."""
    crds = manifests.read_crds(DEPLOY)
    kinds = [each["kind"] for each in manifests.documents(crds)]
    assert kinds.count("CustomResourceDefinition") == 3
    assert kinds.index("CustomResourceDefinition") < kinds.index("Deployment")


def test_no_right_is_too_wide() -> None:
    """Nothing on Secrets, no wildcard, no right to change roles or to act as somebody else."""
    for rule in (*manifests.rules(), *by_kind("Role")["rules"]):
        words = [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert "*" not in words
        assert not {"secrets", "pods/exec", "serviceaccounts/token"} & set(words)
        assert not {"escalate", "bind", "impersonate"} & set(words)
        assert "rbac.authorization.k8s.io" not in words


def test_pods_are_only_looked_at() -> None:
    """The operator neither makes nor changes nor deletes a pod; the kinds' own controllers do."""
    [rule] = [each for each in manifests.rules() if each["resources"] == [PODS.plural]]
    assert rule["verbs"] == ["get", "list", "watch"]


def test_every_kind_of_job_has_its_right() -> None:
    """Each kind that the operator runs unasked can be created and deleted, and no status written."""
    allowed = {
        (group, resource): set(rule["verbs"])
        for rule in manifests.rules()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    for kind in TRIAL_KINDS:
        verbs = allowed[kind.group, manifests.PLURALS[kind.kind]]
        assert verbs == {"get", "list", "watch", "create", "delete"}


@pytest.mark.parametrize("words", ["runAsNonRoot", "seccompProfile"])
def test_the_pod_is_restricted(words: str) -> None:
    """The Deployment fits the `restricted` Pod Security level, and its root file system is read-only."""
    pod = by_kind("Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"][words]
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_lease_is_its_own() -> None:
    """Leases are written in the operator's namespace alone, and of those only its own is changed."""
    [create, change] = by_kind("Role")["rules"]
    assert create["verbs"] == ["create"]
    assert change["resourceNames"] == ["munshi-operator"]
