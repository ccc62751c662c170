"""The methods that end unpromising trials: one file for each, named as in its paper.

From the curves of finished trials a method makes rules for the trials to come; whether a running trial
meets its rules is judged, report by report, by `metrics.stopping`. A method is a pure function of the
question; none knows of Experiments, clocks or files.

    protocol.py     Question, Rule, and what an EarlyStopping method promises
    curve.py        how a trial went: its standing after so many reports
    registry.py     name -> method, loaded on use
    medianstop.py   worse than the median of the others
"""

from munshi.algorithms.early_stopping.curve import Curve, Point, curve, marks
from munshi.algorithms.early_stopping.protocol import EarlyStopping, Question, Rule
from munshi.algorithms.early_stopping.registry import find, known, mend, problem

__all__ = [
    "Curve",
    "EarlyStopping",
    "Point",
    "Question",
    "Rule",
    "curve",
    "find",
    "known",
    "marks",
    "mend",
    "problem",
]
