"""Trials as objects of any kind: the engine's Launcher, and the reading of what they report.

launcher.py     the port, over what is `tracked` of each trial
pods.py         a Trial becomes a job; with `templates` (pods in any kind), `companion` (the sidecar)
jobs.py         jobs and pods as they are followed, held as `sightings`
fate.py         whose fault an end is, who reports, why nothing runs; `waiting` tells the last in time
collection.py   reading what a trial reports: `following` a log, `logs` its lines, `pages` a page
"""
