"""Which version of the API the author of an Experiment spoke.

The API server keeps one form of an object and shows it under whichever version is asked for, so an Experiment
that was written as v1alpha3 comes back as v1beta1, and what the two versions mean differently by the same
words would be lost. But `metadata.managedFields` says of each field under which version it was written last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from munshi.api.meta import HOME, V1ALPHA3

_WITNESS = ("f:spec", "f:objective")
"""A field that every Experiment has and nobody can change later: who wrote it wrote the Experiment."""


def version(document: Mapping[str, Any]) -> str:
    """The apiVersion under which the objective was written; where nothing tells, that of the document.

    Args:
        document: An Experiment, as the API server gave it.
    """
    meta = document.get("metadata") or {}
    writers = [
        str(entry.get("apiVersion"))
        for entry in meta.get("managedFields") or ()
        if not entry.get("subresource") and _has(entry.get("fieldsV1"))
    ]
    # Two have written it alike (server-side apply): the older dialect is the one that was meant.
    found = next((one for one in (V1ALPHA3, HOME) if one in writers), "")
    return found or str(document.get("apiVersion") or "")


def _has(fields: object) -> bool:
    for step in _WITNESS:
        fields = fields.get(step) if isinstance(fields, Mapping) else None
    return fields is not None
