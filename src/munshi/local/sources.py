"""Where one trial's collector reads on this machine.

The Experiment says it in the words of the container: a path, a port, nothing at all. `place` turns that
into a file, a folder or a port of this machine, and says which private path the program must see for it.
The answer is kept in the trial's folder (`collector.json`), so that an engine which adopts the trial
reads on at the same place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from munshi.api.common import CollectorKind, MetricsCollectorSpec
from munshi.collectors.wishes import is_folder, kind_of, path_of
from munshi.errors import LaunchRefused
from munshi.local.place import LOG
from munshi.local.process import Bind

PUSHED = "pushed.jsonl"
"""In a trial's folder: what its program reported by a call, one JSON object a line."""


def log_of(folder: Path, program: str = "") -> Path:
    """Where a program of the trial writes its output; the primary one's name is empty."""
    return folder / (f"{LOG}.{program}" if program else LOG)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the collector of one trial reads.

    Attributes:
        kind: As the Experiment says; StdOut when it says nothing.
        inside: The path as the program says it; the page's address for PrometheusMetric; else empty.
        outside: The file or folder on this machine.
        root: A folder above `outside`, below which no link is followed.
        image: The program runs in a container, so its processes need not be children of ours.
    """

    kind: CollectorKind
    inside: str
    outside: Path
    root: Path
    image: bool = False

    def to_json(self, folder: Path) -> str:
        """One JSON object, kept in the trial's folder for the engine that adopts it.

        What lies in the folder is named from there: somebody may move the home meanwhile.
        """
        places = {"outside": _from(folder, self.outside), "root": _from(folder, self.root)}
        said = {"kind": self.kind.value, "inside": self.inside, **places, "image": self.image}
        return json.dumps(said)

    @classmethod
    def from_json(cls, text: str, folder: Path) -> Source:
        """Read what `to_json` wrote into the folder."""
        said = json.loads(text)
        kind = CollectorKind(said["kind"])
        outside, root = folder / said["outside"], folder / said["root"]
        return cls(kind, said["inside"], outside, root, said["image"])


def _from(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def place(
    spec: MetricsCollectorSpec | None,
    binds: Iterable[Bind],
    folder: Path,
    *,
    page: str = "",
    image: bool = False,
) -> tuple[Source, Bind | None]:
    """Decide where the collector reads, and make what it needs.

    Args:
        spec: As admitted.
        binds: What the primary program sees already.
        folder: The trial's.
        page: The address to scrape, for PrometheusMetric.
        image: The program runs in an image, so what lies beside the file on this machine does not matter.

    Returns:
        The place, and the private path that the program must see beside `binds`.

    Raises:
        LaunchRefused: A collector path would hide everything.
    """
    kind, inside = kind_of(spec), path_of(spec)
    match kind:
        case CollectorKind.PUSH:
            return Source(kind, "", folder / PUSHED, folder), None
        case CollectorKind.CUSTOM:
            bind = _private(spec, folder, binds, image=image)[1] if inside else None
            return Source(kind, "", folder / PUSHED, folder), bind
        case CollectorKind.PROMETHEUS:
            return Source(kind, page, folder / PUSHED, folder, image), None
        case CollectorKind.FILE | CollectorKind.TF_EVENT:
            return _private(spec, folder, binds, image=image)
        case _:
            return Source(kind, "", folder / LOG, folder), None


def _private(
    spec: MetricsCollectorSpec | None, folder: Path, binds: Iterable[Bind], *, image: bool
) -> tuple[Source, Bind | None]:
    """Where a path of the program is on this machine; a private bind when nothing covers it."""
    kind, inside = kind_of(spec), path_of(spec)
    path, private = PurePosixPath(inside), folder / "metrics"
    covering = max(
        (bind for bind in binds if path.is_relative_to(bind.target)),
        key=lambda bind: len(bind.target),
        default=None,
    )
    if covering is not None:
        rest, source = path.relative_to(covering.target), Path(covering.source)
        return Source(kind, inside, source / rest, source), None
    whole = is_folder(spec)
    shared = path if whole else path.parent
    if whole and shared == PurePosixPath("/"):
        raise LaunchRefused("the collector's path is /; give it a folder of its own, e.g. /train")
    private.mkdir(parents=True, exist_ok=True)
    if whole:
        return Source(kind, inside, private, folder), Bind(str(private), inside)
    file = private / path.name
    if shared == PurePosixPath("/") or (Path(shared).exists() and not image):
        # The file's folder exists here and may hold what the program needs: only the file is private.
        file.touch()
        return Source(kind, inside, file, private), Bind(str(file), inside)
    return Source(kind, inside, file, private), Bind(str(private), str(shared))
