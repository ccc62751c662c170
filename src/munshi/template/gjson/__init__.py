r"""GJSON paths, the language of success and failure conditions, evaluated over JSON values.

Katib's `successCondition` and `failureCondition` are paths of github.com/tidwall/gjson ("GJSON Path
Syntax"), such as `status.conditions.#(type=="Complete")#|#(status=="True")#`. This package reads
such a path once (`parse`) and asks it of many documents (`get`). What a found value *means* for a
trial is for `template.condition` to say.

Known: dotted names, `*` and `?`, `\` escapes, array indexes, `#`, `#.rest`, `#(query)`,
`#(query)#`, nested queries, `= == != < <= > >= % !%` and the `~` conversions, `|` beside `.`,
multipaths `[a,b]` and `{"k":a,b}`, and the modifiers `@this @valid @ugly @pretty @reverse @keys
@values @flatten @join`.

Deliberate differences from Go. Where Go would quietly look for a member that cannot be meant, we
refuse:

- refused: empty names (`a..b`, a leading dot, `..` for JSON lines), blanks at a name's edge, a
  quote, bracket or comparison inside a name, text after `#(…)`, `!literals`, unknown modifiers,
  modifier arguments, a value without its operator or quotes (`'x'`, `&&`, `"a" "b"`), broken
  escapes. Each such character can be had by `\`;
- an escaped star stays a plain star even when its name has another wildcard (Go forgets the
  escape);
- text holds no members: Go searches a string that contains `{` or `[` as if it were a document;
- a query is read whole, whatever it meets; Go cuts it at inner dots and pipes when it meets an
  object. This shows only where a later multipath, `@keys` or `@values` makes something of nothing;
- what is asked of each element ends at the first pipe outside brackets; Go overlooks a pipe right
  behind `.#` or behind a `{…}` at its start, and takes one inside brackets at its start;
- members of one name in a `{…}` multipath: the first stays, where Go writes both;
- hexadecimal numbers in comparisons count as 0;
- bounds: MAX_LENGTH, MAX_PARTS and MAX_DEPTH on the path, and a budget of visits on an evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass

from munshi.api.wire import Json
from munshi.template.gjson.compare import ABSENT
from munshi.template.gjson.evaluator import Evaluation
from munshi.template.gjson.reader import MAX_DEPTH, MAX_LENGTH, MAX_PARTS, parse
from munshi.template.gjson.syntax import Path, PathBroken, TooCostly

__all__ = [
    "MAX_DEPTH", "MAX_LENGTH", "MAX_PARTS", "Path", "PathBroken", "Result", "TooCostly", "get",
    "parse",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What a path found.

    Attributes:
        exists: Whether it found anything; null is something.
        value: The value; None when there is none.
    """

    exists: bool
    value: Json


def get(document: Json, path: str) -> Result:
    """What `path` finds in `document`.

    Args:
        document: Plain JSON values. Never changed; the result may share parts with it.
        path: GJSON Path Syntax, as far as the module's docstring goes.

    Returns:
        The value, or a Result that does not exist.

    Raises:
        PathBroken: The path cannot be read; says where and how to mend it.
        TooCostly: The path multiplies its work beyond any honest use.
    """
    found = Evaluation().run(parse(path), document)
    return Result(exists=False, value=None) if found is ABSENT else Result(exists=True, value=found)
