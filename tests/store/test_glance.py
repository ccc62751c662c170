"""A look at a database with the standard library: the same objects, and none of the weight."""

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest

from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.errors import Gone, Terminal
from munshi.store import revisions
from munshi.store.glance import Document, Glance, open_glance
from munshi.store.sqlite import SqlStore
from munshi.testing.logs import NOON
from munshi.testing.stores import a_trial, an_experiment, with_attempts, with_metadata

Change = tuple[int, Document, bool]


def opened(path: Path, keep: int = 1_000) -> AbstractAsyncContextManager[SqlStore]:
    """A store on that file."""
    return SqlStore.open(path, lambda: NOON, lambda: str(uuid.uuid4()), keep=keep)


def glance_at(path: Path) -> Glance:
    """A look at a file of today's schema."""
    glance = open_glance(path)
    assert glance is not None
    return glance


def names(documents: Sequence[Document]) -> list[str]:
    """Their names, in order."""
    return [document["metadata"]["name"] for document in documents]


def told(changes: Sequence[Change]) -> list[tuple[str, bool]]:
    """Whose changes, and whether they are gone."""
    return [(document["metadata"]["name"], gone) for _, document, gone in changes]


def wire(resource: Resource) -> Document:
    """An object as JSON has it."""
    document: Document = json.loads(json.dumps(resource.dump()))
    return document


def test_objects_are_the_stores_in_wire_form(tmp_path: Path) -> None:
    """Get and list agree with the full store, Korean and filters included; what is not there is None."""
    path = tmp_path / "집 #1?" / "x%20.db"

    async def story() -> None:
        async with opened(path) as store:
            owner = await store.create(with_metadata(an_experiment("e"), labels={"이름": "학습률"}))
            for namespace, name in (("b", "1"), ("a", "2"), ("a", "10"), ("a", "1")):
                await store.create(a_trial(name, namespace, owner if name == "2" else None))
            with glance_at(path) as glance:
                assert glance.get("Experiment", "default", "e") == wire(owner)
                assert glance.get("Trial", "default", "e") is None
                assert glance.list("Trial") == [wire(each) for each in await store.list(Trial)]
                assert names(glance.list("Trial", "a")) == ["1", "10", "2"]
                assert names(glance.list("Trial", owner_uid=owner.uid)) == ["2"]
                assert glance.list("Suggestion") == []
                assert glance.version() == await store.version()

    asyncio.run(story())


def test_one_by_one_they_are_the_same(tmp_path: Path) -> None:
    """`each` gives what `list` gives, filters included, and nothing of a file that is not there."""
    path = tmp_path / "munshi.db"

    async def write() -> None:
        async with opened(path) as store:
            owner = await store.create(an_experiment("one"))
            for name in ("b", "a"):
                owned = with_metadata(a_trial(name), owner_references=(owner.owned_by(),))
                await store.create(owned)
            await store.create(a_trial("c"))

    with glance_at(tmp_path / "nothing.db") as nothing:
        assert list(nothing.each("Trial")) == []
    asyncio.run(write())
    with glance_at(path) as glance:
        assert list(glance.each("Trial")) == glance.list("Trial")
        uid = glance.list("Experiment")[0]["metadata"]["uid"]
        assert names(list(glance.each("Trial", "default", uid))) == ["a", "b"]


def test_changes_are_seen_as_they_are_committed(tmp_path: Path) -> None:
    """From a version on: the last form of what was made or changed, and what is gone; 0 knows nothing."""
    path = tmp_path / "x.db"

    async def story() -> None:
        async with opened(path) as store:
            old = await store.create(a_trial("old"))
            with glance_at(path) as glance:
                since = glance.version()
                assert glance.changes(since) == []
                new = await store.create(a_trial("new"))
                await store.delete(Trial, "default", "old")
                new = await store.replace_status(with_attempts(new, 1))
                changes = glance.changes(since)
                assert told(changes) == [("old", True), ("new", False)]
                assert changes[0][1]["metadata"]["uid"] == old.uid
                assert changes[1] == (await store.version(), wire(new), False)
                assert told(glance.changes(0)) == [("new", False)]

    asyncio.run(story())


def test_forgotten_deletions_are_told(tmp_path: Path) -> None:
    """Gone, as a watch of the store would say; from 0 on all is well."""
    path = tmp_path / "x.db"

    async def story() -> None:
        async with opened(path, keep=1) as store:
            await store.create(a_trial("kept"))
            for name in ("a", "b"):
                await store.create(a_trial(name))
                await store.delete(Trial, "default", name)
            with glance_at(path) as glance:
                with pytest.raises(Gone):
                    glance.changes(1)
                assert told(glance.changes(0)) == [("kept", False)]

    asyncio.run(story())


