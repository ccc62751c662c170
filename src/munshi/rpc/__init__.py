"""The gRPC that Katib's users already speak: munshi answers it, and asks by it.

On the journey of a value this is a second door at two stops. Where a trial speaks, programs that call
`report_metrics` of the kubeflow-katib SDK find Katib's DB manager here. Where points are proposed, services
that were written for Katib are asked in place of munshi's algorithms (`services/`), or munshi's algorithms
answer for Katib (`served/`). What a report becomes, and which trials there are, is told by whoever opens the
door; this room knows the wire only.

    katib.proto      the interface, for people and for us; health.proto likewise
    proto.py         reads such files
    messages.py      makes classes of them at run time: no generated code
    library.py       gRPC itself
    listening.py     a free port, and health checks
    db_manager.py    the service `api.v1.beta1.DBManager`, on this machine's loopback address
    address.py       where programs look for it
    services/        algorithms of others
    served/          our algorithms, for others

Needs the extra `munshi[grpc]`, loaded at the moment of use.
"""
