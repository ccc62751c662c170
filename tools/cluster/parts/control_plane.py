"""The control plane: etcd, the API server, and those who keep the promises made there."""

from __future__ import annotations

from tools.cluster.binaries import Binaries
from tools.cluster.network import Network
from tools.cluster.parts.part import CERTIFICATES, DOMAIN, Part
from tools.cluster.place import INSIDE


def etcd(binaries: Binaries) -> Part:
    """The database of the API server, on the node only."""
    here = "http://127.0.0.1:2379"
    return Part(
        "etcd",
        (
            str(binaries["etcd"]),
            f"--data-dir={INSIDE}/etcd",
            f"--listen-client-urls={here}",
            f"--advertise-client-urls={here}",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--unsafe-no-fsync",  # no test pulls the plug, and this is what makes it fast
            "--log-level=warn",
        ),
        # No health: nobody outside the node can reach it, and the API server asks after it.
    )


def api_server(binaries: Binaries, network: Network) -> Part:
    """The API server, on the node's address: the host and the pods reach it there."""
    return Part(
        "kube-apiserver",
        (
            str(binaries["kube-apiserver"]),
            f"--bind-address={network.node}",
            f"--advertise-address={network.node}",
            "--secure-port=6443",
            "--etcd-servers=http://127.0.0.1:2379",
            f"--service-cluster-ip-range={network.services}",
            f"--client-ca-file={CERTIFICATES}/ca.crt",
            f"--tls-cert-file={CERTIFICATES}/kube-apiserver.crt",
            f"--tls-private-key-file={CERTIFICATES}/kube-apiserver.key",
            f"--kubelet-certificate-authority={CERTIFICATES}/ca.crt",
            f"--kubelet-client-certificate={CERTIFICATES}/apiserver-to-kubelet.crt",
            f"--kubelet-client-key={CERTIFICATES}/apiserver-to-kubelet.key",
            "--kubelet-preferred-address-types=InternalIP",  # so nobody's /etc/hosts need know it
            f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
            f"--service-account-key-file={CERTIFICATES}/service-accounts.pub",
            f"--service-account-signing-key-file={CERTIFICATES}/service-accounts.key",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
        ),
        f"{network.api}/readyz",
    )


def controller_manager(binaries: Binaries, network: Network) -> Part:
    """The controllers of Kubernetes' own kinds: Jobs, Services, service accounts."""
    config = CERTIFICATES / "kube-controller-manager.kubeconfig"
    return Part(
        "kube-controller-manager",
        (
            str(binaries["kube-controller-manager"]),
            f"--bind-address={network.node}",
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--leader-elect=false",
            "--use-service-account-credentials",
            f"--root-ca-file={CERTIFICATES}/ca.crt",
            f"--service-account-private-key-file={CERTIFICATES}/service-accounts.key",
            # At the defaults, the Job controller itself allows only a few Jobs a second.
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--concurrent-job-syncs=20",
        ),
        f"https://{network.node}:10257/healthz",
    )


def scheduler(binaries: Binaries, network: Network) -> Part:
    """It finds a node for each pod; here, always the same."""
    config = CERTIFICATES / "kube-scheduler.kubeconfig"
    return Part(
        "kube-scheduler",
        (
            str(binaries["kube-scheduler"]),
            f"--bind-address={network.node}",
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--leader-elect=false",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ),
        f"https://{network.node}:10259/healthz",
    )
