"""Whatever a document holds, admission answers: with an Experiment that renders, or with faults."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from admission.builders import GO_TEXT, GONE, changed, config_maps, faults
from munshi import admission
from munshi.admission import judge
from munshi.api import decode
from munshi.api.experiment import Experiment
from munshi.api.wire import Json

ODD: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["${trialParameters.rate}", "${trialSpec.Labels[a]}", "{{", "Job", "v1", "\0", "${", "lr"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=4) | st.sampled_from(["name", "spec", "env"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)
GO = {
    "spec.trialTemplate.trialSpec": GONE,
    "spec.trialTemplate.goTemplate": {"rawTemplate": GO_TEXT},
}


def places(value: Json, path: str = "") -> Iterator[str]:
    """Dotted paths of everything inside a document."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inner:
        if "." not in str(key):
            here = f"{path}.{key}" if path else str(key)
            yield here
            yield from places(item, here)


STRUCTURAL = sorted(
    places(changed({"spec.metricsCollectorSpec.source.filter.metricsFormat": ["a"]}))
)


@given(place=st.sampled_from(STRUCTURAL), value=ODD, go=st.booleans())
def test_any_value_anywhere_is_answered(place: str, value: Json, go: bool) -> None:
    """No value at any field brings admission down."""
    inside = place.startswith("spec.trialTemplate.trialSpec")
    changes = {**(GO if go and not inside else {}), place: value}
    document = changed(changes)
    found = faults(document)
    assert all(fault.problem for fault in found)
    if not found:
        admitted = admission.admit(document, config_maps=config_maps)
        assert admission.judge(admitted.experiment, config_maps=config_maps) == []


@given(text=st.text(max_size=40) | ODD.map(str))
def test_any_text_in_a_config_map_is_answered(text: str) -> None:
    """What somebody else wrote into the ConfigMap is judged like the Experiment itself."""
    place = {"configMapName": "c", "configMapNamespace": "lab", "templatePath": "k"}
    document = changed(
        {"spec.trialTemplate.trialSpec": GONE, "spec.trialTemplate.configMap": place}
    )
    found = judge(decode.read(document, Experiment), config_maps=lambda _, __: {"k": text})
    assert {fault.path[:2] for fault in found} <= {
        ("spec", "trialTemplate"),
        ("spec", "parameters"),
    }
