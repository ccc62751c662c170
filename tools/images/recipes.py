"""The images: which layers each has, and what it starts.

munshi/pause                  holds a pod's network; a few lines of Go
munshi/busybox                a shell and the usual small programs
munshi/munshi                 munshi's own: the operator and the sidecar of metrics collection
munshi/trial                  trial/train.py, a program to be tuned that does what a test asks of it
munshi/custom-collector       trial/collect.py, a user's own metrics collector, as Katib's example has one
munshi/katib-trial            the same program with Katib's own SDK instead of munshi, to report with
munshi/tf-mnist               examples/tf_mnist with TensorFlow, where Katib's tutorial expects it
kubeflow/.../training-operator  Kubeflow's own, under the name that its manifests use
kubeflow/.../kubectl-delivery   brings kubectl into an MPIJob's launcher, as that operator wants it
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.cluster.binaries import Binaries
from tools.cluster.packages import SYSTEM_PATH
from tools.cluster.place import CLONE
from tools.images import python, store
from tools.images.layers import USER, Entry, Layer, layer
from tools.images.store import Image

STORE = CLONE / ".cache" / "images"
HERE = Path(__file__).parent
APPLETS = (
    "sh",
    "cat",
    "echo",
    "ls",
    "sleep",
    "nslookup",
    "env",
    "id",
    "kill",
    "ps",
    "true",
    "false",
    "cp",
    "seq",
)
ALPINE = "docker.io/library/alpine:3.10"
"""What a PyTorchJob's workers wait in for their master: a shell and nslookup are all that they use."""
TRAINING_OPERATOR = "ghcr.io/kubeflow/training-v1/training-operator"
KUBECTL_DELIVERY = "ghcr.io/kubeflow/training-v1/kubectl-delivery:latest"
KATIB_SDK = "kubeflow-katib==0.19.0"
TRIAL_PATHS = (
    "opt/pytorch-mnist/mnist.py",
    "opt/mxnet-mnist/mnist.py",
    "opt/tf-mnist-with-summaries/mnist.py",
    "examples/tensorflow_mnist.py",
)
"""Where Katib's examples expect the program of an image."""


