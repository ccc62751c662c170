"""Every rule of admission: what is refused, at which field, and with which word."""

from __future__ import annotations

import pytest

from admission.builders import GO_TEXT, GONE, changed, faults

T = "spec.trialTemplate"
POD = f"{T}.trialSpec.spec.template.spec"
C = f"{POD}.containers.0"
CM = {"configMapName": "templates", "configMapNamespace": "lab", "templatePath": "job.yaml"}
GO = {f"{T}.trialSpec": GONE, f"{T}.trialParameters": GONE}
FILE = "spec.metricsCollectorSpec"
EXTRA = {"name": "x", "parameterType": "double", "feasibleSpace": {"min": "1", "max": "2"}}

REFUSED: dict[str, tuple[dict[str, object], str, str]] = {
    "a name of 41 characters": ({"metadata.name": "a" * 41}, "metadata.name", "at most 40"),
    "a name that begins with a digit": ({"metadata.name": "1a"}, "metadata.name", "letter"),
    "a name in upper case": ({"metadata.name": "Tune"}, "metadata.name", "lower-case"),
    "a name with a dot behind a good start": (
        {"metadata.name": "aB_.c"},
        "metadata.name",
        '"ab-c"',
    ),
    "a name that ends with a dash": ({"metadata.name": "a-"}, "metadata.name", '"a"'),
    "a name with a newline at its end": ({"metadata.name": "a\n"}, "metadata.name", "takes"),
    "a Korean name": ({"metadata.name": "학습률"}, "metadata.name", "Kubernetes restricts"),
    "no name at all": ({"metadata.name": GONE}, "metadata.name", "missing"),
    "a namespace with a dot": ({"metadata.namespace": "a.b"}, "metadata.namespace", '"a-b"'),
    "fewer than no failures": ({"spec.maxFailedTrialCount": -1}, "spec.maxFailedTrialCount", "-1"),
    "no trials": (
        {"spec.maxTrialCount": 0},
        "spec.maxTrialCount",
        "0 is below 1",
    ),
    "no parallel trials": ({"spec.parallelTrialCount": 0}, "spec.parallelTrialCount", "below 1"),
    "a count beyond 32 bits": ({"spec.maxTrialCount": 2**31}, "spec.maxTrialCount", "too great"),
    "more failures than trials": (
        {"spec.maxFailedTrialCount": 7},
        "spec.maxFailedTrialCount",
        "above maxTrialCount 6",
    ),
    "more at once than in all, when the author says so": (
        {"spec.parallelTrialCount": 7},
        "spec.parallelTrialCount",
        "raise maxTrialCount",
    ),
    "no objective": ({"spec.objective": GONE}, "spec.objective", "missing"),
    "no direction": ({"spec.objective.type": GONE}, "spec.objective.type", "minimize"),
    "no objective metric": (
        {"spec.objective.objectiveMetricName": ""},
        "spec.objective.objectiveMetricName",
        "missing",
    ),
    "the objective among the additional metrics": (
        {"spec.objective.additionalMetricNames": ["loss", "accuracy"]},
        "spec.objective.additionalMetricNames[1]",
        "already",
    ),
    "an algorithm without name": (
        {"spec.algorithm.algorithmName": ""},
        "spec.algorithm.algorithmName",
        "missing",
    ),
    "a misspelt algorithm": (
        {"spec.algorithm.algorithmName": "tpee"},
        "spec.algorithm.algorithmName",
        'did you mean "tpe"?',
    ),
    "an algorithm that is planned": (
        {"spec.algorithm.algorithmName": "pbt"},
        "spec.algorithm.algorithmName",
        "not available in this version",
    ),
    "a setting that the algorithm does not know": (
        {"spec.algorithm.algorithmSettings": [{"name": "random_stat", "value": "1"}]},
        "spec.algorithm.algorithmSettings[0].name",
        "random_state",
    ),
    "a setting out of its limits": (
        {"spec.algorithm.algorithmSettings": [{"name": "random_state", "value": "-1"}]},
        "spec.algorithm.algorithmSettings[0].value",
        '"-1"',
    ),
    "a setting written twice": (
        {"spec.algorithm.algorithmSettings": [{"name": "random_state", "value": "1"}] * 2},
        "spec.algorithm.algorithmSettings[1].name",
        "twice",
    ),
    "grid over a continuum": (
        {"spec.algorithm.algorithmName": "grid"},
        "spec.algorithm",
        "step",
    ),
    "early stopping without a name": (
        {"spec.earlyStopping": {"algorithmSettings": []}},
        "spec.earlyStopping.algorithmName",
        "known: medianstop",
    ),
    "a misspelt early stopping": (
        {"spec.earlyStopping": {"algorithmName": "median"}},
        "spec.earlyStopping.algorithmName",
        'did you mean "medianstop"?',
    ),
    "a setting that early stopping does not know": (
        {
            "spec.earlyStopping": {
                "algorithmName": "medianstop",
                "algorithmSettings": [{"name": "start_stp", "value": "4"}],
            }
        },
        "spec.earlyStopping.algorithmSettings[0].name",
        'did you mean "start_step"?',
    ),
    "a setting of early stopping out of its limits": (
        {
            "spec.earlyStopping": {
                "algorithmName": "medianstop",
                "algorithmSettings": [
                    {"name": "start_step", "value": "4"},
                    {"name": "min_trials_required", "value": "0"},
                ],
            }
        },
        "spec.earlyStopping.algorithmSettings[1].value",
        "leave it out for 3",
    ),
    "a setting of early stopping written twice": (
        {
            "spec.earlyStopping": {
                "algorithmName": "medianstop",
                "algorithmSettings": [
                    {"name": "start_step", "value": "4"},
                    {"name": "start_step", "value": "5"},
                ],
            }
        },
        "spec.earlyStopping.algorithmSettings[1].name",
        "twice",
    ),
    "a setting of early stopping without a name": (
        {
            "spec.earlyStopping": {
                "algorithmName": "medianstop",
                "algorithmSettings": [{"value": "4"}],
            }
        },
        "spec.earlyStopping.algorithmSettings[0].name",
        "name the setting",
    ),
    "early stopping in the older place": (
        {"spec.algorithm.earlyStopping": {"earlyStoppingAlgorithmName": "medianstop"}},
        "spec.algorithm.earlyStopping",
        "move it to spec.earlyStopping",
    ),
    "early stopping in the older spelling": (
        {
            "apiVersion": "kubeflow.org/v1alpha3",
            "spec.algorithm.earlyStopping": {
                "earlyStoppingAlgorithmName": "medianstop",
                "earlyStoppingSettings": [{"name": "start_step", "value": "soon"}],
            },
        },
        "spec.algorithm.earlyStopping.earlyStoppingSettings[0].value",
        "a whole number of at least 1",
    ),
    "a misspelt early stopping in the older spelling": (
        {
            "apiVersion": "kubeflow.org/v1alpha3",
            "spec.algorithm.earlyStopping": {"earlyStoppingAlgorithmName": "median"},
        },
        "spec.algorithm.earlyStopping.earlyStoppingAlgorithmName",
        "medianstop",
    ),
    "architecture search beside parameters": (
        {"spec.nasConfig": {"graphConfig": {"numLayers": 3}}},
        "spec.nasConfig",
        "not in this version",
    ),
    "an unknown resume policy": ({"spec.resumePolicy": "Always"}, "spec.resumePolicy", "Never"),
    "a range upside down": (
        {"spec.parameters.0.feasibleSpace.min": "1"},
        "spec.parameters[0].feasibleSpace.min",
        "above max",
    ),
    "a list for a double": (
        {"spec.parameters.0.feasibleSpace.list": ["1"]},
        "spec.parameters[0].feasibleSpace.list",
        "double",
    ),
    "a parameter of unknown type": (
        {"spec.parameters.0.parameterType": "float"},
        "spec.parameters[0].parameterType",
        '"float"',
    ),
    "a parameter that no placeholder shows": (
        {"spec.parameters.2": EXTRA},
        "spec.parameters[2]",
        "add a trialParameter that references x",
    ),
    "no template": ({T: GONE}, T, "missing"),
    "two templates": ({f"{T}.configMap": CM}, T, "trialSpec and configMap"),
    "a trialTemplate without template": ({f"{T}.trialSpec": GONE}, T, "no template"),
    "no primary container": (
        {f"{T}.primaryContainerName": GONE},
        f"{T}.primaryContainerName",
        "main",
    ),
    "a primary container that the Job does not have": (
        {f"{T}.primaryContainerName": "mian"},
        f"{T}.primaryContainerName",
        'did you mean "main"?',
    ),
    "a kind without conditions": (
        {f"{T}.trialSpec.kind": "Workflow"},
        f"{T}.successCondition",
        "kind Workflow has no default",
    ),
    "a condition that cannot be met": (
        {f"{T}.successCondition": "status.succeeded==1"},
        f"{T}.successCondition",
        "status.succeeded==1",
    ),
    "a trialParameter without name": (
        {f"{T}.trialParameters.2": {"name": "", "reference": "lr"}},
        f"{T}.trialParameters[2].name",
        "missing",
    ),
    "a trialParameter with a brace": (
        {f"{T}.trialParameters.2": {"name": "a}", "reference": "lr"}},
        f"{T}.trialParameters[2].name",
        "brace",
    ),
    "a trialParameter without reference": (
        {f"{T}.trialParameters.1.reference": ""},
        f"{T}.trialParameters[1].reference",
        "missing",
    ),
    "two trialParameters of one name": (
        {f"{T}.trialParameters.2": {"name": "rate", "reference": "lr"}},
        f"{T}.trialParameters[2].name",
        "already",
    ),
    "a reference to no parameter": (
        {f"{T}.trialParameters.1.reference": "layer"},
        f"{T}.trialParameters[1].reference",
        'did you mean "layers"?',
    ),
    "a reference to an unknown fact of the trial": (
        {f"{T}.trialParameters.1.reference": "${trialSpec.Nam}"},
        f"{T}.trialParameters[1].reference",
        "${trialSpec.Name}",
    ),
    "a reference to a label that is not written": (
        {f"{T}.trialParameters.1.reference": "${trialSpec.Labels[team]}"},
        f"{T}.trialParameters[1].reference",
        "team",
    ),
    "a trialParameter that stands nowhere": (
        {f"{T}.trialParameters.2": {"name": "more", "reference": "lr"}},
        f"{T}.trialParameters[2].name",
        "stands nowhere",
    ),
    "a placeholder that is misspelt": (
        {f"{C}.args": ["${trialParameters.rat}"]},
        f"{T}.trialSpec.spec.template.spec.containers[0].args[0]",
        'did you mean "rate"?',
    ),
    "a template with a name": (
        {f"{T}.trialSpec.metadata": {"name": "mine"}},
        f"{T}.trialSpec.metadata.name",
        "mine",
    ),
    "a template with a namespace": (
        {f"{T}.trialSpec.metadata": {"namespace": "lab"}},
        f"{T}.trialSpec.metadata.namespace",
        "remove",
    ),
    "a template without kind": ({f"{T}.trialSpec.kind": GONE}, f"{T}.trialSpec.kind", "missing"),
    "a misspelt field of a Job": (
        {f"{T}.trialSpec.spec.backoffLimt": 0},
        f"{T}.trialSpec.spec.backoffLimt",
        'did you mean "backoffLimit"?',
    ),
    "a misspelt field of a pod": (
        {f"{POD}.restartPolcy": "Never"},
        f"{POD}.restartPolcy",
        "restartPolicy",
    ),
    "a misspelt field of a container": (
        {f"{C}.comand": []},
        f"{POD}.containers[0].comand",
        "command",
    ),
    "a number among a container's words": (
        {f"{C}.args": ["--epochs", 5]},
        f"{POD}.containers[0].args[1]",
        'put it in quotes: "5"',
    ),
    "a true among the environment": (
        {f"{C}.env": [{"name": "DEBUG", "value": True}]},
        f"{POD}.containers[0].env[0].value",
        '"true"',
    ),
    "containers that are no list": (
        {f"{POD}.containers": {}},
        f"{POD}.containers",
        "a list is wanted",
    ),
    "a Job without containers": ({f"{POD}.containers": []}, f"{POD}.containers", "empty"),
    "a ConfigMap that does not exist": (
        {f"{T}.trialSpec": GONE, f"{T}.configMap": {**CM, "configMapName": "other"}},
        f"{T}.configMap.configMapName",
        '"lab/other"',
    ),
    "a key that the ConfigMap does not have": (
        {f"{T}.trialSpec": GONE, f"{T}.configMap": {**CM, "templatePath": "job.yml"}},
        f"{T}.configMap.templatePath",
        "job.yaml",
    ),
    "a ConfigMap without namespace": (
        {f"{T}.trialSpec": GONE, f"{T}.configMap": {**CM, "configMapNamespace": ""}},
        f"{T}.configMap.configMapNamespace",
        "missing",
    ),
    "a goTemplate with an unclosed block": (
        {**GO, f"{T}.goTemplate": {"rawTemplate": GO_TEXT.removesuffix("        {{- end}}\n")}},
        f"{T}.goTemplate.rawTemplate",
        "{{- end}}",
    ),
    "a goTemplate with an unknown field": (
        {**GO, f"{T}.goTemplate": {"rawTemplate": GO_TEXT.replace("NameSpace", "Namespace")}},
        f"{T}.goTemplate.rawTemplate",
        "NameSpace",
    ),
    "a goTemplate that names every trial alike": (
        {
            **GO,
            f"{T}.goTemplate": {"rawTemplate": GO_TEXT.replace("name: {{.Trial}}", "name: a", 1)},
        },
        f"{T}.goTemplate.rawTemplate",
        "{{.Trial}}",
    ),
    "a goTemplate that a value breaks": (
        {
            **GO,
            f"{T}.goTemplate": {"rawTemplate": GO_TEXT.replace("}}=", "}}{{len .Value}}=")},
            "spec.parameters.2": {
                "name": "say",
                "parameterType": "categorical",
                "feasibleSpace": {"list": ["hello", 'he said "hi"']},
            },
        },
        f"{T}.goTemplate.rawTemplate",
        "hi",
    ),
    "a goTemplate without template": (
        {**GO, f"{T}.goTemplate": {}},
        f"{T}.goTemplate",
        "no template",
    ),
    "an unknown collector": (
        {f"{FILE}.collector.kind": "Stdout "},
        f"{FILE}.collector.kind",
        "StdOut",
    ),
    "v1alpha3's None in v1beta1": (
        {f"{FILE}.collector.kind": "None"},
        f"{FILE}.collector.kind",
        "Push",
    ),
    "a File collector of a directory": (
        {f"{FILE}.collector.kind": "File", f"{FILE}.source.fileSystemPath": {"kind": "Directory"}},
        f"{FILE}.source.fileSystemPath.kind",
        "File is wanted",
    ),
    "a relative path": (
        {f"{FILE}.collector.kind": "File", f"{FILE}.source.fileSystemPath": {"path": "out.log"}},
        f"{FILE}.source.fileSystemPath.path",
        "absolute",
    ),
    "a path that goes upwards": (
        {f"{FILE}.collector.kind": "File", f"{FILE}.source.fileSystemPath": {"path": "/a/../b"}},
        f"{FILE}.source.fileSystemPath.path",
        "..",
    ),
    "a path with NUL": (
        {f"{FILE}.collector.kind": "File", f"{FILE}.source.fileSystemPath": {"path": "/a\0"}},
        f"{FILE}.source.fileSystemPath.path",
        "NUL",
    ),
    "event files with a format": (
        {
            f"{FILE}.collector.kind": "TensorFlowEvent",
            f"{FILE}.source.fileSystemPath": {"path": "/train", "format": "TEXT"},
        },
        f"{FILE}.source.fileSystemPath.format",
        "TensorFlow",
    ),
    "a filter for JSON": (
        {
            f"{FILE}.collector.kind": "File",
            f"{FILE}.source": {
                "fileSystemPath": {"format": "JSON"},
                "filter": {"metricsFormat": ["(a)(b)"]},
            },
        },
        f"{FILE}.source.filter",
        "JSON",
    ),
    "a filter with one group, also for standard output": (
        {f"{FILE}.source.filter.metricsFormat": ["(a)b"]},
        f"{FILE}.source.filter.metricsFormat[0]",
        "two",
    ),
    "a filter that is no regular expression": (
        {f"{FILE}.source.filter.metricsFormat": ["(a"]},
        f"{FILE}.source.filter.metricsFormat[0]",
        "(a",
    ),
    "a Custom collector without container": (
        {f"{FILE}.collector.kind": "Custom"},
        f"{FILE}.collector.customCollector",
        "missing",
    ),
    "a port that is none": (
        {f"{FILE}.collector.kind": "PrometheusMetric", f"{FILE}.source.httpGet.port": 0},
        f"{FILE}.source.httpGet.port",
        '"0"',
    ),
    "a document of another kind": ({"kind": "Trial"}, "kind", "not an Experiment"),
    "an empty additional metric": (
        {"spec.objective.additionalMetricNames": [" "]},
        "spec.objective.additionalMetricNames[0]",
        "empty",
    ),
    "no parameters": ({"spec.parameters": []}, "spec.parameters", "at least one"),
    "a setting without name": (
        {"spec.algorithm.algorithmSettings": [{"value": "1"}]},
        "spec.algorithm.algorithmSettings[0].name",
        "missing",
    ),
    "a parameter without name": (
        {"spec.parameters.0.name": ""},
        "spec.parameters[0].name",
        "give the parameter a name",
    ),
    "two parameters of one name": (
        {"spec.parameters.1.name": "lr"},
        "spec.parameters[1].name",
        "parameters[0]",
    ),
    "a parameter without type": (
        {"spec.parameters.0.parameterType": GONE},
        "spec.parameters[0].parameterType",
        "double",
    ),
    "a parameter of the type unknown": (
        {"spec.parameters.0.parameterType": "unknown"},
        "spec.parameters[0].parameterType",
        "unknown",
    ),
    "a range without minimum": (
        {"spec.parameters.0.feasibleSpace.min": GONE},
        "spec.parameters[0].feasibleSpace.min",
        "missing",
    ),
    "a bound that is no number": (
        {"spec.parameters.0.feasibleSpace.max": "ten"},
        "spec.parameters[0].feasibleSpace.max",
        '"ten"',
    ),
    "a step that is no number": (
        {"spec.parameters.0.feasibleSpace.step": "small"},
        "spec.parameters[0].feasibleSpace.step",
        '"small"',
    ),
    "a step of nothing": (
        {"spec.parameters.0.feasibleSpace.step": "0"},
        "spec.parameters[0].feasibleSpace.step",
        "above 0",
    ),
    "a step too small for doubles": (
        {"spec.parameters.0.feasibleSpace.step": "1e-300"},
        "spec.parameters[0].feasibleSpace.step",
        "too small",
    ),
    "a logarithm of nothing": (
        {
            "spec.parameters.0.feasibleSpace": {
                "min": "0",
                "max": "1",
                "distribution": "logUniform",
            }
        },
        "spec.parameters[0].feasibleSpace.min",
        "logarithm",
    ),
    "an unknown distribution": (
        {"spec.parameters.0.feasibleSpace.distribution": "gaussian"},
        "spec.parameters[0].feasibleSpace.distribution",
        "normal",
    ),
    "a list without entries": (
        {"spec.parameters.0": {**EXTRA, "parameterType": "categorical", "feasibleSpace": {}}},
        "spec.parameters[0].feasibleSpace.list",
        "at least one",
    ),
    "a list with a minimum": (
        {
            "spec.parameters.0": {
                **EXTRA,
                "parameterType": "categorical",
                "feasibleSpace": {"min": "1", "list": ["a"]},
            }
        },
        "spec.parameters[0].feasibleSpace.min",
        "does not apply",
    ),
    "a word among discrete numbers": (
        {
            "spec.parameters.0": {
                **EXTRA,
                "parameterType": "discrete",
                "feasibleSpace": {"list": ["1", "two"]},
            }
        },
        "spec.parameters[0].feasibleSpace.list[1]",
        "categorical",
    ),
    "a discrete number twice": (
        {
            "spec.parameters.0": {
                **EXTRA,
                "parameterType": "discrete",
                "feasibleSpace": {"list": ["1", "1.0"]},
            }
        },
        "spec.parameters[0].feasibleSpace.list[1]",
        "same number",
    ),
    "an entry twice": (
        {
            "spec.parameters.0": {
                **EXTRA,
                "parameterType": "categorical",
                "feasibleSpace": {"list": ["a", "a"]},
            }
        },
        "spec.parameters[0].feasibleSpace.list[1]",
        "twice",
    ),
    "an entry with a NUL character": (
        {
            "spec.parameters.0": {
                **EXTRA,
                "parameterType": "categorical",
                "feasibleSpace": {"list": ["a\0b"]},
            }
        },
        "spec.parameters[0].feasibleSpace.list[0]",
        "NUL",
    ),
    "an entry longer than any argument": (
        {
            "spec.parameters.0": {
                **EXTRA,
                "parameterType": "categorical",
                "feasibleSpace": {"list": ["한" * 43_691]},
            }
        },
        "spec.parameters[0].feasibleSpace.list[0]",
        "131,073 bytes",
    ),
    "a Job without pod": (
        {f"{T}.trialSpec.spec": {}},
        f"{T}.trialSpec.spec.template",
        "missing",
    ),
    "a container that is a word": (
        {f"{C}": "main"},
        f"{POD}.containers[0]",
        "an object is wanted",
    ),
    "an object among a container's words": (
        {f"{C}.args": [{"lr": 1}]},
        f"{POD}.containers[0].args[0]",
        "text is wanted",
    ),
    "a ConfigMap whose text is no YAML": (
        {f"{T}.trialSpec": GONE, f"{T}.configMap": {**CM, "templatePath": "broken.yaml"}},
        f"{T}.configMap.templatePath",
        "not YAML",
    ),
    "a ConfigMap whose text is a list": (
        {f"{T}.trialSpec": GONE, f"{T}.configMap": {**CM, "templatePath": "list.yaml"}},
        f"{T}.configMap.templatePath",
        "not an object",
    ),
    "a ConfigMap whose Job is misspelt": (
        {f"{T}.trialSpec": GONE, f"{T}.configMap": {**CM, "templatePath": "misspelt.yaml"}},
        f"{T}.configMap.templatePath",
        "restartPolicy",
    ),
    "a File collector of the whole file system": (
        {f"{FILE}.collector.kind": "File", f"{FILE}.source.fileSystemPath": {"path": "/"}},
        f"{FILE}.source.fileSystemPath.path",
        "whole file system",
    ),
    "a File collector of a path that ends with a slash": (
        {f"{FILE}.collector.kind": "File", f"{FILE}.source.fileSystemPath": {"path": "/logs/"}},
        f"{FILE}.source.fileSystemPath.path",
        "name the file",
    ),
    "a scrape path without slash": (
        {f"{FILE}.collector.kind": "PrometheusMetric", f"{FILE}.source.httpGet.path": "m"},
        f"{FILE}.source.httpGet.path",
        '"m"',
    ),
}

