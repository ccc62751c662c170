"""How users say where a service is."""

from __future__ import annotations

import pytest

from munshi.api.common import AlgorithmSpec
from munshi.errors import Invalid
from munshi.rpc.services.target import Target, Targets, read, split

SAID = {
    "an address": ("mine=10.0.0.5:6789", Target("mine", "10.0.0.5:6789")),
    "a name of a host": ("mine=svc.team.svc:6789", Target("mine", "svc.team.svc:6789")),
    "IPv6": ("mine=[::1]:6789", Target("mine", "[::1]:6789")),
    "a command": (
        "mine=python 'my service.py' --port={port}",
        Target("mine", command=("python", "my service.py", "--port={port}")),
    ),
    "a command of one word": ("mine=./service", Target("mine", command=("./service",))),
    "a command with = in it": ("a.b-c=env A=1 run", Target("a.b-c", command=("env", "A=1", "run"))),
    "blanks": (" mine = h:1 ", Target("mine", "h:1")),
}
WRONG = {
    "no place": "mine",
    "an empty place": "mine=",
    "no name": "=host:1",
    "a name with blanks": "my own=host:1",
    "a port too great": "mine=host:65536",
    "port 0": "mine=host:0",
    "an open quotation": "mine=python 'service.py",
}


@pytest.mark.parametrize(("text", "target"), SAID.values(), ids=SAID)
def test_a_place_is_understood(text: str, target: Target) -> None:
    """HOST:PORT is an address; anything else is a command, in words as a shell would split them."""
    assert read([text], "--algorithm-service") == {target.name: target}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_anything_else_is_a_fault_of_the_option(text: str) -> None:
    """It quotes what was written, and comes with a mend."""
    with pytest.raises(Invalid) as refusal:
        read([text], "--algorithm-service")
    (fault,) = refusal.value.faults
    assert fault.path == ("--algorithm-service",)
    assert text in fault.problem
    assert "NAME=HOST:PORT" in fault.mend


def test_every_fault_is_told_at_once() -> None:
    """Two wrong words, two faults; a right one between them makes no difference."""
    with pytest.raises(Invalid) as refusal:
        read(["a", "b=h:1", "c="], "--algorithm-service")
    assert len(refusal.value.faults) == 2


def test_the_last_word_on_a_name_holds() -> None:
    """So the command line overrules the variable."""
    assert read(["a=h:1", "a=h:2"], "")["a"].address == "h:2"


def test_a_variable_holds_several() -> None:
    """Semicolons and line breaks part them; empty ones do not count."""
    assert split("a=h:1; b=run {port}\n\nc=h:3;") == ["a=h:1", "b=run {port}", "c=h:3"]


def test_an_experiment_needs_only_what_it_names() -> None:
    """Other services are left alone: none of them is started."""
    one, other = Target("one", "h:1"), Target("other", "h:2")
    targets = Targets({"one": one, "other": other}, {"one": one})
    assert targets.of(AlgorithmSpec(algorithm_name="other"), None) == Targets({"other": other})
    assert not targets.of(AlgorithmSpec(algorithm_name="random"), None)
