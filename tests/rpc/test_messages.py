"""Our `.proto` files, their reader, and the classes made of them."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from munshi.rpc import messages, proto

_OFFICIAL = """
import base64
import kubeflow.katib.katib_api_pb2 as api
print(base64.b64encode(api.DESCRIPTOR.serialized_pb).decode())
"""

MISWRITTEN = {
    "an older syntax": 'syntax = "proto2";',
    "a choice": "message A { oneof b { string c = 1; } }",
    "a stream": "service A { rpc B(stream C) returns (D); }",
    "a map of something else": "message A { map<string, int32> b = 1; }",
    "an import": 'import "other.proto";',
    "an end in the middle": "message A { string b",
    "a service of something else": "service A { option b = 1; }",
}


def ours() -> Any:
    """Our file of Katib's, as protobuf describes it."""
    described = descriptor_pb2.FileDescriptorProto()
    messages.classes(messages.KATIB)["Trial"].DESCRIPTOR.file.CopyToProto(described)  # type: ignore[attr-defined]
    return described


def fields(described: Any, scope: str = "") -> dict[str, tuple[int, int, int, str]]:
    """Every field by its full name: number, type, label, and the name of its message or enum."""
    found = {}
    for message in getattr(described, "message_type", None) or described.nested_type:
        full = f"{scope}{message.name}"
        found[full] = (0, 0, 0, str(message.options.map_entry))
        found |= {
            f"{full}.{one.name}": (one.number, one.type, one.label, one.type_name)
            for one in message.field
        }
        found |= enums(message, f"{full}.") | (
            fields(message, f"{full}.") if message.nested_type else {}
        )
    return found


def enums(described: Any, scope: str = "") -> dict[str, tuple[int, int, int, str]]:
    """Every value of an enum by its full name."""
    return {
        f"{scope}{one.name}.{value.name}": (value.number, 0, 0, "")
        for one in described.enum_type
        for value in one.value
    }


def calls(described: Any) -> set[tuple[str, str, str, str]]:
    """Every call: service, name, request, reply."""
    return {
        (service.name, one.name, one.input_type, one.output_type)
        for service in described.service
        for one in service.method
    }


@pytest.mark.katib_sdk
@pytest.mark.timeout(400)
def test_the_interface_is_katibs_own(katib_python: Path) -> None:
    """Messages, fields, numbers, types, enums and calls are those of the kubeflow-katib SDK's own stubs."""
    said = subprocess.run(
        [katib_python, "-c", _OFFICIAL], capture_output=True, text=True, timeout=60, check=True
    )
    official = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(said.stdout))
    assert fields(ours()) | enums(ours()) == fields(official) | enums(official)
    assert calls(ours()) == calls(official)
    assert ours().package == official.package


def test_a_map_a_nested_message_and_an_enum_survive_the_wire() -> None:
    """What a reply carries is read back as it was written."""
    classes = messages.classes(messages.KATIB)
    reply = classes["GetSuggestionsReply"]()
    point = reply.parameter_assignments.add(trial_name="a", labels={"generation": "2"})
    point.assignments.add(name="lr", value="0.1")
    reply.early_stopping_rules.add(comparison=messages.enum("ComparisonType")["GREATER"])
    again = classes["GetSuggestionsReply"].FromString(reply.SerializeToString())
    assert again == reply
    assert dict(again.parameter_assignments[0].labels) == {"generation": "2"}
    assert again.early_stopping_rules[0].comparison == 3


def test_one_class_is_made_of_each_message() -> None:
    """Asked twice, the classes are the same, so messages of theirs may be put into each other."""
    assert messages.classes(messages.KATIB) is messages.classes(messages.KATIB)


@pytest.mark.parametrize("text", MISWRITTEN.values(), ids=MISWRITTEN)
def test_more_of_the_language_is_refused(text: str) -> None:
    """What the reader does not know is an error, never something else."""
    with pytest.raises(ValueError, match=r"understood|expected|middle"):
        proto.read(text)


def test_comments_stand_anywhere() -> None:
    """A comment says nothing to the reader, even one with the words of the language."""
    file = proto.read("// message B {\nmessage A { string b = 3; // = 4;\n}")
    assert file.messages == [proto.Message("A", [proto.Field("b", "string", 3)])]
