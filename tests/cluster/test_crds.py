"""The CustomResourceDefinitions on a real API server: what kubectl prints, explains, takes and refuses.

Admission's own tables of good and bad Experiments are asked of the API server too. It may let pass what only
the operator can judge (`LEFT`), and never refuses what admission takes.
"""

from __future__ import annotations

import copy
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from admission.builders import GONE, changed
from admission.test_manifests import FOLDER, MANIFESTS
from admission.test_rules import ACCEPTED, REFUSED
from admission.test_update import ADMITTED
from admission.test_update import REFUSED as REFUSED_CHANGES
from kube.whole import VARIANTS, whole_objects
from munshi.api import source
from munshi.api.experiment import Experiment, ExperimentStatus
from munshi.api.meta import V1ALPHA3
from munshi.api.wire import Object
from munshi.kube import crds
from support.cluster import Cluster

FILES = Path(__file__).resolve().parents[2] / "deploy" / "crds"

LEFT = {
    # what this version of munshi cannot do, and what algorithms want
    "a misspelt algorithm",
    "an algorithm that is planned",
    "a setting that the algorithm does not know",
    "a setting out of its limits",
    "grid over a continuum",
    "early stopping without a name",
    "a misspelt early stopping",
    "a setting that early stopping does not know",
    "a setting of early stopping out of its limits",
    "a setting of early stopping written twice",
    "a setting of early stopping without a name",
    "early stopping in the older place",
    "early stopping in the older spelling",
    "a misspelt early stopping in the older spelling",
    # bounds, steps and lists have no type, for they may be text or number
    "a range upside down",
    "a list for a double",
    "two parameters of one name",
    "a range without minimum",
    "a bound that is no number",
    "a step that is no number",
    "a step of nothing",
    "a step too small for doubles",
    "a logarithm of nothing",
    "a list without entries",
    "a list with a minimum",
    "a word among discrete numbers",
    "a discrete number twice",
    "an entry twice",
    "an entry with a NUL character",
    "an entry longer than any argument",
    # the inside of jobs and templates, and how they hang together with parameters
    "a parameter that no placeholder shows",
    "a primary container that the Job does not have",
    "a condition that cannot be met",
    "two trialParameters of one name",
    "a reference to no parameter",
    "a reference to a label that is not written",
    "a trialParameter that stands nowhere",
    "a placeholder that is misspelt",
    "a misspelt field of a Job",
    "a misspelt field of a pod",
    "a misspelt field of a container",
    "a number among a container's words",
    "a true among the environment",
    "containers that are no list",
    "a Job without containers",
    "a Job without pod",
    "a container that is a word",
    "an object among a container's words",
    "a goTemplate with an unclosed block",
    "a goTemplate with an unknown field",
    "a goTemplate that names every trial alike",
    "a goTemplate that a value breaks",
    # other objects
    "a ConfigMap that does not exist",
    "a key that the ConfigMap does not have",
    "a ConfigMap whose text is no YAML",
    "a ConfigMap whose text is a list",
    "a ConfigMap whose Job is misspelt",
    # regular expressions, blanks and NUL
    "a filter with one group, also for standard output",
    "a filter that is no regular expression",
    "an empty additional metric",
    "a path with NUL",
}
"""What the API server takes and the operator refuses."""
ELSEWHERE = {
    "the objective among the additional metrics": "spec.objective.additionalMetricNames",
    "a setting written twice": "spec.algorithm.algorithmSettings",
    "architecture search beside parameters": "spec.parameters",
    "a trialParameter with a brace": "spec.trialTemplate.trialParameters",
    "a reference to an unknown fact of the trial": "spec.trialTemplate.trialParameters",
    "a document of another kind": "spec.algorithm",
}
"""Where the API server sees a fault that admission sees at a place more exact."""
REFUSED_MANIFESTS = {"v1beta1/hp-tuning/simple-pbt.yaml": "spec.maxFailedTrialCount: "}
"""Three failures of two trials: Katib refused it too."""


