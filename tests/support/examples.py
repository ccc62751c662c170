"""Katib's example Experiments, made small enough for the tests' cluster: other images, few trials."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from support.cluster import Cluster

FOLDER = Path(__file__).parents[1] / "manifests"
IMAGES = {
    r"ghcr.io/kubeflow/katib/(pytorch-mnist-cpu|tf-mnist-with-summaries):latest": "munshi/trial:test",
    r"ghcr.io/kubeflow/katib/custom-metrics-collector:latest": "munshi/custom-collector:test",
    r"docker.io/kubeflow/mpi-horovod-mnist": "munshi/trial:test",
    r"docker.io/kubeflowkatib/pytorch-mnist:\S+": "munshi/trial:test",
}
"""What stands in for the images of the examples; everything else is left as it is."""


def example(name: str, namespace: Cluster, **spec: Any) -> dict[str, Any]:
    """An example with our images, for another namespace, with two trials at most.

    Args:
        name: The file's, below v1beta1.
        namespace: Where it shall run.
        spec: Fields of its spec instead of what the file says.
    """
    text = (FOLDER / "v1beta1" / name).read_text("utf-8")
    for theirs, ours in IMAGES.items():
        text = re.sub(rf"image: {theirs}$", f"image: {ours}", text, flags=re.MULTILINE)
    document: dict[str, Any] = yaml.safe_load(text)
    document["metadata"]["namespace"] = namespace.namespace
    few = {"maxTrialCount": 2, "parallelTrialCount": 2, "maxFailedTrialCount": 1}
    document["spec"] |= {**few, **spec}
    return document
