"""The engine on a cluster: its ports answered by the Kubernetes API.

Experiments, Suggestions and Trials live in the API server, trials run as the jobs their templates say.
Of Kubernetes this room knows raw verbs over plain objects; nothing here is generated, and no kind of job
is special. `connection` is its door, and needs the extra `munshi[kubernetes]`.

    connection.py   from a kubeconfig or a service account to an `Api`; with `kubeconfig.py`
    api.py          the verbs: get, create, replace, apply, patch, delete, pages, stream
    answers.py      what a refusal of the API server means, as one of our errors
    kinds.py        where a kind is served, found by asking
    reflector.py    a collection held in memory, followed for ever
    store.py        the engine's Store
    operator.py     one replica: everything put together; with `settings`, `preflight`, `term`
    lease.py        which replica may act
    gate.py         which Experiments are driven; with `refusal`, `returns`, `finalizers`
    story.py        what happens goes to ledger, log, counters and `events`; with `troubles`, `diary`
    health.py       the pages that probes and Prometheus ask for; with `gauges`
    manifests.py    deploy/munshi.yaml
"""
