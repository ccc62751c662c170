"""A FeasibleSpace understood: what every parameter may be, and the way to the unit cube and back.

On the journey of a value this is where text becomes typed (`space.read`) and where a chosen value
becomes text again (`Space.write`). Admission calls `read` to find faults; the algorithms work on
the Space it returns. Nothing here proposes points, and nothing here knows Experiments, trials or
files.

    text.py        the only place where a parameter's text becomes a value, and back
    axis.py        the arithmetic of one numeric range and its distribution
    parameter.py   Double, Integer, Discrete, Categorical
    space.py       all of them together; a finite space is numbered like an odometer
    read.py        the parameters as they travel -> a Space, or every fault at once
    nearest.py     did you mean…?
"""

from munshi.space.parameter import (
    Categorical,
    Discrete,
    Distribution,
    Double,
    Integer,
    Parameter,
)
from munshi.space.read import FeasibleSpaceLike, ParameterLike, read
from munshi.space.space import Space
from munshi.space.text import Value

__all__ = [
    "Categorical",
    "Discrete",
    "Distribution",
    "Double",
    "FeasibleSpaceLike",
    "Integer",
    "Parameter",
    "ParameterLike",
    "Space",
    "Value",
    "read",
]
