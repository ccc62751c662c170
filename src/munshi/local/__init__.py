"""Trials as processes on this machine, and the wiring of engine, store and collectors around them.

    home.py        $MUNSHI_HOME: the database, a folder a trial, one owner an experiment
    jobs/          what a rendered job means here
    view.py        the paths a program sees: volumes, the collector's path, --mount
    environment.py the variables a program starts with
    process/       starting and ending processes that outlive the engine
    collection.py  reading what a trial reports while it runs
    launcher.py    the Launcher port, from all of the above
    runtime.py     store + engine + launcher in one process
    stopping.py    a stop where no process drives the experiment
    cleaning.py    what is left over in the home
    check.py       what an experiment asks for that this machine cannot do
    diary.py       the engine's log        tail.py  the last words of a trial

What runs here runs on a cluster: the engine is the same, only the launcher and the store differ.
"""
