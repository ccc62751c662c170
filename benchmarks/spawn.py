"""How fast trials can be started and ended on this machine, against its own spawn rate.

    python benchmarks/spawn.py [--trials 400] [--parallel 2]

Three rates in one run, best of three rounds: raw `posix_spawn` of `/bin/true`; the same program as a
trial (folder, plan, supervisor, log, synced exit record); and as a trial with one private path. The
ratios are what to compare between machines.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from munshi.local.process import (
    Bind,
    ProcessPlan,
    Program,
    Spawner,
    ended,
    namespaces_available,
    read_exit,
)

PROGRAM = "/bin/true" if Path("/bin/true").exists() else "/usr/bin/true"
ROUNDS = 3


def raw(count: int, parallel: int) -> float:
    """Programs per second with nothing around them."""

    def one(_: int) -> None:
        os.waitpid(os.posix_spawn(PROGRAM, [PROGRAM], {}), 0)

    with ThreadPoolExecutor(parallel) as pool:
        began = time.perf_counter()
        list(pool.map(one, range(count)))
        return count / (time.perf_counter() - began)


async def trials(root: Path, count: int, parallel: int, binds: tuple[Bind, ...]) -> float:
    """Trials per second, from the plan to the outcome read back."""
    spawner = Spawner()
    await spawner.start()
    places = asyncio.Semaphore(parallel)

    async def one(number: int) -> None:
        folder = str(root / str(number))
        program = Program((PROGRAM,), {}, "/", f"{folder}/log", binds=binds)
        plan = ProcessPlan(folder, f"bench-{folder}", (program,), grace_s=1.0)
        async with places:
            await ended(await spawner.spawn(plan))
            outcome = read_exit(folder)
        if outcome is None or outcome.code != 0:
            raise SystemExit(f"trial {number} went wrong: {outcome}")

    try:
        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(count)))
        return count / (time.perf_counter() - began)
    finally:
        await spawner.close()


def main() -> None:
    """Print the three rates and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--parallel", type=int, default=2)
    asked = parser.parse_args()
    count, parallel = asked.trials, asked.parallel
    best: dict[str, float] = {}
    # Removed only at the end: ext4 will not reuse an inode within five seconds of its deletion, and
    # looks for another one at a cost that would be measured here instead of ours.
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "shown").mkdir()
        bind = Bind(f"{home}/shown", "/munshi-bench/private")
        for number in range(ROUNDS):
            root = Path(home) / str(number)
            rates = {
                "raw": raw(count, parallel),
                "trial": asyncio.run(trials(root / "plain", count, parallel, ())),
            }
            if namespaces_available().ok:
                bound = trials(root / "bound", count, parallel, (bind,))
                rates["trial with a bind"] = asyncio.run(bound)
            best = {name: max(rate, best.get(name, 0.0)) for name, rate in rates.items()}
    for name, rate in best.items():
        print(f"{name:20} {rate:7.0f}/s  {rate / best['raw']:6.1%}")


if __name__ == "__main__":
    main()
