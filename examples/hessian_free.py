"""Newton's method without a Hessian: logistic regression on the breast-cancer data.

``scipy.optimize.minimize`` with the method "trust-ncg" wants the cost, its gradient, and the
product of its Hessian with a vector.  All three come from one formula for the cost.  Run it with

    python examples/hessian_free.py
"""

import numpy as np
from scipy.optimize import approx_fprime, check_grad, minimize
from sklearn.datasets import load_breast_cancer

import pytensorlite as pytensor
import pytensorlite.tensor as pt


def standardized_data():
    """Return the measurements with mean 0 and variance 1, a column of ones, and the labels."""
    features, labels = load_breast_cancer(return_X_y=True)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    return np.column_stack([features, np.ones(len(features))]), labels.astype("float64")


def compiled_cost(features, labels, penalty=1e-2):
    """Return two functions of the weights: (cost, gradient), and Hessian times vector."""
    weights, vector = pt.dvectors("weights", "vector")
    scores = pt.dot(pt.constant(features), weights)
    # The negative log-likelihood of a label y in {0, 1} is softplus(score) - y score.
    cost = (pt.softplus(scores) - pt.constant(labels) * scores).mean()
    cost += penalty * (weights**2).sum()

    gradient = pytensor.grad(cost, weights)
    product = pytensor.gradient.hessian_vector_product(cost, weights, vector)
    return (
        pytensor.function([weights], [cost, gradient]),
        pytensor.function([weights, vector], product),
    )


def differences(value_and_gradient, hessian_times, start, seed=0):
    """Return how far gradient and Hessian product are from SciPy's finite differences."""
    rng = np.random.default_rng(seed)
    at = start + rng.normal(size=start.shape)
    vector = rng.normal(size=start.shape)

    gradient_error = check_grad(
        lambda w: float(value_and_gradient(w)[0]), lambda w: value_and_gradient(w)[1], at
    )
    slope = approx_fprime([0.0], lambda t: value_and_gradient(at + t[0] * vector)[1], 1e-7)
    return gradient_error, np.abs(hessian_times(at, vector) - slope[:, 0]).max()


def main():
    features, labels = standardized_data()
    value_and_gradient, hessian_times = compiled_cost(features, labels)
    start = np.zeros(features.shape[1])

    gradient_error, product_error = differences(value_and_gradient, hessian_times, start)
    print(f"against finite differences: gradient {gradient_error:.1e}, product {product_error:.1e}")

    costs = []
    solution = minimize(
        value_and_gradient,
        start,
        jac=True,
        hessp=hessian_times,
        method="trust-ncg",
        options={"gtol": 1e-8},
        callback=lambda w: costs.append(float(value_and_gradient(w)[0])),
    )
    for step, cost in enumerate(costs, start=1):
        print(f"step {step:2d}  cost {cost:.12f}")
    accuracy = ((features @ solution.x > 0) == labels).mean()
    norm = np.linalg.norm(solution.jac)
    print(f"gradient norm {norm:.1e} after {solution.nit} steps, {solution.nhev} Hessian products")
    print(f"accuracy on the data it has seen: {accuracy:.3f}")
    return gradient_error, product_error, solution


if __name__ == "__main__":
    main()
