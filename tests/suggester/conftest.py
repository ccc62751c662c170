"""Algorithms that do what no algorithm should, in a package that workers find."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from munshi.algorithms import outside
from support import packages

MISCHIEF = '''
import ctypes, os, sys, time
from pathlib import Path
from munshi.algorithms import Reply
from munshi.errors import AlgorithmRefused


class Mischief:
    """Does something, then proposes the middle of [0, 1]."""

    def __init__(self, deed):
        self.name, self.deed = deed.__name__, deed

    def check(self, space, settings, max_trial_count):
        return []

    def suggest(self, request):
        if reply := self.deed(request):
            return reply
        return Reply(({"x": "0.5"},) * request.count)


def sleeps(request):
    time.sleep(600)

def spins(request):
    while True: pass

def eats(request):
    hoard = []
    while True: hoard.append(bytearray(16 << 20))

def crashes(request):
    ctypes.string_at(0)

def exits(request):
    os._exit(3)

def leaves(request):
    sys.exit("tired")

def raises(request):
    raise ValueError("no root in\\nthis bracket")

def refuses(request):
    raise AlgorithmRefused("the space is too wide for it")

def stumbles(request):
    """Crashes until it has done so as often as the setting says."""
    marks = Path(request.settings["marks"])
    with marks.open("a") as file: file.write("x")
    if len(marks.read_text()) <= int(request.settings["times"]): os._exit(1)

def chatters(request):
    print("to standard output")
    print("to standard error", file=sys.stderr)
    os.write(1, b"from below\\n")

def forks(request):
    """Starts a program that would run for ever, and says which."""
    import subprocess
    child = subprocess.Popen(["sleep", "600"])
    Path(request.settings["child"]).write_text(str(child.pid))
    time.sleep(600)

def strays(request):
    return Reply(({"x": "7"},))

def hides(request):
    return Reply(({"x": "0.5"},), because=_Because())

class _Because(str):
    def __reduce__(self): raise TypeError("not for sale")

DEEDS = sleeps, spins, eats, crashes, exits, leaves, raises, refuses, stumbles, chatters, forks, strays, hides
globals().update({deed.__name__.upper(): Mischief(deed) for deed in DEEDS})
'''
DEEDS = (
    "sleeps", "spins", "eats", "crashes", "exits", "leaves", "raises", "refuses", "stumbles",
    "chatters", "forks", "strays", "hides",
)  # fmt: skip


@pytest.fixture
def mischief(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package, for workers; this process does not know it."""
    site = tmp_path_factory.mktemp("site")
    entries = {deed: f"mischief:{deed.upper()}" for deed in DEEDS}
    packages.install(site, "mischief", {"mischief": MISCHIEF}, entries)
    monkeypatch.setenv("PYTHONPATH", _joined(site))
    outside._registered.cache_clear()


def _joined(site: Path) -> str:
    return os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH", ""))))
