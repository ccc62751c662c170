"""The API server, spoken to: plain objects, nothing of munshi's own meaning.

connection.py   from a kubeconfig or a service account to an `Api`; with `kubeconfig`, `credentials`, `proxy`
api.py          the verbs: get, create, replace, apply, patch, delete, pages, stream
answers.py      what a refusal of the API server means, as one of our errors
kinds.py        where a kind is served, found by asking
reflector.py    a collection held in memory, followed for ever
"""
