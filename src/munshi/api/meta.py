"""Kubernetes' object metadata, and the names and labels that scripts rely on (Katib API contract §6)."""

from __future__ import annotations

from typing import NewType

from pydantic import Field

from munshi.api.wire import Count, Flag, Object, Text, Time, Wire

ExperimentName = NewType("ExperimentName", str)
TrialName = NewType("TrialName", str)

GROUP = "kubeflow.org"
HOME = f"{GROUP}/v1beta1"
V1ALPHA3 = f"{GROUP}/v1alpha3"

EXPERIMENT_LABEL = "katib.kubeflow.org/experiment"
"""On every Trial: the name of its Experiment."""
TRIAL_LABEL = "katib.kubeflow.org/trial"
"""On everything a Trial runs: the Trial's name."""
INDEX_ANNOTATION = "munshi/suggestion-index"
"""On an assignment and its Trial: which suggestion of the Experiment this is, from 0."""
AFTER_ANNOTATION = "munshi/new-results"
"""On an assignment and its Trial: the Trials whose results the algorithm saw for the first time here.

Read in index order, these say exactly what the algorithm knew at every suggestion, so that a
model-based search can be computed again and compared.
"""
RETURNED_ANNOTATION = "munshi/returned-from"
"""On an assignment that was taken back from a Trial (by uid) when `parallelTrialCount` was lowered."""
STOP_ANNOTATION = "munshi/stop"
"""On an Experiment or a Trial that the user wants ended now; the value says why, in words."""
SUSPEND_ANNOTATION = "munshi/suspend"
"""On an Experiment that is to begin no new trial until the annotation is taken away; running ones go on."""
RETRY_ANNOTATION = "munshi/retry"
"""On a Trial that failed, was killed or reported nothing: the `status.attempts` after which to begin anew."""
ATTEMPT_ANNOTATION = "munshi/attempt"
"""On a Trial's job: the `status.attempts` that it was created for."""

TRIAL_NAME_VARIABLE = "KATIB_TRIAL_NAME"


class OwnerReference(Wire):
    """Whose object this is; when the owner goes, so does this."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: Flag | None = None
    block_owner_deletion: Flag | None = None


class ObjectMeta(Wire):
    """Kubernetes' `metadata`. Users write the first five; the store writes the rest."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    labels: dict[str, Text] = Field(default_factory=dict)
    annotations: dict[str, Text] = Field(default_factory=dict)
    uid: str = ""
    resource_version: str = ""
    generation: Count = 0
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: Count | None = None
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()
    managed_fields: tuple[Object, ...] = ()
    self_link: str = ""

    def controller(self) -> OwnerReference | None:
        """The one owner that manages this object, if any."""
        return next((owner for owner in self.owner_references if owner.controller), None)


class Resource(Wire):
    """What every kind has in common."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = ObjectMeta()

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """`metadata.namespace`; empty before admission."""
        return self.metadata.namespace

    @property
    def uid(self) -> str:
        """`metadata.uid`, given by the store."""
        return self.metadata.uid

    def dump(self) -> Object:
        """The JSON form; apiVersion and kind are always said, and first."""
        return {"apiVersion": self.api_version, "kind": self.kind, **super().dump()}

    def owned_by(self) -> OwnerReference:
        """The reference that makes another object a child of this one."""
        return OwnerReference(
            api_version=self.api_version,
            kind=self.kind,
            name=self.name,
            uid=self.uid,
            controller=True,
            block_owner_deletion=True,
        )


class ConfigMap(Resource):
    """Kubernetes' v1 ConfigMap: trial templates and files for trials are kept in these."""

    data: dict[str, str] = Field(default_factory=dict)
    binary_data: dict[str, str] = Field(default_factory=dict)
    immutable: Flag | None = None
