"""What a user's own program calls.

    report.py      `munshi.report_metrics`, inside a trial
    study.py       `munshi.Study`: ask for trials, tell how they went
    wanted.py      a Study's arguments, judged as an Experiment's
    parameters.py  its parameters, from the short form and back

A trial's program imports this room beside its own libraries, so `report` loads no more of munshi than a
report needs: no models, no database, no arithmetic.
"""
