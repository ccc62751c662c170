"""From documents to Experiments that may run: admission's judgement, and the text of their templates."""

from __future__ import annotations

from munshi import admission, template
from munshi.admission import Admitted, Served
from munshi.api.experiment import Experiment
from munshi.api.source import Source
from munshi.cli.files import Documents
from munshi.errors import FieldFault, Invalid


def admit(document: Source, documents: Documents, served: Served | None = None) -> Admitted:
    """Judge one Experiment, with the ConfigMaps that came along.

    Args:
        document: Where it stands.
        documents: What came along.
        served: Algorithms that are not munshi's.

    Raises:
        Invalid: With every fault, each at its place in the file.
    """
    return admission.admit(document, config_maps=documents.config_map, served=served or Served())


def warnings(document: Source, admitted: Admitted) -> list[str]:
    """What was written and has no effect: a line each, opening with its place in the file."""
    return document.refusal(admitted.warnings).lines() if admitted.warnings else []


def template_text(experiment: Experiment, documents: Documents) -> str | None:
    """The template's text, when it is kept in a ConfigMap; None when it stands in the Experiment.

    Raises:
        Invalid: The ConfigMap or its key did not come along.
    """
    written = experiment.spec.trial_template
    kept = template.text_source(written) if written else None
    if kept is None:
        return None
    form = "goTemplate" if written and written.go_template else "configMap"
    path = ("spec", "trialTemplate", form)
    data = documents.config_map(kept.config_map_namespace, kept.config_map_name)
    name = f"{kept.config_map_namespace}/{kept.config_map_name}"
    if data is None:
        mend = "name the file that holds it as well"
        raise Invalid([FieldFault(path, f"ConfigMap {name} was not given", mend)])
    if kept.template_path not in data:
        mend = f"known: {', '.join(data)}"
        raise Invalid([FieldFault(path, f'ConfigMap {name} has no "{kept.template_path}"', mend)])
    return data[kept.template_path]
