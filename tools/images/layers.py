"""Files into a layer. A layer is made once, and kept under a key that is made of all it depends on."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

ROOT, USER = 0, 65532
"""Owners: root, and the user without rights that images for everybody run as."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a layer: a copy of a file, some bytes, a link, or (with none of these) a folder."""

    path: str
    """Where it is in the image, with no slash in front."""
    source: Path | None = None
    content: bytes | None = None
    link: str | None = None
    mode: int = 0o755
    owner: int = ROOT


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that is in the store."""

    digest: str
    size: int


def layer(store: Path, key: str, entries: Callable[[], Iterable[Entry]]) -> Layer:
    """The layer of a key; `entries` is asked only if it is not in the store."""
    note = store / "layers" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    if note.exists():
        kept = Layer(**json.loads(note.read_text()))
        if blob(store, kept.digest).exists():
            return kept
    (store / "blobs").mkdir(parents=True, exist_ok=True)
    note.parent.mkdir(parents=True, exist_ok=True)
    fresh = store / f"{note.name}.tar"
    with fresh.open("wb") as file:
        hashing = _Hashing(file)
        with tarfile.open(
            fileobj=cast("BinaryIO", hashing), mode="w|", format=tarfile.PAX_FORMAT
        ) as tar:
            for entry in entries():
                _add(tar, entry)
    made = Layer(f"sha256:{hashing.sum.hexdigest()}", fresh.stat().st_size)
    fresh.replace(blob(store, made.digest))
    note.write_text(json.dumps({"digest": made.digest, "size": made.size}))
    return made


def blob(store: Path, digest: str) -> Path:
    """The file of a digest."""
    return store / "blobs" / digest.removeprefix("sha256:")


class _Hashing:
    """A file to write to that knows the hash of what went through."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sum.update(data)
        return self._file.write(data)


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    member = tarfile.TarInfo(entry.path)
    member.mode, member.uid, member.gid = entry.mode, entry.owner, entry.owner
    if entry.source is not None:
        found = entry.source.stat()
        # Python believes a compiled file only as long as its source has the same time.
        member.size, member.mtime = found.st_size, int(found.st_mtime)
        member.mode = 0o755 if found.st_mode & 0o100 else 0o644
        with entry.source.open("rb") as file:
            tar.addfile(member, file)
    elif entry.content is not None:
        member.size = len(entry.content)
        tar.addfile(member, io.BytesIO(entry.content))
    elif entry.link is not None:
        member.type, member.linkname = tarfile.SYMTYPE, entry.link
        tar.addfile(member)
    else:
        member.type = tarfile.DIRTYPE
        tar.addfile(member)
