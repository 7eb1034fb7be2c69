"""Ten models whose gradients a person should be able to read.

Run this file to write the golden files anew, after having read what changed:

    python -m tests.gradient.golden_models
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytensorlite as pytensor
import pytensorlite.tensor as pt
from pytensorlite.printing import debugprint

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Model:
    """A function that returns inputs, cost and parameters, and what its gradient may contain."""

    build: Callable
    nodes: int
    lengths: int = 0


def logistic_regression():
    X, y, w, b = pt.dmatrix("X"), pt.dvector("y"), pt.dvector("w"), pt.dscalar("b")
    z = pt.dot(X, w) + b
    return [X, y, w, b], (pt.softplus(z) - y * z).sum(), [w, b]


def logistic_regression_by_the_book():
    X, y, w, b = pt.dmatrix("X"), pt.dvector("y"), pt.dvector("w"), pt.dscalar("b")
    p = 1 / (1 + pt.exp(-(pt.dot(X, w) + b)))
    return [X, y, w, b], -(y * pt.log(p) + (1 - y) * pt.log(1 - p)).sum(), [w, b]


def least_squares():
    X, y, w, b = pt.dmatrix("X"), pt.dvector("y"), pt.dvector("w"), pt.dscalar("b")
    return [X, y, w, b], ((pt.dot(X, w) + b - y) ** 2).mean(), [w, b]


def poisson_regression():
    X, y, w = pt.dmatrix("X"), pt.dvector("y"), pt.dvector("w")
    z = pt.dot(X, w)
    return [X, y, w], (pt.exp(z) - y * z).sum(), [w]


def normal_likelihood():
    x, mu, log_sigma = pt.dvector("x"), pt.dscalar("mu"), pt.dscalar("log_sigma")
    z = (x - mu) / pt.exp(log_sigma)
    return [x, mu, log_sigma], (-0.5 * z**2 - log_sigma).sum(), [mu, log_sigma]


def two_layers():
    X, y = pt.dmatrix("X"), pt.dmatrix("y")
    w1, b1, w2 = pt.dmatrix("w1"), pt.dvector("b1"), pt.dmatrix("w2")
    hidden = pt.tanh(pt.dot(X, w1) + b1)
    return [X, y, w1, b1, w2], ((pt.dot(hidden, w2) - y) ** 2).sum(), [w1, b1, w2]


def log_sum_exp():
    x = pt.dvector("x")
    return [x], pt.log(pt.exp(x).sum()), [x]


def multilevel():
    y, floor, county = pt.dvector("y"), pt.dvector("floor"), pt.lvector("county")
    a, b, log_sigma = pt.dvector("a"), pt.dscalar("b"), pt.dscalar("log_sigma")
    z = (y - a[county] - b * floor) / pt.exp(log_sigma)
    return [y, floor, county, a, b, log_sigma], (-0.5 * z**2 - log_sigma).sum(), [a, b, log_sigma]


def rosenbrock():
    x = pt.dvector("x")
    return [x], (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(), [x]


def gamma_likelihood():
    x, alpha, beta = pt.dvector("x"), pt.dscalar("alpha"), pt.dscalar("beta")
    terms = (alpha - 1) * pt.log(x) - beta * x + alpha * pt.log(beta) - pt.gammaln(alpha)
    return [x, alpha, beta], terms.sum(), [alpha, beta]


MODELS = {
    "logistic_regression": Model(logistic_regression, nodes=8),
    "logistic_regression_by_the_book": Model(logistic_regression_by_the_book, nodes=15),
    "least_squares": Model(least_squares, nodes=12, lengths=1),
    "poisson_regression": Model(poisson_regression, nodes=5),
    "normal_likelihood": Model(normal_likelihood, nodes=16, lengths=1),
    "two_layers": Model(two_layers, nodes=17),
    "log_sum_exp": Model(log_sum_exp, nodes=1),
    "multilevel": Model(multilevel, nodes=21, lengths=2),
    "rosenbrock": Model(rosenbrock, nodes=16, lengths=1),
    "gamma_likelihood": Model(gamma_likelihood, nodes=14, lengths=1),
}


def compiled_gradient(name):
    """Return the gradient of a model, rewritten but not fused, as a compiled function."""
    inputs, cost, wrt = MODELS[name].build()
    cost.name = "cost"
    gradients = pytensor.grad(cost, wrt)
    return pytensor.function(inputs, gradients, mode="NUMPY", on_unused_input="ignore")


def printed_gradient(name):
    """Return the gradient of a model as `debugprint` shows it."""
    return debugprint(compiled_gradient(name).maker.fgraph, file="str").rstrip() + "\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in MODELS:
        (GOLDEN / f"{name}.txt").write_text(printed_gradient(name), encoding="utf-8")
