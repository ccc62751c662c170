"""What the command line and the variables say of services."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from munshi.cli import served
from munshi.errors import Invalid
from munshi.rpc.services.target import Target, Targets


def said(*words: str, verb: click.Command) -> Targets:
    """What a verb with these options hears."""
    done = CliRunner().invoke(verb, words, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    heard = done.return_value
    assert isinstance(heard, Targets)
    return heard


@click.command()
@served.options
def here(targets: Targets) -> Targets:
    """A verb of this machine."""
    return targets


@click.command()
@served.algorithms
def there(services: Targets) -> Targets:
    """The operator."""
    return services


def test_both_options_may_be_repeated() -> None:
    """Algorithms and early stopping are told apart."""
    heard = said(
        *("--algorithm-service", "a=h:1", "--algorithm-service", "b=run {port}"),
        *("--early-stopping-service", "a=h:2"),
        verb=here,
    )
    assert heard == Targets(
        {"a": Target("a", "h:1"), "b": Target("b", command=("run", "{port}"))},
        {"a": Target("a", "h:2")},
    )
    assert set(served.served(heard).algorithms) == {"a", "b"}
    assert set(served.served(heard).early_stopping) == {"a"}


@pytest.mark.parametrize("verb", [here, there])
def test_the_command_line_wins_over_the_variable(
    monkeypatch: pytest.MonkeyPatch, verb: click.Command
) -> None:
    """For the names that it says; the others stay. The operator hears the same."""
    monkeypatch.setenv(served.ALGORITHMS, "a=h:1; b=h:2")
    heard = said("--algorithm-service", "a=h:3", verb=verb)
    assert {name: one.address for name, one in heard.algorithms.items()} == {"a": "h:3", "b": "h:2"}


def test_the_operator_has_no_early_stopping_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are kept where such a service cannot read them."""
    monkeypatch.setenv(served.EARLY_STOPPING, "a=h:1")
    assert not said(verb=there)
    with pytest.raises(click.NoSuchOption):
        said("--early-stopping-service", "a=h:1", verb=there)


def test_a_fault_names_where_it_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option, or the variable."""
    with pytest.raises(Invalid, match="--algorithm-service"):
        said("--algorithm-service", "a", verb=here)
    monkeypatch.setenv(served.EARLY_STOPPING, "b")
    with pytest.raises(Invalid, match=served.EARLY_STOPPING):
        said(verb=here)
