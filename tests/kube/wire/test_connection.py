"""From a kubeconfig or a service account to an Api: whatever kubectl takes, or a sentence."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from munshi.errors import Forbidden, Terminal
from munshi.kube.wire import connection, proxy
from munshi.kube.wire.connection import connect
from support.fake_api import Call, FakeApi, answer
from support.in_kube import a_document, story

IN_DEFAULT = "/apis/kubeflow.org/v1beta1/namespaces/default/trials"
LOG = "/api/v1/namespaces/default/pods/p/log"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the user's own is found."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def a_kubeconfig(
    name: str = "one",
    server: str = "http://127.0.0.1:1",
    user: Mapping[str, object] | None = None,
    **fields: object,
) -> dict[str, Any]:
    """A kubeconfig with one context."""
    context = {"cluster": name, "user": name, "namespace": f"of-{name}"}
    return {
        "current-context": name,
        "contexts": [{"name": name, "context": context}],
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": dict(user or {})}],
    } | fields


def written(folder: Path, *documents: object, name: str = "config") -> str:
    """The documents as files, joined as in KUBECONFIG."""
    paths = []
    for number, document in enumerate(documents):
        path = folder / f"{name}-{number}"
        path.write_text(document if isinstance(document, str) else yaml.dump(document))
        paths.append(str(path))
    return ":".join(paths)


def test_several_files_make_one(tmp_path: Path) -> None:
    """The first to say a thing is right: the current context, and entries of one name."""
    one, two = a_kubeconfig("one"), a_kubeconfig("two", "http://127.0.0.1:2")
    other_one = a_kubeconfig("one", "http://127.0.0.1:3")
    files = written(tmp_path, one, two, other_one)
    assert connect(kubeconfig=f"{tmp_path}/absent:{files}").server == "http://127.0.0.1:1"
    api = connect(kubeconfig=files, context="two")
    assert (api.server, api.namespace) == ("http://127.0.0.1:2", "of-two")


def test_what_is_named_comes_first_then_the_environment_then_the_pod_then_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As kubectl does it; a service account counts where nobody said anything."""
    ports = iter(range(1, 9))

    def a_server() -> dict[str, Any]:
        return a_kubeconfig(server=f"http://127.0.0.1:{next(ports)}")

    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(yaml.dump(a_server()))
    assert connect().server == "http://127.0.0.1:1"
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("t")
    (account / "namespace").write_text("here")
    monkeypatch.setattr(connection, "SERVICE_ACCOUNT", str(account))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(Terminal, match=r"https://10\.96\.0\.1:443"):
        connect()  # its certificate is not there
    monkeypatch.setenv("KUBECONFIG", written(tmp_path, a_server(), name="environment"))
    assert connect().server == "http://127.0.0.1:2"
    assert connect(kubeconfig=written(tmp_path, a_server())).server == "http://127.0.0.1:3"


def test_paths_are_of_the_file_they_stand_in(tmp_path: Path) -> None:
    """A token file beside the second kubeconfig is found from anywhere."""

    async def tell() -> None:
        folder = tmp_path / "there"
        folder.mkdir()
        (folder / "token").write_text("secret\n")
        async with FakeApi() as server:
            at = a_kubeconfig("there", f"http://127.0.0.1:{server.port}", {"tokenFile": "token"})
            files = f"{written(tmp_path, {})}:{written(folder, at)}"
            async with connect(kubeconfig=files) as api:
                await api.create(IN_DEFAULT, a_document("t"))
            [asked] = server.asked
            assert asked.headers["authorization"] == "Bearer secret"
            assert asked.headers["user-agent"].startswith("munshi/")

    story(tell)


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """A kubeconfig that is not in order."""
    document = a_kubeconfig()
    change(document)
    return document


