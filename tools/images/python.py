"""The layers that have Python in them: the interpreter, and environments of packages for it.

The interpreter is the one that runs this file, copied with its standard library and every shared library
that it or a package loads. Packages are installed by uv from the lock file into an environment of their
own, which becomes /opt/venv.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from tools.cluster.place import CLONE, ClusterError
from tools.images.layers import Entry

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
SITE_PACKAGES = f"opt/venv/lib/{VERSION}/site-packages"
NEEDLESS = {
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
}
ENVIRONMENT = (
    "PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin",
    "PYTHONUNBUFFERED=1",  # a line is in the log when it is printed
    "HOME=/tmp",
    "LANG=C.UTF-8",
)
ACCOUNTS = {
    "etc/passwd": b"root:x:0:0::/root:/bin/sh\nnonroot:x:65532:65532::/tmp:/bin/sh\n",
    "etc/group": b"root:x:0:\nnonroot:x:65532:\n",
    "etc/nsswitch.conf": b"hosts: files dns\n",
}
ENVIRONMENTS = CLONE / ".cache" / "images" / "environments"
INSTALL_S = 1200


def identity() -> str:
    """A key for everything that is copied from this machine."""
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return f"{sys.version} {sys.base_prefix} {STANDARD_LIBRARY.stat().st_mtime_ns} {recipe}"


def interpreter() -> Iterator[Entry]:
    """The interpreter as /opt/python, an empty environment of it as /opt/venv, and what a process needs."""
    real = Path(sys.base_prefix, "bin", VERSION).resolve()
    yield Entry(f"opt/python/bin/{VERSION}", source=real)
    yield from tree(STANDARD_LIBRARY, f"opt/python/lib/{VERSION}")
    extensions = sorted((STANDARD_LIBRARY / "lib-dynload").glob("*.so"))
    yield from libraries([real, *extensions])
    home = f"home = /opt/python/bin\nversion = {sys.version.split()[0]}\n"
    yield Entry("opt/venv/pyvenv.cfg", content=home.encode(), mode=0o644)
    for name in ("python", "python3", VERSION):
        yield Entry(f"opt/venv/bin/{name}", link=f"/opt/python/bin/{VERSION}")
    for path, content in ACCOUNTS.items():
        yield Entry(path, content=content, mode=0o644)
    yield Entry("tmp", mode=0o1777)


def packages(name: str, *wanted: str) -> tuple[str, Callable[[], Iterator[Entry]]]:
    """A layer of packages from the lock file, in an environment `name`; `wanted` is said in uv's words.

    Returns:
        The key of the layer, in which each package has its version, and its entries.
    """
    versions = uv(
        "export", "--frozen", "--no-emit-project", "--no-header", "--no-annotate", *wanted
    )
    return f"{name} {identity()} {versions}", lambda: _packages(environment(name, *wanted))


def packages_apart(pin: str) -> tuple[str, Callable[[], Iterator[Entry]]]:
    """A layer of one package that cannot live with those of the lock file, and of what it needs.

    Returns:
        The key of the layer, and its entries. Only the package itself has its version in the key.
    """

    def install() -> Iterator[Entry]:
        home = ENVIRONMENTS / pin
        uv("venv", "--quiet", "--clear", str(home))
        uv("pip", "install", "--quiet", "--compile-bytecode", pin, UV_PYTHON=str(home))
        yield from _packages(home / "lib" / VERSION / "site-packages")

    return f"{pin} {identity()}", install


def environment(name: str, *wanted: str) -> Path:
    """Install packages of the lock file into an environment of its own.

    Returns:
        Its site-packages.

    Raises:
        ClusterError: uv failed.
    """
    home = ENVIRONMENTS / name
    words = ["sync", "--frozen", "--quiet", "--no-install-project", "--compile-bytecode", *wanted]
    uv(*words, UV_PROJECT_ENVIRONMENT=str(home))
    return home / "lib" / VERSION / "site-packages"


def uv(*words: str, **variables: str) -> str:
    """Run uv, of the bench, for this Python.

    Returns:
        What it wrote to standard output.

    Raises:
        ClusterError: It failed, or is not there.
    """
    program = next(iter(sorted((CLONE / ".cache").glob("uv-*/bin/uv"))), None)
    if program is None:
        message = "The bench is not there; make it: make dev"
        raise ClusterError(message)
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [program, *words],
        cwd=CLONE,
        env={**clean, "UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON": sys.executable, **variables},
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode:
        message = f"uv {' '.join(words)} failed:\n{done.stderr[-2000:]}"
        raise ClusterError(message)
    return done.stdout


def tree(folder: Path, to: str, needless: Iterable[str] = NEEDLESS) -> Iterator[Entry]:
    """All files below a folder, under another path; links become what they lead to."""
    left_out = set(needless)
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in left_out)
        below = Path(to, Path(root).relative_to(folder))
        for name in sorted(files):
            source = Path(root, name)
            if source.is_file() and not name.endswith(".a"):
                yield Entry(str(below / name), source=source)


def _packages(site: Path) -> Iterator[Entry]:
    """An environment's packages, and the system's libraries that they load."""
    yield from tree(site, SITE_PACKAGES, needless={"include"})
    yield from libraries(sorted(site.rglob("*.so*")), but_not=site)


def libraries(programs: Sequence[Path], but_not: Path | None = None) -> Iterator[Entry]:
    """The shared libraries that programs load, but for those they brought along."""
    found: set[str] = set()
    for start in range(0, len(programs), 100):
        said = subprocess.run(
            ["ldd", *programs[start : start + 100]],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        ).stdout
        found |= set(re.findall(r"^\s+(?:.* => )?(/.*) \(0x", said, re.MULTILINE))
    for path in sorted(found):
        if but_not is None or not Path(path).is_relative_to(but_not):
            beside = path.startswith(("/lib", "/usr/lib"))  # where the loader looks anyway
            yield Entry(
                path.lstrip("/") if beside else f"usr/lib/{Path(path).name}", source=Path(path)
            )
