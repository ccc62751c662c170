"""The programs that Go builds, from the modules pinned in the folders beside this file.

The first build takes some twenty minutes on two cores. Its results are kept outside the clone, under a name
made of everything they depend on, so another clone with the same pins builds nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.lock import alone
from tools.cluster.place import ClusterError

HERE = Path(__file__).parent
BUILD_S = 3600
KUBERNETES = "v1.34.4"
VERSION = "k8s.io/component-base/version"


@dataclass(frozen=True, slots=True)
class Module:
    """One pinned module and what is taken from it."""

    folder: str
    programs: dict[str, str]
    """Name of the program: package that it is built from."""
    linker_flags: str = "-s -w"
    files: tuple[str, str] | None = None
    """A module, and the folder in it that is kept beside the programs."""


MODULES = (
    Module(
        "kubernetes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in (
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kubelet",
                "kube-proxy",
                "kubectl",
            )
        },
        # Without these, the server would say that it is v0.0.0 and clients would warn.
        f"-s -w -X {VERSION}.gitVersion={KUBERNETES} -X {VERSION}.gitMajor=1 -X {VERSION}.gitMinor=34",
    ),
    Module("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Module("coredns", {"coredns": "github.com/coredns/coredns"}),
    Module(
        "training-operator",
        {"training-operator": "github.com/kubeflow/training-operator/cmd/training-operator.v1"},
        files=("github.com/kubeflow/training-operator", "manifests"),
    ),
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where each program is, and the training operator's manifests."""

    folders: dict[str, Path]

    def __getitem__(self, program: str) -> Path:
        return self.folders[program] / "bin" / program

    @property
    def manifests(self) -> Path:
        """How Kubeflow deploys its training operator: kustomize folders."""
        return self.folders["training-operator"] / "manifests"


def ready() -> Binaries:
    """Build what is not there yet; without a change of the pins, this only looks.

    Raises:
        ClusterError: Go failed, with the end of what it said.
    """
    folders: dict[str, Path] = {}
    for module in MODULES:
        kept = _cache() / f"{module.folder}-{_key(module)}"
        if not kept.exists():
            with alone(f"building {kept.name}", BUILD_S):
                if not kept.exists():
                    _build(module, kept)
        folders |= dict.fromkeys(module.programs, kept)
    return Binaries(folders)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "munshi" / "cluster-tools"


def _key(module: Module) -> str:
    made_of = hashlib.sha256(repr(module).encode())
    for name in ("go.mod", "go.sum"):
        made_of.update((HERE / module.folder / name).read_bytes())
    return made_of.hexdigest()[:16]


def _build(module: Module, kept: Path) -> None:
    fresh = kept.with_name(f"{kept.name}.new")  # of a build that was killed, if it is there
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "bin").mkdir(parents=True)
    try:
        for program, package in module.programs.items():
            print(f"Building {program} …", end=" ", flush=True)
            began = time.monotonic()
            flags = ["-trimpath", "-ldflags", module.linker_flags]
            _go(module, "build", *flags, "-o", str(fresh / "bin" / program), package)
            print(f"{time.monotonic() - began:.0f} s", flush=True)
        if module.files:
            source, folder = module.files
            found = _go(module, "list", "-m", "-f", "{{.Dir}}", source).strip()
            shutil.copytree(Path(found) / folder, fresh / folder, copy_function=shutil.copyfile)
        fresh.rename(kept)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _go(module: Module, *words: str) -> str:
    done = subprocess.run(
        ["nice", "go", *words],
        cwd=HERE / module.folder,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    if done.returncode:
        message = f"go {' '.join(words)} failed in {module.folder}:\n{done.stderr[-3000:]}"
        raise ClusterError(message)
    return done.stdout
