"""munshi on a cluster: the engine's ports answered by the Kubernetes API.

Experiments, Suggestions and Trials are objects of the API server, a trial's job is an object like any
other, and what a program prints is followed as its pod's log. Nothing is decided here: plans come from
`reconcile`, and this room only reads the world and changes it. It knows `store`, `collectors`, `rpc`,
`engine` and everything to the right of them, but neither `local` nor `cli`. `wire.connection` is its door to
the cluster, and needs the extra `munshi[kubernetes]`.

    wire/           the API server, spoken to
    objects/        the engine's Store
    trials/         the engine's Launcher: jobs of any kind, and what their pods print
    sidecar/        the program that reads metrics inside a pod and prints them
    operator/       one replica: engine, lease, gate, events, health
    visit/          for those who only look, or wish: `munshi get --context`
    crds/           the kinds as the cluster learns them
    manifests.py    deploy/munshi.yaml

They import downwards only: visit > operator > trials | objects > wire.
"""
