"""The way of an Experiment from a document into the store: judged, named, written down.

`munshi run` goes it, and so does what is submitted in the browser.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import replace

from munshi.admission.names import name_faults
from munshi.admission.update import update_faults
from munshi.api.experiment import Experiment
from munshi.api.meta import ConfigMap, ObjectMeta
from munshi.api.source import Source
from munshi.cli import here, home, judging, served
from munshi.cli.files import Documents
from munshi.engine.ports import Store
from munshi.errors import AlreadyExists, Conflict, FieldFault, Invalid, NotFound
from munshi.local.planning import Settings
from munshi.reconcile.names import ALPHABET
from munshi.rpc.services.target import Targets

GENERATED = 5
"""Characters behind generateName, as Kubernetes has them."""


def admitted(
    document: Source, documents: Documents, namespace: str, targets: Targets
) -> tuple[Experiment, list[str]]:
    """Judge an Experiment and give it its namespace.

    Args:
        document: Where it stands.
        documents: With what came along.
        namespace: Where it goes unless the document says it.
        targets: Services that answer for algorithms.

    Returns:
        The Experiment with defaults, and what was written and has no effect, a line each.

    Raises:
        Invalid: With every fault.
    """
    admitted = judging.admit(document, documents, served.served(targets))
    warnings = judging.warnings(document, admitted)
    found, written = admitted.experiment, _written_namespace(document)
    if written and namespace not in (written, home.DEFAULT_NAMESPACE):
        field = ("metadata", "namespace")
        mend = f"leave out -n {namespace}, or change the file"
        problem = f'is "{written}", and -n says "{namespace}"'
        raise document.refusal([FieldFault(field, problem, mend)])
    if written:
        return found, warnings
    meta = found.metadata.model_copy(update={"namespace": namespace})
    placed = found.model_copy(update={"metadata": meta})
    if faults := list(name_faults(placed)):
        # The file was judged already, so it is the command line's namespace: a folder bears its name.
        raise Invalid([replace(fault, path=("--namespace",)) for fault in faults])
    return placed, warnings


def _written_namespace(document: Source) -> str:
    value = document.value
    meta = value.get("metadata") if isinstance(value, dict) else None
    said = meta.get("namespace") if isinstance(meta, dict) else None
    return said if isinstance(said, str) else ""


def judge_here(
    experiment: Experiment, document: Source, documents: Documents, settings: Settings
) -> None:
    """Refuse before anything runs what this machine cannot do.

    Raises:
        Invalid: With every fault, at its place.
    """
    faults = here.faults(experiment, document, documents, settings)
    if faults:
        raise document.refusal(faults)


async def with_kept_config_maps(store: Store, documents: Documents) -> Documents:
    """Those of earlier runs serve as well, so that a stored Experiment alone can be run again."""
    given = documents.config_maps
    kept = {
        (one.namespace, one.name): one.data
        for one in await store.list(ConfigMap)
        if ("", one.name) not in given
    }
    return replace(documents, config_maps={**kept, **given})


async def keep_config_maps(store: Store, documents: Documents, namespace: str) -> None:
    """Keep the ConfigMaps that came along; those without a namespace in this one."""
    for (where, name), data in documents.config_maps.items():
        meta = ObjectMeta(name=name, namespace=where or namespace)
        fresh = ConfigMap(api_version="v1", kind="ConfigMap", metadata=meta, data=dict(data))
        await _keep(store, fresh)


async def _keep(store: Store, fresh: ConfigMap) -> None:
    while True:
        with contextlib.suppress(AlreadyExists, Conflict):
            try:
                kept = await store.get(ConfigMap, fresh.namespace, fresh.name)
            except NotFound:
                await store.create(fresh)
            else:
                if kept.data != fresh.data:
                    await store.replace(kept.model_copy(update={"data": fresh.data}))
            return


def named(experiment: Experiment) -> Experiment:
    """With a name of its own where the author wrote only generateName, as an API server does."""
    meta = experiment.metadata
    if meta.name or not meta.generate_name:
        return experiment
    name = meta.generate_name + "".join(secrets.choice(ALPHABET) for _ in range(GENERATED))
    named = meta.model_copy(update={"name": name})
    return experiment.model_copy(update={"metadata": named})


async def submitted(store: Store, experiment: Experiment, document: Source) -> Experiment:
    """Create the experiment, or change the one that is there as far as its author may."""
    while True:
        # Somebody else may create it, or write its status, between our look and our own write.
        with contextlib.suppress(AlreadyExists, Conflict):
            try:
                old = await store.get(Experiment, experiment.namespace, experiment.name)
            except NotFound:
                return await store.create(experiment)
            if old.spec == experiment.spec:
                return old
            if faults := list(update_faults(old, experiment)):
                raise document.refusal(faults)
            return await store.replace(old.model_copy(update={"spec": experiment.spec}))
