"""The programs of a cluster: their settings, and how each says that it is well.

Every setting here has been needed.
"""

from __future__ import annotations

from tools.cluster.binaries import Binaries
from tools.cluster.network import Network
from tools.cluster.parts import control_plane, pods
from tools.cluster.parts.part import CERTIFICATES, PAUSE, SETTINGS, Part
from tools.cluster.place import Place

__all__ = ["CERTIFICATES", "PAUSE", "SETTINGS", "Part", "all_parts", "write_settings"]


def all_parts(binaries: Binaries, network: Network, registry: tuple[str, ...]) -> dict[str, Part]:
    """Every part of a cluster, by its name, in an order in which they can be started."""
    parts = [
        control_plane.etcd(binaries),
        Part("registry", registry, f"{network.registry}/v2/"),
        pods.containerd(network),
        control_plane.api_server(binaries, network),
        control_plane.controller_manager(binaries, network),
        control_plane.scheduler(binaries, network),
        pods.kubelet(binaries, network),
        pods.proxy(binaries, network),
        pods.coredns(binaries, network),
    ]
    return {part.name: part for part in parts}


def write_settings(place: Place, parts: dict[str, Part]) -> None:
    """Write the files that the parts read."""
    for part in parts.values():
        for name, text in part.settings.items():
            file = place.state / SETTINGS.name / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
