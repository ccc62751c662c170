"""Private views: a container's absolute paths on a host that does not have them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.process.trials import (
    PATIENCE_S,
    SOURCES,
    USERS,
    Place,
    but,
    log,
    mounts_of_the_host,
    run,
)
from munshi.local.process import Bind, Reason, namespaces_available

AS_EACH_USER = pytest.mark.parametrize("user", USERS)


def shown(place: Place, name: str, **files: str) -> str:
    """A folder of the host with these files, to be bound; anybody may write there."""
    folder = place.home / name
    folder.mkdir()
    folder.chmod(0o777)
    for file, text in files.items():
        (folder / file).write_text(text)
        (folder / file).chmod(0o666)
    return str(folder)


def test_available_here() -> None:
    """The machine that runs these tests has namespaces; the probe says so and leaves nothing."""
    before = mounts_of_the_host()
    assert namespaces_available().ok, namespaces_available().why
    assert mounts_of_the_host() == before
    assert not list(Path("/").glob("munshi-probe*"))


def test_unavailable_is_told() -> None:
    """A probe that cannot be made answers no, with its reason, and raises nothing."""
    assert "false" in namespaces_available("/no/such/false").why
    assert not namespaces_available("false").ok


MISSING = {
    "at the top": "/munshi-test-train",
    "deep below the top": "/munshi-test-train/a/b/c",
    "in a folder of the host": "/var/log/munshi-test-katib",
    "deep in a folder of the host": "/var/munshi-test/a/b",
    "through a symlink of the host": "/var/run/munshi-test",
    "through a symlink at the top": "/bin/munshi-test",
    "in a device folder": "/dev/munshi-test",
    "past dots": "/var/../usr/./munshi-test",
    "where this user may not look": "/root/munshi-test",
}


@AS_EACH_USER
@pytest.mark.parametrize("target", MISSING.values(), ids=MISSING)
def test_missing_targets_appear(place: Place, user: str, target: str) -> None:
    """The program reads and writes at the target; the host has the source, and no such target."""
    assert not os.path.lexists(target)
    source = shown(place, "source", given="from the host")
    script = f"cat {target}/given && echo from the trial >{target}/made && ls {target}"
    plan = place.plan("sh", "-c", script, binds=(Bind(source, target),))
    outcome = run(plan, user)
    assert outcome.code == 0, (outcome, log(plan))
    assert log(plan) == "from the hostgiven\nmade\n"
    assert (Path(source) / "made").read_text() == "from the trial\n"
    assert not os.path.lexists(target)


@AS_EACH_USER
def test_existing_targets_are_covered(place: Place, user: str) -> None:
    """A target that the host has is covered in the trial only, be it a folder or a file."""
    source = shown(place, "source", users="nobody at all\n")
    binds = (Bind(source, "/usr/share"), Bind(f"{source}/users", "/etc/passwd"))
    plan = place.plan("sh", "-c", "cat /etc/passwd; ls /usr/share", binds=binds)
    run(plan, user)
    assert log(plan) == "nobody at all\nusers\n"
    assert "nobody at all" not in Path("/etc/passwd").read_text("utf-8")


@AS_EACH_USER
def test_files_appear(place: Place, user: str) -> None:
    """A single file can be shown where the host has nothing."""
    source = shown(place, "source", config="a: 1\n") + "/config"
    target = "/munshi-test/etc/config.yaml"
    plan = place.plan("cat", target, binds=(Bind(source, target),))
    run(plan, user)
    assert log(plan) == "a: 1\n"


@AS_EACH_USER
def test_everything_else_is_as_on_the_host(place: Place, user: str) -> None:
    """Beside a target that was made to appear the host's entries are all there and the real thing."""
    source = shown(place, "source")
    binds = (Bind(source, "/munshi-test"), Bind(source, "/etc/munshi-test"))
    script = "ls -A / /etc; readlink /bin; echo x >/dev/null; cat /proc/self/comm; ls /sys | wc -l"
    plan = place.plan("sh", "-c", script, binds=binds)
    plain = place.plan("sh", "-c", script, name="plain")
    run(plan, user)
    run(plain, user)
    inside = [line for line in log(plan).splitlines() if line != "munshi-test"]
    assert inside == log(plain).splitlines()
    assert len(inside) == len(log(plan).splitlines()) - 2


@AS_EACH_USER
def test_the_rest_stays_writable(place: Place, user: str) -> None:
    """What the program writes elsewhere, below or beside its binds, reaches the host."""
    source = shown(place, "source")
    beside = shown(place, "beside")
    plan = place.plan("sh", "-c", f"echo out >{beside}/file", binds=(Bind(source, "/munshi-test"),))
    run(plan, user)
    assert (Path(beside) / "file").read_text() == "out\n"


