"""What a MetricsCollectorSpec asks for, defaults filled in: the kind, the path, the page.

The Experiment speaks in the words of the container. Where that is on this machine, or in a pod, each
runtime decides for itself.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from munshi.api.common import (
    CollectorKind,
    FileSystemKind,
    FileSystemPath,
    HttpGet,
    MetricsCollectorSpec,
)

DEFAULT_PATHS = {
    CollectorKind.FILE: "/var/log/katib/metrics.log",
    CollectorKind.TF_EVENT: "/var/log/katib/tfevent/",
}
DEFAULT_PORT, DEFAULT_PAGE = 8080, "/metrics"
PUSHING = (CollectorKind.PUSH, CollectorKind.CUSTOM)
"""Kinds whose programs report by a call."""


def kind_of(spec: MetricsCollectorSpec | None) -> CollectorKind:
    """Which collector; StdOut when nothing is said, Push for v1alpha3's None."""
    kind = spec.collector.kind if spec else CollectorKind.STDOUT
    if kind is CollectorKind.NONE:
        return CollectorKind.PUSH
    return CollectorKind.STDOUT if kind is CollectorKind.UNSET else kind


def path_of(spec: MetricsCollectorSpec | None) -> str:
    """The path the collector reads inside the container; empty where there is none."""
    path = file_system(spec).path or DEFAULT_PATHS.get(kind_of(spec), "")
    return str(PurePosixPath(path)) if path else ""


def is_folder(spec: MetricsCollectorSpec | None) -> bool:
    """Whether that path is a folder rather than a file."""
    is_events = kind_of(spec) is CollectorKind.TF_EVENT
    return is_events or file_system(spec).kind is FileSystemKind.DIRECTORY


def file_system(spec: MetricsCollectorSpec | None) -> FileSystemPath:
    """What is said of the path; nothing where nothing is."""
    source = spec.source if spec else None
    return (source.file_system_path if source else None) or FileSystemPath()


def filters_of(spec: MetricsCollectorSpec | None) -> tuple[str, ...]:
    """The user's own patterns for lines of text."""
    source = spec.source if spec else None
    return source.filter.metrics_format if source and source.filter else ()


def page_of(spec: MetricsCollectorSpec | None) -> HttpGet:
    """The page a PrometheusMetric collector scrapes, defaults filled in."""
    source = spec.source if spec else None
    said = (source.http_get if source else None) or HttpGet()
    port, page = said.port or str(DEFAULT_PORT), said.path or DEFAULT_PAGE
    return said.model_copy(update={"port": port, "path": page})
