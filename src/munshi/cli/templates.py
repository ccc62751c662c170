"""The forms of `-o` that the user writes: JSONPath templates and columns of one's own.

Read before anything is looked up, so that a slip is answered at once and with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from munshi.cli import custom_columns, jsonpath, kinds
from munshi.cli.glimpse import Document
from munshi.cli.jsonpath import Template, Wrong
from munshi.cli.printing import Lines
from munshi.errors import FieldFault, Invalid, Mark

if TYPE_CHECKING:
    from munshi.cli.printing import Printer


def printer(form: str, what: str, *, missing_is_fine: bool, heads: bool) -> Printer:
    """What prints a form that carries a template, or the name of a file with one.

    Raises:
        Invalid: The template is wrong.
        click.UsageError: The file cannot be read.
    """
    is_file = form.endswith("-file")
    text = _contents(form, what) if is_file else what
    place = _Place(what if is_file else f"-o {form}", text)
    if form.startswith("custom-columns"):
        return _Columns(place, custom_columns.read_file if is_file else custom_columns.read, heads)
    return _Template(place, as_json=form == "jsonpath-as-json", missing_is_fine=missing_is_fine)


def _contents(form: str, name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise click.UsageError(f"-o {form}: {name} cannot be read: {why}") from error


class _Place:
    """Where a template stands, to say where it is wrong."""

    def __init__(self, source: str, text: str) -> None:
        self.source, self.text = source, text

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Turn `Wrong` into what the command line says.

        Raises:
            Invalid: With line and column.
        """
        try:
            yield
        except Wrong as wrong:
            before = self.text[: wrong.at]
            line = before.count("\n") + 1
            mark = Mark(line, len(before) - (before.rfind("\n") + 1) + 1)
            raise Invalid([FieldFault((), wrong.problem, mark=mark)], self.source) from wrong


class _Template:
    says_nothing = False
    is_table = False

    def __init__(self, place: _Place, *, as_json: bool, missing_is_fine: bool) -> None:
        self._place = place
        self._text = jsonpath.as_json if as_json else jsonpath.text
        self._missing_is_fine = missing_is_fine
        with place.blamed():
            self._template: Template = jsonpath.parse(place.text)
        if "{" not in place.text:
            said = f'no {{…}} stands in "{place.text.strip()}", so it is printed as it is'
            click.echo(f"munshi: note: {said}; a path is written {{.metadata.name}}", err=True)

    def all(self, shown: Sequence[Document], *, single: bool) -> None:
        if shown or not single:
            self._print(shown[0] if single else kinds.as_list(shown))

    def each(self, shown: Sequence[Document]) -> None:
        for one in shown:
            self._print(one)

    def _print(self, value: Document) -> None:
        with self._place.blamed():
            found = jsonpath.find(self._template, value, missing_is_fine=self._missing_is_fine)
            text = self._text(found)
        click.echo(text, nl=False)


class _Columns:
    says_nothing = False
    is_table = False

    def __init__(
        self,
        place: _Place,
        read: Callable[[str], list[custom_columns.Column]],
        heads: bool,
    ) -> None:
        self._place = place
        with place.blamed():
            self._columns = read(place.text)
        self._lines = Lines([column.head for column in self._columns], keep_case=True, shown=heads)

    def all(self, shown: Sequence[Document], *, single: bool) -> None:
        if shown or not single:
            self.each(shown)

    def each(self, shown: Sequence[Document]) -> None:
        with self._place.blamed():
            rows = custom_columns.rows(self._columns, shown)
        self._lines.add(rows)
