"""Real tuning: models of scikit-learn, cross-validated on the small data sets it ships.

Folds and models have fixed seeds, so an objective is a function. One evaluation takes some 5 to
50 ms on an idle core. The optima are the least values that any race has found so far.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from benchmarks.quality.problem import Problem, Values
from sklearn import datasets
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

_SCALERS: dict[str, Callable[[], Any]] = {
    "none": FunctionTransformer,
    "standard": StandardScaler,
    "minmax": MinMaxScaler,
}


@cache
def _data(name: str, rows: int) -> tuple[Any, Any]:
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    chosen = np.random.Generator(np.random.PCG64(1)).permutation(len(y))[:rows]
    return x[chosen], y[chosen]


def _loss(model: Any, data: str, rows: int, scoring: str) -> float:  # noqa: ANN401  # sklearn has no types
    x, y = _data(data, rows)
    kind = KFold if data == "diabetes" else StratifiedKFold
    folds = kind(n_splits=3, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model that does not converge has its score, too
        scores = cross_val_score(model, x, y, scoring=scoring, cv=folds, error_score="raise")
    return float(-scores.mean())


def svc_digits(values: Values) -> float:
    """A support vector classifier on 300 digits; minus the accuracy."""
    model = SVC(
        C=values["C"], gamma=values["gamma"], kernel=values["kernel"], coef0=values["coef0"]
    )
    return _loss(make_pipeline(StandardScaler(), model), "digits", 300, "accuracy")


def svr_diabetes(values: Values) -> float:
    """A support vector regression on diabetes; the mean absolute error."""
    model = SVR(
        C=values["C"], gamma=values["gamma"], epsilon=values["epsilon"], kernel=values["kernel"]
    )
    scaler = _SCALERS[values["scaler"]]()
    return _loss(make_pipeline(scaler, model), "diabetes", 442, "neg_mean_absolute_error")


def tree_breast_cancer(values: Values) -> float:
    """One decision tree on breast cancer; Brier's score."""
    model = DecisionTreeClassifier(random_state=0, **values)
    return _loss(model, "breast_cancer", 569, "neg_brier_score")


def logistic_wine(values: Values) -> float:
    """A logistic regression on wine; the logarithmic loss."""
    model = LogisticRegression(C=values["C"], tol=values["tol"], max_iter=values["max_iter"])
    return _loss(make_pipeline(_SCALERS[values["scaler"]](), model), "wine", 178, "neg_log_loss")


def neighbours_breast_cancer(values: Values) -> float:
    """Nearest neighbours on 200 rows of breast cancer; Brier's score."""
    model = KNeighborsClassifier(
        values["n_neighbors"], p=values["p"], weights=values["weights"], algorithm="brute"
    )
    return _loss(
        make_pipeline(_SCALERS[values["scaler"]](), model), "breast_cancer", 200, "neg_brier_score"
    )


def trees_diabetes(values: Values) -> float:
    """A small forest of random trees on diabetes; the mean squared error."""
    model = ExtraTreesRegressor(n_estimators=5, random_state=0, **values)
    return _loss(model, "diabetes", 442, "neg_mean_squared_error")


_KERNELS = ["rbf", "poly", "sigmoid", "linear"]

PROBLEMS = (
    Problem(
        "svc-digits",
        {
            "C": (1e-3, 1e3, "log"),
            "gamma": (1e-5, 1.0, "log"),
            "coef0": (-1.0, 1.0),
            "kernel": _KERNELS,
        },
        svc_digits,
        -0.9466666666666667,
    ),
    Problem(
        "svr-diabetes",
        {
            "C": (1e-2, 1e3, "log"),
            "gamma": (1e-4, 10.0, "log"),
            "epsilon": (1e-2, 100.0, "log"),
            "kernel": ["rbf", "sigmoid", "linear"],
            "scaler": list(_SCALERS),
        },
        svr_diabetes,
        42.7900371745587,
    ),
    Problem(
        "tree-breast-cancer",
        {
            "max_depth": (1, 20),
            "min_samples_split": (2, 100, "log"),
            "min_samples_leaf": (1, 100, "log"),
            "max_features": (0.05, 1.0),
            "ccp_alpha": (1e-5, 0.1, "log"),
            "criterion": ["gini", "entropy"],
        },
        tree_breast_cancer,
        0.037546628917973945,
    ),
    Problem(
        "logistic-wine",
        {
            "C": (1e-4, 1e4, "log"),
            "tol": (1e-5, 0.1, "log"),
            "max_iter": range(5, 51, 5),
            "scaler": list(_SCALERS),
        },
        logistic_wine,
        0.05985148007350354,
    ),
    Problem(
        "neighbours-breast-cancer",
        {
            "n_neighbors": (1, 50),
            "p": [1, 2],
            "weights": ["uniform", "distance"],
            "scaler": list(_SCALERS),
        },
        neighbours_breast_cancer,
        0.039657863746901036,
    ),
    Problem(
        "trees-diabetes",
        {
            "max_depth": (1, 20),
            "min_samples_leaf": (1, 50, "log"),
            "max_features": (0.1, 1.0),
            "bootstrap": [True],
            "max_samples": (0.1, 1.0),
        },
        trees_diabetes,
        3072.2183295946966,
    ),
)
