"""What Prometheus reads, parsed back by Prometheus' own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from munshi.kube.operator.gauges import KATIB, Facts, Gauges
from munshi.kube.operator.story import FINAL
from munshi.testing.builders import a_trial, an_experiment, failed, running, succeeded

NAMES = {
    "katib_experiment_created_total", "katib_experiment_deleted_total",
    "katib_experiment_succeeded_total", "katib_experiment_failed_total",
    "katib_trial_created_total", "katib_trial_deleted_total", "katib_trial_succeeded_total",
    "katib_trial_failed_total", "katib_trial_metrics_unavailable_total",
}  # fmt: skip
"""Katib's counters (contract: configuration and installation, §5)."""


def scraped(facts: Facts) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    found = {}
    for family in text_string_to_metric_families(Gauges(lambda: facts).text()):
        for sample in family.samples:
            found[sample.name, *sample.labels.values()] = sample.value
    return found


def test_katibs_counters_keep_their_names() -> None:
    """A dashboard made for Katib finds every counter, by namespace."""
    facts = Facts(happened={(name, "team"): 2 for name in KATIB})
    assert {name[0] for name in scraped(facts) if name[0].startswith("katib_")} == NAMES


def test_objects_are_counted_by_their_last_condition() -> None:
    """As `kubectl get` shows them; one without conditions is Unknown."""
    trials = [a_trial(str(n), fate) for n, fate in enumerate([running(), running(), failed()])]
    found = scraped(Facts(objects=[an_experiment(), *trials, a_trial("x", succeeded())]))
    assert found["katib_experiments_current", "default", "Unknown"] == 1
    assert found["katib_trials_current", "default", "Running"] == 2
    assert found["katib_trials_current", "default", "Failed"] == 1
    assert found["katib_trials_current", "default", "Succeeded"] == 1


def test_our_own_figures() -> None:
    """Leadership, passes, the queue, requests by verb and code, and reported values."""
    found = scraped(
        Facts(
            leads=True,
            passes={("trial", "done"): 5},
            waiting=3,
            answers={("create", 201): 7},
            values=9,
        )
    )
    assert found[("munshi_leader",)] == 1
    assert found["munshi_reconcile_passes_total", "trial", "done"] == 5
    assert found[("munshi_queue_length",)] == 3
    assert found["munshi_api_requests_total", "201", "create"] == 7
    assert found[("munshi_reported_values_total",)] == 9
    assert found[("process_resident_memory_bytes",)] > 0


def test_every_counted_reason_has_a_counter() -> None:
    """No reason counts into a metric that is not shown."""
    assert set(FINAL.values()) <= set(KATIB)
