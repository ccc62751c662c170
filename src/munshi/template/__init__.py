"""Assignments + trialTemplate → the run spec of one trial; and when its job counts as done.

    placeholders.py  `${trialParameters.x}` found and replaced in a parsed object
    render.py        any template, one trial → its run spec
    trial.py         an assignment → the Trial object
    kinds.py         what a kind of job implies: conditions, pod labels, container
    condition.py     success and failure conditions, in GJSON (`gjson/`)
    go_template.py   v1alpha3's templates, in Go's text/template (`go_*.py`)
    conversion.py    such a template as a structure with placeholders

`admission` asks whether a template will do, `reconcile` builds Trials and judges jobs with it.
Nothing here starts anything, nor reads files or ConfigMaps.
"""

from munshi.template.placeholders import placeholders
from munshi.template.render import TrialFacts, render, run_spec, text_source
from munshi.template.trial import trial

__all__ = ["TrialFacts", "placeholders", "render", "run_spec", "text_source", "trial"]
