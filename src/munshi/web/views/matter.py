"""How much each parameter matters to the objective, from the trials that ended."""

from __future__ import annotations

from collections.abc import Sequence

from munshi.algorithms import importance as method
from munshi.api.common import ParameterSpec
from munshi.errors import Invalid
from munshi.space import read as read_space
from munshi.web import shapes
from munshi.web.views import wire
from munshi.web.views.trials import Cells
from munshi.web.views.wire import Document


def importance(experiment: Document, trials: Sequence[Cells]) -> shapes.Importance:
    """The importances, or a sentence that says why there are none."""
    rated = [one for one in trials if one.objective is not None and one.counts]
    written = wire.part(experiment, "spec").get("parameters") or ()
    found: dict[str, float] = {}
    said = ""
    try:
        space = read_space([ParameterSpec.model_validate(one) for one in written])
    except Invalid:
        said = "The search space cannot be read, so nothing is told of it."
    else:
        points = [one.values for one in rated]
        values = [one.objective or 0.0 for one in rated]
        maximize = wire.objective(experiment).type == "maximize"
        found = method.importance(space, points, values, maximize=maximize)
        if len(rated) < method.LEAST:
            said = f"Told from {method.LEAST} trials with a result on; there are {len(rated)}."
        elif not found:
            said = "All trials have the same objective value, or the same settings."
    return {
        "method": method.METHOD,
        "source": method.SOURCE,
        "trials": len(rated),
        "importances": found,
        "said": said,
    }
