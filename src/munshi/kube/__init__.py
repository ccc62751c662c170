"""munshi on a cluster: the engine's ports answered by the Kubernetes API.

Experiments, Suggestions and Trials are objects of the API server, a trial's job is an object like any
other, and what a program prints is followed as its pod's log. Nothing is decided here: plans come from
`reconcile`, and this room only reads the world and changes it. It knows `store`, `collectors`, `rpc`,
`engine` and everything to the right of them, but neither `local` nor `cli`.
"""
