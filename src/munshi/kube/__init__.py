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

    launcher.py     the engine's Launcher, over what is `tracked` of each trial
    pods.py         a Trial becomes a job; with `templates.py` (pods in any kind), `companion.py` (sidecar)
    jobs.py         jobs and pods as they are followed, held as `sightings`
    fate.py         whose fault an end is, who reports, why nothing runs; `waiting.py` tells the last in time
    collection.py   reading what a trial reports: `following.py` a log, `logs.py` its lines, `pages.py` a page
    sidecar/        the program that reads metrics inside a pod and prints them
"""
