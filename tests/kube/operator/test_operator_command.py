"""`munshi operator` as a process: what it says when it cannot begin, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from kube.operator.test_returns import allow_but, serve_kinds
from support.fake_api import FakeApi
from support.in_kube import story, until


async def run(
    folder: Path, *words: str, **variables: str
) -> tuple[asyncio.subprocess.Process, asyncio.Task[tuple[bytes, bytes]]]:
    """The command with a home of its own and no cluster but the one that is named."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "MUNSHI_HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "munshi", "operator", "--listen", "127.0.0.1:0", *words,
        env=environment | variables, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    return process, asyncio.create_task(process.communicate())


async def said(folder: Path, *words: str, **variables: str) -> tuple[int | None, str]:
    """Its exit code and what it wrote on standard error, when it ends by itself."""
    process, output = await run(folder, *words, **variables)
    _, err = await output
    return process.returncode, err.decode()


def kubeconfig(folder: Path, port: int) -> str:
    """A kubeconfig for a server on this machine, with the context `here`."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "here",
    }
    path = folder / "config"
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


MISTAKES = {
    "a kind": (["--trial-kind", "workflow"], "Workflow.v1alpha1.argoproj.io"),
    "an address": (["--listen", "here"], "127.0.0.1:8080"),
    "a format": (["--log-format", "xml"], "json"),
}


@pytest.mark.parametrize(("words", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistaken_option_is_a_sentence(words: list[str], hint: str, tmp_path: Path) -> None:
    """Exit code 2, and what could be written instead."""

    async def tell() -> None:
        code, err = await said(tmp_path, *words)
        assert code == 2
        assert hint in err
        assert "Traceback" not in err

    story(tell)


def test_no_cluster_is_a_sentence(tmp_path: Path) -> None:
    """Without a kubeconfig, with a context that is not in it, or with nobody there: exit code 1."""

    async def tell() -> None:
        code, err = await said(tmp_path)
        assert (code, "--kubeconfig" in err) == (1, True)
        path = kubeconfig(tmp_path, 1)
        code, err = await said(tmp_path, "--context", "there", KUBECONFIG=path)
        assert (code, "it has: here" in err) == (1, True)
        code, err = await said(tmp_path, KUBECONFIG=path)
        assert (code, "did not answer" in err) == (1, True)
        assert "Traceback" not in err

    story(tell)


def test_missing_kinds_and_rights_are_sentences(tmp_path: Path) -> None:
    """First what to install, then which rights to give: exit code 1."""

    async def tell() -> None:
        async with FakeApi() as server:
            path = kubeconfig(tmp_path, server.port)
            serve_kinds(server)
            code, err = await said(tmp_path, MUNSHI_KUBECONFIG=path)
            assert (code, "kubectl apply -f deploy/crds" in err) == (1, True)
            serve_kinds(server, "Experiment", "Suggestion", "Trial")
            server.always("create", lambda call: allow_but(call, "trials"))
            code, err = await said(tmp_path, "--kubeconfig", path)
            assert (code, "create trials.kubeflow.org" in err) == (1, True)
            assert err.count("\n") == 1

    story(tell)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_when_it_is_told_to(number: int, tmp_path: Path) -> None:
    """TERM or Ctrl-C: exit code 0, each line of the log an object, the database in the cluster's folder."""

    async def tell() -> None:
        async with FakeApi() as server:
            serve_kinds(server, "Experiment", "Suggestion", "Trial")
            server.always("create", allow_but)
            path = kubeconfig(tmp_path, server.port)
            process, output = await run(
                tmp_path, "--no-leader-election", "--log-format", "json", KUBECONFIG=path
            )
            await until(lambda: server.counts["watch"] >= 3 or process.returncode is not None)
            process.send_signal(number)
            _, err = await output
            assert process.returncode == 0, err
            lines = [json.loads(line) for line in err.decode().splitlines()]
            assert lines[-1]["message"] == "stopped, as asked"
            assert [each.name for each in tmp_path.glob("clusters/*/*.db")] == ["munshi.db"]

    story(tell)
