"""How much work something is, as a ratio: machines are noisy, and no test asserts an absolute time."""

from __future__ import annotations

import time
from collections.abc import Callable

SQUARES = 600_000
"""The reference: so many squares are summed; about 0.02 s of a quiet core."""


def effort(work: Callable[[int], object], enough: float, attempts: int = 5) -> float:
    """CPU time of `work` in multiples of the reference, measured side by side.

    Args:
        work: Called with the number of the attempt, so that a cache can be passed by.
        enough: Below this the first attempt will do; else the least of all attempts counts.
        attempts: How often at most.
    """
    least = float("inf")
    for attempt in range(attempts):
        began = time.process_time()
        sum(number * number for number in range(SQUARES))
        reference = time.process_time() - began
        began = time.process_time()
        work(attempt)
        least = min(least, (time.process_time() - began) / reference)
        if least < enough:
            break
    return least
