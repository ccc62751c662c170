"""Algorithms out of the loop: the Suggester whose questions are answered in a process of their own.

A method that learns computes for a while, and one written elsewhere may do anything: hang, eat memory, crash.
So it is asked in a worker: a Python of its own, started at the first question, that gets a question and sends
an answer, both as plain data. It has no memory that counts; when it dies, another one continues the very
same sequence. Used by both runtimes and by `munshi replay`.

    frames.py    questions and answers on a socket
    limits.py    how long, and how much memory
    worker.py    the process that computes: `python -m munshi.suggester.worker`
    process.py   such a process as its parent sees it: started, asked, watched, ended
    pool.py      `WorkerSuggester`, the port: who is asked, and how often again
"""
