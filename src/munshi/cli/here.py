"""What this machine cannot do of an Experiment that is right in itself.

`munshi run` refuses it, before anything runs; to `munshi validate` it is a remark, since a cluster may
well run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from munshi import template
from munshi.api.common import ParameterAssignment
from munshi.api.experiment import Experiment
from munshi.api.source import Source
from munshi.api.suggestion import TrialAssignment
from munshi.cli import home, judging, render
from munshi.cli.files import Documents
from munshi.errors import FieldFault
from munshi.local import check
from munshi.local.jobs.fields import QUOTE_IT
from munshi.local.planning import Settings


def faults(
    experiment: Experiment, document: Source, documents: Documents, settings: Settings
) -> list[FieldFault]:
    """Judge what a trial of the experiment would run here.

    Args:
        experiment: Admitted.
        document: Where it stands; an unquoted `y` is a truth value, and only here still a y.
        documents: With the ConfigMaps that it may want.
        settings: What the command line says about all trials.
    """
    text = judging.template_text(experiment, documents)
    values = render.assignments(experiment, ())
    pairs = tuple(ParameterAssignment(name=name, value=value) for name, value in values.items())
    sample = TrialAssignment(name=f"{experiment.name}-sample", parameter_assignments=pairs)
    trial = template.trial(experiment, sample, text)
    found = check.faults(
        experiment,
        dict(trial.spec.run_spec or {}),
        trial.spec.primary_container_name,
        settings,
        _config_maps(documents, experiment.namespace or home.DEFAULT_NAMESPACE),
    )
    return [_as_written(document, fault) for fault in found]


def _as_written(document: Source, fault: FieldFault) -> FieldFault:
    """With the text of the file as the example of what to quote."""
    written = document.text_of(fault.path)
    if written is None or not fault.mend.startswith(QUOTE_IT):
        return fault
    return replace(fault, mend=f'{QUOTE_IT}, e.g. "{written}"')


def _config_maps(documents: Documents, namespace: str) -> dict[str, Mapping[str, str | bytes]]:
    return {
        name: dict(data)
        for (where, name), data in documents.config_maps.items()
        if where in ("", namespace)
    }
