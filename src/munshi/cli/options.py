"""Options and arguments that several verbs share, and printing objects as JSON and YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from munshi.api import yaml_writer
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.cli.home import DEFAULT_NAMESPACE
from munshi.space import nearest

F = TypeVar("F", bound=Callable[..., Any])

PLURALS: dict[type[Resource], str] = {
    Experiment: "experiments",
    Trial: "trials",
    Suggestion: "suggestions",
}
_SPELLINGS: dict[str, type[Resource]] = {
    spelling: kind
    for kind, spellings in {
        Experiment: ("experiments", "experiment", "exp"),
        Trial: ("trials", "trial", "tr"),
        Suggestion: ("suggestions", "suggestion", "sug"),
    }.items()
    for spelling in spellings
}
GROUP_SUFFIX = ".kubeflow.org"


class KindType(click.ParamType[type[Resource]]):
    """`experiments`, `experiment`, `exp`, and the same for the other kinds, in any case."""

    name = "kind"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> type[Resource]:
        """The kind's model."""
        if isinstance(value, type):
            return value
        kind = _SPELLINGS.get(str(value).lower().removesuffix(GROUP_SUFFIX))
        if kind is None:
            advice = nearest.advice(str(value), _SPELLINGS)
            self.fail(f'"{value}" is not a kind of object; {advice}', param, ctx)
        return kind


def kind_and_names(what: Sequence[str]) -> tuple[type[Resource], tuple[str, ...]]:
    """Read `KIND [NAME…]` or `KIND/NAME…`, as `-o name` prints it.

    Raises:
        click.UsageError: The kind is unknown, or several kinds are mixed.
    """
    ctx = click.get_current_context()
    read = KindType()
    if "/" not in what[0]:
        return read.convert(what[0], None, ctx), tuple(what[1:])
    split = [item.partition("/") for item in what]
    bare = [name for kind, slash, name in split if not (kind and slash and name)]
    if bare:
        raise click.UsageError("write KIND/NAME for every object, or KIND and then names", ctx)
    kinds = {read.convert(kind, None, ctx) for kind, _, _ in split}
    if len(kinds) > 1:
        raise click.UsageError("objects of one kind at a time, please", ctx)
    return kinds.pop(), tuple(name for _, _, name in split)


def namespace(command: F) -> F:
    """Add `-n NAMESPACE`."""
    option = click.option(
        "-n",
        "--namespace",
        default=DEFAULT_NAMESPACE,
        show_default=True,
        metavar="NAMESPACE",
        help="Where the object is.",
    )
    return option(command)


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
    click.echo(json.dumps(value, indent=4, ensure_ascii=False))


def echo_yaml(value: Json) -> None:
    """Print a value as one YAML document."""
    click.echo(yaml_writer.write(value), nl=False)


def echo_as(form: str, value: Json) -> None:
    """Print a value as `json` or as `yaml`."""
    if form == "json":
        echo_json(value)
    else:
        echo_yaml(value)


def as_list(resources: Iterable[Resource]) -> Json:
    """Kubernetes' List of objects."""
    items: list[Json] = [resource.dump() for resource in resources]
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items}


def full_name(resource: Resource) -> str:
    """`experiment.kubeflow.org/random`."""
    return f"{resource.kind.lower()}{GROUP_SUFFIX}/{resource.name}"
