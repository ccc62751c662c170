"""Tells why a trial's pods do not run, when that takes longer than usual.

A pod says so itself once it is there (no node has room, its image cannot be pulled). A pod that never came,
for a quota or for Pod Security, is explained only in the cluster's events, which are asked for then. Trials
that have no job for long are let go here, too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from munshi.errors import MunshiError
from munshi.kube.trials import fate
from munshi.kube.trials.sightings import JobSighting
from munshi.kube.trials.tracked import Stage, Tracked
from munshi.kube.wire.api import Api

LOOK_S = 5.0
"""Between two looks at all trials that have not begun."""
USUAL_S = 10.0
"""How long pods usually take to run; nothing is said before."""
JOBLESS_S = 600.0
"""How long a trial without a job is tracked: whoever looks at it again is told all the same."""
AGAIN_S = 60.0
"""Between two questions for the events of one job."""
_AT_ONCE = 5
log = logging.getLogger("munshi.kube")


class Minder:
    """Looks after trials that wait.

    Args:
        api: Where events are.
        trials: All that are tracked.
        changed: Is told a trial's uid when what there is to say of it has changed.
        jobless: Is told of a trial that has had no job for long.
    """

    def __init__(
        self,
        api: Api,
        trials: Callable[[], Iterable[Tracked]],
        changed: Callable[[str], None],
        jobless: Callable[[Tracked], None],
    ) -> None:
        self._api, self._trials, self._changed, self._jobless = api, trials, changed, jobless
        self._since: dict[str, float] = {}
        self._without: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look from now on; may be said again."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._mind())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _mind(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:
                log.exception("looking after waiting trials broke")

    async def look(self) -> None:
        """Look at every trial once."""
        now, questions = asyncio.get_running_loop().time(), 0
        trials = list(self._trials())
        self._let_go(trials, now)
        waiting = {
            each.trial.uid: (each, job)
            for each in trials
            if (job := each.job()) is not None and each.stage() is Stage.UNDECIDED
        }
        self._since = {uid: self._since.get(uid, now) for uid in waiting}
        for uid, (each, job) in waiting.items():
            late = now - self._since[uid] >= USUAL_S
            said = self._reason(each, job) if late else ("", "")
            if not said[0] and late and not each.present() and questions < _AT_ONCE:
                said = each.waits if each.waits[0] == "events" else said
                if now - each.asked >= AGAIN_S:
                    each.asked, questions = now, questions + 1
                    said = await self._event(job)
            if (
                said[0] != each.waits[0]
            ):  # the first sentence of a reason is as good as its later ones
                each.waits = said
                self._changed(uid)

    def _let_go(self, trials: Iterable[Tracked], now: float) -> None:
        without = {each.trial.uid: each for each in trials if each.job() is None}
        self._without = {uid: self._without.get(uid, now) for uid in without}
        for uid, each in without.items():
            if now - self._without[uid] >= JOBLESS_S and (not each.reading or each.reading.done()):
                self._jobless(each)

    def _reason(self, each: Tracked, job: JobSighting) -> tuple[str, str]:
        if fate.is_suspended(job.status):
            return (
                "suspended",
                "its job is suspended; whoever did that (a queue?) lets it go in its turn",
            )
        return fate.waiting(each.present())

    async def _event(self, job: JobSighting) -> tuple[str, str]:
        """The last warning about a job, in its controller's words."""
        query = {"fieldSelector": f"involvedObject.uid={job.uid},type=Warning"}
        try:
            path = f"/api/v1/namespaces/{job.namespace}/events"
            found = (await self._api.get(path, **query)).get("items") or []
        except MunshiError as trouble:
            log.debug("events of %s: %s", job.name, trouble)
            return "", ""
        if not found:
            return "", ""
        last = found[-1]
        text = " ".join(str(last.get("message") or "").split())
        return "events", f"no pod could be made ({last.get('reason')}): {text}"
