"""Names and counts: metadata.name, metadata.namespace, and the three numbers (rules R0 to R5).

A name becomes part of every trial's name and of pods' names after that, hence Kubernetes' rules and
the limit of 40 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from munshi.api.experiment import Experiment
from munshi.api.meta import V1ALPHA3
from munshi.errors import FieldFault, Path

LONGEST_NAME = 40
LONGEST_LABEL = 63
_RANDOM_SUFFIX = 5
_INT32_MAX = 2**31 - 1

_NAME = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_PREFIX = re.compile(r"[a-z][-a-z0-9]*")
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")


def name_faults(experiment: Experiment) -> Iterator[FieldFault]:
    """What is wrong with the name, or with generateName in its place, and with the namespace."""
    metadata = experiment.metadata
    if metadata.name:
        yield from _label("name", metadata.name, LONGEST_NAME, _NAME)
    elif metadata.generate_name:
        longest = LONGEST_NAME - _RANDOM_SUFFIX
        yield from _label("generateName", metadata.generate_name, longest, _PREFIX)
    else:
        yield FieldFault(("metadata", "name"), "is missing", "write a name, such as tune-lr")
    if metadata.namespace:
        yield from _label("namespace", metadata.namespace, LONGEST_LABEL, _NAMESPACE)


def count_faults(experiment: Experiment) -> Iterator[FieldFault]:
    """What is wrong with the three counts; the experiment is as written, without defaults.

    R5 is asked of a parallelTrialCount that the author wrote, not of the default. v1alpha3 compared
    no counts with each other (Katib api contract §10), and neither do we for it.
    """
    spec = experiment.spec
    counts = (
        ("maxTrialCount", spec.max_trial_count, 1),
        ("parallelTrialCount", spec.parallel_trial_count, 1),
        ("maxFailedTrialCount", spec.max_failed_trial_count, 0),
    )
    for field, count, least in counts:
        if count is not None and count < least:
            mend = f"write {least} or more, or leave it out"
            yield FieldFault(("spec", field), f"{count} is below {least}", mend)
        elif count is not None and count > _INT32_MAX:
            mend = f"write at most {_INT32_MAX}, or leave it out"
            yield FieldFault(("spec", field), f"{count} is too great", mend)
    limit = spec.max_trial_count
    if limit is None or limit < 1 or experiment.api_version == V1ALPHA3:
        return
    for field, count in (
        ("maxFailedTrialCount", spec.max_failed_trial_count),
        ("parallelTrialCount", spec.parallel_trial_count),
    ):
        if count is not None and count > limit:
            problem = f"{count} is above maxTrialCount {limit}"
            yield FieldFault(("spec", field), problem, f"lower {field} or raise maxTrialCount")


def _label(field: str, got: str, longest: int, pattern: re.Pattern[str]) -> Iterator[FieldFault]:
    path: Path = ("metadata", field)
    if len(got) > longest:
        reason = f'"{got[:longest]}…" is {len(got)} characters long'
        yield FieldFault(path, reason, f"use at most {longest} characters")
    if pattern.fullmatch(got):
        return
    shown = got if len(got) <= LONGEST_LABEL else f"{got[:LONGEST_LABEL]}…"
    if not got.isascii():
        problem = (
            f'"{shown}" holds letters beyond a-z: Kubernetes restricts names to a-z, 0-9 and -'
        )
        mend = "write the name in such letters; arguments, labels and logs may hold any language"
    elif got[0] not in "abcdefghijklmnopqrstuvwxyz" and pattern is not _NAMESPACE:
        problem = f'"{shown}" does not begin with a letter from a to z'
        mend = "begin it with a letter" if got[0].isdigit() else "use lower-case letters"
    else:
        problem = f'"{shown}" is not a name that Kubernetes takes'
        mend = "use a-z, 0-9 and - only, and end with a letter or digit"
    better = re.sub(r"[^a-z0-9]+", "-", got.lower()).strip("-")[:longest].strip("-")
    if got.isascii() and pattern.fullmatch(better):
        mend += f', such as "{better}"'
    yield FieldFault(path, problem, mend)
