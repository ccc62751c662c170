"""Bad days of a disk, each for real: full, read-only, damaged, locked. The database stays sound.

A full disk is a tiny file system in memory, mounted where only the test's own process sees it.
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
import uuid
from contextlib import AbstractAsyncContextManager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from munshi.api.trial import Trial
from munshi.errors import StoreBusy, Terminal
from munshi.store.glance import open_glance
from munshi.store.sqlite import SqlStore
from munshi.testing.logs import NOON
from munshi.testing.stores import a_trial

BEGINNING = """
import asyncio, json, os, sqlite3, sys, uuid
from datetime import timedelta
from pathlib import Path
from munshi.api.trial import Trial
from munshi.engine.ports import Event
from munshi.errors import MunshiError, StoreBusy, Terminal
from munshi.store.sqlite import SqlStore
from munshi.testing.events import an_event
from munshi.testing.logs import NOON, NOON_NS, a_value
from munshi.testing.stores import a_trial, an_experiment

disk = Path(sys.argv[1])
path, ballast = disk / "x.db", disk / "ballast"
PAGE = 4096

def opened():
    return SqlStore.open(path, lambda: NOON, lambda: str(uuid.uuid4()), busy_timeout=timedelta(seconds=5))

def leave_room(pages):
    # All but so many pages of the disk are taken.
    ballast.unlink(missing_ok=True)
    free = os.statvfs(disk)
    with ballast.open("wb") as file:
        file.write(bytes(max(0, free.f_bavail * free.f_frsize - pages * PAGE)))

def make_room():
    ballast.unlink(missing_ok=True)

def integrity():
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall()
    finally:
        connection.close()
"""


def on_a_small_disk(
    disk: Path, program: str, size: str = "4m", arguments: tuple[str, ...] = ()
) -> Any:
    """What the program prints as JSON, run with a file system of that size at `disk`."""
    disk.mkdir()
    mount = f'mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@"'
    command = [sys.executable, "-c", BEGINNING + program, str(disk), *arguments]
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", mount, str(disk), *command],
        check=False, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def opened(
    path: Path, patience: timedelta = timedelta(seconds=5)
) -> AbstractAsyncContextManager[SqlStore]:
    """A store on that file."""
    return SqlStore.open(path, lambda: NOON, lambda: str(uuid.uuid4()), busy_timeout=patience)


EVERY_WRITE = """
# One step: an object, values and an event side by side, as an engine would write them.
async def step(store, owner, number):
    trial = await store.create(a_trial(f"t{number}"))
    flood = [a_value(f"0.{i}", NOON_NS + i, at=f"out:{i}:0") for i in range(400)]
    await asyncio.gather(
        store.append(trial, flood, NOON), store.record([an_event(trial, "m" * 500, owner)] * 20)
    )
    return trial

async def main():
    told, busy = [], 0
    async with opened() as store:
        owner = await store.create(an_experiment("e"))
        for room in range(60):
            leave_room(room)
            try:
                await step(store, owner, room)
                told.append(room)
            except StoreBusy as error:
                busy += 1
                assert str(path) in str(error), error
                assert {t.name for t in await store.list(Trial)} >= {f"t{n}" for n in told}
            make_room()
            # There is room again: the same store goes on, with no more ado.
            trial = await step(store, owner, f"-{room}")
            summary = (await store.summarise(trial.uid, ["loss"])).metrics[0]
            assert summary.count == 400 and len(await store.events(owner.uid, trial.name)) == 20
        names = {t.name for t in await store.list(Trial)}
    print(json.dumps({
        "busy": busy, "told": told, "integrity": integrity(),
        "lost": [n for n in told if f"t{n}" not in names],
    }))

asyncio.run(main())
"""


def test_a_disk_that_fills_up_at_any_write_loses_nothing(tmp_path: Path) -> None:
    """With room for 0, 1, 2, … pages: StoreBusy naming the file, reads go on, and so does the store later."""
    said = on_a_small_disk(tmp_path / "disk", EVERY_WRITE, "16m")
    assert said["busy"] >= 10
    assert said["told"]
    assert said["lost"] == []
    assert said["integrity"] == [["ok"]]


UNTIL_FULL = """
async def main():
    told, said, refused = [], "", 0
    async with opened() as store:
        async def writer(which):
            nonlocal said, refused
            for i in range(100_000):
                try:
                    told.append((await store.create(a_trial(f"{which}-{i}"))).name)
                except StoreBusy as error:
                    said, refused = str(error), refused + 1
                    return
        leave_room(200)
        await asyncio.gather(*(writer(which) for which in range(8)))
        make_room()
        (await store.create(a_trial("after")))
    async with opened() as store:
        names = {trial.name for trial in await store.list(Trial)}
        version = await store.version()
    print(json.dumps({
        "said": said, "refused": refused, "told": len(told), "lost": sorted({*told, "after"} - names),
        "extra": version - len(names), "integrity": integrity(),
    }))

asyncio.run(main())
"""


def test_what_was_acknowledged_on_a_full_disk_is_there(tmp_path: Path) -> None:
    """Eight writers until there is no room: each is told, and every name that was acknowledged is kept."""
    said = on_a_small_disk(tmp_path / "disk", UNTIL_FULL)
    assert said["refused"] == 8
    assert "no space is left" in said["said"]
    assert said["told"] > 50
    assert (said["lost"], said["extra"], said["integrity"]) == ([], 0, [["ok"]])


OPENING = """
async def attempt():
    try:
        async with opened() as store:
            await store.create(a_trial(f"t{uuid.uuid4()}"))
            return "opened"
    except StoreBusy as error:
        assert str(path) in str(error), error
        return "busy"

