"""What is installed into a cluster once its API server answers: the name service and training operator."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from typing import Any

from tools.cluster import certificates
from tools.cluster.binaries import Binaries
from tools.cluster.certificates import NODE
from tools.cluster.network import Network
from tools.cluster.place import ClusterError, Place

OPERATOR, OPERATOR_NAMESPACE = "training-operator", "kubeflow"
WAIT_S = 90


def install(place: Place, binaries: Binaries, network: Network) -> None:
    """Install everything; twice is no harm.

    Raises:
        ClusterError: The API server refuses.
    """
    webhook = place.state / "certificates" / "webhook"
    webhook.mkdir(exist_ok=True)
    certificates.authority(webhook, "ca")
    certificates.server(webhook, "ca", "tls", (f"{OPERATOR}.{OPERATOR_NAMESPACE}.svc",))
    # The operator would make these itself, and then wait for a minute until they appear in its pod.
    files = ("ca.crt", "ca.key", "tls.crt", "tls.key")
    secret = {name: base64.b64encode((webhook / name).read_bytes()).decode() for name in files}
    _apply(place, binaries, *_name_service(network), *_operator_secret(secret))
    folder = binaries.manifests / "overlays" / "standalone"
    kubectl(place, binaries, "apply", "--server-side", "--force-conflicts", "-k", str(folder))


def wait(place: Place, binaries: Binaries) -> None:
    """Wait until pods can run and jobs of Kubeflow's kinds can be created.

    Raises:
        ClusterError: It takes too long.
    """
    for words in (
        ("node", NODE, "--for=condition=Ready"),
        ("serviceaccount", "default", "--for=create"),
        ("deployment", OPERATOR, f"--namespace={OPERATOR_NAMESPACE}", "--for=condition=Available"),
    ):
        kubectl(place, binaries, "wait", f"--timeout={WAIT_S}s", *words)


def kubectl(place: Place, binaries: Binaries, *words: str, given: str | None = None) -> str:
    """Run our own kubectl as the administrator, with nothing of the user's.

    Returns:
        What it wrote to standard output.

    Raises:
        ClusterError: It failed, with what it wrote to standard error.
    """
    own = [f"--kubeconfig={place.kubeconfig}", f"--cache-dir={place.state}/kubectl"]
    done = subprocess.run(
        [binaries["kubectl"], *own, *words],
        input=given,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(place.state)},
        capture_output=True,
        text=True,
        timeout=WAIT_S + 30,
        check=False,
    )
    if done.returncode:
        message = f"kubectl {' '.join(words)} failed:\n{done.stderr[-3000:]}"
        raise ClusterError(message)
    return done.stdout


def _apply(place: Place, binaries: Binaries, *objects: dict[str, Any]) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    kubectl(place, binaries, "apply", "--server-side", "-f", "-", given=json.dumps(items))


def _name_service(network: Network) -> list[dict[str, Any]]:
    """CoreDNS runs beside the API server, not in a pod: one pod less to wait for."""
    kinds = [
        {"name": f"dns-{kind.lower()}", "port": 53, "protocol": kind} for kind in ("UDP", "TCP")
    ]
    where = {"name": "kube-dns", "namespace": "kube-system"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": where,
            "spec": {"clusterIP": network.dns, "ports": kinds},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**where, "labels": {"kubernetes.io/service-name": where["name"]}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [network.node]}],
            "ports": kinds,
        },
    ]


def _operator_secret(data: dict[str, str]) -> list[dict[str, Any]]:
    where = {"name": f"{OPERATOR}-webhook-cert", "namespace": OPERATOR_NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATOR_NAMESPACE}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": where, "data": data},
    ]