ACCEPTED: dict[str, dict[str, object]] = {
    "the ordinary Experiment": {},
    "a name of 40 characters": {"metadata.name": "a" * 40},
    "generateName instead of a name": {
        "metadata.name": GONE,
        "metadata.generateName": "tune-",
    },
    "no namespace": {"metadata.namespace": GONE},
    "one trial and no parallelTrialCount": {
        "spec.maxTrialCount": 1,
        "spec.maxFailedTrialCount": GONE,
        "spec.parallelTrialCount": GONE,
    },
    "more at once than in all, in v1alpha3": {
        "apiVersion": "kubeflow.org/v1alpha3",
        "spec.maxTrialCount": 1,
    },
    "no limits": {"spec.maxTrialCount": GONE, "spec.maxFailedTrialCount": GONE},
    "one parameter in two placeholders": {
        f"{T}.trialParameters.2": {"name": "again", "reference": "lr"},
        f"{C}.args": ["${trialParameters.again}"],
    },
    "a reference to a label that is written": {
        f"{T}.trialSpec.metadata": {"labels": {"team": "vision"}},
        f"{T}.trialParameters.2": {"name": "team", "reference": "${trialSpec.Labels[team]}"},
        f"{C}.args": ["${trialParameters.team}"],
    },
    "a template in a ConfigMap, conditions by its kind": {
        f"{T}.trialSpec": GONE,
        f"{T}.configMap": CM,
    },
    "a goTemplate": {**GO, f"{T}.goTemplate": {"rawTemplate": GO_TEXT}},
    "a goTemplate in a ConfigMap": {
        **GO,
        f"{T}.goTemplate": {"templateSpec": {**CM, "templatePath": "trial.go"}},
    },
    **{
        f"early stopping with the collector {kind}": {
            "spec.earlyStopping": {"algorithmName": "medianstop"},
            f"{FILE}.collector.kind": kind,
        }
        for kind in ("StdOut", "File", "TensorFlowEvent", "Push", "PrometheusMetric")
    },
    "early stopping with its settings": {
        "spec.earlyStopping": {
            "algorithmName": "medianstop",
            "algorithmSettings": [
                {"name": "min_trials_required", "value": "1"},
                {"name": "start_step", "value": "2"},
            ],
        }
    },
    "early stopping in v1alpha3": {
        "apiVersion": "kubeflow.org/v1alpha3",
        "spec.algorithm.earlyStopping": {
            "earlyStoppingAlgorithmName": "medianstop",
            "earlyStoppingSettings": [{"name": "start_step", "value": "2"}],
        },
    },
    "a Prometheus collector": {f"{FILE}.collector.kind": "PrometheusMetric"},
    "a Push collector": {f"{FILE}.collector.kind": "Push"},
    "v1alpha3's None": {
        "apiVersion": "kubeflow.org/v1alpha3",
        f"{FILE}.collector.kind": "None",
    },
    "FromVolume": {"spec.resumePolicy": "FromVolume"},
}


