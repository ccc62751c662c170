"""What a part is, and where parts find their files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tools.cluster.place import INSIDE

CERTIFICATES = INSIDE / "certificates"
SETTINGS = INSIDE / "settings"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
DOMAIN = "cluster.local"
PAUSE = "munshi/pause:test"


@dataclass(frozen=True, slots=True)
class Part:
    """One program of the cluster."""

    name: str
    words: tuple[str, ...]
    """The program and its arguments, as the node sees them."""
    health: str = ""
    """A URL that answers 200 when the part is well, or the path of a socket it listens on; empty if it is
    asked by others only."""
    settings: dict[str, str] = field(default_factory=dict)
    """Files that it reads: name below the folder of settings, and text."""

    @property
    def program(self) -> str:
        """The program's name, without folders."""
        return Path(self.words[0]).name
