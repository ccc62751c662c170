"""A container's environment: `env` and `envFrom`, with the kubelet's order and precedence.

`envFrom` comes first and `env` wins over it. A plain value may refer to what stands before it by
`$(VAR)`; values that come from elsewhere are taken as they are. Only what the job sets is here,
never this machine's environment.
"""

from __future__ import annotations

from collections.abc import Mapping

from munshi.local.jobs.downward import PodFacts, answer_field, answer_resource
from munshi.local.jobs.expansion import LONGEST_WORD, expand_at
from munshi.local.jobs.fields import Field, guess, is_unicode, shown
from munshi.local.jobs.model import Content, Surroundings

_ENV_MEND = "write a list of `- name: …` with `value: …` below each"
_VALUE_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")


def read_environment(
    container: Field,
    facts: PodFacts,
    here: Surroundings,
    added: Mapping[str, str],
    defaults: Mapping[str, str],
) -> dict[str, str]:
    """The variables a container sets, each once, in order.

    Args:
        container: The container.
        facts: Of its pod.
        here: ConfigMaps and Secrets.
        added: What the operator appends: it wins over the author's own, as the later of two equal
            names does.
        defaults: What the controller appends where the author has no variable of that name.

    None of the author's values can refer to the last two, as on a cluster; arguments can.
    """
    found: dict[str, str] = {}
    for source in container.at("envFrom").items():
        found |= _all_of(source, here)
    for entry in container.at("env").items(_ENV_MEND):
        name = _name(entry)
        value = _value(entry, found, facts, here, container.at("name").text())
        if name and value is not None:
            found[name] = value
    found |= {name: value for name, value in defaults.items() if name not in found}
    return found | dict(added)


def _name(entry: Field) -> str:
    name = entry.at("name").required_text("give the variable a name")
    if "=" in name:
        entry.at("name").fault(
            f"{shown(name)} holds an equals sign", "write name and value as two fields"
        )
        return ""
    return name


def _value(
    entry: Field, before: Mapping[str, str], facts: PodFacts, here: Surroundings, container: str
) -> str | None:
    """The value of one entry; `None` when its optional source is missing: it stays unset."""
    written, source = entry.at("value").text(), entry.at("valueFrom")
    if source.value is None:
        return expand_at(entry.at("value"), written, before)
    if written:
        entry.fault("has both value and valueFrom", "keep one of them")
    chosen = source.entries()
    if len(chosen) != 1:
        source.fault(
            f"needs exactly one source, got {len(chosen)}",
            f"choose one of: {', '.join(_VALUE_SOURCES)}",
        )
        return ""
    (kind, ref), *_ = chosen.items()
    match kind:
        case "fieldRef":
            return answer_field(ref, facts)
        case "resourceFieldRef":
            return answer_resource(ref, facts, container)
        case "configMapKeyRef":
            return _one_of("ConfigMap", here.config_maps, ref)
        case "secretKeyRef":
            return _one_of("Secret", here.secrets, ref)
        case _:
            ref.fault(
                "cannot be answered on this machine",
                f"write the value itself (value: …); {guess(kind, _VALUE_SOURCES)}",
            )
            return ""


def _one_of(kind: str, known: Mapping[str, Mapping[str, Content]], ref: Field) -> str | None:
    key = ref.at("key").required_text(f"name the entry of the {kind}")
    optional = ref.at("optional").flag()
    data = find(kind, known, ref, optional=optional)
    if data is None or not key:
        return None
    if key in data:
        return _as_text(data[key], ref)
    if not optional:
        ref.at("key").fault(
            f"{kind} {shown(ref.at('name').text())} has no entry {shown(key)}", guess(key, data)
        )
    return None


def _all_of(source: Field, here: Surroundings) -> dict[str, str]:
    """All entries of one `envFrom` source, under its prefix."""
    prefix = source.at("prefix").text()
    found: dict[str, str] = {}
    for field, kind, known in (
        ("configMapRef", "ConfigMap", here.config_maps),
        ("secretRef", "Secret", here.secrets),
    ):
        ref = source.at(field)
        if ref.value is not None:
            data = find(kind, known, ref, optional=ref.at("optional").flag()) or {}
            found |= {
                prefix + key: _as_text(value, ref)
                for key, value in data.items()
                if key and "=" not in key and "\0" not in key
            }
    if source.at("configMapRef").value is None and source.at("secretRef").value is None:
        source.fault("names no source", "choose configMapRef or secretRef")
    return found


def find(
    kind: str, known: Mapping[str, Mapping[str, Content]], ref: Field, *, optional: bool
) -> Mapping[str, Content] | None:
    """The ConfigMap or Secret that `ref.name` names; without it a fault, unless it is optional."""
    name = ref.at("name").required_text(f"name the {kind}")
    if not name or name in known:
        return known.get(name)
    if not optional:
        ref.at("name").fault(
            f"{kind} {shown(name)} is not known on this machine",
            f"give the {kind} with the Experiment, set optional: true, or write the value here",
        )
    return None


def _as_text(content: Content, ref: Field) -> str:
    mend = "mount it as a file instead of a variable"
    if isinstance(content, bytes):
        try:
            content = content.decode()
        except UnicodeDecodeError:
            ref.fault(
                "holds bytes that are not UTF-8 text", "mount it as a file instead of a variable"
            )
            return ""
    if "\0" in content or not is_unicode(content):
        ref.fault(
            "holds a character no environment can carry", "mount it as a file instead of a variable"
        )
        return ""
    if len(content.encode()) > LONGEST_WORD:
        ref.fault("is longer than 128 KiB, more than a variable can hold", mend)
        return ""
    return content
