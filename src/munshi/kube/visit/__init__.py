"""Somebody who visits a cluster: looks at Experiments there, reads what came of them, says what is wanted.

What `munshi get --context dev` and its like do, as the person whose kubeconfig it is and with that
person's rights; no operator is asked, and what it keeps to itself cannot be had here. Nothing is decided:
wishes are annotations, which the operator obeys.

    looking.py   objects as documents: listed, found, followed
    desk.py      objects as ours; annotations and deletions
    past.py      what conditions and the cluster's Events tell of what happened
    pods.py      which pod and container is meant
    output.py    a trial's log, as it is or as it grows
    values.py    what a trial has reported, read from that log
"""
