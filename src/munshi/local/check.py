"""What an admitted Experiment asks for that this machine cannot do: told before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from munshi.api.common import CollectorKind
from munshi.api.experiment import Experiment
from munshi.api.wire import Json
from munshi.collectors import wishes
from munshi.errors import FieldFault, Invalid, LaunchRefused, Path
from munshi.local import containers, jobs, planning, pushing
from munshi.local.jobs import ConfigMapFiles, Content, Mount, Run, SecretFiles
from munshi.local.planning import Settings

TEMPLATE: Path = ("spec", "trialTemplate")
COLLECTOR: Path = ("spec", "metricsCollectorSpec", "collector")
SOURCE: Path = ("spec", "metricsCollectorSpec", "source", "httpGet")
HERE = ("", "localhost", "127.0.0.1", "::1", "[::1]")


def faults(
    experiment: Experiment,
    job: Mapping[str, Json],
    primary_container: str,
    settings: Settings,
    config_maps: Mapping[str, Mapping[str, Content]],
) -> list[FieldFault]:
    """Judge a rendered job of the experiment.

    Args:
        experiment: Admitted.
        job: What one trial would run, with values of the search space.
        primary_container: The trial's.
        settings: What the user says about all trials.
        config_maps: Of the experiment's namespace.
    """
    around = jobs.Surroundings(
        config_maps=config_maps,
        stand_ins=tuple(mount.container for mount in settings.mounts),
        uid="not-yet-created",
        images=settings.runtime.has_images,
    )
    found = [*_collector_faults(experiment, job, around)]
    try:
        run = jobs.read(job, primary_container, around)
        for container in _containers(run):
            for mount in container.mounts:
                _files(mount, config_maps)
    except LaunchRefused as refusal:
        found.append(FieldFault(TEMPLATE, str(refusal)))
    except Invalid as invalid:
        found += [_in_template(experiment, fault) for fault in invalid.faults]
    else:
        if not found and settings.runtime.has_images:
            found += _image_faults(experiment, job, run, settings)
    return found


def _containers(run: Run) -> list[jobs.ContainerRun]:
    inits = [init for replica in run.replicas for init in replica.inits]
    return [*inits, *(replica.container for replica in run.replicas)]


def _image_faults(
    experiment: Experiment, job: Mapping[str, Json], run: Run, settings: Settings
) -> list[FieldFault]:
    try:
        containers.prepare(settings.runtime, (one.image for one in _containers(run)))
    except containers.ImageNowhere as nowhere:
        path = next(_images(job, nowhere.image), ())
        return [_in_template(experiment, FieldFault(path, str(nowhere)))]
    except LaunchRefused as refusal:
        return [FieldFault(("--runtime", settings.runtime.value), str(refusal))]
    return []


def _images(value: Json | Mapping[str, Json], image: str, at: Path = ()) -> Iterator[Path]:
    """The paths of the `image` fields that name this image, top down."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "image" and inner == image:
                yield (*at, key)
            yield from _images(inner, image, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _images(inner, image, (*at, index))


def _collector_faults(
    experiment: Experiment, job: Mapping[str, Json], around: jobs.Surroundings
) -> list[FieldFault]:
    spec = experiment.spec.metrics_collector_spec
    match wishes.kind_of(spec):
        case CollectorKind.CUSTOM:
            said = spec.collector.custom_collector if spec else None
            try:
                planning.custom_container(said or {}, job, around)
            except LaunchRefused as refusal:
                return [FieldFault((*COLLECTOR, "customCollector"), str(refusal))]
            except Invalid as invalid:
                return [_in_collector(fault) for fault in invalid.faults]
            return []
        case CollectorKind.PROMETHEUS:
            return _page_faults(experiment, job)
        case _:
            return []


def _page_faults(experiment: Experiment, job: Mapping[str, Json]) -> list[FieldFault]:
    page, found = wishes.page_of(experiment.spec.metrics_collector_spec), []
    if page.host not in HERE:
        problem = f'"{page.host}" is another machine; here a trial is scraped on this one'
        found.append(FieldFault((*SOURCE, "host"), problem, "leave host out"))
    if page.scheme.upper() not in ("", "HTTP"):
        problem = f'"{page.scheme}" cannot be scraped on this machine'
        found.append(FieldFault((*SOURCE, "scheme"), problem, "leave scheme out, or write HTTP"))
    parallel = experiment.spec.parallel_trial_count or 1
    if parallel > 1 and not planning.sets_port(dict(job)):
        name = pushing.METRICS_PORT
        problem = f"{parallel} trials at once would all serve port {page.port} of this machine"
        mend = (
            f'set parallelTrialCount to 1, or give the container an env {name} with value "{page.port}" '
            f"and serve at $({name}): here each trial gets a free port in it"
        )
        found.append(FieldFault((*SOURCE, "port"), problem, mend))
    return found


def _files(mount: Mount, config_maps: Mapping[str, Mapping[str, Content]]) -> None:
    """Look for the ConfigMap behind a volume; Secrets cannot be given on this machine.

    Raises:
        Invalid: It is not there, and not optional.
    """
    match mount.source:
        case ConfigMapFiles() as files:
            jobs.config_map_files(files, config_maps)
        case SecretFiles() as files:
            jobs.config_map_files(files, {})
        case _:
            return


def _in_collector(fault: FieldFault) -> FieldFault:
    """A fault of the pod that was made around the collector's container, at its own place."""
    inner = fault.path[3:] if fault.path[:2] == ("spec", "containers") else ()
    return FieldFault((*COLLECTOR, "customCollector", *inner), fault.problem, fault.mend)


def _in_template(experiment: Experiment, fault: FieldFault) -> FieldFault:
    template = experiment.spec.trial_template
    if template is not None and template.trial_spec is not None:
        return FieldFault((*TEMPLATE, "trialSpec", *fault.path), fault.problem, fault.mend)
    inside = f"in the rendered job, {fault.field}: " if fault.path else ""
    return FieldFault(TEMPLATE, f"{inside}{fault.problem}", fault.mend)
