"""`munshi get --watch`: what changed among the objects that are meant, as it changes.

The database has no bell, so it is looked at a few times a second: one small question, answered in
microseconds while nothing happens. Knows what is meant and what was shown, not how it is printed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from munshi.cli.glimpse import Document
from munshi.cli.home import Glance, placed
from munshi.cli.selectors import Wanted
from munshi.errors import Gone, StoreBusy

LOOK_S = 0.2
"""How often; people and scripts notice no less."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Which objects: of one kind, in one namespace or all, of these names or any, with these labels."""

    kind: str
    namespace: str | None
    names: Collection[str]
    wanted: Wanted

    def now(self, glance: Glance) -> list[Document]:
        """Those that are there."""
        return [one for one in glance.list(self.kind, self.namespace) if self.is_one(one)]

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
    pause: Callable[[float], None] = time.sleep
    first: list[Document] = field(init=False)
    _shown: dict[tuple[str, str], str] = field(init=False)
    _seen: int = field(init=False)

    def __post_init__(self) -> None:
        # The version first: what changes between the two questions is told twice, never missed.
        self._seen = self.glance.version()
        self.first = self.meant.now(self.glance)
        self._shown = {placed(one): _version(one) for one in self.first}

    def changes(self) -> Iterator[list[Document]]:
        """What changed, each time something did, for ever; what was deleted comes in its last form.

        An object whose labels no longer fit is told of once more, as if it were deleted.
        """
        while True:
            self.pause(LOOK_S)
            try:
                changed = self._changed()
            except StoreBusy:
                continue  # it will be less busy the next time
            if changed:
                yield changed

    def _changed(self) -> list[Document]:
        try:
            changes = list(self.glance.changes(self._seen))
        except Gone:
            return self._anew()
        told: list[Document] = []
        for version, one, gone in changes:
            self._seen = max(self._seen, version)
            if one["kind"] != self.meant.kind:
                continue
            key = placed(one)
            if not gone and self.meant.is_one(one):
                if self._shown.get(key) != _version(one):
                    self._shown[key] = _version(one)
                    told.append(one)
            elif self._shown.pop(key, None) is not None:
                told.append(one)
        return told

    def _anew(self) -> list[Document]:
        """Too much happened to be told one by one: what is there and was not shown like this."""
        self._seen = self.glance.version()
        found = {placed(one): one for one in self.meant.now(self.glance)}
        told = [one for key, one in found.items() if self._shown.get(key) != _version(one)]
        self._shown = {key: _version(one) for key, one in found.items()}
        return told


def _version(one: Document) -> str:
    return str((one.get("metadata") or {}).get("resourceVersion", ""))