def test_a_glance_can_stand_still(tmp_path: Path) -> None:
    """Inside the block one moment is seen, and the writer is not held up; after it, the present."""
    path = tmp_path / "x.db"

    async def story() -> None:
        async with opened(path) as store:
            await store.create(a_trial("a"))
            with glance_at(path) as glance:
                with glance.standing_still():
                    before = glance.version()
                    await store.create(a_trial("b"))
                    assert (names(glance.list("Trial")), glance.version()) == (["a"], before)
                assert names(glance.list("Trial")) == ["a", "b"]

    asyncio.run(story())


def test_a_missing_or_unfinished_file_is_empty_until_it_is_there(tmp_path: Path) -> None:
    """Nothing is made by looking; what is written later is seen by the same glance."""
    path = tmp_path / "home" / "x.db"
    empty = tmp_path / "empty.db"
    empty.touch()
    with glance_at(empty) as glance:
        assert (glance.list("Trial"), glance.version(), glance.changes(0)) == ([], 0, [])

    async def story() -> None:
        with glance_at(path) as glance:
            assert (glance.list("Trial"), glance.version(), glance.changes(0)) == ([], 0, [])
            assert glance.get("Trial", "default", "t") is None
            assert not path.parent.exists()
            async with opened(path) as store:
                await store.create(a_trial("t"))
            assert told(glance.changes(0)) == [("t", False)]

    asyncio.run(story())


def with_schema(path: Path, version: str) -> None:
    """Make a database and have it claim another schema."""

    async def story() -> None:
        async with opened(path) as store:
            await store.create(an_experiment("e"))

    asyncio.run(story())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.commit()


def test_an_older_file_is_left_to_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None, so that the caller opens it properly once."""
    with_schema(tmp_path / "x.db", revisions.REVISIONS[-1])
    monkeypatch.setattr(revisions, "REVISIONS", (*revisions.REVISIONS, "9998"))
    assert open_glance(tmp_path / "x.db") is None


def test_what_cannot_be_looked_at_is_refused_with_a_reason(tmp_path: Path) -> None:
    """Newer, foreign, not a database, a folder, unreadable: Terminal, and the file is as it was."""
    newer, foreign, text = (tmp_path / name for name in ("newer", "foreign", "text"))
    with_schema(newer, "9999")
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    text.write_text("not a database, but long enough to have a header of its own\n" * 20)
    cases = {newer: "newer munshi", foreign: "recipes", text: "not a munshi", tmp_path: "readable"}
    for path, reason in cases.items():
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(Terminal, match=reason):
            open_glance(path)
        assert not path.is_file() or path.read_bytes() == before


@pytest.mark.parametrize("left_over", [(), ("x.db-wal",), ("x.db-wal", "x.db-shm")])
def test_a_file_in_a_folder_nobody_may_write_is_read(
    tmp_path: Path, left_over: tuple[str, ...]
) -> None:
    """A home mounted read-only shows its objects: in a mount namespace of its own, for real."""
    home = tmp_path / "home"
    with_schema(home / "x.db", revisions.REVISIONS[-1])
    for name in left_over:
        (home / name).touch()
    look = (
        "import sys; from pathlib import Path; from munshi.store.glance import open_glance\n"
        "with open_glance(Path(sys.argv[1])) as glance:\n"
        "    print([one['metadata']['name'] for one in glance.list('Experiment')])"
    )
    script = (
        'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" -c "$3" "$1/x.db"'
    )
    shown = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", str(home), sys.executable, look],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert shown.stdout == "['e']\n"
    assert {each.name for each in home.iterdir()} == {"x.db", *left_over}


def test_a_crashed_writers_last_words_are_read(tmp_path: Path) -> None:
    """What lies in the log of a killed writer counts: its files are copied as they were in mid-air."""
    copy = tmp_path / "copy"
    copy.mkdir()

    async def story() -> None:
        async with opened(tmp_path / "x.db") as store:
            await store.create(an_experiment("e"))
            for name in ("x.db", "x.db-wal"):
                shutil.copy(tmp_path / name, copy / name)

    asyncio.run(story())
    with glance_at(copy / "x.db") as glance:
        assert names(glance.list(Experiment.__name__)) == ["e"]


def test_a_glance_is_light(tmp_path: Path) -> None:
    """It loads the standard library's driver and nothing that takes long."""
    heavy = ["pydantic", "sqlalchemy", "asyncio", "yaml", "alembic", "munshi.api", "munshi.errors"]
    program = (
        "import sys; from pathlib import Path; from munshi.store.glance import open_glance\n"
        "with open_glance(Path(sys.argv[1])) as glance: glance.list('Experiment')\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    with_schema(tmp_path / "x.db", revisions.REVISIONS[-1])
    loaded = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "x.db")],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert loaded.stdout == "[]\n"