NESTED = {
    "the inner one last": (0, 1, 2),
    "the inner one first": (2, 1, 0),
    "in between": (1, 2, 0),
}


@AS_EACH_USER
@pytest.mark.parametrize("order", NESTED.values(), ids=NESTED)
def test_binds_below_binds(place: Place, user: str, order: tuple[int, int, int]) -> None:
    """Binds nest whatever their order, and what is written in the outer one is kept."""
    binds = (
        Bind(shown(place, "outer", outer=""), "/munshi-test"),
        Bind(shown(place, "inner", inner=""), "/munshi-test/a/b"),
        Bind(shown(place, "file", text="text\n") + "/text", "/munshi-test/a/b/c/text"),
    )
    script = "cd /munshi-test; cat a/b/c/text; ls . a/b; touch kept a/b/kept"
    plan = place.plan("sh", "-c", script, binds=tuple(binds[at] for at in order))
    outcome = run(plan, user)
    assert outcome.code == 0, (outcome, log(plan))
    assert log(plan) == "text\n.:\na\nouter\n\na/b:\nc\ninner\n"
    assert (place.home / "outer" / "kept").exists()
    assert (place.home / "inner" / "kept").exists()


@AS_EACH_USER
def test_read_only(place: Place, user: str) -> None:
    """A read-only bind can be read only, and so can what is mounted below it unless it says else."""
    source = shown(place, "source", given="given\n")
    binds = (
        Bind(source, "/munshi-test", read_only=True),
        Bind(shown(place, "inner"), "/munshi-test/inner"),
    )
    script = "cd /munshi-test; cat given; touch made 2>/dev/null || echo no; touch inner/made && echo yes"
    plan = place.plan("sh", "-c", script, binds=binds)
    outcome = run(plan, user)
    assert outcome.code == 0, (outcome, log(plan))
    assert log(plan) == "given\nno\nyes\n"
    assert sorted(path.name for path in Path(source).iterdir()) == ["given"]


@AS_EACH_USER
def test_sources_below_targets(place: Place, user: str) -> None:
    """A source is what it was on the host, even when another bind covers the path to it."""
    one, other = shown(place, "one", who="one"), shown(place, "other", who="other")
    binds = (Bind(one, other), Bind(other, one))
    plan = place.plan("sh", "-c", f"cat {one}/who {other}/who", binds=binds)
    run(plan, user)
    assert log(plan) == "otherone"


@AS_EACH_USER
def test_two_trials_never_meet(place: Place, user: str) -> None:
    """The same absolute path is a different folder in each trial, also of the trial's own folder."""
    for name in ("one", "two"):
        plan = place.plan("true", name=name)
        Path(plan.folder).mkdir(mode=0o777)
        Path(plan.folder).chmod(0o777)
        source = shown(place, f"{name}/train")
        script = f"test ! -e /munshi-test/mark && echo {name} >/munshi-test/mark"
        run(but(plan, argv=("sh", "-c", script), binds=(Bind(source, "/munshi-test"),)), user)
        assert (Path(source) / "mark").read_text() == f"{name}\n"


@AS_EACH_USER
def test_who_the_program_is(place: Place, user: str) -> None:
    """The program keeps its user and group, and an ordinary user gains no capability."""
    source = shown(place, "source")
    script = "id -u; id -g; grep CapEff /proc/self/status"
    plan = place.plan("sh", "-c", script, binds=(Bind(source, "/munshi-test"),))
    plain = place.plan("sh", "-c", script, name="plain")
    run(plan, user)
    run(plain, user)
    assert log(plan) == log(plain)


def test_an_ordinary_user_makes_nothing_at_the_top(place: Place) -> None:
    """Where the host forbids new names the view forbids them too, instead of swallowing them."""
    source = shown(place, "source")
    script = "touch /munshi-lost 2>/dev/null || echo no; touch /munshi-test/kept && echo yes"
    plan = place.plan("sh", "-c", script, binds=(Bind(source, "/munshi-test"),))
    run(plan, USERS[-1])
    assert log(plan) == "no\nyes\n"
    assert (Path(source) / "kept").exists()


@AS_EACH_USER
def test_the_program_and_its_folder_may_live_in_a_bind(place: Place, user: str) -> None:
    """argv[0], PATH and the working directory are paths of the view, not of the host."""
    source = shown(place, "source", tool="#!/bin/sh\npwd\n")
    (Path(source) / "tool").chmod(0o755)
    plan = place.plan("tool", binds=(Bind(source, "/munshi-test/bin"),))
    run(but(plan, cwd="/munshi-test/bin", env={"PATH": "/munshi-test/bin"}), user)
    assert log(plan) == "/munshi-test/bin\n"


