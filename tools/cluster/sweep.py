"""The end of a cluster, whatever state it is in.

Killing the node's processes takes almost everything along. What remains outside the node is named by the
cluster's number, so it can be told from what others have even when nothing else is left: a virtual cable and
a control group.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tools.cluster import node
from tools.cluster.lock import alone
from tools.cluster.network import NUMBERS, Network
from tools.cluster.place import ClusterError, Place

LOCK = "cluster: starting or ending"
"""Held where cables and numbers are dealt out, or taken away."""
GO_S = 30


def end(place: Place) -> None:
    """End a cluster and take away all it had; where there is none, this does nothing."""
    with alone(LOCK):
        node.kill(lambda: node.of(place))
        sweep()
    shutil.rmtree(place.state, ignore_errors=True)
    if place.state.exists():
        shutil.rmtree(place.state)  # again, and aloud


def sweep() -> set[int]:
    """Take away what clusters left that do not run any more, or whose folder was deleted.

    Returns:
        The numbers of the clusters that run.
    """
    node.kill(lambda: [one for one in node.processes() if not one.state.is_dir()])
    running = {one.number for one in node.processes()}
    for network in map(Network, set(NUMBERS) - running):
        _remove_cable(network)
        _remove_cgroups(network)
    return running


def _remove_cable(network: Network) -> None:
    # The kernel removes it with the node's network, some time later; deleting it twice is no harm.
    if Path("/sys/class/net", network.cable).exists():
        subprocess.run(
            ["ip", "link", "delete", network.cable], capture_output=True, timeout=10, check=False
        )


def _remove_cgroups(network: Network) -> None:
    until = time.monotonic() + GO_S
    for top in network.cgroups():
        while top.is_dir():
            for folder in sorted(top.rglob("*/"), reverse=True):
                with suppress(OSError):  # busy until its last process is quite gone
                    folder.rmdir()
            with suppress(OSError):
                top.rmdir()
            if time.monotonic() > until:
                message = f"The control group {top} does not empty."
                raise ClusterError(message)
            if top.is_dir():
                time.sleep(0.05)
