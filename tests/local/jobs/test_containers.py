"""One container: argv, environment, limits, and the faults of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from local.jobs.builders import (
    Object,
    a_container,
    a_job,
    a_pod_spec,
    a_tf_job,
    faults,
    of,
    the_run,
)
from munshi.api.wire import Json
from munshi.errors import Invalid
from munshi.local import jobs
from munshi.local.jobs import EmptyDir, Mount, Run, Surroundings

CONFIG = Surroundings(
    config_maps={
        "settings": {
            "EPOCHS": "3",
            "LR": "0.1",
            "odd=name": "x",
            "model.bin": b"\xff",
            "BOOK": "x" * 2**18,
        }
    },
    secrets={"keys": {"TOKEN": b"s3cret"}},
    pod_labels={"katib.kubeflow.org/trial": "trial-1"},
    uid="uid-of-the-trial",
)


def env_of(container: Object) -> dict[str, str]:
    """The environment, with the ConfigMap and the Secret of these tests at hand."""
    return dict(of(container, CONFIG).env)


def test_command_and_args_become_one_argv_exactly_as_written() -> None:
    """Blanks, quotes, shell signs and Korean reach the program untouched."""
    args = ["--title=손글씨 숫자", "a \"b\" 'c'; rm -rf / && echo $HOME", ""]
    container = a_container(command=["python", "train.py"], args=list(args))
    assert of(container).argv == ("python", "train.py", *args)


def test_references_are_expanded_in_command_args_and_later_env_values() -> None:
    """A value sees what stands before it, arguments see everything, escapes are undone."""
    container = a_container(
        command=["$(TOOL)"],
        args=["--out=$(OUT)", "$$(OUT)", "$(NOBODY)"],
        env=[
            {"name": "EARLY", "value": "$(OUT)"},
            {"name": "ROOT", "value": "/data"},
            {"name": "OUT", "value": "$(ROOT)/out"},
            {"name": "TOOL", "value": "train"},
        ],
    )
    run = of(container)
    assert run.argv == ("train", "--out=/data/out", "$(OUT)", "$(NOBODY)")
    assert run.env == (
        ("EARLY", "$(OUT)"), ("ROOT", "/data"), ("OUT", "/data/out"), ("TOOL", "train"),
    )  # fmt: skip


ARGV_FAULTS: dict[str, tuple[Object, str, str]] = {
    "no command: the image's entrypoint is unknown here": (
        {"name": "main"}, "containers[0].command", "write command: in the container",
    ),
    "args alone do not help": (
        {"name": "main", "args": ["--lr=1"]}, "containers[0].command", "args need a program",
    ),
    "an empty command is none": (
        {"name": "main", "command": []}, "containers[0].command", "is empty",
    ),
    "an empty program": (a_container(command=[""]), "containers[0].command[0]", "names no program"),
    "a command that is one string": (
        a_container(command="python train.py"), "containers[0].command", "is not a list",
    ),
    "a number among the args": (
        a_container(args=["--n", 16]), "containers[0].args[1]",
        'quote it as the program shall see it, e.g. "16"',
    ),
    "a truth among the args": (a_container(args=[True]), "containers[0].args[0]", 'e.g. "true"'),
    "a null among the args": (a_container(args=[None]), "containers[0].args[0]", "is null"),
    "a mapping among the args": (
        a_container(args=[{"lr": "1"}]), "containers[0].args[0]", "one piece of text",
    ),
    "a NUL character": (a_container(args=["a\0b"]), "containers[0].args[0]", "NUL"),
    "half of a surrogate pair": (
        a_container(args=["\ud83d"]), "containers[0].args[0]", "surrogate",
    ),
    "an argument no program can be given": (
        a_container(args=["x" * 200_000]), "containers[0].args[0]", "128 KiB",
    ),
    "an argument too long only in bytes": (
        a_container(args=["가" * 50_000]), "containers[0].args[0]", "128 KiB",
    ),
    "a misspelt field": (a_container(arg=["x"]), "containers[0].arg", 'did you mean "args"?'),
    "a field in the wrong case": (
        a_container(workingdir="/x"), "containers[0].workingdir", 'did you mean "workingDir"?',
    ),
    "a relative working directory": (
        a_container(workingDir="src"), "containers[0].workingDir", "not absolute",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ARGV_FAULTS)
def test_argv_faults(case: str) -> None:
    """Each mistake is one fault, at its own place, with its mend."""
    container, path, said = ARGV_FAULTS[case]
    found = faults(a_job(container))
    assert list(found) == [path]
    assert said in found[path]


def test_doubling_variables_cannot_fill_the_memory() -> None:
    """Sixty-four variables that double each other are refused, not built."""
    env: list[Json] = [{"name": "V0", "value": "x"}]
    env += [{"name": f"V{n}", "value": f"$(V{n - 1})" * 2} for n in range(1, 65)]
    found = faults(a_job(a_container(env=env)))
    assert "128 KiB" in found["containers[0].env[17].value"]


def test_all_faults_are_told_at_once() -> None:
    """Faults of command, args, env, volumes and limits arrive together."""
    container = a_container(
        command=["train", 1],
        args="--lr",
        env=[{"value": "x"}, {"name": "N", "value": 3}],
        volumeMounts=[{"name": "nowhere", "mountPath": "/d"}],
        resources={"limits": {"memory": "lots"}},
    )
    assert set(faults(a_job(container))) == {
        "containers[0].command[1]",
        "containers[0].args",
        "containers[0].env[0].name",
        "containers[0].env[1].value",
        "containers[0].volumeMounts[0].name",
        "containers[0].resources.limits.memory",
    }


def test_later_variables_win_and_env_wins_over_env_from() -> None:
    """Each name appears once; the value is the one Kubernetes would give."""
    container = a_container(
        envFrom=[
            {"configMapRef": {"name": "settings"}, "prefix": "CFG_"},
            {"secretRef": {"name": "keys"}},
        ],
        env=[
            {"name": "TOKEN", "value": "mine"},
            {"name": "N", "value": "1"},
            {"name": "N", "value": "$(N)2"},
        ],
    )
    here = Surroundings(config_maps={"settings": {"A": "$(N)"}}, secrets=CONFIG.secrets)
    assert dict(of(container, here).env) == {"CFG_A": "$(N)", "TOKEN": "mine", "N": "12"}


def test_values_from_config_maps_and_secrets() -> None:
    """Single keys come as text; an optional one that is missing leaves the variable unset."""
    container = a_container(
        env=[
            {"name": "E", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "EPOCHS"}}},
            {"name": "T", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "TOKEN"}}},
            {
                "name": "GONE",
                "valueFrom": {
                    "configMapKeyRef": {"name": "settings", "key": "x", "optional": True}
                },
            },
            {
                "name": "LOST",
                "valueFrom": {"secretKeyRef": {"name": "none", "key": "x", "optional": True}},
            },
        ]
    )
    assert env_of(container) == {"E": "3", "T": "s3cret"}


FIELD_REFS = {
    "metadata.name": "trial-1",
    "metadata.namespace": "lab",
    "metadata.uid": "uid-of-the-trial",
    "metadata.labels['katib.kubeflow.org/trial']": "trial-1",
    "metadata.labels['batch.kubernetes.io/job-name']": "trial-1",
    "metadata.labels['missing']": "",
    "metadata.annotations['missing']": "",
    "status.podIP": "127.0.0.1",
    "status.hostIPs": "127.0.0.1",
    "spec.nodeName": "localhost",
    "spec.serviceAccountName": "default",
}


@pytest.mark.parametrize("path", FIELD_REFS)
def test_a_program_can_ask_about_its_pod(path: str) -> None:
    """Facts that follow from the job, or from this machine, are answered."""
    source: Json = {"fieldRef": {"fieldPath": path}}
    assert env_of(a_container(env=[{"name": "X", "valueFrom": source}])) == {"X": FIELD_REFS[path]}


def test_a_tf_jobs_pod_is_named_and_labelled_as_its_operator_does() -> None:
    """Name, role and index of the only worker."""
    paths = {
        "NAME": "metadata.name",
        "ROLE": "metadata.labels['training.kubeflow.org/job-role']",
        "TYPE": "metadata.labels['training.kubeflow.org/replica-type']",
    }
    env: Json = [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in paths.items()
    ]
    worker: Object = {
        "template": {"spec": {"containers": [a_container(name="tensorflow", env=env)]}}
    }
    run = jobs.read(a_tf_job({"worker": worker}), "tensorflow")
    assert run.primary_container.env == (
        ("NAME", "trial-1-worker-0"), ("ROLE", "master"), ("TYPE", "worker"),
    )  # fmt: skip


RESOURCES: dict[str, tuple[Object, str]] = {
    "cpu rounds up to whole cores": ({"resource": "limits.cpu"}, "2"),
    "cpu in thousandths": ({"resource": "limits.cpu", "divisor": "1m"}, "1500"),
    "memory in bytes": ({"resource": "limits.memory"}, str(2**30)),
    "memory in mebibytes": ({"resource": "limits.memory", "divisor": "1Mi"}, "1024"),
    "a request that is not written is the limit": ({"resource": "requests.memory"}, str(2**30)),
    "a request of its own": ({"resource": "requests.cpu"}, "1"),
}


@pytest.mark.parametrize("case", RESOURCES)
def test_a_program_can_ask_for_its_limits(case: str) -> None:
    """In units of the divisor, rounded up."""
    ref, wanted = RESOURCES[case]
    container = a_container(
        resources={"limits": {"cpu": "1500m", "memory": "1Gi"}, "requests": {"cpu": "0.1"}},
        env=[{"name": "X", "valueFrom": {"resourceFieldRef": ref}}],
    )
    assert env_of(container) == {"X": wanted}


ENV_FAULTS: dict[str, tuple[Json, str, str]] = {
    "env written as a mapping": ({"A": "1"}, "env", "list of `- name"),
    "no name": ([{"value": "1"}], "env[0].name", "is missing"),
    "an equals sign in the name": ([{"name": "A=B"}], "env[0].name", "equals"),
    "a number": ([{"name": "A", "value": 1}], "env[0].value", 'e.g. "1"'),
    "value and valueFrom": (
        [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "env[0]", "keep one",
    ),
    "no source": ([{"name": "A", "valueFrom": {}}], "env[0].valueFrom", "exactly one source"),
    "a source of a newer Kubernetes": (
        [{"name": "A", "valueFrom": {"fileKeyRef": {"key": "x"}}}],
        "env[0].valueFrom.fileKeyRef", "write the value itself",
    ),
    "a field nobody has": (
        [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.nmae"}}}],
        "env[0].valueFrom.fieldRef.fieldPath", 'did you mean "metadata.name"?',
    ),
    "whole label maps, which only files may ask": (
        [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels"}}}],
        "env[0].valueFrom.fieldRef.fieldPath", "not a field",
    ),
    "a limit nobody set": (
        [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}],
        "resources.limits.cpu", "set it",
    ),
    "a resource nobody knows": (
        [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.gpu"}}}],
        "env[0].valueFrom.resourceFieldRef.resource", "did you mean",
    ),
    "a limit of a container nobody has": (
        [{"name": "A", "valueFrom": {
            "resourceFieldRef": {"resource": "limits.cpu", "containerName": "x"},
        }}],
        "env[0].valueFrom.resourceFieldRef.containerName", "no container",
    ),
    "an unknown ConfigMap": (
        [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "k"}}}],
        "env[0].valueFrom.configMapKeyRef.name", "optional: true",
    ),
    "an unknown key": (
        [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "EPOCH"}}}],
        "env[0].valueFrom.configMapKeyRef.key", 'did you mean "EPOCHS"?',
    ),
    "an entry longer than a variable": (
        [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "BOOK"}}}],
        "env[0].valueFrom.configMapKeyRef", "mount it as a file",
    ),
    "bytes that are no text": (
        [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "model.bin"}}}],
        "env[0].valueFrom.configMapKeyRef", "not UTF-8",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENV_FAULTS)
def test_env_faults(case: str) -> None:
    """Each mistake is one fault, at its own place, with its mend."""
    env, path, said = ENV_FAULTS[case]
    found = faults(a_job(a_container(env=env)), here=CONFIG)
    assert list(found) == [f"containers[0].{path}"]
    assert said in found[f"containers[0].{path}"]


def test_a_name_that_nobody_can_print_is_a_fault() -> None:
    """Half a surrogate pair in a label's name is told, not carried along."""
    job = a_job()
    job["spec"] = {"template": {"metadata": {"labels": {"\ud800": "x"}}, "spec": a_pod_spec()}}
    assert "whole characters" in faults(job)["spec.template.metadata.labels"]


