"""munshi: hyperparameter tuning for any program that takes arguments and reports a number."""

__version__ = "0.1.0"
