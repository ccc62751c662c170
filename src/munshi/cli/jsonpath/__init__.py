r"""kubectl's JSONPath templates, as `munshi get -o jsonpath=…` and `-o custom-columns=…` take them.

`{range .items[*]}{.metadata.name}{"\n"}{end}` is text with actions in braces. The language is that of
Kubernetes' client-go (`util/jsonpath`), which is older than the standard of that name and no part of
it: paths begin anywhere, a dot in a key is written `\.`, a missing key is an error if one likes, and
values of different types do not compare. So it is read and evaluated here; Go's own library is the
oracle of the tests. Pure: a template and a value go in, text comes out.

    nodes.py    what a template consists of
    parse.py    the text of a template -> nodes, or where it is wrong
    find.py     nodes and a value -> what is found
    golang.py   values as Go prints them

Four answers of Go's library are accidents, and differ here: an empty list under `[*]` does not hide
the lists after it; an index out of bounds in a filter that asks whether something is there means that
it is not; the body of a range without `{end}` is not done once more for the object around it; the order
of an object's fields under `.*` and `..` is that of the object, not chance.
"""

from munshi.cli.jsonpath.find import as_json, find, text
from munshi.cli.jsonpath.nodes import Template, Wrong
from munshi.cli.jsonpath.parse import parse

__all__ = ["Template", "Wrong", "as_json", "find", "parse", "text"]
