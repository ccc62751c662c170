"""The variables a trial's program starts with: this shell's, the job's on top, UTF-8 unless set otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from munshi.api.meta import TRIAL_NAME_VARIABLE

_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


def variables(
    inherited: Mapping[str, str], container: Iterable[tuple[str, str]], trial: str
) -> dict[str, str]:
    """The complete environment of a trial's program.

    Args:
        inherited: The environment of `munshi run`: on a laptop it stands in for the image's.
        container: What the job sets; it wins.
        trial: The trial's name, for `KATIB_TRIAL_NAME`.
    """
    said = dict(container)
    env = {"PYTHONUNBUFFERED": "1", **inherited, TRIAL_NAME_VARIABLE: trial, **said}
    if not any(name in said for name in _LOCALE) and not _is_utf8(inherited):
        env["LC_ALL"] = "C.UTF-8"
    if "PATH" not in said:
        # `python` is found even where munshi's own environment was not activated: last, so that
        # the user's own interpreter wins.
        env["PATH"] = ":".join(
            filter(None, (env.get("PATH", ""), str(Path(sys.executable).parent)))
        )
    return env


def _is_utf8(env: Mapping[str, str]) -> bool:
    locale = next((env[name] for name in _LOCALE if env.get(name)), "")
    return locale.lower().replace("-", "").endswith("utf8")
