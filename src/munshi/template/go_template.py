r"""Go's text/template for trial templates of v1alpha3: `goTemplate.rawTemplate` → a run spec's text.

The one door to gotpl, a young library with one author; no other room knows of it. A text is first
read by `go_blocks` (actions and blocks), then parsed by gotpl, then judged by `go_rules` (fields,
kinds, bounds), and only a text without fault is rendered, by gotpl, with the functions of
`go_functions`. gotpl's sandbox and budget are always on: attributes other than the six of the data
do not exist, and the work is bounded before it begins.

Called by `admission` (`check`: all faults at once, when an Experiment arrives) and by the template
room (`render`, for each trial). Knows nothing of YAML: what it gives is text, and values are put in
unescaped, as Katib does.

**The promise**: what is rendered is byte for byte what Go 1.26 renders for Katib's data, which is a
Go struct {Experiment, Trial, NameSpace, HyperParameters: list of {Name, Value}}. Where Go reports
an error, we do. In these places we are narrower than Go, and say so in a clear error:

- an unknown field, template or wrong kind is refused even in a branch that is never taken;
- `break`, `continue`, ranges over numbers: later than the Go that Katib v0.10 was built with;
- a template that calls itself, two templates of one name, a template named "Trial";
- a variable that hides one of an enclosing block, or is given a value of another kind;
- numbers other than plain decimals, `nil`, `call`, bytes beyond ASCII as escapes (`"\xea"`);
- `printf`: `*`, `[n]`, `%T`, `%p`, `#`, widths above 1,000, flags and precisions that the verb does
  not use, and whatever Go would answer with an inline complaint;
- `printf`, `eq` and their kin on whole hyperparameters; `slice` with three indexes or through the
  middle of a character; `js` and `%q` of characters newer than Python;
- more than 64 Ki characters of template, 1 Mi of output, 50,000 steps; blocks deeper than 50, calls
  deeper than 20.

Importing this module is cheap; gotpl (a tenth of a second) is loaded by the first call.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from munshi.errors import TemplateBroken
from munshi.template.go_blocks import Break

__all__ = ["Break", "TrialData", "check", "render"]


@dataclass(frozen=True, slots=True)
class TrialData:
    """What a v1alpha3 template may ask for.

    Attributes:
        experiment: `.Experiment`, the Experiment's name.
        trial: `.Trial`, the trial's name.
        namespace: `.NameSpace` (with a capital S), the namespace of both.
        hyper_parameters: `.HyperParameters`, a (name, value) for each assignment, in their order;
            empty when a template is only validated.
    """

    experiment: str
    trial: str
    namespace: str
    hyper_parameters: tuple[tuple[str, str], ...]


def check(text: str) -> list[Break]:
    """Find every fault of a template that shows before it is rendered, in the order of their marks.

    Faults inside the actions are looked for even when blocks are unclosed; fields are judged once
    the grammar is right. An empty list promises that `render` succeeds for ordinary data: what
    remains are faults of values, such as `{{index .HyperParameters 7}}` for a trial of two, and of
    size.
    """
    from munshi.template import go_engine  # noqa: PLC0415  # gotpl takes 0.1 s to load, and v1beta1 never needs it

    found = go_engine.ready(text)
    return [] if isinstance(found, go_engine.Compiled) else list(found)


def render(text: str, data: TrialData, opaque: Collection[str] = ()) -> str:
    """Render a template for one trial.

    Args:
        text: The template.
        data: What it may ask for. Values are inserted as they are and never read as template again.
        opaque: Stand-ins for values of trials to come. A function may print one, but is refused when
            its result would depend on what stands there (`eq`, `len`, `%q`), so that what is rendered
            holds for every value that is not empty.

    Returns:
        Exactly the text that Go's text/template gives.

    Raises:
        TemplateBroken: The first fault of the template, or of rendering it; `mark` is its place in
            `text`.
    """
    from munshi.template import go_engine  # noqa: PLC0415  # as above

    found = go_engine.ready(text)
    if not isinstance(found, go_engine.Compiled):
        raise _broken(found)
    items = [go_engine.Item(name, value) for name, value in data.hyper_parameters]
    return go_engine.render(found, data.experiment, data.trial, data.namespace, items, opaque)


def _broken(breaks: tuple[Break, ...]) -> TemplateBroken:
    first, *others = breaks
    # Of several unclosed blocks the last one closes first.
    completions = [fault.completion for fault in reversed(breaks) if fault.completion]
    mend = "\n".join([f"{first.mend}:", *completions]) if first.completion else first.mend
    more = f" ({len(others)} more fault{'s' * (len(others) > 1)} after it)" if others else ""
    return TemplateBroken(first.problem + more, mend, first.mark)
