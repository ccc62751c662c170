"""A place for real trials, and the promise that none of them outlives its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.process.trials import Place, mounts_of_the_host


@pytest.fixture
def place() -> Iterator[Place]:
    """A folder for trials; afterwards no process of theirs and no mount may be left."""
    before = mounts_of_the_host()
    here = Place()
    try:
        yield here
        left = here.survivors()
        assert not left, f"these outlived their test: {left}"
        assert mounts_of_the_host() == before
    finally:
        here.remove()
