"""A real one-node Kubernetes for the tests, from files on this machine: no container engine, no registry.

`make cluster` starts it, `make cluster-down` ends it. It is the real thing: etcd, API server, controller
manager, scheduler, kubelet, kube-proxy and CoreDNS, built from their Go modules; containerd, runc and the
network plugins from Debian; Kubeflow's training operator, deployed with its own manifests.

All of it runs on a *node*: a process tree with its own view of processes, mounts and network
(`node.py`). So "down leaves nothing" needs no list of what to undo: when the node's first process dies, the
kernel ends every other process in it, and the mounts, bridges, firewall rules and sockets go with them. Two
things are outside: one virtual cable to the host (`network.py`) and a control group, and `sweep.py` takes
them away, even when a cluster was killed, or its folder deleted, in the middle of a start.

What stands where, in the order of a start:

    place.py         the folder of one cluster, and its files
    network.py       which addresses it has
    packages.py      what Debian must provide
    binaries.py      what Go must build, kept outside the clone
    certificates.py  who may say what to whom
    node.py          the private machine; first_process.py is what runs first on it
    parts/           the programs, their settings, and how each says that it is well
    addons.py        what is installed into the cluster once it runs
    up.py, sweep.py  start and end
    running.py       what is asked of a cluster in between
    registry.py      the images of tools/images, served to containerd

Only the standard library is used, so any Python 3.11 starts it.
"""
