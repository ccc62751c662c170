"""A path and a document to the value it finds; every step is paid from a budget.

The rules that are easy to get wrong, and are Go's:

- a wildcard tries its members in the document's order until the rest of the walk finds something;
- what stands after a `|` is applied even to absence (so `missing|[a]` is `[]`), but only when the
  walk before it got as far as its last step: `missing.a|[b]` is absent, and a gathering step whose
  query nothing fits leaves out whatever follows its own tail.

Called by `gjson.get`. It knows nothing of jobs or conditions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from munshi.api.wire import Json
from munshi.template.gjson import modifiers
from munshi.template.gjson.compare import ABSENT, Found
from munshi.template.gjson.syntax import (
    Count,
    Key,
    Modifier,
    Multi,
    Path,
    Query,
    Step,
    TooCostly,
    Walk,
)

BUDGET = 500_000
"""Values one evaluation may visit or gather: some 15 times those of the largest object a cluster
stores, and about half a second of work."""

_PATTERN_STEPS = 100  # (characters of text · of pattern) that cost as much as one visit


@dataclass(frozen=True, slots=True)
class _Walked:
    """Where a walk ended.

    Attributes:
        value: What was found.
        hit: Whether a wildcard may stop trying other members.
        reached: Whether the last step was tried, so that the next stage applies.
    """

    value: Found
    hit: bool
    reached: bool


_NOWHERE = _Walked(ABSENT, hit=False, reached=False)


class Evaluation:
    """One evaluation with its budget; use it once."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._left = budget

    def run(self, path: Path, value: Found) -> Found:
        """What `path` finds in `value`; the answer may be part of the document, so do not change it.

        Raises:
            TooCostly: The budget is spent.
        """
        for stage in path.stages:
            match stage:
                case Modifier(name):
                    self._spend(1 + modifiers.cost(name, value))
                    value = modifiers.apply(name, value)
                case Multi():
                    value = self._collect(stage, value)
                case Walk(steps):
                    walked = self._walk(steps, value)
                    value = walked.value
                    if not walked.reached:
                        return value
        return value

    def _spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise TooCostly(
                "the path visits too many values of this document; ask for less at once"
            )

    def _collect(self, multi: Multi, value: Found) -> Json:
        found = [(name, self.run(path, value)) for name, path in multi.members]
        self._spend(len(found))
        if not multi.as_object:
            return [item for _, item in found if item is not ABSENT]
        members: dict[str, Json] = {}
        for name, item in found:
            if item is not ABSENT:
                members.setdefault(name, item)  # of two equal names, a look-up in Go sees the first
        return members

    def _walk(self, steps: tuple[Step, ...], value: Found) -> _Walked:
        step, rest = steps[0], steps[1:]
        self._spend(1)
        match value, step:
            case dict(), Key():
                return self._follow(self._members(value, step), rest)
            case list(), Key(index=index):
                there = index is not None and index < len(value)
                return self._follow([value[index]] if there and index is not None else [], rest)
            case list(), Count(each):
                return _Walked(self._count(each, value), hit=True, reached=True)
            case list(), Query():
                return self._query(step, value)
            case dict(), Count(each) | Query(each=each):
                return self._gather_from_object(each)
            case _:
                return _NOWHERE

    def _members(self, value: dict[str, Json], key: Key) -> Iterable[Json]:
        if key.pattern is None:
            return (value[key.name],) if key.name in value else ()
        self._spend(len(value) + sum(map(len, value)) * len(key.pattern.pattern) // _PATTERN_STEPS)
        return (member for name, member in value.items() if key.pattern.match(name))

    def _follow(self, members: Iterable[Json], rest: tuple[Step, ...]) -> _Walked:
        if not rest:
            for member in members:
                return _Walked(member, hit=True, reached=True)
            return _Walked(ABSENT, hit=False, reached=True)
        best = _NOWHERE
        for member in members:
            walked = self._walk(rest, member)
            if walked.hit:
                return walked
            value = walked.value if best.value is ABSENT else best.value
            best = _Walked(value, hit=False, reached=best.reached or walked.reached)
        return best

    def _count(self, each: Path | None, items: list[Json]) -> Json:
        if each is None:
            return len(items)
        self._spend(len(items))
        return [found for item in items if (found := self.run(each, item)) is not ABSENT]

    def _query(self, query: Query, items: list[Json]) -> _Walked:
        kept: list[Json] = []
        fits = query.each is None
        for item in items:
            self._spend(1)
            if not self._fits(query, item):
                continue
            fits = True
            found = item if query.each is None else self.run(query.each, item)
            if not query.every:
                return _Walked(found, hit=True, reached=True)
            if found is not ABSENT:
                kept.append(found)
        return _Walked(kept if query.every else ABSENT, hit=False, reached=fits)

    def _fits(self, query: Query, item: Json) -> bool:
        subject: Found
        if isinstance(item, dict | list):
            subject = ABSENT if query.path is None else self.run(query.path, item)
        elif query.path is None:
            subject = item
        else:
            return False
        if query.test is None:
            return subject is not ABSENT
        if query.test.pattern is not None and isinstance(subject, str):
            self._spend(len(subject) * len(query.test.text) // _PATTERN_STEPS)
        return query.test.holds(subject)

    def _gather_from_object(self, each: Path | None) -> _Walked:
        """An object has no elements; in Go the step is then a name that no object bears."""
        if each is None:
            return _Walked(ABSENT, hit=False, reached=True)
        if isinstance(each.stages[0], Walk):
            return _NOWHERE
        return _Walked(self.run(each, ABSENT), hit=False, reached=True)
