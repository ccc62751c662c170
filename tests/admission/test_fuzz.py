"""Whatever the bytes: the judge answers with an Experiment or with faults that have a place."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from admission.builders import config_maps
from munshi import admission
from munshi.admission import conversion
from munshi.api import source, yaml_patch, yaml_writer
from munshi.api.source import Source
from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid

FOLDER = Path(__file__).parent.parent / "manifests"
GOOD = [path.read_bytes() for path in sorted(FOLDER.rglob("*.yaml"))]
WORDS = [
    b"apiVersion: kubeflow.org/v1beta1\n", b"kind: Experiment\n", b"spec:\n", b"  parameters:\n",
    b"- ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"<<: ", b"!!int ", b"'", b'"', b"|\n", b": ", b"\n",
    b"\t", b"\r", b"\0", b"\xff", b"{{", b"}}", b"{{end}}", b"{{.Value}}", b"${trialParameters.", b"${",
    "한".encode(), "\u202e".encode(), b"9" * 400, b"1e999", b".nan", b"~", b"---\n", b"...\n",
    b"%TAG ! x\n", b"\xef\xbb\xbf",
]  # fmt: skip
NAMES = [
    "apiVersion", "kind", "metadata", "spec", "name", "parameters", "trialTemplate", "goTemplate",
    "rawTemplate", "trialSpec", "objective", "algorithm", "list",
]  # fmt: skip
SAID = ["kubeflow.org/v1beta1", "kubeflow.org/v1alpha3", "Experiment", "ConfigMap"]
TREES: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from(SAID),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)
PIECES = st.lists(st.sampled_from(WORDS) | st.binary(max_size=4), max_size=40).map(b"".join)


def judged(data: bytes | str) -> None:
    """Read and judge everything in a text; convert what may be converted."""
    try:
        documents = source.read(data, "fuzz.yaml")
    except Invalid as refusal:
        placed(refusal.faults, whole_file=True)
        return
    for document in documents:
        try:
            admission.admit(document, config_maps=config_maps)
        except Invalid as refusal:
            placed(refusal.faults)
        converted(document)


def placed(faults: tuple[FieldFault, ...], *, whole_file: bool = False) -> None:
    """Each fault says what is wrong, and where."""
    assert faults
    for fault in faults:
        assert fault.problem
        assert fault.mark or fault.path or whole_file
        assert (
            str(fault).replace("\n", "").isprintable()
            or "\u200c" in str(fault)
            or "\u200d" in str(fault)
        )


def converted(document: Source) -> None:
    """A conversion is refused with places, or its text reads as its value."""
    try:
        done = conversion.convert(document, config_maps)
    except Invalid as refusal:
        placed(refusal.faults)
        return
    text = yaml_patch.applied(document.text, done.edits)
    assert done.value in [each.value for each in source.read(text)]


@settings(deadline=None)
@given(st.binary(max_size=200) | PIECES)
def test_any_bytes(data: bytes) -> None:
    """Random bytes, and random pieces of YAML and of templates."""
    judged(data)


@settings(deadline=None)
@given(TREES)
def test_any_tree(tree: Json) -> None:
    """Random objects with the names of real fields."""
    try:
        text = yaml_writer.write(tree)
    except Invalid as refusal:  # a surrogate, say
        placed(refusal.faults, whole_file=True)
        return
    judged(text)


EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 30), st.sampled_from(WORDS) | st.binary(max_size=3)),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(GOOD), EDITS)
def test_any_spoiled_manifest(good: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    """Katib's own files with pieces cut out and put in."""
    data = good
    for place, length, piece in edits:
        at = place % (len(data) + 1)
        data = data[:at] + piece + data[at + length :]
    judged(data)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(GOOD), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 3))
def test_any_shuffled_manifest(good: bytes, one: int, other: int, how: int) -> None:
    """Lines swapped, lost, doubled and indented."""
    lines = good.split(b"\n")
    a, b = one % len(lines), other % len(lines)
    match how:
        case 0:
            lines[a], lines[b] = lines[b], lines[a]
        case 1:
            del lines[a]
        case 2:
            lines.insert(b, lines[a])
        case _:
            lines[a] = b"  " + lines[a]
    judged(b"\n".join(lines))
