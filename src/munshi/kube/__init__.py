"""munshi on a cluster: the engine's ports answered by the Kubernetes API.

Experiments, Suggestions and Trials are objects of the API server, a trial's job is an object like any
other, and what a program prints is followed as its pod's log. Nothing is decided here: plans come from
`reconcile`, and this room only reads the world and changes it. It knows `store`, `collectors`, `rpc`,
`engine` and everything to the right of them, but neither `local` nor `cli`. `connection` is its door to
the cluster, and needs the extra `munshi[kubernetes]`.

    connection.py   from a kubeconfig or a service account to an `Api`; with `kubeconfig.py`
    api.py          the verbs: get, create, replace, apply, patch, delete, pages, stream
    answers.py      what a refusal of the API server means, as one of our errors
    kinds.py        where a kind is served, found by asking
    reflector.py    a collection held in memory, followed for ever
    store.py        the engine's Store
    launcher.py     the engine's Launcher: trials as jobs of any kind
    pods.py         from a Trial to its job; sidecar/ is what reads metrics inside a pod
    collection.py   reads what a trial's pods print
    operator.py     one replica, everything put together; with `settings`, `preflight`, `term`
    lease.py        which replica may act
    gate.py         which Experiments are driven; with `refusal`, `returns`, `finalizers`
    story.py        what happens goes to ledger, log, counters and `events`; with `troubles`, `diary`
    health.py       the pages that probes and Prometheus ask for; with `gauges`
    visit/          for those who only look, or wish: `munshi get --context`
    crds/           the kinds as the cluster learns them
    manifests.py    deploy/munshi.yaml
"""
