"""Opening files: new, current, newer, foreign, damaged."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from munshi.errors import Terminal
from munshi.store import revisions, schema, tables

PATIENCE = timedelta(seconds=10)


def open_and_close(path: Path) -> None:
    """Open the file as a store would, and let go of it."""
    schema.open_engine(path, PATIENCE).dispose()


OPEN = """
import sys
from datetime import timedelta
from pathlib import Path
from munshi.store import schema
schema.open_engine(Path(sys.argv[1]), timedelta(seconds=10)).dispose()
"""


def in_another_program(path: Path, then: str = "") -> int:
    """Open and close the file in a process of its own; returns its exit code."""
    program = [sys.executable, "-c", OPEN + then, str(path)]
    return subprocess.run(program, check=False, timeout=60).returncode


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    """The tables that the migrations build are the tables the code uses."""
    path = tmp_path / "x.db"
    path.touch()
    engine = schema.open_engine(path, PATIENCE)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.METADATA) == []
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()


def test_the_migrations_are_the_known_revisions() -> None:
    """Their numbers stand in REVISIONS, oldest first."""
    config = Config()
    config.set_main_option("script_location", "munshi.store:migrations")
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    built = [step.revision for step in script.walk_revisions()]
    assert tuple(reversed(built)) == revisions.REVISIONS


def test_programs_that_open_a_new_file_at_once_all_may(tmp_path: Path) -> None:
    """One builds the tables, the others wait for it."""
    path = tmp_path / "x.db"
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(in_another_program, [path] * 4)) == [0, 0, 0, 0]


def test_a_current_file_is_opened_without_alembic(tmp_path: Path) -> None:
    """A look at results does not pay for the machinery of upgrades."""
    path = tmp_path / "x.db"
    open_and_close(path)
    assert in_another_program(path, "sys.exit('alembic' in sys.modules)") == 0


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    """Terminal, and not a byte has changed."""
    path = tmp_path / "x.db"
    open_and_close(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(Terminal, match="newer munshi"):
        open_and_close(path)
    assert path.read_bytes() == before


def test_a_foreign_database_is_refused_untouched(tmp_path: Path) -> None:
    """A file with other tables belongs to somebody else."""
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    before = path.read_bytes()
    with pytest.raises(Terminal, match="recipes"):
        open_and_close(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Text, a folder, or a damaged file: Terminal, and the file stays."""
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to have a header of its own\n" * 20)
    for path in (text, tmp_path, text / "below"):
        with pytest.raises(Terminal):
            open_and_close(path)
    assert text.read_text().startswith("not a database")
