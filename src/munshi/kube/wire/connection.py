"""From a kubeconfig, or a pod's service account, to an `Api`.

lightkube reads certificates and tokens and makes the HTTP client's arguments (ADR 18); the files are
merged, and what lightkube would pass over in silence is found, in `kubeconfig`.
"""

from __future__ import annotations

import os
import socket
import ssl
from importlib.metadata import version
from pathlib import Path

from munshi.errors import MissingExtra, Terminal
from munshi.kube.wire import kubeconfig as files
from munshi.kube.wire import proxy
from munshi.kube.wire.api import INSTALL, Api, timeout
from munshi.kube.wire.credentials import Plugin

try:
    import httpx2
    from lightkube.config.client_adapter import ConnectionParams
    from lightkube.config.kubeconfig import SERVICE_ACCOUNT, KubeConfig, SingleConfig
    from lightkube.core.exceptions import ConfigError
except ImportError as missing:
    raise MissingExtra("Kubernetes", INSTALL) from missing

_FEW = httpx2.Limits(
    max_connections=64,  # the engine's passes run side by side; the server bears some hundreds
    max_keepalive_connections=64,
    keepalive_expiry=30.0,  # shorter than the idle limits of most load balancers (60 s and more)
)
_MANY = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
_HEADERS = {"User-Agent": f"munshi/{version('munshi')}", "Accept-Encoding": "identity"}
"""Compression costs both ends more time than a cluster's network takes."""

_KEEP_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, option), value)
        for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6))
        if hasattr(socket, option)  # macOS calls the first TCP_KEEPALIVE; its default serves there
    ),
]
"""A followed log may be silent for hours; its connection is probed, and given up after 90 s."""

_REFUSED = (
    ("user", "as", "impersonation"),
    ("user", "as-uid", "impersonation"),
    ("user", "as-groups", "impersonation"),
    ("user", "as-user-extra", "impersonation"),
    ("user", "auth-provider", "an auth-provider"),
    ("cluster", "tls-server-name", "another server name"),
)
"""What lightkube does not know: ignoring it would be to act as another, or to trust another."""


def connect(*, context: str = "", kubeconfig: str = "") -> Api:
    """The API server that kubectl would speak to; opens no connection yet.

    Looked for in this order: what is named here; the files of the variable KUBECONFIG; the service account
    of the pod we run in; `~/.kube/config`. So in a pod that somebody gave a KUBECONFIG it is that one
    which counts, as for kubectl.

    Args:
        context: The kubeconfig's context; empty: its current one.
        kubeconfig: A file, or several joined as in KUBECONFIG.

    Raises:
        Terminal: There is no cluster to be found, or not all that is needed to speak to it; says what to do.
    """
    document, config = _find(context, kubeconfig or os.environ.get("KUBECONFIG", ""))
    server = config.cluster.server.rstrip("/")
    try:
        arguments = ConnectionParams(timeout=timeout()).httpx_params(config)
    except (ConfigError, OSError, ValueError) as broken:  # ssl's errors are among them
        raise Terminal(f"the credentials for {server} cannot be used: {broken}") from broken
    auth = (
        arguments["auth"]
        if config.user is None or not config.user.exec
        else Plugin(document["exec"])
    )
    verify: ssl.SSLContext = arguments["verify"]
    # Python 3.13 refuses certificates that are not written to the letter of RFC 5280; those of many
    # clusters are not, and every other client takes them.
    verify.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    through = str(document.get("proxy-url") or "") or proxy.through(server, os.environ)

    def client(limits: httpx2.Limits) -> httpx2.AsyncClient:
        transport = httpx2.AsyncHTTPTransport(
            verify=verify, limits=limits, proxy=through or None, socket_options=_KEEP_ALIVE
        )
        return httpx2.AsyncClient(
            base_url=server, auth=auth, timeout=timeout(), transport=transport, headers=_HEADERS
        )

    try:
        return Api(client(_FEW), client(_MANY), namespace=config.namespace)
    except (ImportError, ValueError, httpx2.InvalidURL) as broken:
        raise Terminal(f"{server} cannot be reached this way: {broken}") from broken


def _find(context: str, named: str) -> tuple[files.Document, SingleConfig]:
    """The cluster and user documents as one, and what lightkube makes of them."""
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ and Path(SERVICE_ACCOUNT, "token").is_file()
    if in_pod and not named and not context:
        return {}, _chosen(KubeConfig.from_service_account(SERVICE_ACCOUNT))
    paths = files.files(named)
    document = files.merged(paths)
    where = ", ".join(map(str, paths))
    name = context or document.get("current-context")
    if not document["contexts"] and not name:
        raise Terminal(
            f"no cluster is known: {where} says none; write a kubeconfig there, or name one by --kubeconfig "
            "or the variable KUBECONFIG"
        )
    if not name:
        names = ", ".join(each["name"] for each in document["contexts"])
        raise Terminal(f"{where} has no current context; name one by --context: {names}")
    chosen = files.entry(document, "context", name)
    cluster = files.entry(document, "cluster", str(chosen.get("cluster") or ""))
    user = files.entry(document, "user", str(chosen["user"])) if chosen.get("user") else {}
    for inner, field, what in _REFUSED:
        if (cluster if inner == "cluster" else user).get(field):
            raise Terminal(
                f'context "{name}" uses {what} ({field}), which munshi does not know; leave it out'
            )
    one = {
        "current-context": name,
        "contexts": [{"name": name, "context": chosen | {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
    }
    try:
        return cluster | user, _chosen(KubeConfig.from_dict(one))
    except ValueError as broken:  # msgspec's among them
        raise Terminal(f'context "{name}" of {where} is not in order: {broken}') from broken


def _chosen(config: KubeConfig) -> SingleConfig:
    chosen = config.get()
    if chosen is None:
        raise Terminal("the kubeconfig has no current context")
    return chosen
