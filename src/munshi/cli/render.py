"""`munshi render`: the exact job that a trial would run, for given values or for values drawn at random."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import click

from munshi import template
from munshi.algorithms import registry
from munshi.algorithms.protocol import Request
from munshi.api.common import ParameterAssignment
from munshi.api.experiment import Experiment
from munshi.api.wire import Object
from munshi.cli import ending, files, judging, options, served
from munshi.cli.files import Documents
from munshi.errors import Invalid
from munshi.rpc.services.target import Targets
from munshi.space import Space, nearest
from munshi.space import read as read_space

_SEED = "random_state"
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
"""Of an object in Kubernetes whose name becomes a label (RFC 1123)."""


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="FILE...")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A parameter's value.")
@click.option("--trial", metavar="NAME", help="The trial's name; default: EXPERIMENT-sample.")
@served.options
@options.output("yaml", "json", default="yaml")
def render(
    names: tuple[str, ...],
    given: tuple[str, ...],
    trial: str | None,
    targets: Targets,
    output: str,
) -> None:
    """Print the exact job that a trial would run.

    Parameters without --set get values drawn at random from their feasible spaces; the algorithm's
    random_state is the seed. ConfigMaps in the same files serve as trial templates.
    """
    documents = files.read(names)
    for refusal in documents.refusals:
        ending.say(refusal)
    if documents.refusals:
        raise click.exceptions.Exit(ending.BAD_INPUT)
    if len(documents.experiments) != 1:
        raise click.UsageError(f"one Experiment is wanted, got {len(documents.experiments)}")
    if trial is not None and not _NAME.fullmatch(trial):
        raise click.UsageError(
            f'--trial "{trial}" is no name of a trial; use a-z, 0-9 and - only, 63 characters at most, '
            "and begin and end with a letter or digit"
        )
    document = documents.experiments[0]
    experiment = judging.admit(document, documents, served.served(targets)).experiment
    try:
        options.echo_as(output, job(experiment, documents, given, trial))
    except Invalid as refusal:
        raise document.refusal(refusal.faults) from refusal


def job(
    experiment: Experiment,
    documents: Documents,
    given: Iterable[str],
    trial: str | None,
    index: int = 0,
) -> Object:
    """The run spec of a trial with these values; the others are those of random search's draw `index`.

    Raises:
        click.UsageError: A value is for a parameter that there is not.
        TemplateBroken: The template cannot be rendered with them.
    """
    text = judging.template_text(experiment, documents)
    values = assignments(experiment, given, index)
    trial_name = (
        trial or f"{experiment.name or experiment.metadata.generate_name.rstrip('-')}-sample"
    )
    given_values = [ParameterAssignment(name=name, value=value) for name, value in values.items()]
    return template.run_spec(experiment, text, trial_name, given_values)


def assignments(experiment: Experiment, given: Iterable[str], index: int = 0) -> dict[str, str]:
    """A value for every parameter: the given ones, the rest those of random search's draw `index`.

    Raises:
        click.UsageError: Something given is not NAME=VALUE, or its name is unknown.
    """
    space = read_space(experiment.spec.parameters)
    drawn = _drawn(experiment, space, index)
    values = dict(drawn)
    for item in given:
        # Parameters of old experiments may be called --lr: the name ends at the first =.
        name, equals, value = item.partition("=")
        if not equals:
            raise click.UsageError(f"--set {item}: write NAME=VALUE")
        if name not in values:
            raise click.UsageError(
                f"--set {item}: no such parameter; {nearest.advice(name, values)}"
            )
        if not space.contains({**drawn, name: value}):
            click.echo(
                f"munshi: warning: {name}={value} is outside of its feasible space", err=True
            )
        values[name] = value
    return values


def _drawn(experiment: Experiment, space: Space, index: int) -> Mapping[str, str]:
    if not len(space):
        return {}
    algorithm = experiment.spec.algorithm
    settings = algorithm.settings if algorithm else {}
    request = Request(
        space=space,
        maximize=False,
        settings={_SEED: settings[_SEED]} if _SEED in settings else {},
        seed=0,
        results=(),
        pending=(),
        first_index=index,
        count=1,
    )
    return registry.find("random").suggest(request).assignments[0]