def test_a_uid_that_nobody_knows_is_a_fault() -> None:
    """The mend is to write the value."""
    source: Json = {"fieldRef": {"fieldPath": "metadata.uid"}}
    found = faults(a_job(a_container(env=[{"name": "X", "valueFrom": source}])))
    assert "write the value itself" in found["containers[0].env[0].valueFrom.fieldRef.fieldPath"]


def test_limits_deadline_and_grace_are_read() -> None:
    """Memory in bytes, cpu in cores; the shorter deadline wins."""
    container = a_container(resources={"limits": {"memory": "1Gi", "cpu": "500m"}})
    pod: Object = {"activeDeadlineSeconds": 60, "terminationGracePeriodSeconds": 5}
    run = jobs.read(a_job(container, pod=pod, activeDeadlineSeconds=90), "main")
    limits = run.primary_container.limits
    assert (limits.memory_bytes, limits.cpu) == (2**30, 0.5)
    assert run.active_deadline == timedelta(seconds=60)
    assert run.termination_grace == timedelta(seconds=5)


def test_what_only_matters_on_a_cluster_is_passed_over() -> None:
    """Images, pulls, probes, security and node choice change nothing and need no note."""
    container = a_container(
        image="ghcr.io/example/train:1", imagePullPolicy="Always", securityContext={"runAsUser": 0},
        livenessProbe={"exec": {}}, ports=[{"containerPort": 80}], tty=True,
    )  # fmt: skip
    run = the_run(container, nodeSelector={"a": "b"}, tolerations=[], serviceAccountName="x")
    assert run.notes == ()
    assert run.primary_container.image == "ghcr.io/example/train:1"


