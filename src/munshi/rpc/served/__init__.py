"""munshi's algorithms for others: `munshi suggestion-service`, which Katib can run as an algorithm's image.

questions.py   a GetSuggestionsRequest understood, and answered
stopping.py    the same for early-stopping rules, with the values of trials from Katib's DB manager
service.py     the services, at their port
"""
