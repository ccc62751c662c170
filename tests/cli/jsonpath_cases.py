"""Documents and templates for the tests of JSONPath: those people write, the odd ones, and generated ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TRIALS: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "metadata": {
                "name": "random-a1",
                "labels": {"katib.kubeflow.org/experiment": "random", "team": "x"},
            },
            "status": {
                "conditions": [
                    {"type": "Running", "status": "False"},
                    {"type": "Succeeded", "status": "True"},
                ],
                "attempts": 1,
                "observation": {"metrics": [{"name": "accuracy", "max": "0.97"}]},
            },
            "numbers": [1, 2, 3, 4],
            "share": 0.5,
            "large": 1e21,
            "true": True,
            "nothing": None,
        },
        {
            "metadata": {"name": "b<&>", "labels": {"team": "y"}},
            "status": {"conditions": [{"type": "Running", "status": "True"}], "attempts": 2},
            "numbers": [5],
            "share": 1.0,
            "true": False,
        },
        {
            "metadata": {"name": "한글"},
            "numbers": [7, 8],
            "share": 1e-7,
            "status": {"attempts": 10},
        },
    ],
}

READ: dict[str, tuple[str, str]] = {
    "a field": ("{.kind}", "List"),
    "a field of each": ("{.items[*].metadata.name}", "random-a1 b<&> 한글"),
    "text around": ("a {.kind} b", "a List b"),
    "a loop over lines": (
        '{range .items[*]}{.metadata.name}{"\\t"}{.status.attempts}{"\\n"}{end}',
        "random-a1\t1\nb<&>\t2\n한글\t10\n",
    ),
    "a loop in a loop": (
        "{range .items[*]}[{range .numbers[*]}{@},{end}]{end}!",
        "[1,2,3,4,][5,][7,8,]!",
    ),
    "a loop over nothing": ("{range .nope[*]}{.x}{end}after", "after"),
    "a filter by text": (
        '{.items[*].status.conditions[?(@.type=="Running")].status}',
        "False True",
    ),
    "a filter by number": ("{.items[?(@.status.attempts>1)].metadata.name}", "b<&> 한글"),
    "a filter by presence": ("{.items[?(@.metadata.labels)].metadata.name}", "random-a1 b<&>"),
    "the last one": ("{.items[-1].metadata.name}", "한글"),
    "a slice": ("{.items[0].numbers[1:3]}", "2 3"),
    "a slice from the end": ("{.items[0].numbers[-2:]}", "3 4"),
    "every second one": ("{.items[0].numbers[::2]}", "1 3"),
    "some of them": ("{.items[0].numbers[0,2]}", "1 3"),
    "some fields": ("{.items[0]['share','large']}", "0.5 1e+21"),
    "a dot in a key": (r"{.items[0].metadata.labels.katib\.kubeflow\.org/experiment}", "random"),
    "a dot in a key in quotes": (
        r"{.items[0].metadata.labels['katib\.kubeflow\.org/experiment']}",
        "random",
    ),
    "anywhere below": ("{..attempts}", "1 2 10"),
    "an object": (
        "{.items[1].metadata}",
        '{"labels":{"team":"y"},"name":"b\\u003c\\u0026\\u003e"}',
    ),
    "a list": ("{.items[0].numbers}", "[1,2,3,4]"),
    "null": ("{.items[0].nothing}", "null"),
    "a missing field": ("{.nope.x}", ""),
    "true": ("{.items[0].true}", "true"),
    "small and whole floats": ("{.items[*].share}", "0.5 1 1e-07"),
    "escapes in quotes": (r'{"a\u00e9\x41\101\n"}', "aéAA\n"),
    "no action at all": (".kind", ".kind"),
    "nothing": ("", ""),
}

WRONG: dict[str, tuple[str, int]] = {
    "an action that is not closed": ("ab{.kind", 2),
    "an action that breaks the line": ("{.kind\n}", 0),
    "an end without a range": ("{.kind}{end}", 7),
    "a bracket that is not closed": ("{.items[0}", 7),
    "a word": ("{foo}", 1),
    "a word in a filter": ('{.items[?(name=="x")]}', 10),
    "an index that is no number": ("{.items[a]}", 7),
    "an index in double quotes": ('{.items["a"]}', 7),
    "a filter that is not closed": ("{.items[?(@.a==1}", 7),
    "a step of zero": ("{.items[::0]}", 7),
    "a text that is not closed": ('{"a}', 1),
    "an escape that is none": (r'{"a\q"}', 1),
    "two recursions": ("{....a}", 3),
    "a character from nowhere": ("{.a,}", 3),
    "a tab": ("{\t.a}", 1),
    "a number that is none": ("{1.2.3}", 1),
    "two words": ("{range .items[*] end}", 17),
}

EARLY: dict[str, tuple[str, int]] = {
    "a comparison that is none": ("{.items[?(@.a=1)]}", 13),
    "a range in a filter": ("{.items[?(range)]}", 10),
    "a word in a filter over nothing": ("{.nope[?(name)]}", 9),
}
"""Wrong as well, but Go's library only notices when it meets an object that brings it there."""