@pytest.fixture(scope="module")
def lab(cluster: Cluster) -> Iterator[Cluster]:
    """A namespace for all tests of this module, with the three kinds known."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(FILES))
    for kind in crds.KINDS.values():
        cluster.wait(f"crd/{kind.plural}.kubeflow.org", "condition=Established")
    name = f"test-crds-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    yield cluster.within(name)
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def here(document: Object, lab: Cluster) -> Object:
    """The document in the namespace of these tests."""
    placed = copy.deepcopy(document)
    placed.setdefault("metadata", {})["namespace"] = lab.namespace
    return placed


def answer(lab: Cluster, document: Object, *words: str) -> str:
    """What the API server says against a document; empty when it takes it."""
    words = words or ("create", "--dry-run=server")
    done = lab.try_kubectl(*words, "-f", "-", given=here(document, lab))
    return "" if done.returncode == 0 else done.stderr


def unique(changes: dict[str, object] | None = None) -> Object:
    """A changed document under a name of its own."""
    document = changed(changes or {})
    document["metadata"]["name"] = f"e-{secrets.token_hex(4)}"
    return document


def stored(lab: Cluster, document: Object, status: Object | None = None) -> Object:
    """Create a document, write its status, and see what was kept."""
    kind, name = document["kind"], document["metadata"]["name"]
    lab.kubectl("create", "-f", "-", given=here(document, lab))
    kept = lab.get(resource(document), name)
    if status:
        whole = {**kept, "status": status}
        lab.kubectl("replace", "--subresource=status", "-f", "-", given=whole)
        kept = lab.get(resource(document), name)
    assert kept["kind"] == kind
    return kept


def resource(document: Object) -> str:
    """A document's kind with version and group, for kubectl."""
    group, _, version = document["apiVersion"].partition("/")
    return f"{crds.KINDS[document['kind']].plural}.{version}.{group}"


# -- what kubectl prints -------------------------------------------------------------------------


def test_short_names_and_categories(lab: Cluster) -> None:
    """`exp`, `sug` and `tr` are understood, and the kinds belong to all, kubeflow and katib."""
    listed = lab.kubectl("api-resources", "--api-group=kubeflow.org", "-o", "wide", "--no-headers")
    for kind in crds.KINDS.values():
        [line] = [line for line in listed.splitlines() if line.startswith(f"{kind.plural} ")]
        assert line.split()[1] == kind.short
        assert {"all", "kubeflow", "katib"} <= set(line.split()[-1].split(","))


def test_both_versions_are_printed_with_their_columns(lab: Cluster) -> None:
    """One object, applied as v1alpha3: TYPE and STATUS in v1beta1, STATUS alone in v1alpha3."""
    said = [
        {"type": "Created", "status": "True", "reason": "ExperimentCreated"},
        {"type": "Running", "status": "True", "reason": "ExperimentRunning"},
    ]
    document = unique({"apiVersion": V1ALPHA3})
    name = document["metadata"]["name"]
    stored(lab, document, {"conditions": said})
    new = lab.kubectl("get", "experiments", name).splitlines()
    assert new[0].split() == ["NAME", "TYPE", "STATUS", "AGE"]
    assert new[1].split()[:3] == [name, "Running", "True"]
    old = lab.kubectl("get", "experiments.v1alpha3.kubeflow.org", name).splitlines()
    assert old[0].split() == ["NAME", "STATUS", "AGE"]
    assert old[1].split()[:2] == [name, "Running"]


def test_trials_are_printed_as_the_tutorial_shows_them(lab: Cluster) -> None:
    """`kubectl get trials` prints NAME TYPE STATUS AGE, of the last condition."""
    name = f"t-{secrets.token_hex(4)}"
    trial = {"apiVersion": "kubeflow.org/v1beta1", "kind": "Trial", "metadata": {"name": name}}
    said = [{"type": "Running", "status": "False"}, {"type": "Succeeded", "status": "True"}]
    stored(lab, {**trial, "spec": {}}, {"conditions": said})
    head, row = lab.kubectl("get", "trials", name).splitlines()
    assert head.split() == ["NAME", "TYPE", "STATUS", "AGE"]
    assert row.split()[:3] == [name, "Succeeded", "True"]


