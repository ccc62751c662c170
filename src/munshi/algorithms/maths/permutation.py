"""A seeded shuffle of 0 … n-1, one element at a time.

    n      how many elements, any size
    key    the seed
    h      half of the bits that n - 1 needs, rounded up
    x      an element as (left, right), h bits each

A balanced Feistel network is a permutation of the numbers of 2h bits whatever its round function
(Luby and Rackoff, 1988); walking its cycle until it comes below n makes it one of 0 … n-1 (Black
and Rogaway, 2002, "Ciphers with Arbitrary Finite Domains", §3). At most four steps are to be
expected, for 2^2h < 4n. The round function is SHAKE-256, the same on every machine.
"""

from __future__ import annotations

import hashlib

_ROUNDS = 6


def permuted(index: int, n: int, key: int) -> int:
    """Where the shuffle `key` of n elements sends `index`.

    Args:
        index: 0 to n-1.
        n: At least 1.
        key: At least 0; different keys give unrelated shuffles.

    Returns:
        A number from 0 to n-1; distinct indexes have distinct ones.
    """
    half = ((n - 1).bit_length() + 1) // 2
    number = index
    while True:
        number = _feistel(number, half, key)
        if number < n:
            return number


def _feistel(number: int, half: int, key: int) -> int:
    mask = (1 << half) - 1
    left, right = number >> half, number & mask
    size = (half + 7) // 8
    for turn in range(_ROUNDS):
        told = f"{key}:{turn}:{half}:{right}".encode()
        left, right = right, left ^ (int.from_bytes(hashlib.shake_256(told).digest(size)) & mask)
    return left << half | right
