"""Names of trials: derived, so that naming again gives the same name."""

from __future__ import annotations

import hashlib
from collections.abc import Container

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Katib's: no vowels, no look-alikes (Katib API contract §6)."""
LENGTH = 8


def trial_name(experiment: str, uid: str, index: int, *taken: Container[str]) -> str:
    """The name of the experiment's suggestion number `index`: `<experiment>-<8 characters>`.

    Args:
        experiment: The experiment's name.
        uid: The experiment's uid, so that another experiment of that name gets other names.
        index: The suggestion's number, from 0.
        taken: Names that are in use; a clash is resolved the same way every time.
    """
    salt = 0
    while True:
        digest = hashlib.sha256(f"{uid}/{index}/{salt}".encode()).digest()
        number = int.from_bytes(digest[:12], "big")
        tail = ""
        for _ in range(LENGTH):
            number, digit = divmod(number, len(ALPHABET))
            tail += ALPHABET[digit]
        name = f"{experiment}-{tail}"
        if not any(name in one for one in taken):
            return name
        salt += 1


def seed(uid: str) -> int:
    """The seed of an experiment that names none: drawn from its uid, in [0, 2**31)."""
    return int.from_bytes(hashlib.sha256(uid.encode()).digest()[:4], "big") >> 1
