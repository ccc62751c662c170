"""Algorithm settings: what an algorithm understands, and what an author wrote.

Each algorithm declares its settings as a tuple of `Setting` (a number) and `Word` (a text); `read`
turns the author's texts into numbers, `words` picks the others, and `read` says everything that is
wrong with either. Katib's names are all kept (Katib algorithms
contract §4), both spellings where its engines disagree. Unknown names are refused: a misspelt
setting that is silently ignored costs a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from munshi.errors import AlgorithmRefused, FieldFault
from munshi.space import nearest, text
from munshi.space.text import Unreadable, quoted


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an algorithm.

    Attributes:
        name: As munshi spells it.
        meaning: One sentence for the documentation.
        whole: A whole number; else any finite number.
        default: What holds when it is not written; None for "not set".
        at_least: Least value allowed.
        above: The value must be greater than this.
        below: The value must be less than this.
        aliases: Other spellings that mean the same.
    """

    name: str
    meaning: str
    whole: bool = True
    default: float | None = None
    at_least: float | None = None
    above: float | None = None
    below: float | None = None
    aliases: tuple[str, ...] = ()

    @property
    def limits(self) -> str:
        """What may be written: "a whole number of at least 0"."""
        said = [
            f"of at least {self.at_least:g}" if self.at_least is not None else "",
            f"above {self.above:g}" if self.above is not None else "",
            f"below {self.below:g}" if self.below is not None else "",
        ]
        kind = "a whole number" if self.whole else "a number"
        return " ".join([kind, " and ".join(part for part in said if part)]).strip()

    @property
    def default_text(self) -> str:
        """What holds when it is not written, as people read it."""
        return "not set" if self.default is None else f"{self.default:g}"

    def read(self, written: str) -> float | None:
        """The value of a text, or None when it is not within the limits."""
        value = text.read_integer(written) if self.whole else text.read_double(written)
        if isinstance(value, Unreadable):
            return None
        within = (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )
        return value if within else None


@dataclass(frozen=True, slots=True)
class Word:
    """One setting of an algorithm that is a text and not a number.

    Attributes:
        name: As munshi spells it.
        meaning: One sentence for the documentation.
        choices: What may be written, exactly; none for any text but the empty one.
        default: What holds when it is not written; None for "not set".
        aliases: Other spellings that mean the same.
    """

    name: str
    meaning: str
    choices: tuple[str, ...] = ()
    default: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def limits(self) -> str:
        """What may be written: "none, ipop or bipop"."""
        if not self.choices:
            return "a name"
        *others, last = self.choices
        return f"{', '.join(others)} or {last}" if others else last

    @property
    def default_text(self) -> str:
        """What holds when it is not written, as people read it."""
        return self.default or "not set"

    def read(self, written: str) -> str | None:
        """The text, or None when it is not within the limits."""
        within = written in self.choices if self.choices else bool(written.strip())
        return written if within else None


RANDOM_STATE = Setting(
    "random_state",
    "Seed of all chance; the same seed gives the same points.",
    at_least=0,
)


def read(
    settings: Iterable[Setting | Word], written: Mapping[str, str]
) -> tuple[dict[str, float | None], list[FieldFault]]:
    """Understand an author's settings.

    Args:
        settings: Everything the algorithm knows.
        written: Name -> text.

    Returns:
        A value (or the default) for each number by its own name, and all faults, those of words
        included, with paths `(name as written,)`. Whole settings are ints.
    """
    settings = tuple(settings)
    values = {one.name: one.default for one in settings if isinstance(one, Setting)}
    spellings = {name: setting for setting in settings for name in (setting.name, *setting.aliases)}
    chosen: dict[str, str] = {}
    faults: list[FieldFault] = []
    for name, value in written.items():
        setting = spellings.get(name)
        if setting is None:
            mend = nearest.advice(name, [one.name for one in settings])
            faults.append(FieldFault((name,), f"{quoted(name)} is unknown", mend))
            continue
        if setting.name in chosen:
            problem = f"is another spelling of {quoted(chosen[setting.name])}, which is written too"
            faults.append(FieldFault((name,), problem, "remove one of them"))
            continue
        chosen[setting.name] = name
        understood = setting.read(value)
        if understood is None:
            problem = f"{quoted(value)} is not {setting.limits}"
            faults.append(FieldFault((name,), problem, _mend(setting)))
        if isinstance(setting, Setting):
            values[setting.name] = setting.read(value)
    return values, faults


def words(settings: Iterable[Setting | Word], written: Mapping[str, str]) -> dict[str, str | None]:
    """The texts among settings that `read` found no fault with, by their own names; or the defaults."""
    return {
        word.name: next(
            (written[name] for name in (word.name, *word.aliases) if name in written), word.default
        )
        for word in settings
        if isinstance(word, Word)
    }


def accepted(
    settings: Iterable[Setting | Word], written: Mapping[str, str], algorithm: str
) -> dict[str, float | None]:
    """The values of settings that `check` has already accepted.

    Raises:
        AlgorithmRefused: There are faults after all; the message lists them.
    """
    values, faults = read(settings, written)
    refuse(algorithm, faults)
    return values


def refuse(algorithm: str, faults: Iterable[FieldFault]) -> None:
    """Raise AlgorithmRefused for any faults there are."""
    said = [str(fault) for fault in faults]
    if said:
        message = f"{algorithm} cannot work with these settings: " + "; ".join(said)
        raise AlgorithmRefused(message)


def _mend(setting: Setting | Word) -> str:
    what = "such a number" if isinstance(setting, Setting) else "one"
    if setting.default is None:
        return f"write {what}, or leave it out"
    return f"write {what}, or leave it out for {setting.default_text}"
