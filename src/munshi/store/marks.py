"""Which values were taken before: the reading place of each source, instead of a list of all values.

After a crash a collector reads everything again from the start, and most of what it then hands over
was thinned away long ago. So what is remembered is not the values but how far they were taken. This
rests on what every collector keeps (see `metrics.log.MetricLog` and `collectors.contract`): an origin
is `source:byte offset:match index`; the values of one metric from one source are handed over in the
order of their places, by every reading; and a call is kept whole or not at all. Then all values of the
metric up to the place of the last one taken are known, and none behind it. A file that was begun anew
is another source (`file@1`), as is each file of a folder; a second pass over the same file for another
metric, as event files need it, is on that metric's own account.

A later reading may find less than an earlier one (a log whose middle was dropped): what is missing
stands before the mark as well.

An origin that names no place is a source of its own, with one value.
"""

from __future__ import annotations

from munshi.metrics.origin import NOWHERE as NOWHERE  # noqa: PLC0414 - words of marks
from munshi.metrics.origin import Place as Place  # noqa: PLC0414
from munshi.metrics.origin import place_of as place_of  # noqa: PLC0414