def test_devices_sidecars_and_hooks_are_left_out_with_a_note() -> None:
    """What is missing here is told, one sentence each, and the program still runs."""
    container = a_container(
        resources={"limits": {"nvidia.com/gpu": 1, "amd.com/gpu": "0"}},
        lifecycle={"postStart": {"exec": {"command": ["x"]}}},
    )
    job = a_job(
        {"name": "istio-proxy"},
        container,
        pod={"initContainers": [{"name": "logs", "restartPolicy": "Always"}]},
    )
    run = jobs.read(job, "main")
    told = ("istio-proxy", "logs", "nvidia.com/gpu", "hooks")
    for name, note in zip(told, run.notes, strict=True):
        assert name in note
    (replica,) = run.replicas
    assert (replica.container.name, replica.inits) == ("main", ())


def test_init_containers_are_read_in_full_and_in_order() -> None:
    """Command, variables and folders of their own; emptyDirs are shared by name."""
    inits: Json = [
        a_container(
            name="fetch",
            args=["$(URL)"],
            env=[{"name": "URL", "value": "https://x"}],
            volumeMounts=[{"name": "work", "mountPath": "/download"}],
        ),
        {"name": "proxy", "restartPolicy": "Always"},
        a_container(name="unpack", workingDir="/tmp"),
    ]
    container = a_container(volumeMounts=[{"name": "work", "mountPath": "/data"}])
    pod: Object = {"initContainers": inits, "volumes": [{"name": "work", "emptyDir": {}}]}
    run = jobs.read(a_job(container, pod=pod), "main")
    (replica,) = run.replicas
    fetch, unpack = replica.inits
    assert (fetch.name, fetch.argv, fetch.env) == (
        "fetch", ("train", "https://x"), (("URL", "https://x"),),
    )  # fmt: skip
    assert (unpack.name, unpack.working_dir, unpack.env) == ("unpack", "/tmp", ())
    assert fetch.mounts == (Mount("/download", EmptyDir("work")),)
    assert replica.container.mounts == (Mount("/data", EmptyDir("work")),)
    assert "proxy" in run.notes[0]


