"""Packages that exist for one test: a module and what an installer writes beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def install(
    site: Path,
    name: str,
    modules: Mapping[str, str],
    algorithms: Mapping[str, str],
    version: str = "1.0",
) -> Path:
    """Put a package into a folder, as an installer would.

    Args:
        site: The folder of packages; made when it is not there.
        name: The package's name.
        modules: Module name -> source.
        algorithms: Algorithm name -> `module:OBJECT`.
        version: The package's version.
    """
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(_METADATA.format(name=name, version=version), "utf-8")
    lines = [f"{key} = {value}" for key, value in algorithms.items()]
    (info / "entry_points.txt").write_text("\n".join(["[munshi.algorithms]", *lines, ""]), "utf-8")
    for module, source in modules.items():
        (site / f"{module}.py").write_text(source, "utf-8")
    return site
