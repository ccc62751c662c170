"""The cluster itself is real: what munshi relies on is there."""

from __future__ import annotations

from typing import Any

from support.cluster import Cluster

TRIAL = "munshi/trial:test"
ASK_API = """
import ssl, urllib.request
trusted = ssl.create_default_context(cafile="/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
asked = urllib.request.urlopen("https://kubernetes.default/healthz", context=trusted, timeout=20)
print(asked.read().decode())
"""
ASK_SERVER = """
import time, urllib.request
while True:
    try:
        print(urllib.request.urlopen("http://server/etc/passwd", timeout=5).read().decode())
        break
    except OSError:
        time.sleep(0.2)
"""


def a_job(name: str, *command: str, image: str = TRIAL, **container: Any) -> dict[str, Any]:
    """A Job of one container."""
    main = {"name": "main", "image": image, "command": list(command), **container}
    template = {"spec": {"restartPolicy": "Never", "containers": [main]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": template},
    }


def test_node(cluster: Cluster) -> None:
    """There is one node, which runs the version of Kubernetes that is pinned."""
    (node,) = cluster.get("nodes")["items"]
    ready = [one["status"] for one in node["status"]["conditions"] if one["type"] == "Ready"]
    assert ready == ["True"]
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.34.4"


def test_job(namespace: Cluster) -> None:
    """A Job runs to its end, and its log comes through the API server."""
    namespace.apply(a_job("one", "python", "/opt/trial/train.py", "--lr=0.03"))
    namespace.wait("job/one", "condition=Complete")
    assert "accuracy=1.0\n" in namespace.logs("job/one")


def test_failing_job(namespace: Cluster) -> None:
    """A program that fails makes its Job fail."""
    namespace.apply(a_job("one", "python", "/opt/trial/train.py", "--fail=3"))
    namespace.wait("job/one", "condition=Failed")
    (pod,) = namespace.get("pods")["items"]
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_names(namespace: Cluster) -> None:
    """A pod finds the API server by its name, and is answered."""
    namespace.apply(a_job("one", "python", "-c", ASK_API))
    namespace.wait("job/one", "condition=Complete")
    assert namespace.logs("job/one") == "ok\n"


def test_service(namespace: Cluster) -> None:
    """A pod reaches another through a Service, on the same node."""
    program = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8000)"
    server = a_job("server", "python", "-c", program)
    server["spec"]["template"]["metadata"] = {"labels": {"app": "server"}}
    spec = {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8000}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "server"}, "spec": spec}
    namespace.apply(server, service)
    namespace.apply(a_job("client", "python", "-c", ASK_SERVER))
    namespace.wait("job/client", "condition=Complete")
    assert "nonroot" in namespace.logs("job/client")


def test_pull_always(namespace: Cluster) -> None:
    """`imagePullPolicy: Always` works with an image that was made here."""
    namespace.apply(a_job("one", "true", image="munshi/busybox:test", imagePullPolicy="Always"))
    namespace.wait("job/one", "condition=Complete")


def test_unknown_image(namespace: Cluster) -> None:
    """An image that is not made here is not found, under any registry's name."""
    container = {"name": "main", "image": "ghcr.io/kubeflow/katib/nothing:latest"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}}
    namespace.apply({**pod, "spec": {"containers": [container]}})
    reason = "{.status.containerStatuses[0].state.waiting.reason}"
    namespace.wait("pod/one", f"jsonpath={reason}=ErrImagePull")


def test_restricted(namespace: Cluster) -> None:
    """The images for everybody run in a namespace that enforces the strictest pod security."""
    level = "pod-security.kubernetes.io/enforce=restricted"
    namespace.kubectl("label", "namespace", namespace.namespace, level)
    security = {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
        "readOnlyRootFilesystem": True,
    }
    namespace.apply(
        a_job("trial", "python", "/opt/trial/train.py", securityContext=security),
        a_job("munshi", "munshi", "version", image="munshi/munshi:test", securityContext=security),
    )
    namespace.wait("job/trial", "condition=Complete")
    namespace.wait("job/munshi", "condition=Complete")
    assert namespace.logs("job/munshi").startswith("munshi ")


def test_native_sidecar(namespace: Cluster) -> None:
    """A sidecar that runs until the main container has ended still reads what that one wrote."""
    volume = {"name": "shared", "emptyDir": {}}
    mounted = {"name": "shared", "mountPath": "/shared"}
    script = "trap 'cat /shared/log; exit 0' TERM; while true; do sleep 0.1; done"
    job = a_job(
        "one", "python", "/opt/trial/train.py", "--file=/shared/log", volumeMounts=[mounted]
    )
    sidecar = {
        "name": "sidecar",
        "image": "munshi/busybox:test",
        "restartPolicy": "Always",
        "command": ["sh", "-c", script],
        "volumeMounts": [mounted],
    }
    job["spec"]["template"]["spec"] |= {"initContainers": [sidecar], "volumes": [volume]}
    namespace.apply(job)
    namespace.wait("job/one", "condition=Complete")
    assert "accuracy=0.8" in namespace.logs("job/one", "-c", "sidecar")


def test_tfjob(namespace: Cluster) -> None:
    """Kubeflow's training operator runs a TFJob of one worker, which succeeds."""
    train = ["python", "/opt/tf-mnist-with-summaries/mnist.py", "--learning-rate=0.03"]
    main = {"name": "tensorflow", "image": TRIAL, "command": train}
    worker = {"replicas": 1, "restartPolicy": "Never", "template": {"spec": {"containers": [main]}}}
    namespace.apply(
        {
            "apiVersion": "kubeflow.org/v1",
            "kind": "TFJob",
            "metadata": {"name": "one"},
            "spec": {"tfReplicaSpecs": {"Worker": worker}},
        }
    )
    namespace.wait("tfjob/one", "condition=Succeeded")
    (pod,) = namespace.get("pods", "-l", "training.kubeflow.org/job-role=master")["items"]
    assert "accuracy=1.0\n" in namespace.logs(f"pod/{pod['metadata']['name']}")


def test_tfjob_is_judged(namespace: Cluster) -> None:
    """The training operator's webhook is asked: a TFJob without a container `tensorflow` is refused."""
    worker = {"template": {"spec": {"containers": [{"name": "other", "image": TRIAL}]}}}
    job = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "metadata": {"name": "one"},
        "spec": {"tfReplicaSpecs": {"Worker": worker}},
    }
    done = namespace.try_kubectl("create", "-f", "-", given=job)
    assert "validator.tfjob.training-operator.kubeflow.org" in done.stderr
