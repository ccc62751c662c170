"""Algorithms of others: any program that speaks Katib's gRPC may propose the points of an Experiment.

target.py     how users say where a service is
objects.py    Experiments and Trials as messages
caller.py     a call: its deadline, and what its failures mean
program.py    a service that munshi starts itself; tether.py ends it with us
katib.py      the engine's port `Services`, on top of these
"""
