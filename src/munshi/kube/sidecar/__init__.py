"""The program beside a trial's program: it reads metrics inside the pod and prints them.

On a cluster a trial's files are in its pod, where the operator cannot reach them. So munshi's own image
runs there as a native sidecar; it reads with the very collectors of the laptop, and what it finds it prints,
one JSON object a line. The operator follows that log as it follows any other. Nothing is sent, so the
pod needs no token, no route and no name of the operator, and what was printed outlives both.

    plan.py      what a sidecar is told on its command line
    records.py   what it prints, written and read
    printer.py   how much of a flood is printed, and what it comes to exactly
    sources.py   the collectors it opens
    desk.py      Katib's `report_metrics`, answered inside the pod
    program.py   the loop; `python -m munshi.kube.sidecar`

It loads neither numpy nor pydantic nor a database: a pod pays for it, and there may be a thousand.
"""
