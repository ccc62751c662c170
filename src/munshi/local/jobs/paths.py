"""Container paths rewritten to host folders, where no private view of the files can be had.

On Linux a trial usually sees `/train` as its own private folder. Where namespaces are not available
the words of the program are changed instead: in arguments, environment values and the working
directory `/train` becomes a real folder. Only whole path components count: `/train` and `/train/x`
change; `/training`, `data/train` and `https://host/train` do not. It is a second best: a path that
is written in the program's own source stays as it is, which is why every change is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from munshi.local.jobs.model import ContainerRun

# What may stand before a path: nothing, a quote, blank or separator, the scheme of file:///train,
# or a short flag that swallows its value (-L/train). A letter before the slash means a relative
# path, which is another place.
_BEFORE = r"(?:^-[A-Za-z]|^|(?<=[\s'\"`=:,;(\[{<>|&@])|(?<=file://))"
# What may follow: nothing, deeper components, or something that cannot go on a file's name. A `..`
# right behind it is left alone, since the folder that stands in has another parent.
_END = r"(?:$|[\s'\"`=:,;)\]}<>|&])"
_AFTER = rf"(?={_END}|/(?!/*\.\.(?:/|{_END})))"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One change of words.

    Attributes:
        container: Whose.
        where: What was changed: `argument 3`, `variable LOG_DIR` or `workingDir`; argument 0 is the
            program.
        before: The container path.
        after: The folder that took its place. (The whole text is not kept: it may hold secrets.)
    """

    container: str
    where: str
    before: str
    after: str

    def __str__(self) -> str:
        """A sentence for the user."""
        return f'container "{self.container}", {self.where}: {self.before} became {self.after}'


def rewrite(
    container: ContainerRun, folders: Mapping[str, str]
) -> tuple[ContainerRun, tuple[Rewrite, ...]]:
    """Change container paths to folders of this machine.

    Args:
        container: As read. Its mounts stay as they are: the folders are the caller's answer to
            them, and every container has its own.
        folders: Absolute container path to folder. The deepest path that fits wins; what a
            rewriting put in is never rewritten again.

    Returns:
        The new container, and every change in order, so that the user can be told.

    Raises:
        ValueError: A container path is relative or the root, which would rewrite everything.
    """
    change = _changer(folders)
    done: list[Rewrite] = []

    def changed(where: str, before: str) -> str:
        after, swaps = change(before)
        done.extend(Rewrite(container.name, where, *swap) for swap in swaps.items())
        return after

    def words(first: int, before: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(changed(f"argument {at}", word) for at, word in enumerate(before, first))

    command = words(0, container.command)
    args = words(len(command), container.args)
    env = tuple((name, changed(f"variable {name}", value)) for name, value in container.env)
    folder = container.working_dir
    working_dir = changed("workingDir", folder) if folder is not None else None
    after = replace(container, command=command, args=args, env=env, working_dir=working_dir)
    return after, tuple(done)


_Change = Callable[[str], tuple[str, Mapping[str, str]]]
"""From a text to the changed text and what was changed in it: container path → folder."""


def _changer(folders: Mapping[str, str]) -> _Change:
    """A function that rewrites one text in a single pass."""
    by_parts = {_parts(path): folder.rstrip("/") or "/" for path, folder in folders.items()}
    if not by_parts:
        return lambda text: (text, {})
    deepest_first = sorted(by_parts, key=len, reverse=True)
    paths = "|".join("/" + "/+".join(map(re.escape, parts)) for parts in deepest_first)
    pattern = re.compile(f"(?P<before>{_BEFORE})(?P<path>{paths}){_AFTER}")

    def change(text: str) -> tuple[str, Mapping[str, str]]:
        swaps: dict[str, str] = {}

        def swap(match: re.Match[str]) -> str:
            folder = by_parts[_parts(match["path"])]
            swaps[match["path"]] = folder
            return match["before"] + folder

        return pattern.sub(swap, text), swaps

    return change


def _parts(path: str) -> tuple[str, ...]:
    parts = tuple(part for part in path.split("/") if part)
    if not path.startswith("/") or not parts:
        raise ValueError(f"{path!r} is no container path that can be rewritten")
    return parts
