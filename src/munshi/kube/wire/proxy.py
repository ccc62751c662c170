"""Which proxy stands before an API server: the environment read by Go's rules, as kubectl does.

httpx would take `NO_PROXY=10.96.0.0/12` for one address, and that is how clusters say "not among
ourselves".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def through(server: str, environment: Mapping[str, str]) -> str:
    """The proxy's URL; empty where one speaks to the server directly.

    >>> through("https://k8s.example:6443", {"HTTPS_PROXY": "proxy:3128", "NO_PROXY": "10.0.0.0/8"})
    'http://proxy:3128'
    >>> through("https://10.96.0.1", {"HTTPS_PROXY": "proxy:3128", "NO_PROXY": "10.0.0.0/8"})
    ''
    """
    parts = urlsplit(server)
    proxy = _said(environment, f"{parts.scheme}_proxy")
    if not proxy or _is_exempt(parts.hostname or "", parts.port, _said(environment, "no_proxy")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _said(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name.upper()) or environment.get(name) or ""


def _is_exempt(host: str, port: int | None, exempt: str) -> bool:
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(
        _matches(host, address, port, word.strip().lower())
        for word in exempt.split(",")
        if word.strip()
    )


def _matches(
    host: str,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
    port: int | None,
    word: str,
) -> bool:
    if word == "*":
        return True
    if address is not None:
        try:
            return address in ipaddress.ip_network(word.strip("[]"), strict=False)
        except ValueError:
            pass  # a name, or an address with a port
    name, _, at = word.rpartition(":") if word.count(":") == 1 else (word, "", "")
    if at and at != str(port):
        return False
    name = name.removeprefix("*")
    return (host == name.removeprefix(".") and not name.startswith(".")) or host.endswith(
        f".{name.removeprefix('.')}"
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
