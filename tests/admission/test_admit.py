"""The door as a whole: all faults at once, with their lines; defaults; warnings; limits of local runs."""

from __future__ import annotations

import pytest

from admission.builders import (
    GO_TEXT,
    GONE,
    ORDINARY,
    changed,
    config_maps,
    experiment,
    faults,
    ordinary,
)
from munshi import admission
from munshi.api import source
from munshi.api.common import CollectorKind, FileFormat, FileSystemKind, MetricStrategyType
from munshi.api.experiment import ResumePolicy
from munshi.errors import Invalid


def refusal(text: str) -> Invalid:
    """What admission says of a file."""
    with pytest.raises(Invalid) as refused:
        admission.admit(source.read(text, "e.yaml")[0], config_maps=config_maps)
    return refused.value


def test_faults_of_shape_and_meaning_come_together_by_line() -> None:
    """A misspelt field, a wrong type and an unknown algorithm are told at once, each with its line."""
    text = (
        ORDINARY.replace("algorithmName: random", "algorithmName: rndom")
        .replace("maxTrialCount: 6", "maxTrialCount: many")
        .replace("primaryContainerName: main", "primaryContainerNam: main")
    )
    told = [(f.field, f.mark.line if f.mark else 0) for f in refusal(text).faults]
    assert told == [
        ("spec.algorithm.algorithmName", 7),
        ("spec.maxTrialCount", 9),
        ("spec.trialTemplate.primaryContainerNam", 15),
    ]


def test_a_fault_inside_a_raw_template_has_the_line_of_the_file() -> None:
    """The unclosed `with` is on line 14 of the template, which begins on line 13 of the file."""
    template = GO_TEXT.removesuffix("        {{- end}}\n")
    block = "".join(f"        {line}\n" for line in template.splitlines())
    head = ORDINARY[: ORDINARY.index("    primaryContainerName")]
    text = f"{head}    goTemplate:\n      rawTemplate: |-\n{block}"
    (fault,) = refusal(text).faults
    assert fault.mark is not None
    assert "{{- with .HyperParameters}}" in text.splitlines()[fault.mark.line - 1]
    assert fault.mend.splitlines()[-1].strip() == "{{- end}}"


def test_other_kinds_are_not_experiments() -> None:
    """A Trial or a list is refused at its kind, not with a hundred faults."""
    assert [f.field for f in faults({**ordinary(), "kind": "Trial"})] == ["kind"]
    assert [f.field for f in faults([])] == [""]


def test_defaults_are_those_of_katib() -> None:
    """Counts, policy, strategies, conditions and collector are filled in."""
    bare = experiment(
        {"spec.parallelTrialCount": GONE, "spec.objective.additionalMetricNames": ["loss"]}
    )
    spec = admission.with_defaults(bare).spec
    assert spec.parallel_trial_count == 3
    assert spec.resume_policy is ResumePolicy.NEVER
    assert spec.objective is not None
    assert {s.name: s.value for s in spec.objective.metric_strategies} == {
        "accuracy": MetricStrategyType.MAX,
        "loss": MetricStrategyType.MAX,
    }
    assert spec.trial_template is not None
    assert "Complete" in spec.trial_template.success_condition
    assert spec.metrics_collector_spec is not None
    assert spec.metrics_collector_spec.collector.kind is CollectorKind.STDOUT


def test_a_file_collector_gets_its_place() -> None:
    """File means a text file at Katib's path unless something else is said."""
    spec = admission.with_defaults(
        experiment({"spec.metricsCollectorSpec.collector.kind": "File"})
    ).spec
    collector = spec.metrics_collector_spec
    assert collector is not None
    assert collector.source is not None
    place = collector.source.file_system_path
    assert place is not None
    assert (place.path, place.kind, place.format) == (
        "/var/log/katib/metrics.log",
        FileSystemKind.FILE,
        FileFormat.TEXT,
    )


CASES_OF_PARALLEL = {
    "one trial": (1, 1),
    "two trials": (2, 2),
    "many": (100, 3),
    "no bound": (GONE, 3),
}


@pytest.mark.parametrize("case", CASES_OF_PARALLEL)
def test_the_default_of_parallel_trials_never_exceeds_the_trials(case: str) -> None:
    """3, or fewer when there are fewer trials in all."""
    limit, expected = CASES_OF_PARALLEL[case]
    bare = experiment({"spec.parallelTrialCount": GONE, "spec.maxTrialCount": limit})
    assert admission.with_defaults(bare).spec.parallel_trial_count == expected


def test_defaults_twice_are_defaults_once() -> None:
    """An admitted Experiment is admitted again unchanged, in both dialects."""
    for changes in ({}, {"apiVersion": "kubeflow.org/v1alpha3"}):
        once = admission.with_defaults(experiment(changes))
        assert admission.with_defaults(once) == once


def test_what_has_no_effect_is_a_warning() -> None:
    """A filter beside Push is admitted, but said."""
    document = changed(
        {
            "spec.metricsCollectorSpec.collector.kind": "Push",
            "spec.metricsCollectorSpec.source.filter.metricsFormat": ["(a)=(b)"],
        }
    )
    warnings = admission.admit(document, config_maps=config_maps).warnings
    assert [w.field for w in warnings] == ["spec.metricsCollectorSpec.source.filter"]


def test_who_names_no_algorithm_gets_auto() -> None:
    """An Experiment without spec.algorithm is admitted with `auto`; an empty name is still a fault."""
    admitted = admission.with_defaults(experiment({"spec.algorithm": GONE}))
    assert admitted.spec.algorithm is not None
    assert admitted.spec.algorithm.algorithm_name == "auto"
    nameless = admission.with_defaults(experiment({"spec.algorithm.algorithmName": ""}))
    assert nameless.spec.algorithm is not None
    assert nameless.spec.algorithm.algorithm_name == ""