def build(binaries: Binaries) -> Path:
    """Make all images that are not there yet, or whose content has changed.

    Returns:
        The store that they are in.

    Raises:
        ClusterError: Packages cannot be installed.
    """
    STORE.mkdir(parents=True, exist_ok=True)
    with (STORE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        store.write(STORE, (*_plain(binaries), *_with_python()))
    return STORE


def _plain(binaries: Binaries) -> Iterator[Image]:
    source = HERE / "pause.go"
    pause = layer(STORE, f"pause {_sum(source)}", lambda: _compiled(source))
    yield Image(
        ("docker.io/munshi/pause:test",), (pause,), entrypoint=("/pause",), user="65535:65535"
    )
    names = ("docker.io/munshi/busybox:test", ALPINE)
    yield Image(names, (_busybox(),), ("PATH=/bin",), command=("sh",))
    program = binaries["training-operator"]
    operator = layer(
        STORE, f"training-operator {program}", lambda: [Entry("manager", source=program)]
    )
    yield Image((_name_of_operator(binaries),), (operator,), entrypoint=("/manager",))
    kubectl = binaries["kubectl"]
    client = layer(STORE, f"kubectl {kubectl}", lambda: [Entry("bin/kubectl", source=kubectl)])
    yield Image(
        (KUBECTL_DELIVERY,),
        (_busybox(), client),
        ("PATH=/bin",),
        entrypoint=("/bin/sh", "-c"),
        command=("cp /bin/kubectl /opt/kube/kubectl",),
    )


def _name_of_operator(binaries: Binaries) -> str:
    """The name with which Kubeflow deploys it."""
    text = (binaries.manifests / "overlays" / "standalone" / "kustomization.yaml").read_text()
    return f"{TRAINING_OPERATOR}:{text.partition('newTag:')[2].split()[0]}"


def _with_python() -> Iterator[Image]:
    base = layer(STORE, f"python {python.identity()}", python.interpreter)
    needed = layer(STORE, *python.packages("munshi", "--no-default-groups", "--all-extras"))
    sources = [one for one in (CLONE / "src").rglob("*") if one.is_file() and one.suffix != ".pyc"]
    code_of = _sum(CLONE / "pyproject.toml", *sorted(sources))
    code = layer(STORE, f"munshi {python.identity()} {code_of}", _munshi)
    yield Image(
        ("docker.io/munshi/munshi:test",),
        (base, needed, code),
        python.ENVIRONMENT,
        entrypoint=("munshi",),
        user=f"{USER}:{USER}",
    )
    programs = sorted((HERE / "trial").glob("*.py"))
    trial = layer(STORE, f"trial {_sum(*programs)} {TRIAL_PATHS}", lambda: _trial(programs))
    yield Image(
        ("docker.io/munshi/trial:test",),
        (base, needed, code, _busybox(), trial),
        python.ENVIRONMENT,
        command=("python", "/opt/trial/train.py"),
        user=f"{USER}:{USER}",
    )
    yield Image(
        ("docker.io/munshi/custom-collector:test",),
        (base, needed, trial),
        python.ENVIRONMENT,
        entrypoint=("python", "/opt/trial/collect.py"),
        user=f"{USER}:{USER}",
    )
    sdk = layer(STORE, *python.packages_apart(KATIB_SDK))
    yield Image(
        ("docker.io/munshi/katib-trial:test",),
        (base, sdk, _busybox(), trial),
        python.ENVIRONMENT,
        command=("python", "/opt/trial/train.py"),
        user=f"{USER}:{USER}",
    )
    tensorflow = layer(STORE, *python.packages("tensorflow", "--only-group", "tensorflow"))
    mnist = CLONE / "examples" / "tf_mnist" / "mnist_with_summaries.py"
    example = layer(
        STORE,
        f"mnist {_sum(mnist)}",
        lambda: [Entry("var/tf_mnist/mnist_with_summaries.py", source=mnist)],
    )
    # As root, like the image it stands in for.
    yield Image(
        ("docker.io/munshi/tf-mnist:test",),
        (base, tensorflow, _busybox(), example),
        python.ENVIRONMENT,
        command=("python", "/var/tf_mnist/mnist_with_summaries.py"),
    )


def _munshi() -> Iterator[Entry]:
    """Install munshi as a user would: a wheel built from the clone, without what it depends on."""
    with tempfile.TemporaryDirectory() as folder:
        python.uv(
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--compile-bytecode",
            "--target",
            folder,
            str(CLONE),
        )
        yield from python.tree(Path(folder), python.SITE_PACKAGES, needless={"bin"})
    start = "#!/opt/venv/bin/python\nimport sys\nfrom munshi.cli import main\nsys.exit(main())\n"
    yield Entry("opt/venv/bin/munshi", content=start.encode())


def _trial(programs: Sequence[Path]) -> Iterator[Entry]:
    for program in programs:
        yield Entry(f"opt/trial/{program.name}", source=program)
    for path in TRIAL_PATHS:
        yield Entry(path, link="/opt/trial/train.py")
    yield Entry("usr/local/bin/mpirun", link="/opt/trial/mpirun.py")


def _busybox() -> Layer:
    program = Path(shutil.which("busybox", path=SYSTEM_PATH) or "/bin/busybox")
    links = [Entry(f"bin/{name}", link="busybox") for name in APPLETS]
    return layer(
        STORE,
        f"busybox {_sum(program)} {APPLETS}",
        lambda: [Entry("bin/busybox", source=program), *links],
    )


def _compiled(source: Path) -> Iterator[Entry]:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "pause")
        words = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), str(source)]
        alone = {**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off"}
        subprocess.run(words, check=True, timeout=300, env=alone)
        yield Entry("pause", source=program)


def _sum(*files: Path) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.name}\0".encode() + file.read_bytes())
    return total.hexdigest()
