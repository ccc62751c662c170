"""What trials say, kept level with the database by what changed, so that an answer costs no more than that.

Everything here happens in one thread (`desk.Desk`), which owns the `Glance`. Of a trial's document only its
`Cells` are kept, and of experiments nobody looks at not even those: memory has a bound.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from munshi.errors import Gone, NotFound, StoreBusy
from munshi.web import shapes
from munshi.web.ports import Document, Glance
from munshi.web.views import rows, trials, wire
from munshi.web.views.trials import Cells

MOST_TRIALS = 60_000
"""Trials whose cells are kept in all, about 2 KB each; the book asked for last is kept however long it is."""
MOST_SPARKS = 5_000
PATIENCE_S = 0.7
"""So long one answer reads trials for sparklines; the next answer goes on where this one stopped."""


class Book:
    """The trials of one Experiment.

    Attributes:
        version: Of the last write that this book knows of.
    """

    def __init__(self, experiment: Document, found: Iterable[Document], version: int) -> None:
        self._sought = wire.objective(experiment)
        self._cells = {cells.name: cells for cells in map(self._of, found)}
        self._ordered: list[Cells] | None = None
        self._sparks: list[float] | None = None
        self.version = version

    def __len__(self) -> int:
        return len(self._cells)

    def put(self, trial: Document, version: int, *, gone: bool) -> None:
        """Take note of a trial's present form, or that it is gone."""
        cells = self._of(trial)
        self._cells.pop(cells.name, None)
        if not gone:
            self._cells[cells.name] = cells
        self._ordered = self._sparks = None
        self.version = version

    def trials(self) -> list[Cells]:
        """In the order they were suggested."""
        if self._ordered is None:
            self._ordered = sorted(self._cells.values(), key=lambda one: one.order)
        return self._ordered

    def sparks(self, experiment: Document) -> list[float]:
        """See `rows.sparks`."""
        if self._sparks is None:
            self._sparks = rows.sparks(experiment, self.trials())
        return self._sparks

    def _of(self, trial: Document) -> Cells:
        return trials.cells(trial, self._sought)


class Ledger:
    """The documents of one place, and what was read of them.

    Args:
        glance: The way to the documents; used, and closed, in the thread that made it.
        clock: Seconds that only grow, for the patience with sparklines.
    """

    def __init__(self, glance: Glance, clock: Callable[[], float] = time.monotonic) -> None:
        self._glance, self._clock = glance, clock
        self._seen: int | None = None
        self._books: OrderedDict[str, Book] = OrderedDict()
        self._sparks: OrderedDict[str, tuple[str, list[float]]] = OrderedDict()
        self._news: dict[tuple[str, str], shapes.Change] = {}

    def close(self) -> None:
        """Let go of the database."""
        self._glance.close()

    def news(self) -> list[shapes.Change]:
        """Which experiments changed since this was asked last, each once with its last change."""
        self._look()
        news, self._news = list(self._news.values()), {}
        return news

    def version(self) -> int:
        """The version up to which everything is known."""
        self._look()
        return self._seen or 0

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """The object as it is now."""
        return self._glance.get(kind, namespace, name)

    def experiment(self, namespace: str, name: str) -> Document:
        """The Experiment as it is now.

        Raises:
            NotFound: There is none.
        """
        return self._found("Experiment", namespace, name)

    def trial(self, namespace: str, experiment: str, name: str) -> Document:
        """The trial of that experiment as it is now.

        Raises:
            NotFound: There is none.
        """
        found = self._found("Trial", namespace, name)
        if wire.experiment_of(found) != experiment:
            raise NotFound(f'trial "{name}" is of another experiment than "{experiment}"')
        return found

    def experiments(self, namespace: str | None) -> list[tuple[Document, list[float]]]:
        """All Experiments, each with its sparkline; an empty one where that took too long for now."""
        self._look()
        until = self._clock() + PATIENCE_S
        return [
            (one, self.sparks(one, patient=self._clock() < until))
            for one in self._glance.list("Experiment", namespace)
        ]

    def sparks(self, experiment: Document, *, patient: bool = True) -> list[float]:
        """The sparkline of an Experiment; empty where trials would have to be read and we are not patient."""
        meta = wire.part(experiment, "metadata")
        uid, version = str(meta.get("uid", "")), str(meta.get("resourceVersion", ""))
        kept = self._sparks.get(uid)
        if uid not in self._books:
            if kept is not None and kept[0] == version:
                return kept[1]
            if not patient:
                return kept[1] if kept is not None else []
        found = self.book(experiment).sparks(experiment)
        self._sparks[uid] = (version, found)
        self._sparks.move_to_end(uid)
        if len(self._sparks) > MOST_SPARKS:
            self._sparks.popitem(last=False)
        return found

    def book(self, experiment: Document) -> Book:
        """The trials of an Experiment as they are now."""
        self._look()
        uid = str(wire.part(experiment, "metadata").get("uid", ""))
        if uid not in self._books:
            # What is written between the two questions is told once more by the next look: no harm.
            found = self._glance.each("Trial", wire.placed(experiment)[0], uid)
            self._books[uid] = Book(experiment, found, self._seen or 0)
        self._books.move_to_end(uid)
        while len(self._books) > 1 and sum(map(len, self._books.values())) > MOST_TRIALS:
            self._books.popitem(last=False)
        return self._books[uid]

    def _found(self, kind: str, namespace: str, name: str) -> Document:
        found = self._glance.get(kind, namespace, name)
        if found is None:
            raise NotFound(f'{kind.lower()} "{name}" is not in namespace "{namespace}"')
        return found

    def _look(self) -> None:
        """Take note of what changed; where that is no longer known one by one, begin anew."""
        if self._seen is None:
            self._seen = self._glance.version()
            return
        try:
            changes = list(self._glance.changes(self._seen))
        except StoreBusy:
            return  # it will be less busy the next time; what is known is a moment old
        except Gone:
            self._begin_anew()
            return
        for version, document, gone in changes:
            self._take(version, document, gone=gone)
            self._seen = max(self._seen, version)

    def _begin_anew(self) -> None:
        self._seen = self._glance.version()
        self._books.clear()
        for one in self._glance.list("Experiment"):
            self._tell("experiment", one, self._seen)

    def _take(self, version: int, document: Document, *, gone: bool) -> None:
        kind = document.get("kind")
        if kind == "Trial":
            book = self._books.get(wire.owner(document))
            if book is not None:
                book.put(document, version, gone=gone)
            self._tell("trial", document, version)
        elif kind in ("Experiment", "Suggestion"):
            if gone and kind == "Experiment":
                uid = str(wire.part(document, "metadata").get("uid", ""))
                self._books.pop(uid, None)
                self._sparks.pop(uid, None)
            self._tell("experiment", document, version)

    def _tell(self, kind: str, document: Document, version: int) -> None:
        namespace, name = wire.placed(document)[0], wire.experiment_of(document)
        self._news[namespace, name] = {
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "version": version,
        }
