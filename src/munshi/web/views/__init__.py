"""Documents become answers: pure functions, without network, clock or files.

wire       what can be read off an object in wire form
rows       an Experiment as a line of the table, and as its page
trials     all trials as columns, and one as its page
series     reported values, thinned honestly
story      events
matter     how much each parameter matters
"""
