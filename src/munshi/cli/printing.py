"""How `munshi get` prints objects: one printer for each form of `-o`, made by `printer`.

A printer shows a whole answer at once (`all`), or single objects as they change (`each`), where a
table keeps its columns as wide as they have been.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import click

from munshi.cli import columns, kinds, tables
from munshi.cli.glimpse import Document

FORMS = {
    "wide": "",
    "json": "",
    "yaml": "",
    "name": "",
    "jsonpath": "TEMPLATE",
    "jsonpath-as-json": "TEMPLATE",
    "jsonpath-file": "FILE",
    "custom-columns": "NAME:PATH,…",
    "custom-columns-file": "FILE",
}
"""Forms of `-o`, and what stands behind their `=`."""
SPELT = ", ".join(f"{form}={what}" if what else form for form, what in FORMS.items())
_NARROWEST = 3
"""kubectl's tables have no column narrower than this."""


class Printer(Protocol):
    """Objects of one kind, as text on stdout."""

    says_nothing: bool
    """Whether an empty answer prints nothing, so that a person wants to be told."""
    is_table: bool
    """Whether there are columns of the kind's own."""

    def all(self, shown: Sequence[Document], *, single: bool) -> None:
        """Print an answer; `single` when one object was asked for by its name."""
        ...

    def each(self, shown: Sequence[Document]) -> None:
        """Print objects one by one; may be called again and again."""
        ...


class Form(click.Choice[str]):
    """The forms of `-o`; some carry a template or the name of a file behind `=`."""

    def __init__(self) -> None:
        super().__init__(SPELT.split(", "))

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """The text as it is, when its form is known and has what it needs."""
        form, equals, what = str(value).partition("=")
        if form not in FORMS:
            from munshi.space import nearest  # noqa: PLC0415 - only a misspelt form needs it

            self.fail(
                f'"{form}" is not a form of output; {nearest.advice(form, FORMS)}', param, ctx
            )
        if bool(FORMS[form]) != bool(equals and what):
            mend = f"{form}={FORMS[form]}" if FORMS[form] else form
            self.fail(f'"{value}": write -o {mend}', param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """The forms, up to their `=`."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - for completion only

        known = [f"{form}=" if what else form for form, what in FORMS.items()]
        return [CompletionItem(form) for form in known if form.startswith(incomplete)]


def printer(
    output: str | None,
    now: Callable[[], datetime],
    *,
    namespaces: bool = False,
    missing_is_fine: bool = True,
    heads: bool = True,
) -> Printer:
    """What prints this form.

    Args:
        output: As `Form` lets it pass; None is the table.
        now: Ages in tables are counted to it.
        namespaces: A table begins with the namespace.
        missing_is_fine: A template prints nothing for a field that is not there.
        heads: Columns have a first line that names them.

    Raises:
        Invalid: A template is wrong; with the place.
        click.UsageError: Its file cannot be read.
    """
    form, _, what = (output or "").partition("=")
    match form:
        case "" | "wide":
            return _Table(now, wide=form == "wide", namespaces=namespaces, heads=heads)
        case "json":
            return _Json()
        case "yaml":
            return _Yaml()
        case "name":
            return _Name()
        case _:
            from munshi.cli import templates  # noqa: PLC0415 - few ask for them

            return templates.printer(form, what, missing_is_fine=missing_is_fine, heads=heads)


class Lines:
    """A table that grows: its head once, its columns never narrower than they were."""

    def __init__(self, head: Sequence[str], *, keep_case: bool = False, shown: bool = True) -> None:
        self._head: Sequence[str] | None = head if shown else None
        self._keep_case = keep_case
        self._widths = [_NARROWEST] * len(head)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Print more rows; the first time the head goes before them."""
        if self._head is None and not rows:
            return
        text = tables.table(self._head, rows, keep_case=self._keep_case, widths=self._widths)
        self._head = None
        click.echo(text, nl=False)


class _Table:
    says_nothing = True
    is_table = True

    def __init__(
        self, now: Callable[[], datetime], *, wide: bool, namespaces: bool, heads: bool
    ) -> None:
        self._now, self._wide, self._namespaces, self._heads = now, wide, namespaces, heads
        self._columns: list[columns.Column] = []
        self._lines: Lines | None = None

    def all(self, shown: Sequence[Document], *, single: bool) -> None:
        del single
        self.each(shown)

    def each(self, shown: Sequence[Document]) -> None:
        if not shown:
            return
        if self._lines is None:
            self._columns = columns.of(shown, wide=self._wide, namespaces=self._namespaces)
            self._lines = Lines([column.head for column in self._columns], shown=self._heads)
        self._lines.add(columns.rows(self._columns, shown, self._now()))


class _Json:
    says_nothing = False
    is_table = False

    def all(self, shown: Sequence[Document], *, single: bool) -> None:
        if shown or not single:
            self._print(shown[0] if single else kinds.as_list(shown))

    def each(self, shown: Sequence[Document]) -> None:
        for one in shown:
            self._print(one)

    def _print(self, value: Document) -> None:
        click.echo(json.dumps(value, indent=4, ensure_ascii=False))


class _Yaml:
    says_nothing = False
    is_table = False

    def __init__(self) -> None:
        self._is_first = True

    def all(self, shown: Sequence[Document], *, single: bool) -> None:
        if shown or not single:
            self._print(shown[0] if single else kinds.as_list(shown))

    def each(self, shown: Sequence[Document]) -> None:
        for one in shown:
            if not self._is_first:
                click.echo("---")
            self._is_first = False
            self._print(one)

    def _print(self, value: Document) -> None:
        from munshi.api import yaml_writer  # noqa: PLC0415 - YAML's rules take long to load

        click.echo(yaml_writer.write(dict(value)), nl=False)


class _Name:
    says_nothing = True
    is_table = False

    def all(self, shown: Sequence[Document], *, single: bool) -> None:
        del single
        self.each(shown)

    def each(self, shown: Sequence[Document]) -> None:
        for one in shown:
            click.echo(kinds.full_name(one))
