"""The kubeflow-katib SDK itself, unchanged, pointed at munshi."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from munshi.rpc import db_manager
from rpc.desk import Desk

pytestmark = [pytest.mark.katib_sdk, pytest.mark.timeout(400)]

POD = """
mount -t tmpfs none /run
mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
printf team > /var/run/secrets/kubernetes.io/serviceaccount/namespace
if [ -n "$HOSTS" ]; then mount --bind "$HOSTS" /etc/hosts; fi
exec "$@"
"""
"""A private view in which a program finds the files of a pod: real ones."""

REPORT = """
import sys
import kubeflow.katib as katib
where = {"db_manager_address": sys.argv[1]} if len(sys.argv) > 1 else {}
for step in range(3):
    katib.report_metrics({"accuracy": 0.9 + step / 100, "loss": float("nan"), "정확도": step}, **where)
"""

READ = """
import sys
import kubeflow.katib.katib_api_pb2 as api
from kubeflow.katib import KatibClient
client = object.__new__(KatibClient)  # without a cluster: only the DB manager is asked
client.namespace = "team"
for log in client.get_trial_metrics("trial", db_manager_address=sys.argv[1]):
    print(log.time_stamp[-1], log.metric.name, log.metric.value)
"""

FAIL = """
import sys
import kubeflow.katib as katib
try:
    katib.report_metrics({"accuracy": 1}, db_manager_address=sys.argv[1])
except RuntimeError as refused:
    print(refused)
"""


async def in_a_pod(
    python: Path, code: str, *words: str, trial: str = "trial", hosts: Path | None = None
) -> Sequence[str]:
    """Run a program of a trial with the SDK; the lines it printed."""
    env = {**os.environ, "KATIB_TRIAL_NAME": trial, "HOSTS": str(hosts or "")}
    env["PYTHONIOENCODING"] = "utf-8"
    process = await asyncio.create_subprocess_exec(
        *("unshare", "-Urm", "sh", "-ec", POD, "-", str(python), "-c", code, *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
    )
    out, err = await asyncio.wait_for(process.communicate(), timeout=120)
    assert process.returncode == 0, err.decode()
    return out.decode().splitlines()


def test_report_metrics_and_get_trial_metrics(tmp_path: Path, katib_python: Path) -> None:
    """What the SDK reports within a second is kept in order, and the SDK reads it back."""
    desk = Desk(tmp_path, "trial")

    async def play() -> Sequence[str]:
        async with db_manager.serving(desk.report, desk.read) as address:
            await in_a_pod(katib_python, REPORT, address)
            return await in_a_pod(katib_python, READ, address)

    said = asyncio.run(play())
    assert [log.value for log in desk.kept("trial", "accuracy")] == ["0.9", "0.91", "0.92"]
    assert [log.value for log in desk.kept("trial", "정확도")] == ["0", "1", "2"]
    assert said[:3] == ["Z accuracy 0.9", "Z loss nan", "Z 정확도 0"]
    assert len(said) == 9


def test_a_program_that_names_no_address_finds_us(tmp_path: Path, katib_python: Path) -> None:
    """With a hosts file in its view, the SDK's default address is ours: the program stays as it was."""
    desk = Desk(tmp_path, "trial")
    host = "127.77.66.55" if sys.platform == "linux" else "127.0.0.1"
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{host} katib-db-manager.kubeflow\n")

    async def play() -> None:
        async with db_manager.serving(desk.report, desk.read, host=host, port=6789):
            await in_a_pod(katib_python, REPORT, hosts=hosts)

    asyncio.run(play())
    assert len(desk.kept("trial", "accuracy")) == 3


def test_the_sdk_shows_why_it_was_refused(tmp_path: Path, katib_python: Path) -> None:
    """The reason reaches the person who reads the program's error."""

    async def play() -> Sequence[str]:
        desk = Desk(tmp_path)
        async with db_manager.serving(desk.report, desk.read) as address:
            return await in_a_pod(katib_python, FAIL, address, trial="ended")

    said = "\n".join(asyncio.run(play()))
    assert "Unable to push metrics to Katib DB for Trial team/ended" in said
    assert 'no trial "ended" may report now' in said
