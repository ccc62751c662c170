"""The gRPC that Katib's users already speak, answered by munshi.

On the journey of a value this is a second door at the stop where a trial speaks: programs that call
`report_metrics` of the kubeflow-katib SDK find Katib's DB manager here. What a report becomes, and
which trials there are, is told by whoever opens the door; this room knows the wire only.

    messages.py     Katib's messages, described by hand and made at run time: no generated code
    db_manager.py   the service `api.v1.beta1.DBManager`, on this machine's loopback address

Needs the extra `munshi[grpc]`, loaded at the moment of use.
"""
