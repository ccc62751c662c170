"""`munshi operator`: one replica, put together.

operator.py     what lives as long as the process; with `settings`, `preflight`
term.py         what lives while this replica leads: the engine and its ports
lease.py        which replica may act
gate.py         which Experiments are driven; with `refusal`, `returns`, `finalizers`
story.py        what happens goes to ledger, log, counters and `events`; with `troubles`, `diary`
health.py       the pages that probes and Prometheus ask for; with `gauges`, `counted`
housekeeping.py what the ledger need not keep any more
"""
