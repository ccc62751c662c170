"""`munshi get --watch`: what changed among the objects that are meant, as it changes.

Knows what is meant and what was shown, neither how it is printed nor how a place tells of its changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from munshi.cli.finding import placed
from munshi.cli.selectors import Wanted

if TYPE_CHECKING:
    from munshi.cli.places import Document, Glance, News


@dataclass(frozen=True, slots=True)
class Meant:
    """Which objects: of one kind, in one namespace or all, of these names or any, with these labels.

    Attributes:
        kind: `Experiment`, say.
        namespace: None means every namespace.
        names: None at all means any.
        wanted: Whether an object is.
        labels: What `wanted` asks of labels, as a selector, as far as it can be said so.
    """

    kind: str
    namespace: str | None
    names: Collection[str]
    wanted: Wanted
    labels: str = ""

    def now(self, glance: Glance) -> list[Document]:
        """Those that are there."""
        found = glance.list(self.kind, self.namespace, self.labels)
        return [one for one in found if self.is_one(one)]

    def is_one(self, one: Document) -> bool:
        """Whether this object is meant."""
        namespace, name = placed(one)
        return (
            one["kind"] == self.kind
            and self.namespace in (None, namespace)
            and (not self.names or name in self.names)
            and self.wanted(one)
        )


@dataclass(slots=True)
class Watch:
    """The objects that are meant, followed from a first look on.

    Attributes:
        first: What the first look saw.
    """

    glance: Glance
    meant: Meant
    first: list[Document] = field(init=False)
    _news: Iterator[News] = field(init=False)
    _shown: dict[tuple[str, str], str] = field(init=False)

    def __post_init__(self) -> None:
        meant = self.meant
        self._news = self.glance.follow(meant.kind, meant.namespace, meant.labels)
        self.first = [one for one, _ in next(self._news) if meant.is_one(one)]
        self._shown = {placed(one): _version(one) for one in self.first}

    def changes(self) -> Iterator[list[Document]]:
        """What changed, each time something did, for ever; what was deleted comes in its last form.

        An object whose labels no longer fit is told of once more, as if it were deleted.
        """
        for news in self._news:
            if changed := [one for one, gone in news if self._is_news(one, gone=gone)]:
                yield changed

    def _is_news(self, one: Document, *, gone: bool) -> bool:
        """Whether it was not shown so; it counts as shown from now on."""
        key = placed(one)
        if gone or not self.meant.is_one(one):
            return self._shown.pop(key, None) is not None
        before, self._shown[key] = self._shown.get(key), _version(one)
        return before != _version(one)


def _version(one: Document) -> str:
    return str((one.get("metadata") or {}).get("resourceVersion", ""))
