"""From a ConfigMap's or Secret's entries to the files a mount shows.

The second half of reading a volume: `read` only notes which ConfigMap is wanted, and the launcher,
who can find it, asks here what files it becomes. Used just before a trial starts.
"""

from __future__ import annotations

from collections.abc import Mapping

from munshi.errors import FieldFault, Invalid
from munshi.local.jobs.fields import guess, shown
from munshi.local.jobs.model import ConfigMapFiles, Content, File, SecretFiles


def config_map_files(
    source: ConfigMapFiles | SecretFiles, known: Mapping[str, Mapping[str, Content]]
) -> tuple[File, ...]:
    """The files of one volume.

    Args:
        source: What a mount asks for.
        known: ConfigMap (or Secret) name to entries: text, or bytes where it is binary. Secrets
            decoded.

    Returns:
        One file an entry, or one an item when the volume chooses items. Empty when an optional one
        is missing.

    Raises:
        Invalid: The ConfigMap or chosen keys are missing and not optional; all of them at once.
    """
    kind = "ConfigMap" if isinstance(source, ConfigMapFiles) else "Secret"
    data = known.get(source.name)
    if data is None:
        if source.optional:
            return ()
        problem = f"{kind} {shown(source.name)} is not known on this machine"
        mend = f"give the {kind} with the Experiment, or set optional: true"
        raise Invalid([FieldFault(source.field, problem, mend)])
    if not source.items:
        _refuse_escapes(kind, source, data)
        return tuple(File(key, _bytes(data[key]), source.default_mode) for key in data)
    missing = [
        FieldFault(
            (*source.field, "items", index, "key"),
            f"{kind} {shown(source.name)} has no entry {shown(item.key)}",
            guess(item.key, data),
        )
        for index, item in enumerate(source.items)
        if item.key not in data
    ]
    if missing and not source.optional:
        raise Invalid(missing)
    return tuple(
        File(
            item.path,
            _bytes(data[item.key]),
            source.default_mode if item.mode is None else item.mode,
        )
        for item in source.items
        if item.key in data
    )


def _refuse_escapes(
    kind: str, source: ConfigMapFiles | SecretFiles, data: Mapping[str, Content]
) -> None:
    """A key becomes a file name; like Kubernetes, we allow none that could lead elsewhere."""
    bad = [key for key in data if key in {"", ".", ".."} or "/" in key or "\0" in key]
    if bad:
        raise Invalid(
            FieldFault(
                source.field,
                f"{kind} {shown(source.name)} has the entry {shown(key)}, which is no file name",
                "rename it, or choose entries with items",
            )
            for key in bad
        )


def _bytes(content: Content) -> bytes:
    return content.encode(errors="surrogatepass") if isinstance(content, str) else content