answers = []
for room in range(60):
    leave_room(room)
    answers.append(asyncio.run(attempt()))
    make_room()
    answers.append(asyncio.run(attempt()))
    found = integrity()
    for each in disk.iterdir():
        each.unlink()
    assert found == [("ok",)], found
    if answers[-6:] == ["opened"] * 6:
        break
print(json.dumps(answers))
"""


def test_a_file_is_not_half_made_on_a_full_disk(tmp_path: Path) -> None:
    """A new database where there is room for 0, 1, 2, … pages: busy, and made as soon as there is room."""
    answers = on_a_small_disk(tmp_path / "disk", OPENING)
    assert set(answers[::2]) == {"busy", "opened"}
    assert set(answers[1::2]) == {"opened"}


READ_ONLY = """
async def main():
    async with opened() as store:
        await store.create(a_trial("t"))
    os.system(f'mount -o remount,ro "{disk}"')
    try:
        async with opened() as store:
            await store.create(a_trial("u"))
    except Terminal as error:
        print(json.dumps(str(error)))

asyncio.run(main())
"""


def test_a_read_only_home_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Terminal: trying again would not help, making it writable does."""
    said = on_a_small_disk(tmp_path / "disk", READ_ONLY)
    assert f"{tmp_path / 'disk' / 'x.db'} cannot be written" in said


THE_LOG_ALONE = """
async def main():
    async with opened() as store:
        trial = await store.create(a_trial("t"))
        leave_room(40)
        busy = 0
        for at in range(200):
            labels = {"at": str(at)}
            meta = trial.metadata.model_copy(update={"labels": labels})
            changed = trial.model_copy(update={"metadata": meta})
            try:
                trial = await store.replace(changed)
            except StoreBusy:
                busy += 1
                trial = await store.replace(changed)
    print(json.dumps(busy))

asyncio.run(main())
"""


def test_a_full_disk_does_not_stop_what_needs_no_room(tmp_path: Path) -> None:
    """Where only the write-ahead log has filled the disk, a write that was refused succeeds when repeated."""
    assert on_a_small_disk(tmp_path / "disk", THE_LOG_ALONE) >= 1


READING = """
async def main():
    async with opened() as store:
        await store.create(a_trial("t"))
    if sys.argv[2] == "full":
        leave_room(0)
    else:
        os.system(f'mount -o remount,ro "{disk}"')
    reader = SqlStore.open(path, lambda: NOON, lambda: str(uuid.uuid4()), reading=True)
    async with reader as store:
        names = [trial.name for trial in await store.list(Trial)]
        try:
            await store.create(a_trial("u"))
        except MunshiError as error:
            said = str(error)
    print(json.dumps([names, said]))

asyncio.run(main())
"""


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_a_home_that_cannot_be_written_can_be_read(tmp_path: Path, trouble: str) -> None:
    """On a full or read-only disk a store that is opened for reading reads; a write is refused."""
    names, said = on_a_small_disk(tmp_path / "disk", READING, arguments=(trouble,))
    assert names == ["t"]
    assert "x.db cannot be written" in said


def test_a_damaged_file_is_named_with_what_can_be_saved(tmp_path: Path) -> None:
    """Garbage in its middle, or its end missing: Terminal, for a store and for a glance."""
    path = tmp_path / "x.db"

    async def fill() -> None:
        async with opened(path) as store:
            await asyncio.gather(*(store.create(a_trial(f"t{i}")) for i in range(300)))

    async def read() -> None:
        async with opened(path) as store:
            await store.list(Trial)

    def look(path: Path) -> None:
        with open_glance(path) or pytest.fail("it is current") as glance:
            glance.list("Trial")

    asyncio.run(fill())
    whole = path.read_bytes()
    pages = len(whole) // 4096
    garbage = b"\xa5" * 4096 * (pages // 2)
    cases = {
        "garbage": whole[: 4096 * 20] + garbage + whole[4096 * 20 + len(garbage) :],
        "cut short": whole[: len(whole) // 2],
    }
    for how, content in cases.items():
        path.write_bytes(content)
        with pytest.raises(Terminal, match=r"damaged.*recover"):
            asyncio.run(read())
        with pytest.raises(Terminal, match=r"damaged.*recover"):
            look(path)
        assert path.read_bytes()[: 4096 * 20] == content[: 4096 * 20], how


def test_a_damaged_object_does_not_take_its_neighbours_along(tmp_path: Path) -> None:
    """A body that is no JSON is named; the others are read and written as ever."""
    path = tmp_path / "x.db"

    async def story() -> None:
        async with opened(path) as store:
            await store.create(a_trial("broken"))
            whole = await store.create(a_trial("whole"))
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE objects SET body = '{\"meta' WHERE name = 'broken'")
            connection.commit()
        async with opened(path) as store:
            with pytest.raises(Terminal, match="cannot be read"):
                await store.get(Trial, "default", "broken")
            assert await store.get(Trial, "default", "whole") == whole
            await store.create(a_trial("another"))

    asyncio.run(story())


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_program_keeps_to_itself_is_busy(tmp_path: Path) -> None:
    """Opening and looking: StoreBusy with the path, not a traceback; when it lets go, all is well."""
    path = tmp_path / "x.db"
    patience = timedelta(milliseconds=20)

    async def write() -> None:
        async with opened(path, patience) as store:
            await store.create(a_trial(f"t{uuid.uuid4()}"))

    asyncio.run(write())
    locker = subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "locked\n"
        with pytest.raises(StoreBusy, match=r"x\.db is locked"):
            asyncio.run(write())
        with pytest.raises(StoreBusy, match=r"x\.db is locked"):
            open_glance(path, patience)
    asyncio.run(write())
    with open_glance(path) or pytest.fail("it is current") as glance:
        assert len(glance.list("Trial")) == 2
