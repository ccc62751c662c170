"""Options and arguments that several verbs share, and printing objects as JSON and YAML.

Loaded by every verb, so it loads nothing itself that some verb can do without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from munshi.cli import kinds, places
from munshi.cli.home import DEFAULT_NAMESPACE
from munshi.cli.kinds import GROUP_SUFFIX

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from munshi.api.meta import Resource
    from munshi.api.wire import Json

F = TypeVar("F", bound=Callable[..., Any])


def kind_and_names(what: Sequence[str]) -> tuple[type[Resource], tuple[str, ...]]:
    """Read `KIND [NAME…]` or `KIND/NAME…`, as `-o name` prints it; the kind as its model.

    Raises:
        click.UsageError: The kind is unknown, or several kinds are mixed.
    """
    from munshi.api.decode import KINDS  # noqa: PLC0415 - `munshi get` does without models

    kind, names = kinds.kind_and_names(what)
    return KINDS[kind], names


def plural(kind: type[Resource]) -> str:
    """`experiments`."""
    return kinds.PLURALS[kind.__name__]


def namespace(command: F) -> F:
    """Add `-n NAMESPACE`, of this machine."""
    option = click.option(
        "-n",
        "--namespace",
        default=DEFAULT_NAMESPACE,
        show_default=True,
        metavar="NAMESPACE",
        help="Where the object is.",
        shell_complete=_completing("namespaces"),
    )
    return option(command)


def place(command: F) -> F:
    """Add `-n NAMESPACE`, `--context` and `--kubeconfig`: where objects are, here or on a cluster.

    The command gets the namespace; where that is, `places.chosen` knows.
    """
    option = click.option(
        "-n",
        "--namespace",
        callback=_namespace,
        metavar="NAMESPACE",
        help="Where the object is. Default: default, or that of the context.",
        shell_complete=_completing("namespaces"),
    )
    return option(cluster(command))


def cluster(command: F) -> F:
    """Add `--context` and `--kubeconfig`, which `places` reads."""
    context = click.option(
        "--context",
        metavar="NAME",
        envvar="MUNSHI_CONTEXT",
        is_eager=True,
        expose_value=False,
        callback=_mean,
        help="Look at the cluster of this kubeconfig context ('.': the current one), not at this machine.",
        shell_complete=_completing("contexts"),
    )
    kubeconfig = click.option(
        "--kubeconfig",
        type=click.Path(),
        metavar="FILE",
        envvar="MUNSHI_KUBECONFIG",
        is_eager=True,
        expose_value=False,
        callback=_mean,
        help="The kubeconfig of that cluster. Default: as for kubectl.",
    )
    return context(kubeconfig(command))


def _mean(ctx: click.Context, option: click.Parameter, said: str | None) -> None:
    """Remember where objects are, and whether it was said on this command line."""
    typed = ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    places.mean(ctx, str(option.name), said, typed=typed)


def _namespace(ctx: click.Context, _: click.Parameter, said: str | None) -> str | None:
    """What was said, or else what the place says; completion asks nobody."""
    return said if said or ctx.resilient_parsing else places.chosen(ctx).namespace


def experiment(command: F) -> F:
    """Add `-e EXPERIMENT`; names are completed."""
    option = click.option(
        "-e",
        "--experiment",
        metavar="NAME",
        help="Only what belongs to this experiment.",
        shell_complete=_completing("experiments"),
    )
    return option(command)


def what(*, required: bool = True, metavar: str = "KIND NAME...") -> Callable[[F], F]:
    """Add the argument `what`, which `kind_and_names` reads; kinds and names are completed."""
    return click.argument(
        "what", nargs=-1, required=required, metavar=metavar, shell_complete=_completing("objects")
    )


def targets(command: F) -> F:
    """Add the argument `what`, of experiments and trials by their names, or as `trial/NAME`."""
    argument = click.argument(
        "what",
        nargs=-1,
        required=True,
        metavar="EXPERIMENT|TRIAL...",
        shell_complete=_completing("targets"),
    )
    return argument(command)


def one(
    kind: str, *, nargs: int = 1, name: str = "name", required: bool = True
) -> Callable[[F], F]:
    """Add the argument `name`, of an object of this kind (`Experiment`); names are completed."""
    return click.argument(
        name,
        nargs=nargs,
        required=required,
        metavar=kind.upper() if nargs == 1 else f"{kind.upper()}...",
        shell_complete=_completing(f"{kind.lower()}s"),
    )


def _completing(what: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """What completes a word, by its name in `completing`, which is loaded for it."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from munshi.cli import completing  # noqa: PLC0415

        found: list[CompletionItem] = getattr(completing, what)(ctx, incomplete)
        return found

    return complete


def output(*choices: str, default: str | None = None) -> Callable[[F], F]:
    """Add `-o`, with the forms this verb can print."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(choices),
        default=default,
        show_default=default is not None,
        help="The form of what is printed.",
    )


def echo_json(value: Json) -> None:
    """Print a value as kubectl prints JSON: four blanks, UTF-8 as it is."""
    import json  # noqa: PLC0415

    click.echo(json.dumps(value, indent=4, ensure_ascii=False))


def echo_yaml(value: Json) -> None:
    """Print a value as one YAML document."""
    from munshi.api import yaml_writer  # noqa: PLC0415 - reading YAML's rules takes its time

    click.echo(yaml_writer.write(value), nl=False)


def echo_as(form: str, value: Json) -> None:
    """Print a value as `json` or as `yaml`."""
    if form == "json":
        echo_json(value)
    else:
        echo_yaml(value)


def full_name(resource: Resource) -> str:
    """`experiment.kubeflow.org/random`."""
    return f"{resource.kind.lower()}{GROUP_SUFFIX}/{resource.name}"
