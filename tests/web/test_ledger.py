"""The ledger reads what changed and no more, begins anew when it must, and keeps a bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from munshi.errors import Gone, NotFound, StoreBusy
from munshi.web import ledger
from munshi.web.ledger import Ledger
from munshi.web.ports import Document
from support.cli_world import a_trial, an_experiment
from support.web_world import at


class Documents:
    """Documents in memory, with every question counted. Implements `ports.Glance`."""

    def __init__(self) -> None:
        self.there: dict[tuple[str, str], Document] = {}
        self.log: list[tuple[int, Document, bool]] = []
        self.lists = 0
        self.trouble: Exception | None = None

    def put(self, one: Any, *, gone: bool = False) -> None:
        """Write an object, or delete it."""
        document = one.dump()
        key = (document["kind"], document["metadata"]["name"])
        self.there.pop(key, None)
        if not gone:
            self.there[key] = document
        self.log.append((len(self.log) + 1, document, gone))

    def list(
        self, kind: str, namespace: str | None = None, owner_uid: str | None = None
    ) -> list[Document]:
        """All of a kind and owner."""
        del namespace
        found = [one for (is_a, _), one in self.there.items() if is_a == kind]
        if owner_uid is None:
            return found
        return [one for one in found if one["metadata"]["ownerReferences"][0]["uid"] == owner_uid]

    def each(
        self, kind: str, namespace: str | None = None, owner_uid: str | None = None
    ) -> Iterable[Document]:
        """The same, one by one."""
        self.lists += 1
        return iter(self.list(kind, namespace, owner_uid))

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """One of them."""
        del namespace
        return self.there.get((kind, name))

    def version(self) -> int:
        """Of the last write."""
        return len(self.log)

    def changes(self, since: int) -> Iterable[tuple[int, Document, bool]]:
        """What was written after."""
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble
        return self.log[since:]

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def documents() -> Documents:
    """Two experiments; the first has two trials."""
    made = Documents()
    made.put(an_experiment("random"))
    made.put(an_experiment("other"))
    made.put(at(a_trial("t0", "Succeeded", accuracy="0.5"), 0))
    made.put(at(a_trial("t1", "Running"), 1))
    return made


def names(told: Ledger, experiment: str = "random") -> list[str]:
    """The trials of an experiment, in order, with their states."""
    book = told.book(told.experiment("default", experiment))
    return [f"{one.name} {one.state}" for one in book.trials()]


def test_trials_are_read_once_and_then_followed(documents: Documents) -> None:
    """A change, a new trial and a deletion arrive without reading the others again."""
    told = Ledger(documents)
    assert names(told) == ["t0 Succeeded", "t1 Running"]
    documents.put(at(a_trial("t1", "Failed"), 1))
    documents.put(at(a_trial("t2", "Running"), 2))
    documents.put(at(a_trial("t0", "Succeeded"), 0), gone=True)
    assert names(told) == ["t1 Failed", "t2 Running"]
    assert documents.lists == 1


def test_a_trial_written_while_the_others_are_read_is_there_once(documents: Documents) -> None:
    """What is read and then told again as a change is one trial."""
    told = Ledger(documents)
    told.version()
    documents.put(at(a_trial("t2", "Running"), 2))
    assert names(told) == names(told) == ["t0 Succeeded", "t1 Running", "t2 Running"]


def test_news_are_of_experiments_each_once(documents: Documents) -> None:
    """Many changes of one experiment's trials are one piece of news, told once, with the last version."""
    told = Ledger(documents)
    assert told.news() == []
    documents.put(at(a_trial("t1", "Failed"), 1))
    documents.put(at(a_trial("t2", "Running"), 2))
    assert told.news() == [
        {"kind": "trial", "namespace": "default", "name": "random", "version": 6}
    ]
    assert told.news() == []


def test_what_is_no_longer_known_one_by_one_is_read_anew(documents: Documents) -> None:
    """After Gone every experiment is news, and its trials are read again."""
    told = Ledger(documents)
    names(told)
    documents.put(at(a_trial("t1", "Running"), 1), gone=True)
    documents.trouble = Gone("too long ago")
    assert {one["name"] for one in told.news()} == {"random", "other"}
    assert names(told) == ["t0 Succeeded"]


def test_a_busy_database_leaves_what_is_known(documents: Documents) -> None:
    """The answer is a moment old, and the next one is not."""
    told = Ledger(documents)
    names(told)
    documents.put(at(a_trial("t1", "Failed"), 1))
    documents.trouble = StoreBusy("locked")
    experiment = told.experiment("default", "random")
    assert [one.state for one in told.book(experiment).trials()] == ["Succeeded", "Running"]
    assert names(told) == ["t0 Succeeded", "t1 Failed"]


def test_memory_has_a_bound(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond MOST_TRIALS the book that was not asked for longest is dropped, and read again when it is."""
    monkeypatch.setattr(ledger, "MOST_TRIALS", 2)
    documents.put(at(a_trial("o0", "Running", experiment="other"), 0))
    told = Ledger(documents)
    names(told)
    names(told, "other")
    names(told, "other")
    assert documents.lists == 2
    names(told)
    assert documents.lists == 3


def test_sparklines_that_take_too_long_come_later(documents: Documents) -> None:
    """An answer reads trials for so long and no longer; the next answer goes on."""
    seconds = iter([0.0, 0.1, 9.0, 20.0, 20.1, 20.2])
    told = Ledger(documents, clock=lambda: next(seconds))
    documents.put(at(a_trial("o0", "Succeeded", experiment="other", accuracy="0.7"), 0))
    assert [sparks for _, sparks in told.experiments(None)] == [[0.5], []]
    assert [sparks for _, sparks in told.experiments(None)] == [[0.5], [0.7]]


def test_a_deleted_experiment_leaves_nothing(documents: Documents) -> None:
    """It is news, and it is not found any more."""
    told = Ledger(documents)
    names(told)
    documents.put(an_experiment("random"), gone=True)
    assert [one["kind"] for one in told.news()] == ["experiment"]
    with pytest.raises(NotFound, match='"random" is not in'):
        told.experiment("default", "random")
