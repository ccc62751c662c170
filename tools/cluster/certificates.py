"""Who may say what to whom: one authority, and a certificate for each who speaks.

Kubernetes reads the user's name from a certificate's CN and the groups from its O. The kubeconfig written
for each speaker holds its certificate and key, so it can be copied and needs no other file.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

from tools.cluster.network import Network
from tools.cluster.place import ClusterError

DAYS = "3650"
NODE = "node1"
ADMINS = "system:masters"
SPEAKERS = {
    # Each: the subject of its certificate. CoreDNS only reads, but its roles come with a manifest of
    # kubeadm's that we do not have.
    "admin": f"/O={ADMINS}/CN=admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kube-proxy": "/CN=system:kube-proxy",
    "kubelet": f"/O=system:nodes/CN=system:node:{NODE}",
    "coredns": f"/O={ADMINS}/CN=coredns",
}
SERVICE = "kubernetes.default"


def make(folder: Path, network: Network) -> None:
    """Write all certificates and keys of a cluster into `folder`, and a kubeconfig for each speaker."""
    folder.mkdir(parents=True)
    authority(folder, "ca")
    names = ("kubernetes", SERVICE, f"{SERVICE}.svc", f"{SERVICE}.svc.cluster.local", "localhost")
    addresses = (network.node, network.kubernetes, "127.0.0.1")
    server(folder, "ca", "kube-apiserver", names, addresses)
    server(folder, "ca", "kubelet-server", (NODE,), (network.node,))
    sign(folder, "ca", "apiserver-to-kubelet", f"/O={ADMINS}/CN=kube-apiserver", "clientAuth")
    _openssl("genrsa", "-out", str(folder / "service-accounts.key"), "2048")
    _openssl(
        "rsa",
        "-in",
        str(folder / "service-accounts.key"),
        "-pubout",
        "-out",
        str(folder / "service-accounts.pub"),
    )
    for speaker, subject in SPEAKERS.items():
        sign(folder, "ca", speaker, subject, "clientAuth")
        written = folder / f"{speaker}.kubeconfig"
        written.touch(mode=0o600)
        written.write_text(kubeconfig(folder, speaker, network.api))


def kubeconfig(folder: Path, speaker: str, server_url: str) -> str:
    """The text of a speaker's kubeconfig. It is JSON, which is YAML."""

    def data(name: str) -> str:
        return base64.b64encode((folder / name).read_bytes()).decode()

    cluster = {"server": server_url, "certificate-authority-data": data("ca.crt")}
    user = {
        "client-certificate-data": data(f"{speaker}.crt"),
        "client-key-data": data(f"{speaker}.key"),
    }
    context = {"cluster": "munshi", "user": speaker, "namespace": "default"}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "munshi", "cluster": cluster}],
            "users": [{"name": speaker, "user": user}],
            "contexts": [{"name": "munshi", "context": context}],
            "current-context": "munshi",
        },
        indent=2,
    )


def authority(folder: Path, name: str) -> None:
    """An authority `name`.crt that signs others."""
    _certificate(
        folder,
        name,
        f"/CN=munshi {name}",
        "-addext", "basicConstraints=critical,CA:TRUE",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature",
    )  # fmt: skip


def server(
    folder: Path, issuer: str, name: str, names: tuple[str, ...], addresses: tuple[str, ...] = ()
) -> None:
    """A certificate for one who answers under these names and addresses."""
    who = ",".join([*(f"DNS:{one}" for one in names), *(f"IP:{one}" for one in addresses)])
    sign(folder, issuer, name, f"/CN={names[0]}", "serverAuth", "-addext", f"subjectAltName={who}")


def sign(folder: Path, issuer: str, name: str, subject: str, usage: str, *more: str) -> None:
    """A certificate `name`.crt with its `name`.key, signed by `issuer`."""
    _certificate(
        folder,
        name,
        subject,
        "-CA", str(folder / f"{issuer}.crt"),
        "-CAkey", str(folder / f"{issuer}.key"),
        "-addext", "basicConstraints=critical,CA:FALSE",
        "-addext", "keyUsage=critical,digitalSignature,keyEncipherment",
        "-addext", f"extendedKeyUsage={usage}",
        *more,
    )  # fmt: skip


def _certificate(folder: Path, name: str, subject: str, *more: str) -> None:
    _openssl(
        "req", "-x509", "-config", "/dev/null", "-nodes", "-days", DAYS, "-subj", subject,
        "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt"),
        *more,
    )  # fmt: skip


def _openssl(*words: str) -> None:
    done = subprocess.run(
        ["openssl", *words], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        message = f"openssl {' '.join(words)} failed:\n{done.stderr}"
        raise ClusterError(message)
