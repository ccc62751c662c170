"""Sobol's low-discrepancy sequence, any point of it by its number.

    n      number of a point, from 0 (the origin) to 2^32 - 1
    g      its Gray code, n xor (n >> 1)
    v_k    direction numbers of one dimension, k = 1 … 32: v_k = m_k · 2^(32-k)
    m_k    odd integers below 2^k; the first s from the table, the rest by the recurrence
    p, s   the dimension's primitive polynomial over GF(2), and its degree
    x      coordinate · 2^32

Sobol', 1967; the ordering by Gray code is Antonov and Saleev's (1979), the recurrence as in Bratley
and Fox, 1988, "Algorithm 659", §2; the numbers are Joe and Kuo's.
"""

from __future__ import annotations

from functools import cache

from munshi.algorithms.maths.joe_kuo import TABLE

BITS = 32
_LINES = TABLE.split("\n")[1:-1]
DIMENSIONS = len(_LINES) + 1
"""How many dimensions the table serves."""


def coordinate(n: int, dimension: int) -> int:
    """Coordinate `dimension` (from 0) of point n, as an integer out of 2^32."""
    gray, x = n ^ (n >> 1), 0
    for v in _directions(dimension):
        if not gray:
            break
        if gray & 1:
            x ^= v
        gray >>= 1
    return x


@cache
def _directions(dimension: int) -> tuple[int, ...]:
    if dimension == 0:
        return tuple(1 << (BITS - k) for k in range(1, BITS + 1))
    p, *m = (int(word) for word in _LINES[dimension - 1].split())
    s = p.bit_length() - 1
    for k in range(s, BITS):
        new = m[k - s] ^ (m[k - s] << s)
        for i in range(1, s):
            if p >> (s - i) & 1:
                new ^= m[k - i] << i
        m.append(new)
    return tuple(m[k - 1] << (BITS - k) for k in range(1, BITS + 1))
