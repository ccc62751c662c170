"""Tests of `munshi.kube` beside a fake API server: what they share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE_S = 60.0

TRIALS = "/apis/kubeflow.org/v1beta1/trials"


def story(tell: Callable[[], Awaitable[None]]) -> None:
    """Run a story to its end; one that hangs is a failure."""

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await tell()

    asyncio.run(bounded())


async def until(holds: Callable[[], Any]) -> None:
    """Wait until something holds."""
    while not holds():
        await asyncio.sleep(0.002)


def a_document(name: str, **spec: object) -> dict[str, Any]:
    """A Trial's document, as it is sent."""
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Trial",
        "metadata": {"name": name},
        "spec": spec,
    }
