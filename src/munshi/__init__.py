"""munshi: hyperparameter tuning for any program that takes arguments and reports a number.

A trial's program may `import munshi` to call `munshi.report_metrics`; that alone loads nothing else.
"""

__version__ = "0.1.0"
__all__ = ["__version__", "report_metrics"]

TYPE_CHECKING = False  # type checkers take it for typing's, which would take its time to load
if TYPE_CHECKING:
    from munshi.sdk.report import report_metrics
else:

    def __getattr__(name: str) -> object:
        """Load `report_metrics` when it is first asked for."""
        if name != "report_metrics":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from munshi.sdk.report import report_metrics  # noqa: PLC0415  not before it is asked for

        globals()[name] = report_metrics
        return report_metrics
