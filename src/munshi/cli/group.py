"""The command line itself; a verb is loaded when it is asked for. The table of them is in `verbs.py`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click

from munshi import __version__
from munshi.cli import verbs
from munshi.cli.ending import PipeClosed

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


VERBS = verbs.VERBS
_BEFORE = "munshi.cli.before"
"""In click's `meta`: options for the verb that stood before it."""


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
            verb, command, rest = super().resolve_command(ctx, args)
            words = ctx.meta.get(_BEFORE, []) + rest
            _refuse_a_cluster(ctx, command, words)
            return verb, command, words
        return _unknown(ctx, name)

    def get_help(self, ctx: click.Context) -> str:
        """The overview, as `main` prints it without this module."""
        del ctx
        return verbs.overview()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs from the table, none of them loaded."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - for completion only

        known = [(name, verb.help) for name, verb in VERBS.items() if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(name, help=said) for name, said in known] + options

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click declares it
        """As click does; a closed pipe is told apart from other broken outputs."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as closed:
            raise PipeClosed from closed


_HABITS = {
    **dict.fromkeys(("apply", "create", "start", "submit", "tune"), "run"),
    **dict.fromkeys(("list", "ls", "status", "top"), "get"),
    **dict.fromkeys(("rm", "remove"), "delete"),
    **dict.fromkeys(("cancel", "kill"), "stop"),
    **dict.fromkeys(("events", "why"), "explain"),
    **dict.fromkeys(("check", "lint"), "validate"),
    "pause": "suspend",
    "show": "describe",
}
"""What other tools call it."""


def _unknown(ctx: click.Context, name: str) -> NoReturn:
    if verb := _HABITS.get(name):
        ctx.fail(f'"{name}" is not a command; here it is munshi {verb}')
    from munshi.space import nearest  # noqa: PLC0415 - only a misspelt verb needs it

    ctx.fail(f'"{name}" is not a command; {nearest.advice(name, VERBS)}')


def _before(ctx: click.Context, option: click.Parameter, said: str | None) -> None:
    """`munshi --context dev get`, as kubectl takes it too: the verb is told."""
    if said is not None:
        ctx.meta.setdefault(_BEFORE, []).extend((f"--{option.name}", said))


def _refuse_a_cluster(ctx: click.Context, command: click.Command | None, words: list[str]) -> None:
    """Say which verbs are of this machine alone, where click would only know no such option."""
    asked = {word.partition("=")[0] for word in words} & {"--context", "--kubeconfig"}
    if command is None or not asked or any(each.name == "context" for each in command.params):
        return
    instead = "; on a cluster: kubectl apply -f FILE" if command.name == "run" else ""
    ctx.fail(f"munshi {command.name} works on this machine only{instead}")


@click.group(
    cls=Verbs,
    help=verbs.PURPOSE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": verbs.WIDEST},
)
@click.option("--context", hidden=True, expose_value=False, callback=_before)
@click.option("--kubeconfig", hidden=True, expose_value=False, callback=_before)
@click.version_option(__version__, prog_name="munshi", message="%(prog)s %(version)s")
def munshi() -> None:
    """Everything is done by the verbs."""
