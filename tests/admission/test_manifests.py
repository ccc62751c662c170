"""Katib's own examples: admitted, or refused at exactly these fields for a true reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi import admission
from munshi.api import source
from munshi.api.common import ParameterAssignment
from munshi.api.suggestion import TrialAssignment
from munshi.errors import Invalid
from munshi.template import trial

FOLDER = Path(__file__).parent.parent / "manifests"
ALGORITHM = "spec.algorithm.algorithmName"
REFUSED = {
    "v1alpha3/bayesianoptimization-example.yaml": {ALGORITHM},
    "v1alpha3/nas/darts-example-gpu.yaml": {ALGORITHM, "spec.nasConfig"},
    "v1alpha3/nas/enas-example-cpu.yaml": {ALGORITHM, "spec.nasConfig"},
    "v1beta1/hp-tuning/bayesian-optimization.yaml": {ALGORITHM},
    "v1beta1/hp-tuning/simple-pbt.yaml": {ALGORITHM, "spec.maxFailedTrialCount"},
    "v1beta1/nas/darts-gpu.yaml": {ALGORITHM, "spec.nasConfig"},
    "v1beta1/nas/enas-cpu.yaml": {ALGORITHM, "spec.nasConfig"},
    "v1beta1/trial-template/trial-configmap-source.yaml": {
        "spec.trialTemplate.configMap.configMapName",
    },
}
MANIFESTS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml"))


def read(name: str) -> source.Source:
    """The one Experiment of a manifest."""
    (document,) = source.read((FOLDER / name).read_bytes(), name)
    return document


def test_the_table_speaks_of_real_files() -> None:
    """Every manifest named as refused exists."""
    assert set(REFUSED) <= set(MANIFESTS)
    assert len(MANIFESTS) == 32


@pytest.mark.parametrize("name", REFUSED)
def test_manifest_is_refused(name: str) -> None:
    """Exactly the listed fields are at fault, each with a line."""
    with pytest.raises(Invalid) as refused:
        admission.admit(read(name))
    assert {fault.field for fault in refused.value.faults} == REFUSED[name]
    assert all(fault.mark for fault in refused.value.faults)


@pytest.mark.parametrize("name", [name for name in MANIFESTS if name not in REFUSED])
def test_manifest_is_admitted_and_gives_a_trial(name: str) -> None:
    """A Trial of it has conditions, a primary container, and no placeholder left."""
    experiment = admission.admit(read(name)).experiment
    values = tuple(
        ParameterAssignment(name=p.name, value=p.feasible_space.min or p.feasible_space.list_[0])
        for p in experiment.spec.parameters
    )
    made = trial(experiment, TrialAssignment(name="trial-1", parameter_assignments=values), None)
    assert made.spec.primary_container_name
    assert made.spec.success_condition
    assert made.spec.failure_condition
    assert made.spec.run_spec is not None
    assert made.spec.run_spec["metadata"]["name"] == "trial-1"
    assert "trialParameters" not in str(made.spec.run_spec)
