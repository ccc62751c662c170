"""Logs that are kept within bounds, head and tail, while programs write to them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.process.trials import (
    PATIENCE_S,
    SOURCES,
    Place,
    mounts_of_the_host,
    run,
    until,
)
from munshi.local.process import (
    Gap,
    ProcessPlan,
    Reason,
    Spawner,
    ended,
    read_exit,
    read_gap,
    trim,
)
from munshi.local.process.forked.logs import Logs

PYTHON = (sys.executable, "-I", "-S", "-c")
KIB = 1 << 10
BOUND = 256 * KIB
HEAD, TAIL = BOUND // 4, BOUND - BOUND // 4
SAY = """
import os, sys, time
for number in range({count}):
    os.write(1, (b"%015d\\n" % number) * 256)
    {pause}
"""
"""Pieces of 4 KiB, each of 256 equal lines of 16 bytes that hold its number."""


def saying(pieces: int, then: str = "", pause: str = "") -> str:
    """A program that says so many pieces."""
    return SAY.format(count=pieces, pause=pause) + then


def disk_use(path: str) -> int:
    """Bytes of blocks that a file really has."""
    return Path(path).stat().st_blocks * 512


def is_kept(path: str, pieces: int, gap: Gap) -> bool:
    """Whether everything outside the gap is what was written, where it was written."""
    with Path(path).open("rb") as file:
        for number in range(pieces):
            piece = file.read(4 * KIB)
            at = number * 4 * KIB
            wanted = b"\0" if gap.start <= at < gap.end else b"%015d\n" % number
            if piece != wanted * (4 * KIB // len(wanted)):
                return False
        return file.read() == b""


def test_head_and_tail(place: Place) -> None:
    """Of a long log, read to its end, a quarter of the bound stays from the start, the rest from the end."""
    pieces = 1024
    plan = place.plans(place.program(*PYTHON, saying(pieces)), log_bytes=BOUND)
    Path(plan.folder).mkdir()
    (Path(plan.folder) / "read").write_text(str(1 << 40))
    outcome = run(plan)
    assert (outcome.code, outcome.message) == (0, "")
    path = plan.programs[0].log
    gap = read_gap(path)
    assert gap == Gap(HEAD, pieces * 4 * KIB - TAIL)
    assert Path(path).stat().st_size == pieces * 4 * KIB
    assert disk_use(path) <= BOUND + 64 * KIB
    assert is_kept(path, pieces, gap)


def test_short_logs_stay_whole(place: Place) -> None:
    """A log within its bound has no gap, and without a bound none has."""
    plan = place.plans(place.program(*PYTHON, saying(60)), log_bytes=BOUND)
    run(plan)
    assert read_gap(plan.programs[0].log) is None
    assert is_kept(plan.programs[0].log, 60, Gap(0, 0))
    endless = place.plans(place.program(*PYTHON, saying(600), folder="endless"), name="endless")
    run(endless)
    assert is_kept(endless.programs[0].log, 600, Gap(0, 0))


def test_odd_bounds(place: Place) -> None:
    """Gaps begin and end at whole blocks, whatever the bound."""
    for bound in (1, 5000, 12345):
        name = f"trial-{bound}"
        talker = place.program(*PYTHON, saying(50), name="c", folder=name)
        main = place.program("true", folder=name)
        plan = place.plans(main, companions=(talker,), name=name, log_bytes=bound)
        run(plan)
        path = plan.companions[0].log
        gap = read_gap(path)
        assert gap is not None
        assert gap.start % 4096 == gap.end % 4096 == 0
        assert gap.start >= bound // 4
        assert 50 * 4 * KIB - gap.end >= bound - bound // 4
        assert is_kept(path, 50, gap)


class Talk:
    """A program that says pieces whenever the test wants more."""

    SCRIPT = """
import os, time
number = 0
while not os.path.exists("end"):
    wanted = int(open("wanted").read() or 0) if os.path.exists("wanted") else 0
    while number < wanted:
        os.write(1, (b"%015d\\n" % number) * 256)
        number += 1
    time.sleep(0.01)
