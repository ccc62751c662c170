"""munshi: hyperparameter tuning for any program that takes arguments and reports a number.

A program may `import munshi` to call `munshi.report_metrics` inside a trial, or to search by itself with
`munshi.Study`; each is loaded when it is first asked for, and the import alone loads nothing.
"""

__version__ = "0.1.0"
__all__ = ["Study", "__version__", "report_metrics"]

TYPE_CHECKING = False  # type checkers take it for typing's, which would take its time to load
if TYPE_CHECKING:
    from munshi.sdk.report import report_metrics
    from munshi.sdk.study import Study
else:
    _PATHS = {"report_metrics": "munshi.sdk.report", "Study": "munshi.sdk.study"}

    def __getattr__(name: str) -> object:
        """Load what a program calls when it is first asked for."""
        if name not in _PATHS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415  not before it is asked for

        globals()[name] = found = getattr(import_module(_PATHS[name]), name)
        return found
