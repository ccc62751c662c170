"""How metrics come back: spec.metricsCollectorSpec (rules R39 to R47), defaults already filled.

Filters are checked for standard output too, where Katib looks at them only when the first line is
read.
"""

from __future__ import annotations

from collections.abc import Iterator

from munshi.api.common import (
    CollectorKind,
    FileFormat,
    FileSystemKind,
    FileSystemPath,
    MetricsCollectorSpec,
)
from munshi.api.experiment import Experiment
from munshi.errors import FieldFault, Path
from munshi.metrics.text import check_filter

_SPEC: Path = ("spec", "metricsCollectorSpec")
_COLLECTOR: Path = (*_SPEC, "collector")
_FILE: Path = (*_SPEC, "source", "fileSystemPath")
_HTTP: Path = (*_SPEC, "source", "httpGet")
_FORMATS: Path = (*_SPEC, "source", "filter", "metricsFormat")
_GREATEST_PORT = 65535


def collector_faults(experiment: Experiment) -> Iterator[FieldFault]:
    """What is wrong with the metrics collector."""
    spec = experiment.spec.metrics_collector_spec or MetricsCollectorSpec()
    path = spec.source.file_system_path if spec.source else None
    match spec.collector.kind:
        case CollectorKind.FILE if path is not None:
            yield from _place(path, (FileSystemKind.FILE,))
        case CollectorKind.TF_EVENT if path is not None:
            yield from _place(path, (FileSystemKind.DIRECTORY,))
            if path.format:
                problem = f"{path.format.value} does not apply to TensorFlow event files"
                yield FieldFault((*_FILE, "format"), problem, "remove it")
        case CollectorKind.PROMETHEUS:
            yield from _http(spec)
        case CollectorKind.CUSTOM:
            if not spec.collector.custom_collector:
                mend = "write the container that collects, with name and image"
                yield FieldFault((*_COLLECTOR, "customCollector"), "is missing", mend)
            if path is not None:
                yield from _place(path, (FileSystemKind.FILE, FileSystemKind.DIRECTORY))
        case CollectorKind.NONE:
            problem = '"None" is the word of v1alpha3'
            yield FieldFault((*_COLLECTOR, "kind"), problem, "write Push")
    yield from _formats(spec)


def _place(written: FileSystemPath, kinds: tuple[FileSystemKind, ...]) -> Iterator[FieldFault]:
    if written.kind not in kinds:
        wanted = " or ".join(kind.value for kind in kinds)
        got = f'"{written.kind.value}"' if written.kind else "nothing"
        yield FieldFault((*_FILE, "kind"), f"{wanted} is wanted, got {got}", f"write {wanted}")
    path, where = written.path, (*_FILE, "path")
    if not path.startswith("/"):
        got = f'"{path}" is not absolute' if path else "is missing"
        yield FieldFault(where, got, "begin it with /, as the container sees it")
    elif ".." in path.split("/"):
        yield FieldFault(where, f'"{path}" goes upwards', "write the path without ..")
    elif "\0" in path:
        yield FieldFault(where, "holds a NUL character, which no path can", "remove it")
    elif not path.strip("/"):
        problem = f'"{path}" is the whole file system'
        yield FieldFault(where, problem, "name a directory of its own, such as /train")
    elif path.endswith("/") and written.kind is FileSystemKind.FILE:
        yield FieldFault(where, f'"{path}" is a directory', "name the file in it")


def _http(spec: MetricsCollectorSpec) -> Iterator[FieldFault]:
    get = spec.source.http_get if spec.source else None
    if get is None:
        return
    port = get.port
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= _GREATEST_PORT):
        problem = f'"{port}" is not a port'
        yield FieldFault((*_HTTP, "port"), problem, f"write a number from 1 to {_GREATEST_PORT}")
    if not get.path.startswith("/"):
        yield FieldFault((*_HTTP, "path"), f'"{get.path}" does not begin with /', "begin it with /")


def _formats(spec: MetricsCollectorSpec) -> Iterator[FieldFault]:
    source = spec.source
    formats = source.filter.metrics_format if source and source.filter else ()
    place = source.file_system_path if source else None
    json = place is not None and place.format is FileFormat.JSON
    if source and source.filter and json and spec.collector.kind is CollectorKind.FILE:
        problem = "a filter does not apply to JSON lines"
        yield FieldFault(_FORMATS[:-1], problem, "remove it, or use format: TEXT")
        return
    for index, pattern in enumerate(formats):
        wrong = check_filter(pattern) if pattern else "is empty"
        if wrong:
            mend = r"write two groups, name and value, as in ([\w-]+)=([0-9.]+)"
            shown = f'"{pattern}": {wrong}' if pattern else wrong
            yield FieldFault((*_FORMATS, index), shown, "" if "needs two" in wrong else mend)