"""

    def __init__(self, place: Place, plan: ProcessPlan) -> None:
        self.place, self.path, self.folder = place, plan.programs[0].log, Path(plan.folder)

    async def says(self, pieces: int) -> None:
        """Wait until the log holds so many pieces in all."""
        (self.place.home / ".wanted").write_text(str(pieces))
        (self.place.home / ".wanted").rename(self.place.home / "wanted")
        await until(lambda: Path(self.path).stat().st_size == pieces * 4 * KIB)

    def is_read_to(self, position: int) -> None:
        """The engine has read so far."""
        (self.folder / "read").write_text(str(position))


def test_nothing_unread_is_given_up(place: Place) -> None:
    """While the program runs the gap follows the reader, and the last of the log stays for it."""

    async def story() -> None:
        spawner = Spawner()
        plan = place.plans(place.program(*PYTHON, Talk.SCRIPT), log_bytes=BOUND)
        identity = await spawner.spawn(plan)
        await until(lambda: Path(plan.programs[0].log).exists())
        talk = Talk(place, plan)
        await talk.says(500)
        talk.is_read_to(1_000_000)
        await until(lambda: read_gap(talk.path) is not None)
        assert read_gap(talk.path) == Gap(HEAD, 1_000_000 // 4096 * 4096)
        await until(
            lambda: disk_use(talk.path) <= 500 * 4 * KIB - (1_000_000 // 4096 * 4096 - HEAD)
        )
        await talk.says(600)
        talk.is_read_to(600 * 4 * KIB)
        await until(lambda: read_gap(talk.path) == Gap(HEAD, 600 * 4 * KIB - TAIL))
        await talk.says(700)
        (place.home / "end").touch()
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        # What was not read before the end is left for the reader, and given up when it says so.
        assert read_gap(talk.path) == Gap(HEAD, 600 * 4 * KIB)
        assert is_kept(talk.path, 700, Gap(HEAD, 600 * 4 * KIB))
        trim(plan.folder)
        trim(plan.folder)
        assert read_gap(talk.path) == Gap(HEAD, 700 * 4 * KIB - TAIL)
        assert is_kept(talk.path, 700, Gap(HEAD, 700 * 4 * KIB - TAIL))
        await spawner.close()

    asyncio.run(story())


def test_nobody_reads(place: Place) -> None:
    """Of a log that nobody reads sixteen times the bound stays, and the head."""
    plan = place.plans(place.program(*PYTHON, saying(2000)), log_bytes=BOUND)
    run(plan)
    path = plan.programs[0].log
    gap = read_gap(path)
    assert gap == Gap(HEAD, 2000 * 4 * KIB - 16 * BOUND)
    assert disk_use(path) <= 17 * BOUND
    assert is_kept(path, 2000, gap)


def test_every_program_has_its_log(place: Place) -> None:
    """Logs without a reader, of setup, other programs and companions, are cut without asking."""
    talker = (*PYTHON, saying(500))
    plan = place.plans(
        place.program("true"),
        setup=(place.program(*talker, name="init"),),
        companions=(place.program(*talker, name="c"),),
        log_bytes=BOUND,
    )
    run(plan)
    for program in (*plan.setup, *plan.companions):
        assert read_gap(program.log) == Gap(HEAD, 500 * 4 * KIB - TAIL)
        assert is_kept(program.log, 500, Gap(HEAD, 500 * 4 * KIB - TAIL))


ODD_POSITIONS = {"empty": "", "no number": "far", "negative": "-5", "long": "9" * 400}


@pytest.mark.parametrize("text", ODD_POSITIONS.values(), ids=ODD_POSITIONS)
def test_odd_positions(place: Place, text: str) -> None:
    """A damaged position never makes a log longer, or a trial fail."""
    plan = place.plans(place.program(*PYTHON, saying(200)), log_bytes=BOUND)
    Path(plan.folder).mkdir()
    (Path(plan.folder) / "read").write_text(text)
    outcome = run(plan)
    assert (outcome.code, outcome.message) == (0, "")
    assert Path(plan.programs[0].log).stat().st_size == 200 * 4 * KIB


def test_a_flood(place: Place) -> None:
    """While a program fills its log as fast as it can, the disk holds little more than a second of it."""

    async def story() -> None:
        spawner = Spawner()
        flood = place.program("cat", "/dev/zero", name="flood")
        main = place.program("sh", "-c", "while [ ! -e go ]; do sleep 0.01; done")
        plan = place.plans(main, flood, log_bytes=BOUND)
        identity = await spawner.spawn(plan)
        path = plan.programs[1].log
        await until(lambda: Path(path).exists() and Path(path).stat().st_size > 1 << 30)
        await until(lambda: read_gap(path) is not None)  # a quick disk takes that in a second
        gap = read_gap(path)
        assert gap is not None
        assert gap.end > 0
        (place.home / "go").touch()
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        outcome = read_exit(plan.folder)
        assert outcome is not None
        assert (outcome.code, outcome.reason, outcome.message) == (0, Reason.EXITED, "")
        assert disk_use(path) <= BOUND + 64 * KIB
        await spawner.close()

    asyncio.run(story())


def test_a_deleted_log(place: Place) -> None:
    """A program that deletes its log and writes on does not fill the disk with what nobody sees."""
    script = """
import os, time
os.unlink({path!r})
with open("/dev/null") as nothing:
    for number in range(4000):
        os.write(1, b"x" * 4096)
