"""Columns of history, against the parameters' own arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from munshi.algorithms.maths import cube
from munshi.space import Categorical, Parameter, Space
from munshi.testing.algorithms import ODD_SPACES

PARAMETERS: dict[str, Parameter] = {
    f"{oddity}: {parameter.name}": parameter
    for oddity, space in ODD_SPACES.items()
    for parameter in list(space)[:8]
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_column_says_what_the_parameter_says(name: str) -> None:
    """Cells are the bins of `Parameter.bin`; for choices, their places in the list."""
    parameter = PARAMETERS[name]
    values = [parameter.from_unit(i / 100) for i in range(101)]
    cells = cube.encode(parameter, [parameter.write(value) for value in values])
    if parameter.cardinality == 1:
        assert not np.isnan(cells).any()
        return
    expected: list[tuple[float, float, float]] = []
    for value in values:
        if isinstance(parameter, Categorical):
            expected.append((parameter.index_of(str(value)),) * 3)
        else:
            low, high = parameter.bin(value)  # type: ignore[arg-type]  # its own value
            expected.append((low, low + (high - low) / 2, high))
    # The columns interpolate Φ, and count in doubles where the parameter counts in 64-bit ints.
    assert np.abs(cells.T - np.array(expected)).max() < 1e-9


OUTSIDE = [None, "", "words", "nan", "inf", "1e999", "-1e999", "1e300", "-7777.7"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_what_is_outside_becomes_nan(name: str) -> None:
    """Missing, unreadable and out-of-range texts are marked, and nothing warns or raises."""
    parameter = PARAMETERS[name]
    outside = [text for text in OUTSIDE if text is None or parameter.read(text) is None]
    assert outside
    assert np.isnan(cube.encode(parameter, outside)).all()


def test_a_column_may_be_empty() -> None:
    """No rows, no cells."""
    for parameter in Space(tuple(PARAMETERS.values())):
        assert cube.encode(parameter, []).shape == (3, 0)