@AS_EACH_USER
def test_ending_in_a_view(place: Place, user: str) -> None:
    """Leftovers in a private view are ended like any other, and the view goes with them."""
    source = shown(place, "source")
    script = "setsid sleep 600 & exit 5"
    outcome = run(place.plan("sh", "-c", script, binds=(Bind(source, "/munshi-test"),)), user)
    assert (outcome.code, outcome.reason) == (5, Reason.EXITED)
    assert "it left behind 1 process" in outcome.message


IMPOSSIBLE = {
    "a missing source": ("{home}/none", "/munshi-test", "No such file or directory"),
    "the root as target": ("{home}", "/", "is the root of the file system"),
    "dots that lead to the root": ("{home}", "/usr/..", "is the root of the file system"),
    "below a file": ("{home}", "/etc/passwd/x", "/etc/passwd is not a folder"),
    "new in /proc": ("{home}", "/proc/munshi", "the kernel owns it"),
    "new in /sys": ("{home}", "/sys/fs/munshi", "the kernel owns it"),
    "a folder over a file": ("{home}", "/etc/passwd", "Not a directory"),
    "a file over a folder": ("/etc/passwd", "/usr", "Not a directory"),
}


@AS_EACH_USER
@pytest.mark.parametrize(("source", "target", "why"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_impossible_binds(place: Place, user: str, source: str, target: str, why: str) -> None:
    """A bind that cannot be is told with its target and the reason; the program does not start."""
    source = source.format(home=place.home)
    outcome = run(place.plan("echo", "hi", binds=(Bind(source, target),)), user)
    assert outcome.reason is Reason.NOT_STARTED
    assert target in outcome.message
    assert why in outcome.message


def test_a_folder_at_the_top(place: Place) -> None:
    """The trial's folder may itself be an entry of the root, as in many containers."""
    script = """
import os, sys
from munshi.local.process.forked import mounts
bind = {"source": sys.argv[1], "target": "/munshi-test/name", "read_only": False}
mounts.enter([bind], "/tmp")
print(os.listdir("/munshi-test"), os.path.isdir(sys.argv[1]))
"""
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", script, str(place.home)],
        env={"PYTHONPATH": SOURCES},
        timeout=PATIENCE_S,
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"['name'] True\n", done.stderr.decode()


SHADOWED: dict[str, tuple[tuple[str, str], ...]] = {
    "the inner one is deeper": (("/var/log/munshi-test", "a"), ("/var/munshi-test/x/y", "b")),
    "a bind lies where another makes room": (("/var/log", "a"), ("/var/munshi-test/x", "b")),
    "room is made at the top last": (("/etc/passwd", "a"), ("/munshi-test/x/y/z", "b")),
}


@AS_EACH_USER
@pytest.mark.parametrize("pairs", SHADOWED.values(), ids=SHADOWED)
def test_room_made_around_binds(
    place: Place, user: str, pairs: tuple[tuple[str, str], ...]
) -> None:
    """Making room for one target neither hides nor loosens what was laid for another."""
    source = shown(place, "source", a="a", b="b")
    binds = tuple(
        Bind(f"{source}/{file}", target) for target, file in pairs if target != "/var/log"
    )
    if len(binds) < len(pairs):
        binds = (Bind(shown(place, "log", a="a"), "/var/log"), *binds)
    files = " ".join("/var/log/a" if target == "/var/log" else target for target, _ in pairs)
    plan = place.plan("cat", *files.split(), binds=binds)
    outcome = run(plan, user)
    assert log(plan) == "ab", outcome


@AS_EACH_USER
def test_sources_above_targets(place: Place, user: str) -> None:
    """A source that holds other targets shows what the host has there, not what covers it."""
    source = shown(place, "source", text="covering")
    shown(place, "tree")
    shown(place, "tree/inner", text="covered")
    binds = (
        Bind(source, str(place.home / "tree" / "inner")),
        Bind(str(place.home / "tree"), "/munshi-test/a/b/c/d/e/f"),
        Bind("/var", "/munshi-test/var"),
        Bind(source, "/var/munshi-test"),
    )
    seen = f"{place.home}/tree/inner/text /munshi-test/a/b/c/d/e/f/inner/text"
    plan = place.plan(
        "sh", "-c", f"cat {seen}; ls -d /munshi-test/var/munshi-test 2>/dev/null", binds=binds
    )
    run(plan, user)
    assert log(plan) == "coveringcovered"
