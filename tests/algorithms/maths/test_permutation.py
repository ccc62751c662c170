"""The shuffle that is computed one element at a time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.algorithms.maths.permutation import permuted


@given(st.integers(1, 300), st.integers(0, 2**64))
def test_it_is_a_permutation(n: int, key: int) -> None:
    """Every number from 0 to n-1 comes once, whatever n and the key."""
    assert sorted(permuted(i, n, key) for i in range(n)) == list(range(n))


@given(st.integers(10**30, 10**90), st.integers(0, 2**64))
def test_it_serves_spaces_of_any_size(n: int, key: int) -> None:
    """Neighbours in a space beyond all listing stay distinct and inside."""
    numbers = [permuted(i, n, key) for i in (0, 1, 2, n - 1)]
    assert len(set(numbers)) == 4
    assert all(0 <= number < n for number in numbers)


@pytest.mark.parametrize("n", [10, 1000])
def test_it_shuffles(n: int) -> None:
    """Two keys disagree, and neither keeps many neighbours together."""
    one, other = ([permuted(i, n, key) for i in range(n)] for key in (1, 2))
    assert one != other
    for order in (one, other):
        assert sum(b - a == 1 for a, b in pairwise(order)) < n / 3
