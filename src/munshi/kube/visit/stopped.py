"""A Trial of Katib's marked as EarlyStopped, as its early-stopping service does (runtime behaviour §11).

The document stays as it was otherwise: it is Katib's, whose controller goes by the last condition.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, cast

from munshi.api.trial import FINAL
from munshi.errors import Conflict
from munshi.kube.wire.api import Api
from munshi.kube.wire.kinds import TRIALS

TRIES = 5
PAUSE_S = 0.1
REASON = "TrialEarlyStopped"


async def mark(api: Api, namespace: str, name: str, now: datetime) -> None:
    """Say of a Trial that its early-stopping rules ended it; one that has ended already stays as it is.

    Raises:
        NotFound: There is no such Trial.
        Conflict: It is written all the time by somebody else.
        MunshiError: The cluster does not answer, or does not let us.
    """
    for left in reversed(range(TRIES)):
        trial = cast("dict[str, Any]", dict(await api.get(TRIALS.path(namespace, name))))
        status = dict(trial.get("status") or {})
        said = list(status.get("conditions") or [])
        if any(one.get("type") in FINAL and one.get("status") == "True" for one in said):
            return
        at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        said.append(
            {
                "type": "EarlyStopped",
                "status": "True",
                "reason": REASON,
                "message": "Trial is early stopped: it met its early-stopping rules",
                "lastUpdateTime": at,
                "lastTransitionTime": at,
            }
        )
        trial["status"] = status | {"conditions": said}
        try:
            await api.replace(TRIALS.path(namespace, name, "status"), trial)
        except Conflict:
            if not left:
                raise
            await asyncio.sleep(PAUSE_S)
        else:
            return
