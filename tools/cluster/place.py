"""The folder of one cluster. Gone when the cluster is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
INSIDE = Path("/run/munshi")
"""Where the node sees its folder: short, without spaces, the same in every clone."""


class ClusterError(Exception):
    """The cluster cannot be had; the message says which part failed, and ends with the tail of its log."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one cluster keeps everything that it has, seen from the host."""

    state: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's; self-contained, so it may be copied."""
        return self.state / "kubeconfig"

    @property
    def log_folder(self) -> Path:
        """One log for each part."""
        return self.state / "log"

    def log(self, part: str) -> Path:
        """What a part has said, on both of its outputs."""
        return self.log_folder / f"{part}.log"

    def tail(self, part: str, lines: int = 15) -> str:
        """The last lines of a part's log, for an error message."""
        try:
            said = self.log(part).read_text(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            said = ["(it has said nothing)"]
        return f"{self.log(part)} ends with:\n" + "\n".join(f"  {line}" for line in said)


DEFAULT = Place(CLONE / ".cache" / "cluster")
