"""The loop: read a view, ask `reconcile` for a plan, perform it, look again.

    ports.py     what the world must offer: Store, ObservationLog, Launcher, Suggester, Clock
    mirror.py    the objects as this process last saw them
    queue.py     which object to look at next, with back-off
    engine.py    the loop itself
    perform.py   carrying out a plan's actions
    early_stopping.py  curves of finished trials, and the judge of a running one's reports
    chronicle.py writing the story down beside the work
    clock.py     the wall clock and the in-process suggester, the two smallest adapters

Two runtimes, one engine: it does not know whether a trial is a process or a pod.
"""
