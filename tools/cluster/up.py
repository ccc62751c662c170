"""The start of a cluster: each step bounded, each failure with the tail of the log that explains it."""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.cluster import (
    addons,
    binaries,
    certificates,
    network,
    node,
    packages,
    parts,
    running,
    sweep,
)
from tools.cluster.lock import alone
from tools.cluster.place import ClusterError, Place
from tools.cluster.running import Running
from tools.images import recipes

FIRST = ("etcd", "registry", "containerd", "kube-apiserver")
PRESENT = (parts.PAUSE, "munshi/busybox:test", "munshi/trial:test", "munshi/munshi:test")
"""Images that are there from the start, so that pods may say `imagePullPolicy: Never`. The others are pulled
when a pod wants them."""
PULL_S = 120
START_S = 3600
"""Of two who want the same cluster, the second waits so long; the first may be building Kubernetes."""


def up(place: Place) -> None:
    """Start a cluster, with the images of now; one that runs gets these, and goes on.

    What was left of an earlier one is taken away first.

    Raises:
        ClusterError: It cannot be had; nothing of it is left but its logs.
    """
    with alone(f"cluster in {_name(place)}", START_S):
        if cluster := _running(place):
            recipes.build(binaries.ready())
            _pull_present(cluster)
            print(f"The cluster runs already; its kubeconfig is {place.kubeconfig}")
            return
        packages.install()
        built = binaries.ready()
        images = recipes.build(built)
        began = time.monotonic()
        print("Starting the cluster …", flush=True)
        try:
            _start(place, built, images)
        except BaseException:
            _keep_logs(place)
            sweep.end(place)
            raise
        print(
            f"It is ready after {time.monotonic() - began:.0f} s; its kubeconfig is {place.kubeconfig}"
        )


def _running(place: Place) -> Running | None:
    """The cluster that runs here, if one does. Parts that were stopped, and nobody started, are started."""
    if not (place.state / "ready").exists():
        return None
    try:
        cluster = running.found(place)
        for name in cluster.parts:
            cluster.start(name)
    except ClusterError as error:
        print(f"The cluster that ran is given up: {error}", flush=True)
        return None
    return cluster


def _name(place: Place) -> str:
    return hashlib.sha256(bytes(place.state)).hexdigest()[:16]


def _keep_logs(place: Place) -> None:
    """A failure must be explained, also when what failed is gone."""
    kept = place.state.with_name(f"{place.state.name}-failed")
    shutil.rmtree(kept, ignore_errors=True)
    if place.log_folder.is_dir():
        shutil.copytree(place.log_folder, kept, ignore_dangling_symlinks=True)
        print(f"All logs of this start are kept in {kept}", file=sys.stderr)


def _start(place: Place, built: binaries.Binaries, images: Path) -> None:
    sweep.end(place)
    place.state.mkdir(parents=True, mode=0o700)
    place.log_folder.mkdir()
    cluster = _prepared(place, built, images)
    cluster.launch(*FIRST)
    cluster.wait("registry", "containerd")
    with ThreadPoolExecutor(1) as pool:
        pulling = pool.submit(_pull_present, cluster)
        cluster.wait("kube-apiserver")
        cluster.launch(*(name for name in cluster.parts if name not in FIRST))
        addons.install(place, built, cluster.network)
        cluster.wait(*cluster.parts)
        pulling.result()
    addons.wait(place, built)
    (place.state / "ready").touch()


def _prepared(place: Place, built: binaries.Binaries, images: Path) -> Running:
    """A node with its network, and all that the parts read."""
    with alone(sweep.LOCK):
        chosen = network.free(sweep.sweep())
        if chosen is None:
            message = (
                "There is no free network: of 10.210.0.0/16 to 10.219.0.0/16 and 10.220.0.0/16 to "
            )
            message += "10.229.0.0/16, each is used by a cluster or routed elsewhere (ip route)."
            raise ClusterError(message)
        node.start(place, chosen)
    certificates.make(place.state / parts.CERTIFICATES.name, chosen)
    (place.state / parts.CERTIFICATES.name / "admin.kubeconfig").rename(place.kubeconfig)
    return running.prepared(place, chosen, built, images)


def _pull_present(cluster: Running) -> None:
    registries = f"--hosts-dir={parts.SETTINGS}/registries"
    for image in PRESENT:
        words = ("ctr", "-n", "k8s.io", "image", "pull", registries, f"docker.io/{image}")
        node.run(cluster.place, cluster.network, *words, timeout_s=PULL_S)
