"""What runs pods: containerd with its network, kubelet, kube-proxy, and CoreDNS for their names.

Where the machine is a virtual one that denies some rights to its root, as CI machines are, the reason for a
setting is beside it.
"""

from __future__ import annotations

import json

from tools.cluster.binaries import Binaries
from tools.cluster.certificates import NODE
from tools.cluster.network import Network
from tools.cluster.packages import PLUGINS
from tools.cluster.parts.part import CERTIFICATES, CONTAINERD_SOCKET, DOMAIN, PAUSE, SETTINGS, Part
from tools.cluster.place import INSIDE


def containerd(network: Network) -> Part:
    """What runs containers, with the network of pods and the one registry."""
    first, last = network.pods_from_to
    ranges = [
        [
            {
                "subnet": network.everything,
                "rangeStart": first,
                "rangeEnd": last,
                "gateway": network.node,
            }
        ]
    ]
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": f"{INSIDE}/addresses",
            "ranges": ranges,
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    plugins = [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}]
    cni = {"cniVersion": "0.4.0", "name": "munshi", "plugins": plugins}
    # The registry answers for every name, so manifests keep their images' real names, and their
    # `imagePullPolicy: Always`. Nothing is ever asked of the world.
    hosts = f"""\
server = "{network.registry}"
[host."{network.registry}"]
capabilities = ["pull", "resolve"]
"""
    config = f"""\
version = 2
root = "{INSIDE}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/{PAUSE}"
  # A machine that may not lower oom_score_adj would lose every pod's sandbox.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{PLUGINS}"
    conf_dir = "{SETTINGS}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{SETTINGS}/registries"
"""
    return Part(
        "containerd",
        ("/usr/bin/containerd", f"--config={SETTINGS}/containerd.toml"),
        CONTAINERD_SOCKET,
        {
            "containerd.toml": config,
            "cni/munshi.conflist": json.dumps(cni, indent=2),
            "registries/_default/hosts.toml": hosts,
        },
    )


def kubelet(binaries: Binaries, network: Network) -> Part:
    """What turns pods into containers."""
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "podLogsDir": f"{INSIDE}/log/pods",
        "volumePluginDir": f"{INSIDE}/kubelet/volume-plugins",
        "cgroupDriver": "cgroupfs",  # there may be no systemd
        "cgroupRoot": f"/{network.cgroup}",
        "failCgroupV1": False,  # CI machines still have the old control groups
        "failSwapOn": False,
        "maxPods": 250,
        "clusterDNS": [network.dns],
        "clusterDomain": DOMAIN,
        "resolvConf": f"{SETTINGS}/resolv.conf",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{CERTIFICATES}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{CERTIFICATES}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{CERTIFICATES}/kubelet-server.key",
        "healthzBindAddress": network.node,
        # A full disk of the machine is not the pods' business, nor are images ever to be removed.
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "syncFrequency": "10s",
    }
    return Part(
        "kubelet",
        (
            str(binaries["kubelet"]),
            f"--config={SETTINGS}/kubelet.json",
            f"--kubeconfig={CERTIFICATES}/kubelet.kubeconfig",
            f"--root-dir={INSIDE}/kubelet",
            f"--hostname-override={NODE}",
            f"--node-ip={network.node}",
        ),
        f"http://{network.node}:10248/healthz",
        {"kubelet.json": json.dumps(settings, indent=2), "resolv.conf": ""},
    )


def proxy(binaries: Binaries, network: Network) -> Part:
    """What makes the addresses of Services lead to pods."""
    untouched = "0s"
    settings = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": f"{CERTIFICATES}/kube-proxy.kubeconfig"},
        "hostnameOverride": NODE,
        "detectLocalMode": "ClusterCIDR",
        "clusterCIDR": network.pods,
        "healthzBindAddress": f"{network.node}:10256",
        "metricsBindAddress": f"{network.node}:10249",
        # Pods of one node talk over its bridge, where an answer would not be translated back.
        "iptables": {"masqueradeAll": True, "syncPeriod": "30s", "minSyncPeriod": "100ms"},
        # Limits of the whole kernel, which a private network may not change.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": untouched,
            "tcpCloseWaitTimeout": untouched,
        },
    }
    return Part(
        "kube-proxy",
        (str(binaries["kube-proxy"]), f"--config={SETTINGS}/kube-proxy.json"),
        f"http://{network.node}:10256/livez",
        {"kube-proxy.json": json.dumps(settings, indent=2)},
    )


def coredns(binaries: Binaries, network: Network) -> Part:
    """The names of Services and pods."""
    zones = f"{DOMAIN} in-addr.arpa"
    corefile = f"""\
.:53 {{
    bind {network.node}
    errors
    ready {network.node}:8181
    kubernetes {zones} {{
        kubeconfig {CERTIFICATES}/coredns.kubeconfig
        ttl 5
    }}
}}
"""
    return Part(
        "coredns",
        (str(binaries["coredns"]), f"-conf={SETTINGS}/Corefile"),
        f"http://{network.node}:8181/ready",
        {"Corefile": corefile},
    )
