"""Trials for these tests: of Katib's own examples, and of a few words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from munshi import admission
from munshi.api import source
from munshi.api.common import (
    CollectorKind,
    CollectorSpec,
    FileFormat,
    FileSystemKind,
    FileSystemPath,
    MetricsCollectorSpec,
    ParameterAssignment,
    SourceSpec,
)
from munshi.api.meta import ObjectMeta, OwnerReference
from munshi.api.suggestion import TrialAssignment
from munshi.api.trial import Trial, TrialSpec, TrialStatus
from munshi.api.wire import Object
from munshi.errors import Invalid
from munshi.template import trial
from munshi.testing.builders import an_objective

FOLDER = Path(__file__).parents[2] / "manifests"
UID = "0000-trial"


def of_manifest(name: str) -> Trial:
    """A trial of a manifest, with the first value of each parameter, at its first attempt."""
    (document,) = source.read((FOLDER / name).read_bytes(), name)
    experiment = admission.admit(document).experiment
    values = tuple(
        ParameterAssignment(name=p.name, value=p.feasible_space.min or p.feasible_space.list_[0])
        for p in experiment.spec.parameters
    )
    made = trial(experiment, TrialAssignment(name="trial-1", parameter_assignments=values), None)
    metadata = made.metadata.model_copy(update={"uid": UID, "namespace": "team"})
    return made.model_copy(update={"metadata": metadata, "status": TrialStatus(attempts=1)})


@cache
def admitted() -> tuple[str, ...]:
    """The manifests that give a trial at all."""
    found = []
    for path in sorted(FOLDER.rglob("*.yaml")):
        name = path.relative_to(FOLDER).as_posix()
        try:
            of_manifest(name)
        except Invalid:
            continue
        found.append(name)
    return tuple(found)


def collecting(
    kind: CollectorKind, path: str = "", *, json: bool = False, custom: Object | None = None
) -> MetricsCollectorSpec:
    """A collector of that kind, reading that path."""
    sort = FileSystemKind.DIRECTORY if kind is CollectorKind.TF_EVENT else FileSystemKind.FILE
    form = FileFormat.JSON if json else FileFormat.UNSET
    where = FileSystemPath(path=path, kind=sort, format=form) if path else None
    return MetricsCollectorSpec(
        source=SourceSpec(file_system_path=where) if where else None,
        collector=CollectorSpec(kind=kind, custom_collector=custom),
    )


def a_job(pod: Object | None = None, **container: object) -> Object:
    """A Job with one container, `main`."""
    main: Object = {"name": "main", "image": "train", "command": ["train", "--lr=0.1"], **container}
    spec: Object = {"restartPolicy": "Never", **(pod or {}), "containers": [main]}
    template: Object = {"spec": spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": template}}


def a_trial(
    job: Object | None = None, collector: MetricsCollectorSpec | None = None, primary: str = "main"
) -> Trial:
    """A trial of that job, at its first attempt, owned by experiment `e`."""
    owner = OwnerReference(kind="Experiment", name="e", uid="0000-e", controller=True)
    return Trial(
        metadata=ObjectMeta(
            name="e-1",
            namespace="team",
            uid=UID,
            labels={"katib.kubeflow.org/experiment": "e", "team": "ours"},
            owner_references=(owner,),
        ),
        spec=TrialSpec(
            objective=an_objective(),
            run_spec=job or a_job(),
            metrics_collector=collector,
            primary_container_name=primary,
        ),
        status=TrialStatus(attempts=1),
    )
