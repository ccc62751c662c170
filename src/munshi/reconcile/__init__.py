"""Views into plans: every decision munshi takes, as plain functions over frozen data.

Each pass is told which object, reads a complete view of it, and says what the object should now say of
itself and what the world should undergo (`Plan`). It knows no clock, no store and no process; the
engine carries the plan out and looks again. Every action says why, in one sentence for people.

    views.py       what a pass may look at
    plan.py        what it may answer
    names.py       trial names, settled before the trial exists
    tally.py       counts, and the optimal trial, kept up to date trial by trial
    history.py     the same trials as an algorithm sees them; ordered.py, what both are made of
    experiment.py  how many trials, and whether it is over
    suggestion.py  what to ask the algorithm, and what to keep of its answer
    trial.py       launch, judge, end
    stopping.py    by which rules a trial may be stopped early
    controls.py    what a user asks of objects that are there: stop, suspend, run once more
    story.py       which events follow from a pass
"""
