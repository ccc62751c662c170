"""What an admitted Experiment asks for that this machine cannot do: told before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from munshi.api.experiment import Experiment
from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid, LaunchRefused, Path
from munshi.local import jobs, view
from munshi.local.jobs import ConfigMapFiles, Content, Mount, SecretFiles
from munshi.local.view import UserMount

TEMPLATE: Path = ("spec", "trialTemplate")
COLLECTOR: Path = ("spec", "metricsCollectorSpec", "collector", "kind")


def faults(
    experiment: Experiment,
    job: Mapping[str, Json],
    primary_container: str,
    mounts: Iterable[UserMount],
    config_maps: Mapping[str, Mapping[str, Content]],
) -> list[FieldFault]:
    """Judge a rendered job of the experiment.

    Args:
        experiment: Admitted.
        job: What one trial would run, with values of the search space.
        primary_container: The trial's.
        mounts: The user's `--mount`s.
        config_maps: Of the experiment's namespace.
    """
    found: list[FieldFault] = []
    try:
        view.collector_path(experiment.spec.metrics_collector_spec)
    except LaunchRefused as refusal:
        found.append(FieldFault(COLLECTOR, str(refusal)))
    surroundings = jobs.Surroundings(
        config_maps=config_maps,
        stand_ins=tuple(mount.container for mount in mounts),
        uid="not-yet-created",
    )
    try:
        run = jobs.read(job, primary_container, surroundings)
        for mount in run.primary_container.mounts:
            _files(mount, config_maps)
    except LaunchRefused as refusal:
        found.append(FieldFault(TEMPLATE, str(refusal)))
    except Invalid as invalid:
        found += [_in_template(experiment, fault) for fault in invalid.faults]
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


def _in_template(experiment: Experiment, fault: FieldFault) -> FieldFault:
    template = experiment.spec.trial_template
    if template is not None and template.trial_spec is not None:
        return FieldFault((*TEMPLATE, "trialSpec", *fault.path), fault.problem, fault.mend)
    inside = f"in the rendered job, {fault.field}: " if fault.path else ""
    return FieldFault(TEMPLATE, f"{inside}{fault.problem}", fault.mend)
