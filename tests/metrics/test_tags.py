"""Which tag is which metric."""

from __future__ import annotations

import pytest

from munshi.metrics import tags

EXACT = {
    "a tag in any directory": ("accuracy", "logs/train", "accuracy", True),
    "a tag at the top": ("accuracy", "", "accuracy", True),
    "TF1's numbered tag, requested so": ("accuracy_1", "train/metrics/test", "accuracy_1", True),
    "a directory and a tag": ("train/accuracy", "logs/train", "accuracy", True),
    "several directories and a tag": ("a/b/acc", "x/a/b", "acc", True),
    "torch's tag with a slash": ("train/accuracy", "runs", "train/accuracy", True),
    "a directory and a tag with a slash": ("val/loss/total", "runs/val", "loss/total", True),
    "another directory": ("train/accuracy", "logs/test", "accuracy", False),
    "a directory that ends alike": ("train/accuracy", "logs/pretrain", "accuracy", False),
    "a tag that begins alike": ("accuracy", "train", "accuracy_top5", False),
    "a tag that goes on": ("loss", "train", "loss/val", False),
    "more directories than there are": ("a/b/acc", "b", "acc", False),
    "a directory in the middle": ("train/accuracy", "train/logs", "accuracy", False),
}


def parts(path: str) -> tuple[str, ...]:
    """A path's components."""
    return tuple(path.split("/")) if path else ()


@pytest.mark.parametrize(("metric", "folder", "tag", "same"), EXACT.values(), ids=EXACT)
def test_exact_matches_are_whole_components(metric: str, folder: str, tag: str, same: bool) -> None:
    """A metric is a tag, or directories and a tag, compared by whole components."""
    assert tags.is_metric(metric, parts(folder), tag) is same


NEAREST = {
    "the shortest": (
        "accuracy",
        [("train", "accuracy_top5"), ("train", "accuracy_1")],
        "accuracy_1",
    ),
    "of equals the first in the alphabet": ("loss", [("", "loss_b"), ("", "loss_a")], "loss_a"),
    "in the directory that is named": (
        "test/acc",
        [("train", "acc_1"), ("test", "acc_11")],
        "acc_11",
    ),
    "with slashes in the tag": ("train/acc", [("", "train/acc_1")], "train/acc_1"),
    "none": ("accuracy", [("train", "top_accuracy"), ("train", "loss")], None),
}


@pytest.mark.parametrize(("metric", "seen", "tag"), NEAREST.values(), ids=NEAREST)
def test_one_tag_stands_in(metric: str, seen: list[tuple[str, str]], tag: str | None) -> None:
    """The stand-in begins as the metric does; one is chosen, whatever the order they were seen in."""
    found = [(parts(folder), each) for folder, each in seen]
    assert tags.nearest(metric, found) == tag
    assert tags.nearest(metric, reversed(found)) == tag
