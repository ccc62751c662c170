"""Which schema a file has, and whether this munshi may use it; asked by `schema` and by `glance`.

Pure, and without a database library of any kind: a look at a file must not pay for one.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

REVISIONS = ("0001", "0002")
"""Every schema version this munshi knows, oldest first; a test holds it to the migrations."""


def is_munshis(tables: Collection[str], path: Path) -> bool:
    """Whether the file has munshi's tables; False for an empty one.

    Args:
        tables: The names of its tables.
        path: The file, for messages.

    Raises:
        Terminal: It is another program's.
    """
    if not tables:
        return False
    if {"alembic_version", "observation_logs"} <= set(tables):
        return True
    from munshi.errors import Terminal  # noqa: PLC0415 - a look that goes well never needs it

    raise Terminal(
        f"{path} is the database of another program (tables: {', '.join(sorted(tables))}); "
        "choose another place"
    )


def is_newest(version: object, path: Path) -> bool:
    """Whether the schema is the one of today; False for an older one, which can be brought forward.

    Raises:
        Terminal: It is newer than what this munshi knows.
    """
    if version == REVISIONS[-1]:
        return True
    if version in REVISIONS:
        return False
    from munshi.errors import Terminal  # noqa: PLC0415

    raise Terminal(
        f"the database {path} was written by a newer munshi (schema {version}, this one knows up "
        f"to {REVISIONS[-1]}); nothing was changed: pip install --upgrade munshi"
    )