def test_explain_teaches(lab: Cluster) -> None:
    """`kubectl explain` has sentences of meaning, default and limits, and marks what is required."""

    def explained(field: str) -> str:
        return " ".join(lab.kubectl("explain", field).split())

    objective = explained("experiment.spec.objective")
    assert "What is sought. Required. May not change." in objective
    assert "The Experiment succeeds as soon as a trial's objective is at least" in objective
    assert "objectiveMetricName <string> -required-" in objective
    assert "At most so many trials run at once." in explained("experiment.spec")
    assert "plain number is accepted" in explained("experiment.spec.parameters.feasibleSpace")
    assert "The job, with every placeholder filled." in explained("trial.spec.runSpec")
    assert "Katib" not in explained("experiment.spec")


# -- what is taken and what is refused -----------------------------------------------------------


@pytest.mark.parametrize("name", MANIFESTS)
def test_katibs_example_applies(lab: Cluster, name: str) -> None:
    """It is taken as it stands, unless Katib refused it too."""
    [document] = source.read((FOLDER / name).read_bytes(), name)
    assert isinstance(document.value, dict)
    said = answer(lab, document.value, "apply", "--dry-run=server")
    if name in REFUSED_MANIFESTS:
        assert REFUSED_MANIFESTS[name] in said
    else:
        assert said == ""


def test_misspelt_fields_are_answered(lab: Cluster) -> None:
    """`kubectl apply` names the field that does not exist, in the spec as in a list below it."""
    document = unique({"spec.maxTrialCout": 3, "spec.parameters.0.feasibelSpace": {"min": "1"}})
    said = answer(lab, document, "apply")
    assert 'unknown field "spec.maxTrialCout"' in said
    assert 'unknown field "spec.parameters[0].feasibelSpace"' in said


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_admission_takes_is_taken(lab: Cluster, case: str) -> None:
    """The API server is never stricter than admission."""
    assert answer(lab, changed(ACCEPTED[case])) == ""


def test_numbers_are_taken_for_text(lab: Cluster) -> None:
    """Bounds, entries and settings may be plain numbers on a cluster as on a laptop."""
    settings = [{"name": "random_state", "value": 7}]
    document = unique(
        {
            "spec.algorithm.algorithmSettings": settings,
            "spec.parameters.0.feasibleSpace": {"min": 0.01, "max": 1, "step": 1e-3},
            "spec.parameters.1": {
                "name": "layers",
                "parameterType": "discrete",
                "feasibleSpace": {"list": [1, 2.5, "4"]},
            },
        }
    )
    kept = stored(lab, document)
    assert kept["spec"]["parameters"] == document["spec"]["parameters"]
    assert kept["spec"]["algorithm"]["algorithmSettings"] == settings


def test_the_table_of_what_is_left_speaks_of_real_cases() -> None:
    """Every case that is left to the operator, or answered elsewhere, is one of admission's."""
    assert set(REFUSED) >= LEFT | set(ELSEWHERE)
    assert not LEFT & set(ELSEWHERE)


@pytest.mark.parametrize("case", REFUSED)
def test_what_admission_refuses_is_refused_or_left(lab: Cluster, case: str) -> None:
    """At the field that admission names, with what it wants; or it is the operator's to judge."""
    changes, field, _ = REFUSED[case]
    if case == "a namespace with a dot":
        assert '"a.b" not found' in answer(lab.within("a.b"), changed(changes))
        return
    said = answer(lab, changed(changes))
    if case in LEFT:
        assert said == ""
    else:
        assert ELSEWHERE.get(case, re.sub(r"\.(\d+)", r"[\1]", field)) in said


def running(trials: int = 6) -> Object:
    """The status of an Experiment under way."""
    said = [{"type": "Running", "status": "True", "reason": "ExperimentRunning"}]
    return {"conditions": said, "trials": trials}


def after(lab: Cluster, old: Experiment, changes: dict[str, object]) -> str:
    """What the API server says to a change of an Experiment that is stored with its status."""
    document = old.model_copy(update={"status": ExperimentStatus()}).dump()
    document["metadata"]["name"] = f"e-{secrets.token_hex(4)}"
    stored(lab, document, old.status.dump())
    new = changed(changes)
    new["metadata"]["name"] = document["metadata"]["name"]
    return answer(lab, new, "replace", "--dry-run=server")


@pytest.mark.parametrize("case", ADMITTED)
def test_change_is_taken(lab: Cluster, case: str) -> None:
    """Whatever may change by admission's table may change with kubectl."""
    assert after(lab, *ADMITTED[case]) == ""


