"""Experiments, Suggestions and Trials in the API server: the engine's Store.

store.py        the port, over three reflectors
changes.py      what changed, numbered, for those who watch
documents.py    from an object of the server to a model and back, as a patch of what changed
"""
