"""One parameter: its values, its bins, its distribution."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from munshi.space import Categorical, Discrete, Distribution, Double, Integer, Parameter
from munshi.testing.algorithms import ODD_SPACES

UNITS = st.floats(0, 1)
ODD = {
    f"{oddity}: {parameter.name}": parameter
    for oddity, space in ODD_SPACES.items()
    for parameter in list(space)[:8]
}
FINITE = {name: p for name, p in ODD.items() if p.cardinality is not None and p.cardinality < 2000}
CONTINUOUS = {name: p for name, p in ODD.items() if p.cardinality is None}


@st.composite
def parameters(draw: st.DrawFn) -> Parameter:
    """Any sound parameter."""
    distribution = draw(st.sampled_from(Distribution))
    least = 1e-6 if distribution.log else -1e6
    kind = draw(st.sampled_from(["double", "stepped", "int", "discrete", "categorical"]))
    if kind == "int":
        low = draw(st.integers(1 if distribution.log else -(10**9), 10**9))
        width, step = draw(st.integers(0, 10**9)), draw(st.integers(1, 10**6))
        return Integer("n", low, low + width, step, distribution)
    if kind == "discrete":
        numbers = draw(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20, unique=True))
        return Discrete("d", tuple((repr(number), number) for number in numbers))
    if kind == "categorical":
        return Categorical("c", tuple(draw(st.sets(st.text(), min_size=1, max_size=20))))
    low_d, high_d = sorted(draw(st.tuples(*[st.floats(least, 1e6)] * 2)))
    if kind == "double":
        return Double("x", low_d, high_d, None, distribution)
    step_d = draw(st.floats(1e-3, 1e6))
    return Double("x", low_d, high_d, step_d, distribution)


@given(parameters(), UNITS)
def test_every_probability_is_a_value_of_the_parameter(parameter: Parameter, u: float) -> None:
    """The unit interval maps inside, ends included, and the value survives being written."""
    for at in (u, 0.0, 1.0, math.nextafter(1.0, 0.0)):
        value = parameter.from_unit(at)
        assert parameter.contains(value)
        assert parameter.read(parameter.write(value)) == value


@given(parameters(), UNITS)
def test_the_way_to_the_unit_interval_leads_back(parameter: Parameter, u: float) -> None:
    """to_unit then from_unit is the identity on a grid, and nearly so in a continuum."""
    value = parameter.from_unit(u)
    low, high = parameter.bin(value)  # type: ignore[arg-type]  # its own value
    assert 0.0 <= low <= high <= 1.0
    back = parameter.from_unit(parameter.to_unit(value))  # type: ignore[arg-type]  # its own value
    if parameter.cardinality is not None:
        # A bin in the far tail of a bell over a long grid may be narrower than a double can tell.
        assume(high - low > 1e-13)
        assert back == value
    else:
        assert isinstance(value, float)
        assert isinstance(back, float)
        assert isinstance(parameter, Double)
        width = parameter.max - parameter.min
        assert math.isclose(back, value, rel_tol=1e-6, abs_tol=1e-6 * width)


@pytest.mark.parametrize("name", FINITE)
def test_bins_tile_the_unit_interval(name: str) -> None:
    """The bins of all values follow each other from 0 to 1 without gap or overlap."""
    parameter = FINITE[name]
    assert parameter.cardinality is not None
    edge = 0.0
    for k in range(parameter.cardinality):
        value = parameter.at(k)
        low, high = parameter.bin(value)  # type: ignore[arg-type]  # its own value
        assert low == pytest.approx(edge, abs=1e-12)
        assert high > low
        assert parameter.from_unit((low + high) / 2) == value
        assert parameter.index_of(value) == k  # type: ignore[arg-type]  # its own value
        edge = high
    assert edge == 1.0


@pytest.mark.parametrize("name", CONTINUOUS)
def test_more_probability_never_means_a_smaller_value(name: str) -> None:
    """from_unit is monotonic and reaches both ends of a range."""
    parameter = CONTINUOUS[name]
    assert isinstance(parameter, Double)
    values = [float(parameter.from_unit(i / 997)) for i in range(998)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(parameter.min)
    assert values[-1] == pytest.approx(parameter.max)


def test_every_int_weighs_the_same() -> None:
    """Evenly spread probabilities reach min and max as often as any other value."""
    parameter = Integer("n", 1, 5)
    counts = dict.fromkeys(range(1, 6), 0)
    for i in range(2000):
        counts[parameter.from_unit((i + 0.5) / 2000)] += 1
    assert set(counts.values()) == {400}


@pytest.mark.parametrize("distribution", [Distribution.NORMAL, Distribution.LOG_NORMAL])
def test_bells_are_scipys_truncated_normals(distribution: Distribution) -> None:
    """Quantiles equal those of a normal six deviations wide, cut off at both ends."""
    low, high = (0.001, 10.0) if distribution.log else (-2.0, 5.0)
    parameter = Double("x", low, high, None, distribution)
    ends = (math.log(low), math.log(high)) if distribution.log else (low, high)
    mean, deviation = sum(ends) / 2, (ends[1] - ends[0]) / 6
    oracle = stats.truncnorm(-3, 3, loc=mean, scale=deviation)
    for u in (1e-9, 0.001, 0.1, 0.5, 0.77, 0.999, 1 - 1e-9):
        expected = float(oracle.ppf(u))
        expected = math.exp(expected) if distribution.log else expected
        assert parameter.from_unit(u) == pytest.approx(expected, rel=1e-9)
        assert parameter.to_unit(expected) == pytest.approx(u, rel=1e-7)


def test_stepped_doubles_are_decimals() -> None:
    """Tenths are written as tenths all the way, not as sums of binary doubles."""
    parameter = Double("x", 0.0, 1.0, 0.1)
    written = [parameter.write(parameter.at(k)) for k in range(parameter.cardinality or 0)]
    assert written == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]


GRIDS: dict[str, tuple[Parameter, list[str]]] = {
    "an int step that misses max": (Integer("n", 1, 12, 4), ["1", "5", "9"]),
    "a double step that misses max": (Double("x", 0.0, 1.0, 0.3), ["0.0", "0.3", "0.6", "0.9"]),
    "a step wider than the range": (Integer("n", 1, 4, 9), ["1"]),
    "a negative range": (Double("x", -1.0, 0.0, 0.5), ["-1.0", "-0.5", "0.0"]),
    "a start off the step's multiples": (Double("x", 0.01, 0.05, 0.02), ["0.01", "0.03", "0.05"]),
    "a tiny range": (Double("x", 1e-300, 3e-300, 1e-300), ["1e-300", "2e-300", "3e-300"]),
    "discrete entries in order of number": (
        Discrete("d", (("10", 10.0), ("2.50", 2.5))),
        ["2.50", "10"],
    ),
    "choices in order of the list": (Categorical("c", ("b", "a")), ["b", "a"]),
}


@pytest.mark.parametrize("case", GRIDS)
def test_grid_values(case: str) -> None:
    """A grid starts at min and goes on by steps while it stays inside."""
    parameter, expected = GRIDS[case]
    assert [parameter.write(parameter.at(k)) for k in range(parameter.cardinality or 0)] == expected


@pytest.mark.parametrize("step", [1, 4])
def test_logarithmic_ints_halve_as_they_double(step: int) -> None:
    """The weight of an int on a log scale is the log of its bin, half a step to either side."""
    parameter = Integer("n", 1, 1 + 99 * step, step, Distribution.LOG_UNIFORM)
    low, high = parameter.bin(1 + 10 * step)
    start = 0.5
    end = 1 + 99.5 * step
    a, b = 1 + 9.5 * step, 1 + 10.5 * step
    assert high - low == pytest.approx(math.log(b / a) / math.log(end / start))


CONTAINS: dict[str, tuple[Parameter, float | str, bool]] = {
    "min": (Double("x", 0.0, 1.0), 0.0, True),
    "just outside": (Double("x", 0.0, 1.0), math.nextafter(1.0, 2.0), False),
    "not a number": (Double("x", 0.0, 1.0), math.nan, False),
    "between two points": (Double("x", 0.0, 1.0, 0.1), 0.25, False),
    "a binary sum of tenths": (Double("x", 0.0, 1.0, 0.1), 0.1 + 0.2, True),
    "an int off the grid": (Integer("n", 1, 12, 4), 6, False),
    "an int's double": (Integer("n", 1, 12, 4), 5.0, False),
    "true is not 1": (Integer("n", 0, 1), True, False),
    "an unknown word": (Categorical("c", ("a",)), "b", False),
}


@pytest.mark.parametrize("case", CONTAINS)
def test_contains(case: str) -> None:
    """Only values of the parameter's own type, range and grid are inside."""
    parameter, value, expected = CONTAINS[case]
    assert parameter.contains(value) is expected


def test_other_spellings_of_a_value_are_read() -> None:
    """History written by other programs is understood where its meaning is certain."""
    assert Double("x", 0.0, 1.0, 0.1).read("0.30000000000000004") == 0.3
    assert Integer("n", 1, 5).read("3.0") == 3
    assert Discrete("d", (("0.10", 0.1), ("1", 1.0))).read("0.1") == "0.10"
    assert Discrete("d", (("0.10", 0.1),)).read("0.11") is None


@given(st.integers(-(2**63), 2**63 - 1), UNITS)
def test_64_bit_ints_stay_exact(value: int, u: float) -> None:
    """An int's range may be wider than any double counts, and still nothing leaves it."""
    whole = Integer("n", -(2**63), 2**63 - 1)
    assert whole.contains(whole.from_unit(u))
    assert whole.at(whole.index_of(value)) == value
