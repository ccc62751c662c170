"""What a user's own program calls.

    report.py     `munshi.report_metrics`, inside a trial

A trial's program imports this room beside its own libraries, so nothing here loads more of munshi
than a report needs: no models, no database, no arithmetic.
"""
