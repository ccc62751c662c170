"""The CustomResourceDefinitions, without a server: complete, in words, and what the files say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from munshi.api.meta import HOME, V1ALPHA3, ObjectMeta
from munshi.api.wire import Object, Wire
from munshi.kube import crds
from munshi.kube.crds import __main__ as command
from munshi.kube.crds import limits, rules, schema, words

FILES = Path(__file__).resolve().parents[2] / "deploy" / "crds"
GREATEST_ANNOTATION = 256 * 1024
"""Bytes that Kubernetes takes as annotations; `kubectl apply` keeps the whole object in one."""
VERSIONS = (HOME, V1ALPHA3)


def schemas() -> Iterator[tuple[str, Object]]:
    """Every kind's schema in every version, with a name for it."""
    for kind, definition in zip(crds.KINDS, crds.definitions(), strict=True):
        for version in definition["spec"]["versions"]:
            yield f"{kind} {version['name']}", version["schema"]["openAPIV3Schema"]


SCHEMAS = dict(schemas())


def fields(shape: Object, path: str = "") -> Iterator[tuple[str, Object]]:
    """Every field below a shape, items of lists as `[]`, with what the schema says of it."""
    for name, inner in shape.get("properties", {}).items():
        at = f"{path}.{name}" if path else name
        yield at, inner
        yield from fields(inner, at)
    if items := shape.get("items"):
        yield f"{path}[]", items
        yield from fields(items, f"{path}[]")


def test_the_files_are_those_that_would_be_generated(tmp_path: Path) -> None:
    """`make generate` would change nothing in deploy/crds."""
    command.main(tmp_path)
    made = {file.name: file.read_text("utf-8") for file in tmp_path.iterdir()}
    kept = {file.name: file.read_text("utf-8") for file in FILES.iterdir()}
    assert sorted(made) == sorted(kept)
    for name, text in made.items():
        assert text == kept[name], f"{name} is out of date: run make generate"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_described_in_sentences(name: str) -> None:
    """`kubectl explain` has words for each field; what it says ends with a full stop."""
    told = 0
    for path, shape in fields(SCHEMAS[name]):
        if path.startswith("metadata") or (path.endswith("[]") and "properties" not in shape):
            continue  # the API server's own words; scalars in a list are told of by the list
        assert shape.get("description", "").endswith("."), path
        told += 1
    assert told > 30


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_of_the_models_is_there(name: str) -> None:
    """Whatever a model can hold, the API server keeps: nothing is pruned."""
    kind = crds.KINDS[name.split(maxsplit=1)[0]]

    def expected(model: type[Wire]) -> set[str]:
        return {field.alias or each for each, field in model.model_fields.items()}

    root = SCHEMAS[name]
    assert set(root["properties"]) == expected(kind.model)
    for part in ("spec", "status"):
        model = kind.model.model_fields[part].annotation
        assert isinstance(model, type)
        assert set(root["properties"][part]["properties"]) == expected(model)


@pytest.mark.parametrize("version", VERSIONS)
def test_limits_and_rules_speak_of_fields_that_there_are(version: str) -> None:
    """A path in their tables, and the field that a rule says is to be mended, is a field of the schema."""
    root = SCHEMAS[f"Experiment {version.partition('/')[2]}"]
    known = {"", *(path for path, _ in fields(root))}
    for path in (*rules.EXPERIMENT, *limits.EXPERIMENT):
        assert path in known, path
    for path, table in rules.EXPERIMENT.items():
        for rule in table:
            assert (path + rule.at).lstrip(".") in known, f"{path}: {rule.at}"


def test_messages_of_rules_say_how_to_mend() -> None:
    """A rule says what is wrong, and after a semicolon what to do, in a line or two."""
    for table in rules.EXPERIMENT.values():
        for rule in table:
            assert ";" in rule.message, rule.message
            assert "\n" not in rule.message
            assert len(rule.message) < 250


def test_nothing_is_required_of_what_munshi_writes() -> None:
    """Suggestions and Trials are munshi's own, and their schema refuses none."""
    for name, root in SCHEMAS.items():
        if not name.startswith("Experiment"):
            text = json.dumps(root)
            assert '"required"' not in text
            assert "x-kubernetes-validations" not in text


def test_definitions_fit_into_the_annotation_of_kubectl_apply() -> None:
    """`kubectl apply -f deploy/crds` works without --server-side."""
    for definition in crds.definitions():
        assert len(json.dumps(definition).encode()) < GREATEST_ANNOTATION * 3 / 4


def test_both_versions_are_served_and_one_is_stored() -> None:
    """v1beta1 is kept, v1alpha3 is the same object under another name: nothing is converted."""
    for definition in crds.definitions():
        spec = definition["spec"]
        assert spec["conversion"] == {"strategy": "None"}
        stored = {each["name"]: (each["served"], each["storage"]) for each in spec["versions"]}
        assert stored == {"v1beta1": (True, True), "v1alpha3": (True, False)}
        assert all(each["subresources"] == {"status": {}} for each in spec["versions"])


COLUMNS = {
    "Experiment v1beta1": ["Type", "Status", "Age"],
    "Experiment v1alpha3": ["Status", "Age"],
    "Suggestion v1beta1": ["Type", "Status", "Requested", "Assigned", "Age"],
    "Suggestion v1alpha3": ["Type", "Status", "Requested", "Assigned", "Age"],
    "Trial v1beta1": ["Type", "Status", "Age"],
    "Trial v1alpha3": ["Type", "Status", "Age"],
}


def test_columns_are_katibs() -> None:
    """`kubectl get` prints what it printed with Katib; munshi's own columns need `-o wide`."""
    found = {
        f"{definition['spec']['names']['kind']} {version['name']}": [
            column["name"]
            for column in version["additionalPrinterColumns"]
            if not column.get("priority")
        ]
        for definition in crds.definitions()
        for version in definition["spec"]["versions"]
    }
    assert found == COLUMNS


class Odd(Wire):
    """A model.

    Attributes:
        told: Has words.
    """

    told: str = ""
    untold: str = ""


def test_a_field_without_words_is_an_error() -> None:
    """Whoever adds a field to a model and says nothing of it hears so, by its name."""
    with pytest.raises(LookupError, match=r"Odd\.untold"):
        schema.of(Odd, lambda _: {})


def test_words_are_taken_from_attributes_sections() -> None:
    """A description's lines are joined; the summary stands apart from the fields."""
    found = words.of(Odd)
    assert found.summary == "A model."
    assert found.fields == {"told": "Has words."}
    assert words.of(ObjectMeta).fields == {}
