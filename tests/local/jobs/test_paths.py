"""Container paths become host folders, whole components only."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.local import jobs
from munshi.local.jobs import ContainerRun, Rewrite

FOLDERS = {"/train": "/home/u/t1/train/", "/train/metrics": "/home/u/t1/m", "/var/tf_mnist": "/src"}

CASES = {
    "the path itself": ("/train", "/home/u/t1/train"),
    "something below it": ("/train/x/y", "/home/u/t1/train/x/y"),
    "a slash at the end": ("/train/", "/home/u/t1/train/"),
    "the deepest path that fits wins": ("/train/metrics/a", "/home/u/t1/m/a"),
    "a name that only begins alike": ("/training", "/training"),
    "a name with a suffix": ("/train.txt /train-2 /train_x", "/train.txt /train-2 /train_x"),
    "a deeper name that only begins alike": ("/train/metricsX", "/home/u/t1/train/metricsX"),
    "a relative path": ("data/train ./train ../train", "data/train ./train ../train"),
    "a flag with a value": ("--log_dir=/train/metrics", "--log_dir=/home/u/t1/m"),
    "a short flag that swallows its value": ("-L/train", "-L/home/u/t1/train"),
    "a script for a shell": (
        "cp '/train/a b' \"/train\";ls /train>/train/log && cat</train/log",
        "cp '/T/a b' \"/T\";ls /T>/T/log && cat</T/log".replace("/T", "/home/u/t1/train"),
    ),
    "lines of a script": ("set -e\ncd /train\n", "set -e\ncd /home/u/t1/train\n"),
    "a search path": ("/bin:/var/tf_mnist:/train", "/bin:/src:/home/u/t1/train"),
    "a list in JSON": ('["/train","/x/train"]', '["/home/u/t1/train","/x/train"]'),
    "a file URL": ("file:///train/x", "file:///home/u/t1/train/x"),
    "another URL": ("https://train/train http:///train", "https://train/train http:///train"),
    "a shell variable in front": (
        "$HOME/train ${X}/train ~/train",
        "$HOME/train ${X}/train ~/train",
    ),
    "doubled slashes inside": ("/train//metrics", "/home/u/t1/m"),
    "climbing out is left alone": ("/train/../x", "/train/../x"),
    "a hidden file below": ("/train/..x", "/home/u/t1/train/..x"),
    "Korean behind it goes on the name": ("/train에 /train/훈련", "/train에 /home/u/t1/train/훈련"),
    "a pattern that means other names too": ("/train*", "/train*"),
}


def rewritten(text: str, folders: dict[str, str] | None = None) -> str:
    """One argument, rewritten."""
    container = ContainerRun("main", "", ("x",), (text,))
    after, _ = jobs.rewrite(container, FOLDERS if folders is None else folders)
    return after.argv[1]


@pytest.mark.parametrize("case", CASES)
def test_rewriting(case: str) -> None:
    """Only what means the container's path changes."""
    before, after = CASES[case]
    assert rewritten(before) == after


def test_arguments_variables_and_the_working_directory_change_and_are_told() -> None:
    """One sentence each, without the text around, which may be secret."""
    container = ContainerRun(
        "main",
        "image",
        ("/train/bin/run",),
        ("--key=s3cret,/train",),
        env=(("OUT", "/train"), ("/train", "x")),
        working_dir="/var/tf_mnist",
    )
    after, changes = jobs.rewrite(container, FOLDERS)
    assert after.argv == ("/home/u/t1/train/bin/run", "--key=s3cret,/home/u/t1/train")
    assert after.env == (("OUT", "/home/u/t1/train"), ("/train", "x"))
    assert after.working_dir == "/src"
    assert [change.where for change in changes] == [
        "argument 0", "argument 1", "variable OUT", "workingDir",
    ]  # fmt: skip
    assert changes[1] == Rewrite("main", "argument 1", "/train", "/home/u/t1/train")
    assert not any("s3cret" in str(change) for change in changes)


def test_what_is_put_in_is_not_rewritten_again() -> None:
    """Folders that hold one another's names cannot loop."""
    assert rewritten("/a /b", {"/a": "/b", "/b": "/a"}) == "/b /a"


@pytest.mark.parametrize("path", ["/", "", "train", "//"])
def test_a_path_that_would_match_everything_is_refused(path: str) -> None:
    """The root and relative paths are the caller's mistake."""
    with pytest.raises(ValueError, match="no container path"):
        rewritten("x", {path: "/h"})


@given(st.text(alphabet="/train. \"'=:-x"))
def test_without_folders_or_matches_nothing_changes(text: str) -> None:
    """No folders, no change; and folders nobody names change nothing either."""
    assert rewritten(text, {}) == text
    assert rewritten(text, {"/nowhere": "/h"}) == text


@given(
    st.lists(st.sampled_from(["train", "training", "metrics", "x", "한"]), min_size=1, max_size=4)
)
def test_a_lone_path_is_rewritten_exactly_when_it_lies_below(parts: list[str]) -> None:
    """The rule by components agrees with the rule by pattern."""
    path = PurePosixPath("/", *parts)
    below = path.is_relative_to("/train") and not path.is_relative_to("/train/metrics")
    wanted = "/h" / path.relative_to("/train") if below else path
    assert rewritten(str(path), {"/train": "/h", "/train/metrics": "/train/metrics"}) == str(wanted)


def test_hostile_texts_take_no_long_search() -> None:
    """A million slashes, or a million near misses, are scanned once."""
    for text in ("/" * 1_000_000, "/trai" * 200_000, " /train/.." * 100_000):
        assert rewritten(text) == text
