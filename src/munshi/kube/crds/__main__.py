"""`python -m munshi.kube.crds FOLDER` writes the definitions into a folder (`make generate`)."""

import sys
from pathlib import Path

from munshi.kube import crds


def main(folder: Path) -> None:
    """Write one file a kind; what is right already is written again, to the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for definition in crds.definitions():
        (folder / crds.file_name(definition)).write_text(crds.text(definition), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
