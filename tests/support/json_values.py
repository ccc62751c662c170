"""JSON values for Hypothesis, rich in the texts on which YAML writers stumble; their strict comparison."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

_CHARACTERS = "ab01 :-#'\"\\\n\t|>{}[],&*!%@`~?=.<yneE+_가😀\u00a0\u0085\u2028\ufeff\r\x07"
_WORDS = (
    "yes", "~", "null", "1e5", "0x1F", "2001-01-01", "12:30:45", "<<", "---", "...", "--- a", "- a", "-1",
    "? a", ": b", "0o17", ".5", ".inf", "y", "=", "1_000", "a: b", "a #b", "a:", "a\n\n", "\n", "\na",
    " a\n b", "a\n b\n", "\ta\nb\n", "a \nb", "한글\n둘\n", "a\n---\nb", "a\n\tb\n", "\n\n a\n", "#a\nb",
)  # fmt: skip

texts = st.text(max_size=12) | st.text(_CHARACTERS, max_size=12) | st.sampled_from(_WORDS)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)

json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=16,
)


def same(one: Any, other: Any) -> bool:
    """Equal, of the same types, keys in the same order, zeros of the same sign."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)
