"""`munshi completion`: the script by which a shell completes munshi's commands, options and objects."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_MUNSHI_COMPLETE"
"""By this one the script tells munshi that it is asked for completions; click's own name for it."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
def completion(shell: str) -> None:
    """Print the script that lets the shell complete commands, options and names of objects.

    For bash, put this line into ~/.bashrc: eval "$(munshi completion bash)".
    For zsh, behind compinit in ~/.zshrc: eval "$(munshi completion zsh)".
    For fish: munshi completion fish > ~/.config/fish/completions/munshi.fish
    """
    from click import shell_completion  # noqa: PLC0415 - for this verb only

    from munshi.cli.group import munshi  # noqa: PLC0415 - the group loads this verb

    known = shell_completion.get_completion_class(shell)
    if known is None:
        raise click.UsageError(f"{shell} is not known here")
    # As the shell's own class does, without asking which version of the shell is installed.
    complete = known(munshi, {}, "munshi", VARIABLE)
    click.echo(complete.source_template % complete.source_vars())
