"""Did you mean…? The one answer to a word that is almost right.

Called by `read` for types and distributions and by the algorithms for their names and settings. It
knows spelling, not meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_NO_SYNONYMS: Mapping[str, str] = {}


def advice(got: str, known: Iterable[str], synonyms: Mapping[str, str] = _NO_SYNONYMS) -> str:
    """How to mend an unknown word: the nearest known one, or the list of them.

    Args:
        got: The unknown word.
        known: Every word that would have been right.
        synonyms: Other systems' words (lower case) and ours for them.

    Returns:
        `did you mean "tpe"?`, or `known: grid, random, tpe` when nothing is near.
    """
    names = sorted(known)
    near = nearest(got, names, synonyms)
    if near is not None:
        return f'did you mean "{near}"?'
    return f"known: {', '.join(names)}" if names else "there are none to choose from"


def nearest(
    got: str, known: Iterable[str], synonyms: Mapping[str, str] = _NO_SYNONYMS
) -> str | None:
    """The known word that was probably meant, or None when nothing is near."""
    by_fold = {name.casefold(): name for name in known}
    fold = got.strip().casefold()
    if fold in synonyms:
        return synonyms[fold]
    near = get_close_matches(fold, by_fold, n=1)
    return by_fold[near[0]] if near else None