def written(path: str) -> str:
    """Dotted paths of the table in the spelling of faults."""
    return path.replace(".containers.0", ".containers[0]")


@pytest.mark.parametrize("case", REFUSED)
def test_is_refused_at_the_field_with_the_reason(case: str) -> None:
    """The fault names the field, the message holds the word that helps."""
    changes, path, word = REFUSED[case]
    found = {fault.field: str(fault) for fault in faults(changed(changes))}
    assert written(path) in found
    assert word in found[written(path)]


@pytest.mark.parametrize("case", ACCEPTED)
def test_is_admitted(case: str) -> None:
    """No fault is found where there is none."""
    assert faults(changed(ACCEPTED[case])) == []


LONELY = [
    "a name of 41 characters",
    "a Korean name",
    "a misspelt algorithm",
    "grid over a continuum",
    "a misspelt early stopping",
    "no template",
    "two templates",
    "a trialTemplate without template",
    "a placeholder that is misspelt",
    "a misspelt field of a container",
    "an unknown resume policy",
    "an unknown collector",
    "a parameter of unknown type",
    "a goTemplate with an unclosed block",
]


@pytest.mark.parametrize("case", LONELY)
def test_one_mistake_is_one_fault(case: str) -> None:
    """What merely follows from a fault is not told."""
    changes, path, _ = REFUSED[case]
    assert [fault.field for fault in faults(changed(changes))] == [written(path)]


@pytest.mark.parametrize("case", REFUSED)
def test_every_fault_says_how_to_mend_it(case: str) -> None:
    """No fault leaves the author without advice."""
    for fault in faults(changed(REFUSED[case][0])):
        assert fault.mend or ";" in fault.problem or "needs two" in fault.problem, fault
