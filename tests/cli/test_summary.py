"""The last words of `munshi run`."""

from __future__ import annotations

from munshi.cli import summary
from support.cli_world import a_trial, an_experiment, condition

BEST = a_trial("random-x7", "Succeeded", accuracy="0.9722", lr="0.0234123412", started_s=90)
ENDED = condition("Succeeded", reason="ExperimentMaxTrialsReached", message="12 trials completed")


def test_a_success_with_one_failure() -> None:
    """Trials in order, the best marked and told in full, the reason, and what to type next."""
    failed = a_trial("random-a1", "Failed", message="exit code 1")
    experiment = an_experiment("random", ENDED, namespace="kubeflow", best=BEST)
    assert summary.summary(experiment, [BEST, failed]) == (
        "  NAME        STATUS      accuracy   lr          DURATION\n"
        "  random-a1   Failed      -          0.02        10s\n"
        "* random-x7   Succeeded   0.9722     0.0234123   10s\n"
        "\n"
        "Best: accuracy=0.9722 (random-x7)\n"
        "  lr = 0.0234123412\n"
        "\n"
        "Succeeded: ExperimentMaxTrialsReached: 12 trials completed\n"
        "\n"
        "Next:\n"
        "  munshi describe trial random-a1 -n kubeflow   # why a trial failed\n"
        "  munshi logs random-a1 -n kubeflow             # what it printed\n"
        "  munshi best random -n kubeflow                # the best settings again\n"
    )


def test_without_any_trial() -> None:
    """An Experiment that never made a trial still says how it ended and what to type."""
    failed = condition("Failed", reason="ExperimentFailed", message="the algorithm refused")
    text = summary.summary(an_experiment("random", failed), [])
    assert text == (
        "No trial has reported a number for the objective.\n"
        "\n"
        "Failed: ExperimentFailed: the algorithm refused\n"
        "\n"
        "Next:\n"
        "  munshi describe experiment random   # everything about it\n"
    )


def test_many_trials_do_not_flood_the_screen() -> None:
    """Of a thousand trials the last are shown and the best; the others are counted."""
    trials = [
        a_trial(f"t{i:04}", "Succeeded", accuracy="0.5", started_s=5000 - i) for i in range(999)
    ]
    best = a_trial("t-best", "Succeeded", accuracy="0.9", started_s=9000)
    text = summary.summary(an_experiment("random", ENDED, best=best), [best, *trials])
    assert "* t-best" in text
    assert "t0998" in text
    assert "t0000" not in text
    assert f"and {1000 - summary.MAX_ROWS} more: munshi get trials -o wide" in text


def test_an_experiment_that_was_left() -> None:
    """Interrupted, it says that it has not ended."""
    text = summary.summary(an_experiment("random", condition("Running")), [BEST])
    assert "Experiment random has not ended; what is done is kept.\n" in text


def test_an_experiment_that_came_to_nothing_says_why() -> None:
    """When it failed, the last failed trial's own words stand in the summary."""
    message = (
        "Trial has failed. Last output:\nTraceback\nModuleNotFoundError: No module named '넘파이'"
    )
    trial = a_trial("random-a1", "Failed", message=message)
    ended = condition("Failed", reason="ExperimentFailed", message="1 trials failed")
    text = summary.summary(an_experiment("random", ended), [trial])
    assert (
        "random-a1: Trial has failed. Last output:\n"
        "  | Traceback\n"
        "  | ModuleNotFoundError: No module named '넘파이'\n"
    ) in text