until = time.monotonic() + 15
while os.fstat(1).st_blocks * 512 > {bound} and time.monotonic() < until:
    time.sleep(0.01)
raise SystemExit(os.fstat(1).st_blocks * 512 > {bound})
"""
    path = str(place.home / "trial" / "log")
    program = place.program(*PYTHON, script.format(path=path, bound=17 * BOUND))
    outcome = run(place.plans(program, log_bytes=BOUND))
    assert (outcome.code, outcome.message) == (0, "")


def test_a_log_cut_short(tmp_path: Path) -> None:
    """When the program cuts its own log short, what it writes afterwards is whole again."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * 10 * BOUND)
    logs = Logs(BOUND)
    logs.add(str(path))
    logs.trim()
    assert read_gap(path) == Gap(HEAD, 10 * BOUND - TAIL)
    path.write_bytes(b"y" * BOUND)
    logs.trim()
    assert read_gap(path) is None
    path.write_bytes(b"z" * 3 * BOUND)
    logs.trim()
    assert read_gap(path) == Gap(HEAD, 3 * BOUND - TAIL)
    assert logs.finish() == ""
    assert path.read_bytes()[:HEAD] == b"z" * HEAD


def test_the_gap_is_told_before_it_is_made(place: Place) -> None:
    """Whoever looks at the gap after reading a piece of the log is never fooled by the hole."""

    async def story() -> None:
        spawner = Spawner()
        plan = place.plans(place.program(*PYTHON, Talk.SCRIPT), log_bytes=BOUND)
        identity = await spawner.spawn(plan)
        await until(lambda: Path(plan.programs[0].log).exists())
        talk = Talk(place, plan)
        for pieces in range(300, 1500, 300):
            await talk.says(pieces)
            talk.is_read_to(pieces * 4 * KIB)
            wanted = Gap(HEAD, pieces * 4 * KIB - TAIL)

            def is_honest(pieces: int = pieces, wanted: Gap = wanted) -> bool:
                content = Path(talk.path).read_bytes()
                gap = read_gap(talk.path) or Gap(0, 0)
                hole = content.find(b"\0")
                assert hole == -1 or gap.start <= hole < content.rfind(b"\0") < gap.end
                return gap == wanted and len(content) == pieces * 4 * KIB

            await until(is_honest)
        (place.home / "end").touch()
        await asyncio.wait_for(ended(identity), PATIENCE_S)
        await spawner.close()

    asyncio.run(story())


def test_no_gap_to_read(tmp_path: Path) -> None:
    """No record, half a record and nonsense all read as: the log is whole."""
    assert read_gap(tmp_path / "log") is None
    for text in ("", '{"start": 1', "[]", '{"start": 1}'):
        (tmp_path / "log.gap").write_text(text)
        assert read_gap(tmp_path / "log") is None


def test_not_a_file(place: Place) -> None:
    """A log that is a device has no bound to keep."""
    program = place.program("echo", "hi", log="/dev/null")
    outcome = run(place.plans(program, log_bytes=1))
    assert (outcome.code, outcome.message) == (0, "")


ELSEWHERE = """
import os, sys
from munshi.local.process.forked import linux, logs, mounts
mounts._leave_host()
folder = sys.argv[1]
linux.mount(sys.argv[2], folder, sys.argv[2], 0, sys.argv[3])
with open(folder + "/log", "wb") as file:
    file.write(b"x" * 100_000)
capped = logs.Logs(8192)
capped.add(folder + "/log")
try:
    with open(folder + "/filler", "wb", buffering=0) as file:
        while file.write(b"x" * 4096) and sys.argv[4] == "fill":
            pass
except OSError:
    pass
capped.trim()
print(capped.finish())
print(os.stat(folder + "/log").st_blocks * 512, os.path.exists(folder + "/log.gap"))
"""


def elsewhere(folder: Path, *arguments: str) -> list[str]:
    """Trim a log on another file system, in a mount namespace of its own; what was printed."""
    before = mounts_of_the_host()
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", ELSEWHERE, str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": SOURCES},
        timeout=PATIENCE_S,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert mounts_of_the_host() == before
    return done.stdout.decode().splitlines()


def test_file_systems_without_holes(tmp_path: Path) -> None:
    """Where no hole can be made the log stays whole, nothing claims otherwise, and a note says so."""
    note, facts = elsewhere(tmp_path, "ramfs", "", "")
    assert note == "its log was not kept to 8192 bytes: Operation not supported"
    assert facts.endswith("False")


def test_a_full_disk_is_made_room_on(tmp_path: Path) -> None:
    """On a full disk, where not even the record finds room, the hole is made all the same, and told."""
    note, facts = elsewhere(tmp_path, "tmpfs", "size=256k", "fill")
    assert note == ""
    assert facts == "16384 True"
