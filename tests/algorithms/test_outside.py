"""Algorithms of other packages: found by their entry points, and held to the shape of their answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from munshi.admission.admit import no_config_maps
from munshi.admission.judge import judge
from munshi.algorithms import Reply, Request, find, known, outside, registry
from munshi.algorithms.outside import Broken, Watched
from munshi.errors import AlgorithmRefused, FieldFault
from munshi.space import Double, Space
from munshi.testing.builders import an_experiment
from support import packages

LINE = Space((Double("x", 0.0, 1.0),))
_NUMBERS = iter(range(1000))

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package with one module, whose `{module}` stands for the module's name."""

    def put(source: str, algorithms: Mapping[str, str], name: str = "") -> None:
        module = f"outside_{next(_NUMBERS)}"  # a module is imported once in a process
        entries = {key: value.format(module=module) for key, value in algorithms.items()}
        packages.install(tmp_path / module, name or module, {module: source}, entries)
        monkeypatch.syspath_prepend(tmp_path / module)
        outside._registered.cache_clear()

    yield put
    monkeypatch.undo()
    outside._registered.cache_clear()


GOOD = """
from munshi.algorithms import Reply

class Middle:
    def check(self, space, settings, max_trial_count):
        return []

    def suggest(self, request):
        return Reply(({"x": "0.5"},) * request.count)

MIDDLE, CLASS, NUMBER = Middle(), Middle, 3
class Half:
    def check(self, *_): return []
HALF = Half()
"""


def a_question(count: int = 2) -> Request:
    """One about a line."""
    return Request(LINE, False, {}, 1, (), (), 0, count)


def test_a_registered_name_is_an_algorithm(install: Install) -> None:
    """It is found by its name, serves, learns and draws as far as munshi knows, and is not munshi's own."""
    install(GOOD, {"middle": "{module}:MIDDLE"})
    found = find("middle")
    assert found.name == "middle"
    assert found.check(LINE, {}, None) == []
    assert found.suggest(a_question()) == Reply(({"x": "0.5"}, {"x": "0.5"}))
    assert "middle" not in known()
    assert not registry.is_own("middle")
    assert registry.learns("middle")
    assert registry.draws("middle")


def test_munshis_own_names_come_first(install: Install) -> None:
    """A package cannot take the name of a built-in algorithm; one that is only planned it can."""
    install(GOOD, {"random": "{module}:MIDDLE", "darts": "{module}:MIDDLE"})
    assert not isinstance(find("random"), Watched)
    assert isinstance(find("darts"), Watched)


def test_a_near_miss_is_offered(install: Install) -> None:
    """A misspelt name of a package's algorithm is advised like any other, and listed among the known."""
    install(GOOD, {"middle": "{module}:MIDDLE"})
    assert registry.mend("midle") == 'did you mean "middle"?'
    assert registry.mend("zzzzz").endswith(", middle")


BROKEN = {
    "a missing module": ("no_such_module_at_all:X", "cannot be loaded: ModuleNotFoundError"),
    "a missing object": ("{module}:NOBODY", "cannot be loaded: AttributeError"),
    "a class": ("{module}:CLASS", "is a class"),
    "a number": ("{module}:NUMBER", "it has no check and no suggest"),
    "half an algorithm": ("{module}:HALF", "it has no suggest"),
}


@pytest.mark.parametrize(("entry", "problem"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_used_is_a_fault_at_its_name(
    install: Install, entry: str, problem: str
) -> None:
    """Admission tells it at spec.algorithm.algorithmName, with the package, and how to mend it."""
    install(GOOD, {"mine": entry}, "minepkg")
    [fault] = judge(an_experiment(algorithm="mine"), config_maps=no_config_maps)
    assert fault.field == "spec.algorithm.algorithmName"
    assert problem in fault.problem
    assert "minepkg 1.0" in fault.problem
    assert fault.mend
    with pytest.raises(AlgorithmRefused, match="minepkg"):
        find("mine")


def test_a_module_that_breaks_while_it_is_imported_is_told(install: Install) -> None:
    """Its exception stands in the sentence; it is not raised."""
    install("raise RuntimeError('no licence')", {"mine": "{module}:MINE"})
    found = outside.find("mine")
    assert isinstance(found, Broken)
    assert "RuntimeError: no licence" in found.problem


def test_two_packages_with_one_name_are_told(install: Install) -> None:
    """Neither is chosen: both are named. The same package on the path twice is one."""
    install(GOOD, {"mine": "{module}:MIDDLE"}, "one")
    install(GOOD, {"mine": "{module}:MIDDLE"}, "two")
    found = outside.find("mine")
    assert isinstance(found, Broken)
    assert "one 1.0" in found.problem
    assert "two 1.0" in found.problem
    sys.path.append(sys.path[0])
    outside._registered.cache_clear()
    assert len(outside._registered()["mine"]) == 2


class Says:
    """An algorithm that says what it is told to."""

    name = "says"

    def __init__(self, reply: Any = None, faults: Any = ()) -> None:
        self._reply, self._faults = reply, faults

    def check(self, *_: object) -> Any:
        """As told."""
        if isinstance(self._faults, Exception):
            raise self._faults
        return self._faults

    def suggest(self, _: Request) -> Any:
        """As told."""
        return self._reply


POINT = {"x": "0.5"}
PROMISES = {
    "no reply": (None, "replied with NoneType"),
    "too many points": (Reply((POINT,) * 3), "more than the 2"),
    "too few": (Reply((POINT,)), "1 of 2 and is neither exhausted nor waiting"),
    "a point outside": (Reply((POINT, {"x": "2"})), "not in the space"),
    "a point with a number": (Reply((POINT, {"x": 0.5})), "not in the space"),  # type: ignore[dict-item]
    "a point with a name too many": (Reply((POINT, {**POINT, "y": "1"})), "not in the space"),
    "a point that is none": (Reply((POINT, 7)), "not in the space"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("reply", "how"), PROMISES.values(), ids=PROMISES)
def test_a_reply_that_breaks_the_promise_is_refused(reply: Any, how: str) -> None:
    """With the package's name and what was wrong."""
    watched = Watched("says", "somebody 1.0 (m:O)", Says(reply))
    with pytest.raises(AlgorithmRefused, match="of somebody") as refused:
        watched.suggest(a_question())
    assert how in str(refused.value)


def test_few_points_with_a_reason_are_a_reply() -> None:
    """Exhausted and waiting replies come through whole."""
    for reply in (
        Reply((POINT,), exhausted=True, because="b"),
        Reply((), waiting=True, because="c"),
    ):
        assert Watched("says", "o", Says(reply)).suggest(a_question()) == reply


def test_a_check_that_breaks_is_a_fault() -> None:
    """What is raised, or is no FieldFault, is told as a fault of the algorithm; faults come through."""
    good = [FieldFault(("width",), "is odd")]
    assert Watched("says", "o", Says(faults=good)).check(LINE, {}, None) == good
    for bad in (ValueError("dear me"), ["odd"], None):
        [fault] = Watched("says", "somebody 1.0", Says(faults=bad)).check(LINE, {}, None)
        assert fault.path == ()
        assert "somebody 1.0" in fault.problem


def test_nobody_else_pays_for_the_search() -> None:
    """Finding a built-in algorithm reads no entry points."""
    code = (
        "import sys\n"
        "from munshi.algorithms import registry\n"
        "registry.find('grid'), registry.known()\n"
        "assert 'munshi.algorithms.outside' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
