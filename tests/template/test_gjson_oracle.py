"""Our GJSON against Go's own (github.com/tidwall/gjson), asked over pipes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings

from munshi.template import gjson
from support import oracle
from template import gjson_author

pytestmark = pytest.mark.oracle

JOB_RUNNING: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
        "name": "trial-1",
        "labels": {"app.kubernetes.io/name": "mnist", "katib.kubeflow.org/trial": "trial-1"},
    },
    "spec": {"backoffLimit": 0, "parallelism": 2, "suspend": False},
    "status": {"active": 1, "ready": 1, "startTime": "2026-01-02T03:04:05Z"},
}
JOB_COMPLETE: dict[str, Any] = {
    **JOB_RUNNING,
    "status": {
        "conditions": [
            {
                "type": "Suspended",
                "status": "False",
                "reason": "JobResumed",
                "message": "Job resumed",
            },
            {"type": "SuccessCriteriaMet", "status": "True", "reason": "CompletionsReached"},
            {
                "type": "Complete",
                "status": "True",
                "reason": "CompletionsReached",
                "message": 'Reached "expected" number of succeeded pods \\ 성공',
                "lastProbeTime": None,
            },
        ],
        "succeeded": 1,
        "uncountedTerminatedPods": {},
        "completionTime": "2026-01-02T03:05:05Z",
    },
}
JOB_FAILED: dict[str, Any] = {
    **JOB_RUNNING,
    "status": {
        "conditions": [
            {"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded"},
            {
                "type": "Failed",
                "status": "True",
                "reason": "BackoffLimitExceeded",
                "message": "1 of 1",
            },
        ],
        "failed": 1,
    },
}
TFJOB: dict[str, Any] = {
    "kind": "TFJob",
    "status": {
        "conditions": [
            {"type": "Created", "status": "True", "reason": "TFJobCreated"},
            {"type": "Running", "status": "False", "reason": "TFJobRunning"},
            {"type": "Succeeded", "status": "True", "reason": "TFJobSucceeded", "message": "done"},
        ],
        "replicaStatuses": {
            "Chief": {"succeeded": 1},
            "Worker": {"active": 0, "succeeded": 2},
            "PS": {},
        },
    },
}
WORKFLOW: dict[str, Any] = {
    "kind": "Workflow",
    "status": {
        "phase": "Succeeded",
        "progress": "2/2",
        "message": "",
        "nodes": {
            "wf-1": {"phase": "Succeeded", "type": "DAG", "children": ["wf-1-a", "wf-1-b"]},
            "wf-1-a": {"phase": "Succeeded", "type": "Pod", "exitCode": 0},
            "wf-1-b": {"phase": "Omitted", "type": "Skipped"},
        },
        "conditions": [
            {"type": "PodRunning", "status": "False"},
            {"type": "Completed", "status": "True"},
        ],
        "resourcesDuration": {"cpu": 12, "memory": 7.5},
    },
}
TRAINJOB: dict[str, Any] = {
    "kind": "TrainJob",
    "status": {
        "conditions": [{"type": "Complete", "status": "True", "reason": "AllJobsCompleted"}],
        "jobsStatus": [
            {"name": "node", "active": 0, "failed": 0, "ready": 0, "succeeded": 1, "suspended": 0},
            {
                "name": "launcher",
                "active": 1,
                "failed": 0,
                "ready": 1,
                "succeeded": 0,
                "suspended": 0,
            },
        ],
        "matrix": [[1, 2, [3]], [], [4], "five", None, True],
        "flags": [True, False, None, 0, 1, "0", "true", "no", {}, []],
    },
}

DEFAULTS = [
    f'status.conditions.#(type=="{kind}")#|#(status=="True")#'
    for kind in ("Complete", "Succeeded", "Failed")
]
ON_EVERY_JOB = [
    *DEFAULTS,
    'status.conditions.#(type=="Complete")|#(status=="True")#',
    'status.conditions.#(type=="Complete")#.#(status=="True")#',
    'status.conditions.#(type=="Complete")#|#(status=="True")',
    'status.conditions.#(type=="Complete")',
    'status.conditions.#(type=="Complete").status',
    'status.conditions.#(type=="Complete")#.status',
    'status.conditions.#(type=="Complete")#|status',
    'status.conditions.#(type=="Complete")#|0.reason',
    'status.conditions.#(type=="Complete")#.reason|0',
    'status.conditions.#(type=="Nothing").reason|[@this]',
    'status.conditions.#(type=="Nothing")#.reason|[@this]',
    'status.[@this].#(phase=="Succeeded")#',
    'status.[@this].#(phase=="Succeeded")',
    "status.[@this].#(succeeded==1)",
    "status.[@this].#(succeeded==1)#",
    'status.[@this].#(succeeded=="1")#',
    "status.[@this].#(succeeded>=1)#.conditions.#",
    "status.[@this].#(active>0)#|0.startTime",
    "[@this].#(spec.backoffLimit==0)#",
    'status.conditions.#(type!="Complete")#.type',
    'status.conditions.#(type%"*Comp*")#.type',
    'status.conditions.#(type!%"S*")#.type',
    'status.conditions.#(type%"?ailed").reason',
    'status.conditions.#(type>"F")#.type',
    'status.conditions.#(type<="Failed")#.type',
    "status.conditions.#(message)#.type",
    "status.conditions.#(message==~*)#.type",
    "status.conditions.#(message!=~*)#.type",
    "status.conditions.#(lastProbeTime==~null)#.type",
    "status.conditions.#(status==~true)#.type",
    "status.conditions.#(status==~false)#.type",
    "status.conditions.#",
    "status.conditions.#.type",
    "status.conditions.#.nope",
    "status.conditions.#.nope.#",
    "status.conditions|#",
    "status.conditions.0",
    "status.conditions.0.type",
    "status.conditions.7.type",
    "status.conditions.-1.type",
    "status.conditions.007",
    "status.conditions.@reverse.0.type",
    "status.conditions.@reverse|0|type",
    "status.conditions.@join.type",
    "status.@keys",
    "status.@values.#",
    "status.@reverse",
    "status.nope.@keys",
    "status.#.type|@keys",
    "status.#.@keys",
    "status.#|@keys",
    'status.#(type=="Complete")#|@keys',
    'status.#(type=="Complete").type|@keys',
    "status.nope.nope.@keys",
    "nope|@values",
    "nope.[a,b]",
    "nope.{a,b}",
    "status.{phase,succeeded}",
    'status.{"p":phase,"n":conditions.#,c:conditions.#.type}',
    '{kind,"done":status.conditions.#(status=="True")#.type,status.startTime}',
    "[kind,metadata.name,nope]|1",
    "[kind,status.succeeded].@reverse",
    "status.*.0.type",
    "status.con*.1.type",
    "status.c?nditions.#.status",
    "*.name",
    "*.conditions.#.reason",
    "*.*.0.reason",
    "status.*.#(type==\"Complete\").reason",
    "@this.kind",
    "@this|kind",
    "@pretty.@ugly.@valid.kind",
    "kind",
    "kind.nope",
    "status.succeeded",
    "metadata.labels.app\\.kubernetes\\.io/name",
    "metadata.labels.katib\\.kubeflow\\.org/trial",
    "metadata.labels.app*name",
    "status.conditions.#[type=\"Complete\"]#.reason",
    'status.conditions.#( type == "Complete" ).reason',
    "status.conditions.#(type=Complete).reason",
    "status.conditions.#(type=Complete)#|@flatten",
]  # fmt: skip
SIDE_BY_SIDE: dict[str, Any] = {
    "none": [{"a": 2}],
    "bare": [{"a": 1}],
    "full": [{"a": 1, "b": 2}],
    "object": {"a": 1},
}
ON_SOME = {
    "arrays side by side": (
        SIDE_BY_SIDE,
        [
            "*.#(a==1)#", "*.#(a==1)", "*.#(a==1).b", "*.#(a==1)#.b|[@this]", "f*.#(a==1).b", "*.#",
            "*.#.b", "*.a", "*.@this.#(a==1)", "?are.#(a==1)#|[@this]", "n*.#(a==1)#.b|[@this]",
            "*.#(a==2)#.b|[@this]",
        ],
    ),
    "TFJob": (
        TFJOB,
        [
            "status.replicaStatuses.*.succeeded",
            "status.replicaStatuses.Worker.[@this].#(succeeded==2)#",
            "status.replicaStatuses.@values.#(succeeded>1)#",
            "status.replicaStatuses.@values.#.succeeded",
            "status.replicaStatuses.@keys.#(==\"PS\")",
            "status.replicaStatuses.{Chief.succeeded,\"w\":Worker.succeeded}",
        ],
    ),
    "Workflow": (
        WORKFLOW,
        [
            'status.nodes.@values.#(type=="Pod")#.exitCode',
            'status.nodes.@values.#(children.#(=="wf-1-b"))#.phase',
            'status.nodes.@values.#(children.#(%"*-a")#)#.phase',
            'status.nodes.wf-1.children.#(%"*-a")#',
            'status.nodes.wf-1.children.#(!%"*-a")',
            'status.nodes.wf-1*.type',
            'status.nodes.*.exitCode',
            "status.resourcesDuration.[cpu,memory].#(>10)#",
            "status.resourcesDuration.[cpu,memory].#(<7.6)",
            "status.resourcesDuration.[cpu,memory].#(!=12)#|#",
            "status.[message,phase].#(==\"\")#",
        ],
    ),
    "TrainJob": (
        TRAINJOB,
        [
            "status.jobsStatus.#(succeeded>=1)#|#(name==\"node\")#",
            "status.jobsStatus.#(active==0)#.name",
            "status.jobsStatus.#(succeeded<failed)#.name",
            "status.matrix.@flatten",
            "status.matrix.@flatten.@flatten",
            "status.matrix.#.#",
            "status.matrix.#.0",
            "status.matrix.#.@this",
            "status.matrix.#.[0,1]",
            "status.matrix.#(0==4)",
            "status.matrix.#(#>1)#",
            "status.matrix.#(2.0==3).2",
            "status.matrix.3.@keys",
            "status.matrix.@keys",
            "status.matrix.5.@values",
            "status.flags.#(==~true)#",
            "status.flags.#(==~false)#",
            "status.flags.#(==~null)#",
            "status.flags.#(==~*)#",
            "status.flags.#(==true)#",
            "status.flags.#(!=true)#",
            "status.flags.#(>=nonsense)#",
            "status.flags.#(<true)#",
            "status.flags.#(<=nonsense)#",
            "status.flags.#(<=true)#",
            "status.flags.#(>false)#",
            "status.*.#(name==node).nope",
            "status.*.#(active).suspended",
            "status.*.#(active)#.name",
            "status.*.#(reason)#.reason",
            "status.*.#(name)#.name",
            "status.flags.#(<1)#",
            "status.flags.#(%\"*e\")#",
            "status.flags.#(=\"0\")#",
            "status.flags.#(==text)#",
        ],
    ),
}  # fmt: skip
JOBS = {
    "a running Job": JOB_RUNNING, "a complete Job": JOB_COMPLETE, "a failed Job": JOB_FAILED,
    "a TFJob": TFJOB, "a Workflow": WORKFLOW, "a TrainJob": TRAINJOB, "an empty object": {},
}  # fmt: skip


def seen(exists: bool, value: Any) -> str:
    """An answer as text, members in their order and 1 apart from true."""
    return json.dumps(value, ensure_ascii=False) if exists else "nothing"


def ours(document: Any, path: str) -> str:
    """What we find."""
    found = gjson.get(document, path)
    return seen(found.exists, found.value)


def go(asked: list[tuple[Any, str]]) -> list[str]:
    """What Go finds."""
    answers = oracle.ask("gjson", [{"json": document, "path": path} for document, path in asked])
    return [seen(a["exists"], json.loads(a["raw"]) if a["exists"] else None) for a in answers]


@pytest.mark.parametrize("name", JOBS)
def test_conditions_on_real_jobs_find_what_go_finds(name: str) -> None:
    """Every path people write or might write finds on every kind of job exactly what Go finds."""
    asked = [(JOBS[name], path) for path in ON_EVERY_JOB]
    expected = dict(zip(ON_EVERY_JOB, go(asked), strict=True))
    assert {path: ours(document, path) for document, path in asked} == expected


@pytest.mark.parametrize("name", ON_SOME)
def test_paths_made_for_one_kind_find_what_go_finds(name: str) -> None:
    """Paths into what only this kind's status holds find exactly what Go finds, and something."""
    document, paths = ON_SOME[name]
    expected = dict(zip(paths, go([(document, path) for path in paths]), strict=True))
    assert {path: ours(document, path) for path in paths} == expected
    assert sum(found not in {"nothing", "[]"} for found in expected.values()) > len(paths) / 2


