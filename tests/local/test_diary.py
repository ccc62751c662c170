"""The engine's log, and which of its troubles are told to the person in front of the screen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from munshi.errors import Retryable, StoreBusy
from munshi.local import diary

log = logging.getLogger("munshi.tests")
Happening = Callable[[], object]
FULL = StoreBusy("no space is left for the database; free some")


def put_off(busy: Retryable) -> None:
    """As the engine says it."""
    log.warning("pass put off: %s", busy)


def broken(error: Exception) -> None:
    """The same for a failure."""
    try:
        raise error
    except Exception:
        log.exception("pass broke: %s", "story")


TOLD = {
    "what is put off again and again, in its own words": (
        [lambda: put_off(FULL)] * 9,
        ["no space is left for the database; free some"],
    ),
    "the same trouble of several, once": (
        [lambda: put_off(FULL), lambda: log.warning("%s waits: %s", "story", FULL)] * 5,
        ["no space is left for the database; free some"],
    ),
    "a failure that comes back": (
        [lambda: broken(KeyError("a"))] * 9,
        ["pass broke: KeyError: 'a'"],
    ),
}
UNTOLD = {
    "a hiccup": [lambda: put_off(FULL), lambda: broken(KeyError("a"))],
    "a warning of another kind": [lambda: log.warning("events were not recorded")] * 9,
}


@pytest.mark.parametrize(("happens", "told"), TOLD.values(), ids=TOLD)
def test_told(happens: Sequence[Happening], told: list[str], tmp_path: Path) -> None:
    """Trouble that does not pass is told once; without it munshi would look as if it waited."""
    assert heard(happens, tmp_path) == told


@pytest.mark.parametrize("happens", UNTOLD.values(), ids=UNTOLD)
def test_untold(happens: Sequence[Happening], tmp_path: Path) -> None:
    """The screen is for what a person should know."""
    assert heard(happens, tmp_path) == []


def test_a_full_diary_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins anew when it is full, and one older one is kept; nothing is lost on the way."""
    monkeypatch.setattr(diary, "BYTES", 1200)
    with diary.kept_in(tmp_path, lambda *_: None) as path:
        for number in range(30):
            log.info("line %s of thirty", number)
    older = path.with_name("munshi.log.1")
    lines = (older.read_text() + path.read_text()).splitlines()
    assert [line.partition(": ")[2] for line in lines] == [f"line {n} of thirty" for n in range(30)]
    assert older.stat().st_size < 1300


def heard(happens: Sequence[Happening], home: Path) -> list[str]:
    """The alarms."""
    told: list[str] = []
    with diary.kept_in(home, lambda trouble, _: told.append(trouble)):
        for happen in happens:
            happen()
    return told
