"""The addresses of a cluster. Each has a number of its own, so several can run on one machine.

Pods and the node are on one bridge inside the node's private network. One end of a virtual cable is in that
bridge, the other on the host, which so can reach the API server, each pod and each Service directly. There
is no way out: nothing in the cluster reaches the host's own network, let alone the world.
"""

from __future__ import annotations

import ipaddress
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

NUMBERS = range(10)
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses and names that follow from a cluster's number."""

    number: int

    @property
    def cable(self) -> str:
        """The host's end of the cable."""
        return f"munshi{self.number}"

    @property
    def cgroup(self) -> str:
        """The name of the control group of all pods."""
        return f"munshi-{self.number}"

    def cgroups(self) -> list[Path]:
        """Where that group is: once in each hierarchy of the old kind, or in the one of the new."""
        tops = [CGROUPS, *CGROUPS.iterdir()] if CGROUPS.is_dir() else []
        return [top / self.cgroup for top in tops if (top / "cgroup.procs").exists()]

    @property
    def everything(self) -> str:
        """Pods, the node and the host's end of the cable."""
        return f"10.{210 + self.number}.0.0/16"

    @property
    def pods(self) -> str:
        """Pods and the node, without the host: kube-proxy must know who is a stranger."""
        return f"10.{210 + self.number}.0.0/17"

    @property
    def pods_from_to(self) -> tuple[str, str]:
        """The first and last address that a pod may get."""
        return f"10.{210 + self.number}.0.10", f"10.{210 + self.number}.127.250"

    @property
    def node(self) -> str:
        """Where the API server and the other parts listen."""
        return f"10.{210 + self.number}.0.1"

    @property
    def host(self) -> str:
        """The host's address on the pods' network."""
        return f"10.{210 + self.number}.255.250"

    @property
    def services(self) -> str:
        """Where Services live."""
        return f"10.{220 + self.number}.0.0/16"

    @property
    def kubernetes(self) -> str:
        """The Service `kubernetes.default`."""
        return f"10.{220 + self.number}.0.1"

    @property
    def dns(self) -> str:
        """The Service `kube-dns`."""
        return f"10.{220 + self.number}.0.10"

    @property
    def api(self) -> str:
        """The API server, for the host and the parts."""
        return f"https://{self.node}:6443"

    @property
    def registry(self) -> str:
        """Where containerd finds all images."""
        return f"http://{self.node}:5000"


def free(taken: set[int]) -> Network | None:
    """The first network that no other cluster has and that the machine has no route to, if any."""
    said = subprocess.run(
        ["ip", "-json", "route"], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    routes = [
        ipaddress.ip_network(route["dst"], strict=False)
        for route in json.loads(said or "[]")
        if route["dst"] != "default"
    ]
    for network in map(Network, NUMBERS):
        wanted = map(ipaddress.ip_network, (network.everything, network.services))
        if network.number not in taken and not any(
            one.overlaps(route) for one in wanted for route in routes
        ):
            return network
    return None
