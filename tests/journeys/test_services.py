"""Algorithms of others: the service of docs/own-service.md, asked, killed and come back."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from journeys.stories import FOR_EVER, ONCE, REPORT, choice, experiment, written
from journeys.world import World, wait_until
from support import own_service

pytestmark = pytest.mark.journey

TRIALS = 8
BY_COMMAND = f"climber={sys.executable} service.py"


@pytest.fixture(scope="session")
def proto(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `munshi suggestion-service --proto` prints."""
    world = World(tmp_path_factory.mktemp("proto"))
    done = world.munshi("suggestion-service", "--proto")
    assert done.code == 0, done.err
    return done.out


@pytest.fixture
def mine(world: World, proto: str) -> World:
    """A world with the page's service in it."""
    own_service.made(world.path, proto)
    return world


def climbing(**spec: Any) -> dict[str, Any]:
    """Eight trials, two at once, that each leave a line and take a moment."""
    made = experiment(
        *(ONCE, "sleep 0.15", REPORT),
        **({"maxTrialCount": TRIALS, "parallelTrialCount": 2} | spec),
    )
    made["spec"]["algorithm"] = {"algorithmName": "climber"}
    return made


def is_whole(world: World) -> None:
    """Every trial succeeded, was started once, and has settings of its own."""
    assert world.outcomes() == {"Succeeded": TRIALS}
    started = world.lines("started")
    assert len(started) == len(set(started)) == TRIALS
    assert set(started) == {trial["metadata"]["name"] for trial in world.trials()}
    points = [trial["spec"]["parameterAssignments"][0]["value"] for trial in world.trials()]
    assert len(set(points)) == TRIALS


def services_of(world: World) -> list[int]:
    """The processes that run the page's service."""
    found = []
    for pid in world.running():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"service.py" in words and not any(b"tether" in word for word in words):
                found.append(pid)
    return found


def kill_the_service(world: World) -> None:
    """By KILL, when it runs; the next one has another process id."""
    wait_until(lambda: bool(services_of(world)), "for the service")
    (pid,) = services_of(world)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: services_of(world) not in ([pid], []), "for the next service")


def a_free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


