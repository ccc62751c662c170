"""From an assignment to the Trial object that the store will hold (Katib reconcile contract §3.2).

`reconcile` calls this when it plans `CreateTrial`. Everything a Trial needs is copied into it, so
that a Trial can be run, read and judged without its Experiment. The Experiment must have passed
`admission`: defaults are filled there, except those that only the rendered kind can tell.
"""

from __future__ import annotations

from munshi.api.experiment import Experiment
from munshi.api.meta import EXPERIMENT_LABEL, ObjectMeta
from munshi.api.suggestion import TrialAssignment
from munshi.api.trial import Trial, TrialSpec
from munshi.errors import TemplateBroken
from munshi.template import kinds
from munshi.template.render import run_spec


def trial(experiment: Experiment, assignment: TrialAssignment, text: str | None) -> Trial:
    """Build the Trial of an assignment.

    Args:
        experiment: Admitted, in the home dialect, with name, namespace and uid.
        assignment: Names the Trial and its values.
        text: What the ConfigMap of the template holds, if it is kept in one.

    Raises:
        TemplateBroken: The template cannot be rendered.
    """
    spec = experiment.spec
    template = spec.trial_template
    if template is None:
        raise TemplateBroken("the Experiment has no trialTemplate", "write spec.trialTemplate")
    job = run_spec(experiment, text, assignment.name, assignment.parameter_assignments)
    implied = kinds.defaults(job.get("kind"))
    success = template.success_condition or implied.success
    failure = template.failure_condition or implied.failure
    labels = template.primary_pod_labels
    metadata = ObjectMeta(
        name=assignment.name,
        namespace=experiment.namespace,
        labels={
            **experiment.metadata.labels,
            EXPERIMENT_LABEL: experiment.name,
            **assignment.labels,
        },
        annotations=dict(assignment.annotations),
        owner_references=(experiment.owned_by(),),
    )
    return Trial(
        api_version=experiment.api_version,
        metadata=metadata,
        spec=TrialSpec(
            objective=spec.objective,
            parameter_assignments=assignment.parameter_assignments,
            early_stopping_rules=assignment.early_stopping_rules if spec.early_stopping else (),
            run_spec=job,
            retain_run=template.retain,
            metrics_collector=spec.metrics_collector_spec,
            primary_pod_labels=(dict(implied.pod_labels) or None) if labels is None else labels,
            primary_container_name=template.primary_container_name or kinds.primary_container(job),
            success_condition=success if success and failure else "",
            failure_condition=failure if success and failure else "",
            labels=dict(assignment.labels),
        ),
    )