def test_faults_of_init_containers_are_told_at_their_places() -> None:
    """All at once, the main container's beside them; two may not share a name."""
    inits: Json = [{"name": "a"}, {"name": "b", "command": ["x", 1]}, {"command": ["x"]}]
    assert set(faults(a_job(a_container(args=[2]), pod={"initContainers": inits}))) == {
        "initContainers[0].command",
        "initContainers[1].command[1]",
        "initContainers[2].name",
        "containers[0].args[0]",
    }
    twice: Json = [a_container(name="a"), a_container(name="a")]
    found = faults(a_job(pod={"initContainers": twice}))
    assert "another init container" in found["initContainers[1].name"]


def test_an_indexed_jobs_init_containers_know_the_index_too() -> None:
    """The Job's controller tells all containers of the pod."""
    job = a_job(completionMode="Indexed", pod={"initContainers": [a_container(name="a")]})
    (replica,) = jobs.read(job, "main").replicas
    assert replica.inits[0].env == (("JOB_COMPLETION_INDEX", "0"),)


IMAGES: dict[str, tuple[Object, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "nothing said: the image's own program": ({}, (), (), ()),
    "args alone keep the image's program": ({"args": ["--lr=1"]}, (), ("--lr=1",), ()),
    "a command replaces it": ({"command": ["train"]}, ("train",), (), ("train",)),
    "both": (
        {"command": ["train"], "args": ["--lr=1"]}, ("train",), ("--lr=1",), ("train", "--lr=1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IMAGES)
def test_where_images_run_a_command_may_be_missing(case: str) -> None:
    """The words are kept as the runtime needs them; `argv` is empty when only the image knows it."""
    fields, command, args, argv = IMAGES[case]
    run = of({"name": "main", "image": "train:1", **fields}, Surroundings(images=True))
    assert (run.command, run.args, run.argv, run.image) == (command, args, argv, "train:1")


def test_where_images_run_every_container_must_name_one() -> None:
    """Init containers too."""
    job = a_job({"name": "main"}, pod={"initContainers": [a_container(name="a", image="")]})
    found = faults(job, here=Surroundings(images=True))
    assert {place: said.split(";")[0] for place, said in found.items()} == {
        "containers[0].image": "is missing", "initContainers[0].image": "is empty",
    }  # fmt: skip


def test_the_primary_container_must_be_there() -> None:
    """The message lists those that are."""
    job = a_job(a_container(), a_container(name="other"))
    found = faults(job, primary="training-container")
    assert "(there are: main, other)" in found["containers"]
    assert jobs.read(job, "other").primary_container.name == "other"


def test_without_a_name_the_first_container_is_the_primary_one() -> None:
    """As in v1alpha3, where the template does not say."""
    assert jobs.read(a_job(a_container(name="trial-1")), "").primary_container.name == "trial-1"


def test_two_containers_of_one_name_are_a_fault() -> None:
    """Nobody could tell which is meant."""
    assert "another container" in faults(a_job(a_container(), a_container()))["containers[1].name"]


SHAPES: dict[str, Json] = {
    "a list": [1],
    "text": "x",
    "a number": 7,
    "a truth": True,
    "a list of lists": [[[]]],
    "a mapping of odd things": {"name": 1, "command": 2, "env": 3, "volumeMounts": {"a": 1}},
    "a list of odd mappings": [{"name": [], "env": [[]], "valueFrom": 1, "mountPath": {}}],
}
PLACES = (
    "metadata", "spec", "spec.template", "spec.template.spec", "spec.template.spec.containers",
    "spec.template.spec.volumes", "spec.template.spec.initContainers",
    "spec.template.metadata", "spec.activeDeadlineSeconds", "spec.suspend", "spec.completionMode",
    "spec.template.spec.restartPolicy", "spec.template.spec.containers.0",
    "spec.template.spec.containers.0.env", "spec.template.spec.containers.0.envFrom",
    "spec.template.spec.containers.0.resources", "spec.template.spec.containers.0.volumeMounts",
    "spec.template.spec.containers.0.command",
)  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("place", PLACES)
def test_no_shape_of_value_anywhere_breaks_the_reader(place: str, shape: str) -> None:
    """Odd values are faults or are passed over; never another exception."""
    job: Any = a_job()
    *way, last = (int(step) if step.isdecimal() else step for step in place.split("."))
    here = job
    for step in way:
        here = here[step]
    here[last] = SHAPES[shape]
    outcome: Run | Invalid
    try:
        outcome = jobs.read(job, "main")
    except Invalid as refused:
        outcome = refused
    told = outcome.notes if isinstance(outcome, Run) else [str(one) for one in outcome.faults]
    assert all(len(sentence) > 10 for sentence in told)
