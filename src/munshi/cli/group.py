"""The verbs by name; each is loaded when it is asked for, so that `munshi --help` answers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn, cast

import click

from munshi import __version__
from munshi.cli.ending import PipeClosed


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a command lives, and its line in `munshi --help`."""

    path: str
    help: str


VERBS: Mapping[str, Verb] = {
    "run": Verb("munshi.cli.run:run", "Run an Experiment on this machine and show how it goes."),
    "validate": Verb(
        "munshi.cli.validate:validate", "Say whether files are right, without running."
    ),
    "render": Verb("munshi.cli.render:render", "Print the exact job that a trial would run."),
    "get": Verb("munshi.cli.get:get", "List experiments, trials or suggestions."),
    "describe": Verb("munshi.cli.describe:describe", "Tell everything about one object."),
    "best": Verb("munshi.cli.best:best", "Print the best trial's objective value and settings."),
    "logs": Verb("munshi.cli.logs:logs", "Print what a trial's program wrote."),
    "metrics": Verb("munshi.cli.metrics:metrics", "Print every value a trial reported."),
    "delete": Verb("munshi.cli.delete:delete", "Stop and delete experiments or trials."),
    "version": Verb("munshi.cli.version:version", "Print munshi's version."),
}


class Verbs(click.Group):
    """A group that imports a command only to run it, to show its help or to complete its options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded."""
        del ctx
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        module, _, attribute = verb.path.partition(":")
        return cast("click.Command", getattr(import_module(module), attribute))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown verb is answered with the nearest one."""
        name = args[0] if args else ""
        if name in VERBS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        return _unknown(ctx, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs from the table above: nothing is imported for it."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click declares it
        """As click does; a closed pipe is told apart from other broken outputs."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as closed:
            raise PipeClosed from closed


def _unknown(ctx: click.Context, name: str) -> NoReturn:
    from munshi.space import nearest  # noqa: PLC0415 - only a misspelt verb needs it

    ctx.fail(f'"{name}" is not a command; {nearest.advice(name, VERBS)}')


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="State lives under $MUNSHI_HOME. Begin with: munshi run experiment.yaml",
)
@click.version_option(__version__, prog_name="munshi", message="%(prog)s %(version)s")
def munshi() -> None:
    """Find the best settings of any program: hyperparameter tuning from one Katib YAML file."""