@pytest.mark.parametrize("case", REFUSED_CHANGES)
def test_change_is_refused(lab: Cluster, case: str) -> None:
    """Whatever may not is refused at the same field, with what to do instead."""
    old, changes, field = REFUSED_CHANGES[case]
    said = after(lab, old, changes)
    assert f"{field}: " in said
    assert ";" in said


CHANGES: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "a bound": ({}, {"spec.parameters.0.feasibleSpace.max": "0.06"}),
    "a bound that is a number": (
        {"spec.parameters.0.feasibleSpace.max": 0.05},
        {"spec.parameters.0.feasibleSpace.max": 0.06},
    ),
    "a step in place of a bound": (
        {"spec.parameters.0.feasibleSpace": {"min": "1", "max": "2"}},
        {"spec.parameters.0.feasibleSpace": {"min": "1", "step": "2"}},
    ),
    "the order of parameters": (
        {},
        {
            "spec.parameters.0.name": "layers",
            "spec.parameters.1.name": "lr",
        },
    ),
    "a word deep in the job": (
        {},
        {"spec.trialTemplate.trialSpec.spec.template.spec.containers.0.image": "other"},
    ),
    "a collector where there was none": (
        {},
        {"spec.metricsCollectorSpec": {"collector": {"kind": "Push"}}},
    ),
    "no additional metric any more": ({"spec.objective.additionalMetricNames": ["loss"]}, {}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_is_fixed_cannot_change(lab: Cluster, case: str) -> None:
    """A change anywhere in what is fixed is seen, however deep, and where the schema knows no type."""
    before, change = CHANGES[case]
    document = unique(before)
    stored(lab, document, running())
    new = changed(change)
    new["metadata"]["name"] = document["metadata"]["name"]
    assert "may not change once the Experiment exists" in answer(lab, new, "replace")


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"conditions": [{"type": "Failed", "status": "True", "reason": "ExperimentInvalid"}]},
    ],
    ids=["not seen yet", "refused by the operator"],
)
def test_what_is_not_under_way_may_be_mended(lab: Cluster, status: Object) -> None:
    """An Experiment that was not begun may be changed in every field, with the same name."""
    document = unique({"spec.algorithm.algorithmName": "tpee"})
    stored(lab, document, status)
    mended = {**document, "spec": changed({"spec.maxTrialCount": 9})["spec"]}
    assert answer(lab, mended, "replace") == ""


# -- what must never get stuck -------------------------------------------------------------------


def can_live_on(lab: Cluster, kind: str, name: str) -> None:
    """It can be labelled, given a status, held by a finalizer, let go and deleted."""

    def patch(what: Object, *words: str) -> None:
        lab.kubectl("patch", kind, name, "--type=merge", f"-p={json.dumps(what)}", *words)

    lab.kubectl("label", kind, name, "a=b")
    patch({"status": {"trials": 1}}, "--subresource=status")
    patch({"metadata": {"finalizers": ["munshi/test"]}})
    lab.kubectl("delete", kind, name, "--wait=false")
    patch({"status": {"trials": 2}}, "--subresource=status")
    patch({"metadata": {"finalizers": []}})
    assert name not in lab.kubectl("get", kind, "-o", "name")


OLD: dict[str, dict[str, object]] = {
    "more at once than in all": {"spec.parallelTrialCount": 7},
    "the collector None": {"spec.metricsCollectorSpec": {"collector": {"kind": "None"}}},
    "no template": {"spec.trialTemplate": GONE},
    "a template without template": {"spec.trialTemplate": {"retain": True}},
}


@pytest.mark.parametrize("case", OLD)
def test_v1alpha3_lives_on_in_v1beta1(lab: Cluster, case: str) -> None:
    """What v1alpha3 alone allows stays usable for those who read and write it as v1beta1."""
    document = unique({"apiVersion": V1ALPHA3, **OLD[case]})
    stored(lab, document)
    can_live_on(lab, "experiments.v1beta1.kubeflow.org", document["metadata"]["name"])


def test_the_default_template_of_v1alpha3_is_written_out(lab: Cluster) -> None:
    """An old Experiment without template shows in its shape that it is one, and what it will run."""
    kept = stored(lab, unique({"apiVersion": V1ALPHA3, "spec.trialTemplate": GONE}))
    [source_of] = kept["spec"]["trialTemplate"]["goTemplate"].values()
    assert source_of["configMapName"] == "trial-template"


