"""What the operator is told: kinds, addresses, and which kinds it then runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi.api.experiment import Experiment
from munshi.errors import Invalid
from munshi.kube.operator.settings import Settings, TrialKind, read_address, read_kind
from munshi.testing.builders import a_template, an_experiment

KINDS = {
    "Workflow.v1alpha1.argoproj.io": TrialKind("argoproj.io/v1alpha1", "Workflow"),
    "Job.v1.batch": TrialKind("batch/v1", "Job"),
    "Pod.v1": TrialKind("v1", "Pod"),
}


@pytest.mark.parametrize(("text", "kind"), KINDS.items())
def test_a_kind_as_katib_writes_it(text: str, kind: TrialKind) -> None:
    """Kind.version.group is read, and written back the same."""
    assert read_kind(text) == kind
    assert str(kind) == text


@pytest.mark.parametrize(
    "text", ["", "workflow.v1.argoproj.io", "Workflow", "Workflow/v1", "W.1.x"]
)
def test_what_is_no_kind(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(Invalid, match=r"Workflow\.v1alpha1\.argoproj\.io"):
        read_kind(text)


ADDRESSES = {
    "127.0.0.1:8080": ("127.0.0.1", 8080),
    ":9090": ("0.0.0.0", 9090),  # noqa: S104 - what the user writes
    "[::1]:80": ("::1", 80),
}


@pytest.mark.parametrize(("text", "address"), ADDRESSES.items())
def test_an_address(text: str, address: tuple[str, int]) -> None:
    """HOST:PORT, with or without a host, IPv6 in brackets."""
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", "8080", "localhost:", "localhost:http", ":70000"])
def test_what_is_no_address(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(Invalid, match=r"127\.0\.0\.1:8080"):
        read_address(text)


def of_kind(version: str, kind: str) -> Experiment:
    """An Experiment whose trials are of that kind."""
    job = {"apiVersion": version, "kind": kind, "spec": {}}
    return an_experiment(template=a_template().model_copy(update={"trial_spec": job}))


def test_known_kinds_are_run() -> None:
    """Those that Katib knows, in any version of their group."""
    settings = Settings(Path())
    assert settings.faults(of_kind("batch/v1", "Job")) == []
    assert settings.faults(of_kind("kubeflow.org/v2beta1", "MPIJob")) == []


def test_another_kind_needs_to_be_named() -> None:
    """It is refused with the option to write, and run once that is said."""
    [fault] = Settings(Path()).faults(of_kind("argoproj.io/v1alpha1", "Workflow"))
    assert "--trial-kind Workflow.v1alpha1.argoproj.io" in fault.mend
    named = Settings(Path(), trial_kinds=(read_kind("Workflow.v1alpha1.argoproj.io"),))
    assert named.faults(of_kind("argoproj.io/v1alpha1", "Workflow")) == []