@contextlib.contextmanager
def listening(world: World, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The page's service, started by the user, at a port; killed in the end."""
    env = {**os.environ, "PORT": str(port), "MUNSHI_HOME": str(world.home)}
    with subprocess.Popen([sys.executable, "service.py"], cwd=world.path, env=env) as service:
        try:
            yield service
        finally:
            service.kill()


def test_the_page_is_true(mine: World) -> None:
    """Its service, its stubs and its Experiment, with the first of its commands: twelve trials."""
    assert '--algorithm-service "climber=python service.py"' in own_service.PAGE
    done = mine.munshi("run", "climb.yaml", "--algorithm-service", BY_COMMAND)
    assert done.code == 0, done.err
    assert mine.outcomes() == {"Succeeded": 12}
    assert len(own_service.box("python").splitlines()) <= 45
    assert (mine.home / "services" / "climber.log").exists()


def test_a_service_at_an_address(mine: World) -> None:
    """The second of its commands: the service was there before, and is there after."""
    port = a_free_port()
    with listening(mine, port) as service:
        done = mine.munshi("run", "climb.yaml", "--algorithm-service", f"climber=127.0.0.1:{port}")
        assert done.code == 0, done.err
        assert mine.outcomes() == {"Succeeded": 12}
        assert service.poll() is None


def test_a_service_that_is_killed_comes_back(mine: World) -> None:
    """Twice in the middle: no trial is lost, none is there twice, and nobody has to do anything."""
    run = mine.start("run", written(mine.path, climbing()), "--algorithm-service", BY_COMMAND)
    for moment in (2, 5):
        wait_until(lambda least=moment: len(mine.lines("started")) >= least, "for trials")  # type: ignore[misc]
        kill_the_service(mine)
    assert run.wait().code == 0
    is_whole(mine)


def test_while_a_service_is_away_nothing_is_lost(mine: World) -> None:
    """It is killed in the middle; what runs ends, and the rest comes when the user has started it again."""
    port = a_free_port()
    with listening(mine, port) as first:
        where = f"climber=127.0.0.1:{port}"
        run = mine.start("run", written(mine.path, climbing()), "--algorithm-service", where)
        wait_until(lambda: len(mine.lines("started")) >= 2, "for trials")
        first.kill()
        first.wait()
        wait_until(lambda: "does not answer" in run.err, "for the warning")
        assert run.process.poll() is None
    with listening(mine, port):
        assert run.wait().code == 0
    is_whole(mine)


def test_munshi_is_killed_and_the_same_command_goes_on(mine: World) -> None:
    """Its service ends with it, and begins with the next; every trial is run once."""
    words = ("run", written(mine.path, climbing()), "--algorithm-service", BY_COMMAND)
    run = mine.start(*words)
    wait_until(lambda: len(mine.lines("started")) >= 3, "for trials")
    run.kill()
    wait_until(lambda: services_of(mine) == [], "for the end of the service")
    done = mine.munshi(*words)
    assert done.code == 0, done.err
    is_whole(mine)


def test_what_the_service_refuses_is_shown_at_its_place(mine: World) -> None:
    """File, line and the service's own words; nothing is started, and the exit code is 2."""
    text = (mine.path / "climb.yaml").read_text().replace("name: width", "name: height")
    (mine.path / "climb.yaml").write_text(text)
    done = mine.munshi("run", "climb.yaml", "--algorithm-service", BY_COMMAND)
    assert done.code == 2
    line = text.splitlines().index("  algorithm:") + 1
    assert re.search(
        rf'climb\.yaml:{line + 1}:\d+: spec\.algorithm: unknown setting "height"', done.err
    )
    assert mine.get("experiments")["items"] == []


REFUSED = {
    "nobody at the address": ("climber=127.0.0.1:1", 1, "does not answer"),
    "no such program": ("climber=no-such-program", 2, "no-such-program"),
    "a program that ends at once": ("climber=false", 1, "exit code 1"),
    "not a place": ("climber", 2, "NAME=HOST:PORT"),
    "another name": ("other=127.0.0.1:1", 2, '"climber" is unknown'),
}


@pytest.mark.parametrize(("where", "code", "said"), REFUSED.values(), ids=REFUSED)
def test_a_service_that_is_not_there(mine: World, where: str, code: int, said: str) -> None:
    """A sentence that says what is wrong; nothing is started."""
    done = mine.munshi("run", "climb.yaml", "--algorithm-service", where)
    assert (done.code, said in done.err) == (code, True), done.err
    assert mine.get("experiments")["items"] == []


def test_a_variable_says_it_for_every_command(mine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`validate` and `render` know the name then, and ask nobody."""
    monkeypatch.setenv("MUNSHI_ALGORITHM_SERVICES", "other=h:1; climber=127.0.0.1:1")
    assert mine.munshi("validate", "climb.yaml").code == 0
    assert "python3" in mine.munshi("render", "climb.yaml").out
    monkeypatch.delenv("MUNSHI_ALGORITHM_SERVICES")
    assert mine.munshi("validate", "climb.yaml").code == 2


# -- munshi's own service ----------------------------------------------------------------------------


def serving(world: World, port: int) -> Any:
    """`munshi suggestion-service` at a port, listening."""
    service = world.start("suggestion-service", "--port", str(port))
    wait_until(lambda: f"127.0.0.1:{port}" in service.err, "for our service")
    return service


def test_our_service_remembers_nothing(world: World) -> None:
    """It is killed in the middle and begun again: tpe goes on, as the history is in every question."""
    port, made = a_free_port(), climbing()
    made["spec"]["algorithm"] = {"algorithmName": "tpe"}
    first = serving(world, port)
    run = world.start(
        "run", written(world.path, made), "--algorithm-service", f"tpe=127.0.0.1:{port}"
    )
    wait_until(lambda: len(world.lines("started")) >= 3, "for trials")
    first.kill()
    second = serving(world, port)
    assert run.wait().code == 0
    is_whole(world)
    assert second.interrupt().code == 0


def test_our_early_stopping_as_a_service(world: World) -> None:
    """It reads the values of trials where munshi shows them, and ends the one that leads nowhere."""
    port = a_free_port()
    service = serving(world, port)
    made = experiment(
        'echo "score=0.$K"',
        "sleep 0.3",
        'echo "score=0.${K}5"',
        f'if [ "$K" = 1 ]; then {FOR_EVER}; fi',
        parameters=(choice("k", "7", "8", "9", "1"),),
        algorithm="grid",
        objective={"type": "maximize", "objectiveMetricName": "score"},
        maxTrialCount=4,
        parallelTrialCount=1,
    )
    made["spec"]["earlyStopping"] = {
        "algorithmName": "medianstop",
        "algorithmSettings": [{"name": "start_step", "value": "1"}],
    }
    done = world.munshi(
        *("run", written(world.path, made)),
        *("--early-stopping-service", f"medianstop=127.0.0.1:{port}"),
    )
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 3, "EarlyStopped": 1}
    # The service gives one rule; munshi itself would have given one for the second report, too.
    rules = [trial["spec"].get("earlyStoppingRules", []) for trial in world.trials()]
    assert sorted(map(len, rules)) == [0, 0, 0, 1]
    assert service.interrupt().code == 0
