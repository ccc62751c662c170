"""How good are the points an algorithm proposes? Ours and other people's, on the same problems.

    problem.py       what a problem is; the catalogue of them
    functions.py     classic test functions
    mixed.py         made-up tunings with categories, ints, steps and log ranges
    models.py        real models of scikit-learn on the data sets it ships
    contestants.py   what a contestant is; ours, by `munshi.Study`
    peers.py         Optuna, scikit-optimize and hyperopt
    race.py          one contestant on one problem with one seed: a record
    records.py       records as JSON lines, so that a stopped run goes on
    report.py        regret, rank and Wilcoxon's test, as Markdown
    __main__.py      the command line

README.md says how to run it and how to read what it prints.
"""
