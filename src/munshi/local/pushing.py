"""How a program reports by a call instead of by printing: what it finds when it calls.

`munshi.report_metrics` writes to a file that MUNSHI_METRICS_FILE names. `report_metrics` of the
kubeflow-katib SDK speaks gRPC to `katib-db-manager.kubeflow:6789`, and reads the file that tells a pod its
namespace; neither exists on this machine. So the trial sees a hosts file in which that name is a loopback
address of its experiment's own, where munshi listens (`rpc`), and the program stays as it is. The
address follows from the experiment, so that programs which outlive one munshi find the next.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from munshi.local.process import Bind
from munshi.rpc import address

METRICS_PORT = "MUNSHI_METRICS_PORT"
"""A variable that a job may set to the port its program serves metrics at; here it gets a free one."""
NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
HOSTS = Path("/etc/hosts")


def manager_host(experiment_uid: str) -> str:
    """The loopback address that stands for Katib's DB manager in this experiment's trials."""
    if sys.platform != "linux":  # elsewhere only 127.0.0.1 is there unless somebody sets up more
        return "127.0.0.1"
    parts = hashlib.sha256(experiment_uid.encode()).digest()
    return f"127.{64 + parts[0] % 128}.{parts[1]}.{1 + parts[2] % 254}"


def binds(folder: Path, namespace: str, host: str) -> tuple[Bind, ...]:
    """The files by which the SDK's call finds its way, written below the trial's folder."""
    own = folder / "pod"
    own.mkdir(parents=True, exist_ok=True)
    hosts, namespace_file = own / "hosts", own / "namespace"
    known = HOSTS.read_text("utf-8", "replace") if HOSTS.exists() else ""
    hosts.write_text(f"{known.rstrip()}\n{host} {address.HOST}\n")
    namespace_file.write_text(namespace)
    return (
        Bind(str(hosts), str(HOSTS), read_only=True),
        Bind(str(namespace_file), NAMESPACE_FILE, read_only=True),
    )