BROKEN: dict[str, tuple[object, str]] = {
    "nothing in it": ("", "no cluster is known"),
    "no YAML": ("{", "cannot be read"),
    "another thing": ("[]", "is no kubeconfig"),
    "lists of another thing": ("contexts: 1", "is no kubeconfig"),
    "an entry without a name": ("users: [{}]", "has no name"),
    "no current context": (
        changed(lambda it: it.pop("current-context")),
        "name one by --context: one",
    ),
    "a context that is not there": (
        a_kubeconfig() | {"current-context": "x"},
        'no context "x"; it has: one',
    ),
    "a cluster that is not there": (a_kubeconfig(clusters=[]), 'no cluster "one"; it has: none'),
    "a user that is not there": (a_kubeconfig(users=[]), 'no user "one"'),
    "an impersonation": (a_kubeconfig(user={"as": "boss"}), "impersonation"),
    "a plugin of old": (a_kubeconfig(user={"auth-provider": {"name": "gcp"}}), "auth-provider"),
    "a certificate that is not there": (
        a_kubeconfig(user={"client-certificate": "a", "client-key": "b"}),
        "cannot be used",
    ),
    "certificate data that is none": (
        a_kubeconfig(user={"client-certificate-data": "QQ==", "client-key-data": "QQ=="}),
        "cannot be used",
    ),
    "a server of the wrong type": (
        changed(lambda it: it["clusters"][0]["cluster"].update(server=1)),
        "not in order",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_kubeconfig_out_of_order_is_a_sentence(how: str, tmp_path: Path) -> None:
    """What is missing, and what there is instead."""
    document, sentence = BROKEN[how]
    with pytest.raises(Terminal, match=sentence):
        connect(kubeconfig=written(tmp_path, document))


def test_no_kubeconfig_at_all_is_a_sentence() -> None:
    """It says where one would be looked for."""
    with pytest.raises(Terminal, match="--kubeconfig"):
        connect()


PROXIES: dict[str, tuple[str, dict[str, str], str]] = {
    "none": ("https://a.example", {}, ""),
    "one": ("https://a.example", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
    "in small letters": ("https://a.example", {"https_proxy": "http://p:1"}, "http://p:1"),
    "one for the other scheme": ("https://a.example", {"HTTP_PROXY": "http://p:1"}, ""),
    "not for everybody": ("https://a.example", {"HTTPS_PROXY": "p:1", "NO_PROXY": "*"}, ""),
    "not for a domain": ("https://a.example", {"HTTPS_PROXY": "p:1", "NO_PROXY": "b, example"}, ""),
    "not below a domain": ("https://a.example", {"HTTPS_PROXY": "p:1", "NO_PROXY": ".example"}, ""),
    "only below a domain": (
        "https://example",
        {"HTTPS_PROXY": "p:1", "NO_PROXY": ".example"},
        "http://p:1",
    ),
    "not for a network": (
        "https://10.1.2.3:6443",
        {"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"},
        "",
    ),
    "for another network": (
        "https://11.1.2.3",
        {"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"},
        "http://p:1",
    ),
    "not for a port": (
        "https://a.example:1",
        {"HTTPS_PROXY": "p:1", "NO_PROXY": "a.example:1"},
        "",
    ),
    "for another port": (
        "https://a.example:2",
        {"HTTPS_PROXY": "p:1", "NO_PROXY": "a.example:1"},
        "http://p:1",
    ),
    "not for ourselves": ("https://127.0.0.1", {"HTTPS_PROXY": "p:1"}, ""),
    "not for an IPv6 address": (
        "https://[fd00::1]",
        {"HTTPS_PROXY": "p:1", "NO_PROXY": "fd00::/8"},
        "",
    ),
}


@pytest.mark.parametrize("which", PROXIES)
def test_proxies_are_read_by_gos_rules(which: str) -> None:
    """So that munshi goes the way kubectl goes."""
    server, environment, through = PROXIES[which]
    assert proxy.through(server, environment) == through


def test_the_proxy_of_the_kubeconfig_is_used(tmp_path: Path) -> None:
    """A cluster's proxy-url comes before the environment's."""

    async def tell() -> None:
        async with FakeApi() as server:
            document = a_kubeconfig(server="http://cluster.invalid")
            document["clusters"][0]["cluster"]["proxy-url"] = f"http://127.0.0.1:{server.port}"
            async with connect(kubeconfig=written(tmp_path, document)) as api:
                await api.create(IN_DEFAULT, a_document("t"))
            [asked] = server.asked
            assert asked.headers["host"] == "cluster.invalid"

    story(tell)


def a_plugin(*outcomes: str, version: str = "v1", **fields: object) -> dict[str, object]:
    """A user that a program logs in; at each call it says the next outcome."""
    program = (
        "import os, sys, json; n = int(open(sys.argv[1]).read() or 0) if os.path.exists(sys.argv[1]) else 0; "
        "open(sys.argv[1], 'w').write(str(n + 1)); exec(sys.argv[2 + min(n, len(sys.argv) - 3)])"
    )
    return {
        "exec": {
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "command": sys.executable,
            "args": ["-c", program, "COUNTER", *outcomes],
        }
        | fields
    }


def gives(token: str) -> str:
    """A plugin's program that logs in."""
    return f"print({json.dumps(json.dumps({'status': {'token': token}}))})"


def with_counter(user: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The plugin counts its calls in a file of the folder."""
    user["exec"]["args"][2] = str(folder / "counter")
    return user


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
def test_a_plugin_logs_in_once_for_all(version: str, tmp_path: Path) -> None:
    """Twenty requests at once need one token; when it is refused, one more is asked for."""

    async def tell() -> None:
        async with FakeApi() as server:
            user = with_counter(a_plugin(gives("old"), gives("new"), version=version), tmp_path)
            at = a_kubeconfig(server=f"http://127.0.0.1:{server.port}", user=user)
            async with connect(kubeconfig=written(tmp_path, at)) as api:
                await asyncio.gather(
                    *(api.create(IN_DEFAULT, a_document(f"t{n}")) for n in range(20))
                )
                assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer old"}
                server.next("get", answer(401, "Unauthorized"))
                await api.get(f"{IN_DEFAULT}/t1")
                assert server.asked[-1].headers["authorization"] == "Bearer new"
        assert (tmp_path / "counter").read_text() == "2"

    story(tell)


PLUGINS: dict[str, tuple[dict[str, object], str]] = {
    "fails": (a_plugin("sys.exit('log in first')"), "ended with 1: log in first"),
    "says nothing": (a_plugin("pass"), "gave no token"),
    "says no token": (a_plugin("print('{\"status\": {}}')"), "gave no token"),
    "is not installed": (
        a_plugin(command="no-such-plugin", installHint="get it from example.com"),
        "get it from example",
    ),
    "speaks another language": (a_plugin(version="v9"), "speaks client"),
}


@pytest.mark.parametrize("how", PLUGINS)
def test_a_plugin_that_does_not_log_in_is_a_sentence(how: str, tmp_path: Path) -> None:
    """Its own words, and no traceback."""
    user, sentence = PLUGINS[how]

    async def tell() -> None:
        at = a_kubeconfig(user=with_counter(dict(user), tmp_path))
        async with connect(kubeconfig=written(tmp_path, at)) as api:
            with pytest.raises(Forbidden, match=sentence):
                await api.get(f"{IN_DEFAULT}/t")

    story(tell)


def test_many_streams_never_keep_a_write_waiting(tmp_path: Path) -> None:
    """Two hundred logs are followed while an object is created."""

    def files(server: FakeApi) -> str:
        return written(tmp_path, a_kubeconfig(server=f"http://127.0.0.1:{server.port}"))

    async def tell() -> None:
        async with FakeApi() as server, connect(kubeconfig=files(server)) as api:
            hold = asyncio.Event()

            async def silent(call: Call) -> bool:
                call.begin()
                call.chunk(b"a\n")
                await hold.wait()
                call.chunk(b"")
                return True

            server.always("log", silent)
            streams = [api.stream(LOG, follow="true") for _ in range(200)]
            assert await asyncio.gather(*(anext(each) for each in streams)) == [b"a\n"] * 200
            await api.create(IN_DEFAULT, a_document("t"))
            for each in streams:
                await each.aclose()
            hold.set()

    story(tell)
