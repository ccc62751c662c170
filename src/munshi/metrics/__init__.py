"""What a trial says, understood: a line or a record becomes a MetricLog, a log becomes an Observation.

On the journey of a value this is the stop after the trial has run: `collectors` bring bytes, this
room reads them, `reconcile` judges the result. The files, in the order a value meets them:

    lines.py        blocks of bytes into lines: progress bars, colours, lines without end
    text.py         `accuracy=0.93` in a line of output, or whatever a user's filter finds
    json_lines.py   one JSON object a line
    tfevent.py      TensorBoard event files: framing, checksums, scalars
    tags.py         which event-file tag is which metric
    timestamp.py    dates as people and programs write them, into nanoseconds
    log.py          MetricLog, one reported value
    origin.py       where in the output a value stands
    number.py       the only place where a metric's text becomes a number, and back
    observation.py  a log and strategies into an Observation
    stopping.py     a log and early-stopping rules into a verdict, report by report

Everything here is pure: no file is opened, no clock is read. Who the trial was, where its output
lies and when to look again is known to `collectors` and `engine` only.
"""
