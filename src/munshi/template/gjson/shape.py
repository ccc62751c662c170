"""What a path can find at all, judged without a document.

Some paths read well and yet can never find an object or an array, on no document whatever. They are
the slips people make with conditions, and each leaves a trial running for ever:

    status.conditions.#(type=="Complete")#.#(status=="True")#    a dot where a pipe belongs
    status.conditions.#(type=="Complete")|#(status=="True")#     one object has no elements
    status.conditions.#(type=="Complete")#|status                an array has no names
    status.conditions.#                                          a number

Called by `template.condition`. It is cautious: where the document decides, or a later modifier or
multipath could make something of nothing, it says nothing.
"""

from __future__ import annotations

from enum import Enum

from munshi.template.gjson.compare import CONVERSIONS
from munshi.template.gjson.syntax import Count, Key, Modifier, Multi, Path, Query, Stage, Step, Walk


class Shape(Enum):
    """The kind of value a stage leaves, as far as the path alone tells."""

    OBJECT = "an object"
    ARRAY = "an array"
    NUMBER = "a number"
    ANY = "anything"


def never_met(path: Path) -> str | None:
    """Why `path` can find neither an object nor a filled array, and a mend; None when it might."""
    shape = Shape.OBJECT  # a job
    for at, stage in enumerate(path.stages):
        if isinstance(stage, Walk) and (slip := _slip(stage, shape)):
            walks_on = all(isinstance(later, Walk) for later in path.stages[at:])
            return slip if walks_on else None
        shape = _after(stage, shape)
    if shape is Shape.NUMBER:
        return (
            "# gives a number, and only objects and arrays count; ask for the elements with #(…)#"
        )
    return None


def _slip(walk: Walk, shape: Shape) -> str | None:
    first, last = walk.steps[0], walk.steps[-1]
    gathers = isinstance(first, Count | Query)
    if shape is Shape.OBJECT and gathers:
        return (
            "# asks for the elements of an array, and here stands one object; "
            "write #(…)# instead of #(…) before it, or [@this] to treat an object as an array of one"
        )
    if shape is Shape.ARRAY and isinstance(first, Key) and first.index is None:
        return f'"{first.name}" is asked of an array, which has no names; write .# or an index before it'
    if shape is Shape.NUMBER:
        return "something is asked of the number that # gives; leave out the # or what follows it"
    if (
        isinstance(last, Query)
        and _fits_objects_only(last)
        and last.each
        and _gathers_only(last.each)
    ):
        return (
            "after #(…) or #(…)# a dot asks inside each object found, and objects have no elements; "
            "write #(…)#|#(…)# to ask of the objects themselves"
        )
    return None


def _after(stage: Stage, shape: Shape) -> Shape:
    match stage:
        case Walk(steps):
            return _after_step(steps[-1])
        case Multi(as_object):
            return Shape.OBJECT if as_object else Shape.ARRAY
        case Modifier("keys" | "values"):
            return Shape.ARRAY
        case Modifier("join") if shape is Shape.ARRAY:
            return Shape.OBJECT
        case Modifier():
            return shape


def _after_step(step: Step) -> Shape:
    match step:
        case Count(None):
            return Shape.NUMBER
        case Count(each) | Query(each=each) if each and not isinstance(each.stages[0], Walk):
            return Shape.ANY  # an object in place of the array may become anything here
        case Count() | Query(every=True):
            return Shape.ARRAY
        case Query(each=None) as query if _fits_objects_only(query):
            return Shape.OBJECT
        case _:
            return Shape.ANY


def _fits_objects_only(query: Query) -> bool:
    """Whether only an object can fit: one of its names must be there for the comparison to hold."""
    if query.path is None or (query.test and query.test.text in CONVERSIONS):
        return False
    first = query.path.stages[0]
    return (
        len(query.path.stages) == 1
        and isinstance(first, Walk)
        and isinstance(first.steps[0], Key)
        and first.steps[0].index is None
    )


def _gathers_only(path: Path) -> bool:
    """Whether the path begins with a gathering step, and finds nothing at all in an object."""
    first = path.stages[0]
    if not (isinstance(first, Walk) and isinstance(first.steps[0], Count | Query)):
        return False
    each = first.steps[0].each
    return each is None or isinstance(each.stages[0], Walk)