def test_what_katib_stored_lives_on(lab: Cluster, cluster: Cluster) -> None:
    """An Experiment kept without any schema, against half the rules, can still be labelled and deleted."""
    definition = copy.deepcopy(crds.definition(crds.KINDS["Experiment"]))
    group = f"g{secrets.token_hex(4)}.test"
    definition["metadata"]["name"] = f"searches.{group}"
    definition["spec"]["group"] = group
    names = {"plural": "searches", "singular": "search", "shortNames": [], "categories": []}
    definition["spec"]["names"] |= names
    strict = copy.deepcopy(definition)
    for version in definition["spec"]["versions"]:
        version["schema"]["openAPIV3Schema"] = {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
        }
    kind = f"searches.v1beta1.{group}"
    try:
        cluster.kubectl("apply", "--server-side", "-f", "-", given=definition)
        cluster.wait(f"crd/searches.{group}", "condition=Established")
        broken = unique(
            {
                "apiVersion": f"{group}/v1beta1",
                "spec.maxTrialCount": 0,
                "spec.parallelTrialCount": 7,
                "spec.parameters.0.parameterType": "unknown",
                "spec.parameters.1.name": "lr",
                "spec.resumePolicy": "Always",
                "spec.objective.additionalMetricNames": ["accuracy"],
                "spec.trialTemplate.trialSpec.metadata": {"name": "mine"},
                "spec.trialTemplate.configMap": {"configMapName": ""},
                "spec.trialTemplate.primaryContainerName": GONE,
                "spec.metricsCollectorSpec.collector.kind": "Custom",
                "spec.extra": 1,
            }
        )
        broken["metadata"]["name"] += ".with-a-dot-and-longer-than-munshi-would-take"
        lab.kubectl("create", "-f", "-", given=here(broken, lab))
        cluster.kubectl("apply", "--server-side", "-f", "-", given=strict)
        again = {**broken, "metadata": {**broken["metadata"], "name": "fresh"}}
        for _ in range(50):  # the new schema comes into force a moment after it was written
            if answer(lab, again):
                break
        else:
            pytest.fail("the schema was never in force")
        can_live_on(lab, kind, broken["metadata"]["name"])
    finally:
        cluster.kubectl("delete", "crd", f"searches.{group}", "--wait=false")


@pytest.mark.parametrize("case", VARIANTS)
def test_nothing_that_munshi_writes_is_lost(lab: Cluster, case: str) -> None:
    """An object with every field of its model set comes back as it was written, spec and status."""
    whole = whole_objects()[case]
    whole["metadata"]["name"] = f"whole-{secrets.token_hex(4)}"
    document = {key: value for key, value in whole.items() if key != "status"}
    kept = stored(lab, document, whole["status"])
    assert kept["spec"] == whole["spec"]
    assert kept["status"] == whole["status"]


def test_a_thousand_parameters_are_taken(lab: Cluster) -> None:
    """Far more than anybody tunes; also their change is still judged, within the server's limits."""
    names = [f"p{index:04}" for index in range(1_000)]
    space = {"min": "0.01", "max": "0.05"}
    document = unique(
        {
            "spec.parameters": [
                {"name": name, "parameterType": "double", "feasibleSpace": space} for name in names
            ],
            "spec.trialTemplate.trialParameters": [
                {"name": name, "reference": name} for name in names
            ],
        }
    )
    stored(lab, document, running())
    document["spec"]["parameters"][-1]["feasibleSpace"] = {"min": "0.02", "max": "0.05"}
    assert "spec.parameters: " in answer(lab, document, "replace")


def test_who_owns_a_job_owns_it_whole(lab: Cluster) -> None:
    """`managedFields` names the template of a job, not each field in it: objects stay small."""
    document = unique()
    lab.kubectl("apply", "--server-side", "-f", "-", given=here(document, lab))
    kept = lab.get("experiments", document["metadata"]["name"], "--show-managed-fields")
    [manager] = kept["metadata"]["managedFields"]
    fields = manager["fieldsV1"]["f:spec"]["f:trialTemplate"]["f:trialSpec"]
    assert fields == {}