DIFFERENCES: dict[str, tuple[Any, str, str, str]] = {
    "an escaped star beside a wildcard": ({"a*b": 1, "axb": 2}, r"?\*?", "1", "1"),
    "an escaped star beside a wildcard, the other first": ({"axb": 2, "a*b": 1}, r"?\*?", "1", "2"),
    "a text that looks like a document": ({"a": "see [1,2]"}, "a|0", "nothing", "1"),
    "a dotted query that meets an object": ({"a": {}}, "a.#(b.c==1)#|@keys", "[]", "nothing"),
    "a pipe behind .#": ({"a": []}, "a.#.b.#|0", "nothing", "[]"),
    "a pipe behind braces asked of each": ({"a": [{"b": 1}]}, 'a.#.{"c":b}|0', '{"c": 1}', "[]"),
    "a pipe inside a query asked of each": ({"a": [["x|y"]]}, 'a.#.#(=="x|y")', '["x|y"]', "nothing"),
    "two members of one name": ({"a": 1, "b": 2}, '{"c":a,"c":b}', '{"c": 1}', '{"c": 2}'),
    "a hexadecimal number": ([16], "#(==0x1p4)", "nothing", "16"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "path", "we", "they"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_differences_are_what_we_say_they_are(document: Any, path: str, we: str, they: str) -> None:
    """Each deliberate difference is there, on our side and on Go's, and nowhere hidden."""
    assert ours(document, path) == we
    assert go([(document, path)]) == [they]


@settings(max_examples=300, deadline=None)
@given(gjson_author.questions())
@example(({"a": []}, ["a.#(b==1).b|[@this]"]))
def test_generated_paths_find_what_go_finds(question: tuple[Any, list[str]]) -> None:
    """On any document any path of the grammar finds what Go finds, but for the listed differences."""
    document, asked = question
    expected = dict(zip(asked, go([(document, path) for path in asked]), strict=True))
    assert {path: ours(document, path) for path in asked} == expected
