"""An Experiment that cannot even be read goes back to its author: its status says why.

It never becomes an object of ours, so the status is written into the document as it stands.
"""

from __future__ import annotations

import copy
from datetime import datetime

from munshi.api.conditions import find
from munshi.api.decode import decode
from munshi.api.experiment import Experiment, ExperimentCondition
from munshi.engine.ports import Event
from munshi.kube.objects import documents
from munshi.kube.objects.store import Unreadable
from munshi.kube.operator import refusal
from munshi.kube.wire import kinds
from munshi.kube.wire.api import Api


async def give_back(api: Api, unreadable: Unreadable, now: datetime) -> Event | None:
    """Write the faults into the Experiment's status.

    Returns:
        What there is to tell; None when the Experiment says it already, was mended, or is another one by now.

    Raises:
        MunshiError: It was not written. The Experiment's next change brings it here again.
    """
    key = unreadable.key
    document = await api.get(kinds.EXPERIMENTS.path(key.namespace, key.name))
    faults = documents.read(copy.deepcopy(document), Experiment).faults
    if not faults:
        return None  # its author has mended it meanwhile
    document.pop("spec", None)
    before = decode(documents.trimmed(document), Experiment).value
    if before.uid != unreadable.uid or before.metadata.deletion_timestamp is not None:
        return None
    after = refusal.refused(before, faults, now)
    if after is before:
        return None
    patch = documents.change_of_status(before, after)
    patch["metadata"] = {"resourceVersion": before.metadata.resource_version}
    await api.patch(kinds.EXPERIMENTS.path(key.namespace, key.name, "status"), patch)
    said = find(after.status.conditions, ExperimentCondition.FAILED)
    return Event(
        now,
        "Experiment",
        key.namespace,
        key.name,
        unreadable.uid,
        unreadable.uid,
        refusal.REASON,
        said.message if said else "",
        warning=True,
    )