UNFIT: dict[str, tuple[str, int]] = {
    "an index beyond the end": ("{.items[9].kind}", 7),
    "an index before the beginning": ("{.items[-9].kind}", 7),
    "an index into an object": ("{.items[0].metadata[0]}", 19),
    "a filter on a text": ("{.kind[?(@.a)]}", 6),
    "a text and a number": ("{.items[?(@.metadata.name==1)]}", 7),
    "a whole number and a fraction": ("{.items[?(@.status.attempts==1.0)]}", 7),
    "an order of true and false": ("{.items[?(@.true<true)]}", 7),
    "an object compared": ("{.items[?(@.metadata==1)]}", 7),
    "several values compared": ("{.items[?(@.numbers[*]==1)]}", 7),
    "a start behind the end": ("{.items[2:1].kind}", 7),
}

ODD = [
    "{}", "{.}", "{@}", "{$}", "{.items[0].numbers[]}", "{.items[0].metadata.labels['a.b']}",
    "{.items.x}", "{.kind[0]}", "{.items [0].share}", "{range.items[*]}{.share}{end}", "{ .kind }",
    "{.items[*]range}x{end}", "{1}", "{1.50}", "{-3}", "{+3}", "{.5}", "{1e5}", "{true}", "{.kind}{1}",
    "{.kind 1}", '{.kind "x"}', "{.items[?(1==1)].share}", "{.items[?(@.nothing)].share}", "{.kind.*}",
    "{range .items[0].nothing}<{@}>{.x}{end}", "{range .items[0].numbers}{@}|{end}", "{.items[01].share}",
    "{.items[--1].share}", "{.items[-].share}", "{.items[:-1].share}", "{.items[1:1].share}", "a}b",
    "{.items[?(@.share===1)].share}", '{..conditions[?(@.status=="True")].type}', "{@.kind}{$.kind}",
    "{.items[0]$.share}", "{.items[?(@.metadata.name < \"b\")].share}", "{'it\\'s'}", "{9223372036854775808}",
    "{range .items[*]}{end}{end}", "{.items[0:2:2].share}", "{.items[0].nothing.x}", "{range .x[*]}{.y}{end}",
    "{.items[0].large}", "{.items[*].numbers[-1]}", "{.items[0, 1].share}", "{.items[0,].share}", "{,}",
]  # fmt: skip
"""Templates that nobody should write; what Go's library makes of them, we make too."""

_keys = st.sampled_from(["a", "b", "c", "d.e", "name", "한"])
ACCIDENTS: dict[str, tuple[str, Any, str]] = {
    "an empty list hides no others": ("{.items[*].l[*]}", {"items": [{"l": []}, {"l": [1]}]}, "1"),
    "an index out of bounds is not there": ("{.items[?(@.l[5])].l}", {"items": [{"l": [1]}]}, ""),
    "a loop without an end ends": ("{range .l[*]}{@}{.a}", {"l": [{"b": 1}], "a": 5}, '{"b":1}'),
}
"""Where Go's library answers by accident: what we answer."""

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from([0.5, 1.0, 1e21, 1e-7, 123456789.0, -2.25, 1 << 62, 1 << 64])
    | st.text("ab<한\n\"'", max_size=3)
)
_values: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    # No empty lists, and one field an object: there Go's library is led by accident (see the package).
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(_keys, inner, min_size=1, max_size=1)
    ),
    max_leaves=12,
)

documents = st.builds(lambda a, b: {"a": a, "b": b}, _values, _values)
"""An object always, as in Kubernetes."""

_fields = st.sampled_from(
    [
        ".a",
        ".b",
        ".c",
        r".d\.e",
        "['a']",
        r"['d\.e']",
        "['a','b']",
        ".*",
        ".한",
        "..name",
        "..a",
        "..",
    ]
)
_indexes = st.sampled_from(["[*]", "[0]", "[-1]", "[0:2]", "[:1]", "[1:]", "[0,1]", "[::2]", "[]"])
_paths = st.lists(_fields | _indexes, max_size=3).map("".join)
_sides = st.builds("@{}".format, _paths) | st.sampled_from(["1", "0.5", '"a"', "'b'", "true"])
_filters = st.builds(
    "[?({}{}{})]".format,
    _paths.map("@{}".format),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    _sides,
)
_steps = st.lists(_fields | _indexes | _filters, max_size=4).map("".join)
_actions = st.builds("{{{}}}".format, _steps)
_loops = st.builds("{{range {}}}<{}>{{end}}".format, _steps.filter(bool), _actions)
templates = st.lists(_actions | _loops | st.sampled_from(["x", '{"\\n"}']), max_size=3).map("".join)
"""Templates that are right, over the fields of `documents`."""

scribbles = st.text("{}[]()?@$.,:'\"\\=<!-0a r*\n", max_size=12) | st.builds(
    "{{{}}}".format, st.text("[]()?@$.,:'\"\\=<!-0a*", max_size=10)
)
"""Text that is hardly ever a template."""
