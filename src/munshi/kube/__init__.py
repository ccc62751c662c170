"""munshi on a cluster: the same engine, with the Kubernetes API in place of files and processes.

Experiments, Suggestions and Trials are objects of the API server (`crds` says of what shape), a trial's job
is an object like any other, and what the program prints is followed as its pod's log. Nothing is decided
here: plans come from `reconcile`, and this room only reads the world and changes it.

It knows `store`, `collectors`, `rpc`, `engine` and everything to the right of them, but neither `local` nor
`cli`.
"""
