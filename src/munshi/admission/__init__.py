"""Defaults, then judgement: is this Experiment meaningful?

The second stop of the journey, behind `api` (is it readable?) and before the store. CLI, web,
webhook and SDK all come through here, so an author hears the same words everywhere: every fault at
once, each with its field, what is wrong, and how to mend it.

    admit.py      the door: a document → an Experiment, or all faults with their lines
    judge.py      all rules together
    defaults.py   what holds when nothing is said
    names.py      names and counts                 search.py      objective, algorithm, parameters
    template.py   the trial template               job_fields.py  misspelt fields of a Job
    collector.py  metrics collectors               update.py      what may change later
    conversion.py v1alpha3 into v1beta1            proof.py       that both do the same

Pure: ConfigMaps are looked up by the caller. What this machine can run is for `local` to say.
"""

from munshi.admission.admit import Admitted, admit
from munshi.admission.defaults import with_defaults
from munshi.admission.judge import judge
from munshi.admission.search import Served
from munshi.admission.template import ConfigMaps

__all__ = ["Admitted", "ConfigMaps", "Served", "admit", "judge", "with_defaults"]
