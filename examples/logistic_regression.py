"""Logistic regression on a real data set: shared parameters, `grad`, updates, one C program.

    python examples/logistic_regression.py

trains on scikit-learn's breast-cancer data (569 tumours, 30 measurements) by gradient descent with
momentum, compares the accuracy on held-out rows with scikit-learn's own solution of the same
problem, and prints the C of the training step.
"""

import sys
import time

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import pytensorlite.tensor as pt
from pytensorlite import function, grad, shared

STEPS = 6000
RIDGE = 1.0  # strength of the penalty; scikit-learn's C is its inverse


def load():
    """Return training and held-out rows, columns scaled to unit variance."""
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test), y_train * 1.0, y_test * 1.0


def build(n_columns):
    """Return the training step, the prediction and the shared parameters."""
    X, y = pt.dmatrix("X"), pt.dvector("y")
    w = shared(np.zeros(n_columns), name="w")
    b = shared(0.0, name="b")

    z = X @ w + b
    loss = (pt.softplus(z) - y * z).sum() + 0.5 * RIDGE * (w**2).sum()

    updates = []
    for parameter, gradient in zip([w, b], grad(loss, [w, b]), strict=True):
        velocity = shared(np.zeros_like(parameter.get_value()), name=f"velocity_{parameter.name}")
        step = 0.9 * velocity - 0.0003 * gradient
        updates += [(velocity, step), (parameter, parameter + step)]

    train = function([X, y], loss, updates=updates, name="train")
    predict = function([X], z > 0, name="predict")
    return train, predict, w, b


def show_progress(step, loss):
    """Rewrite one line of a terminal."""
    if sys.stderr.isatty() and (step % 50 == 0 or step == STEPS):
        end = "\n" if step == STEPS else ""
        print(f"\rstep {step:5d} of {STEPS}   loss {loss:10.4f}", end=end, file=sys.stderr)


def main():
    X_train, X_test, y_train, y_test = load()
    start = time.perf_counter()
    train, predict, w, _ = build(X_train.shape[1])
    built = time.perf_counter()
    for step in range(1, STEPS + 1):
        loss = train(X_train, y_train)
        show_progress(step, float(loss))
    trained = time.perf_counter()

    print(train.c_source)
    reference = LogisticRegression(C=1 / RIDGE, max_iter=10_000, tol=1e-10).fit(X_train, y_train)
    ours = float(np.mean(predict(X_test) == y_test))
    theirs = reference.score(X_test, y_test)
    distance = np.abs(w.get_value() - reference.coef_[0]).max()
    print(
        f"built in {built - start:.3f} s, {STEPS} steps in {trained - built:.3f} s "
        f"({(trained - built) / STEPS * 1e6:.1f} us a step), final loss {float(loss):.6f}"
    )
    print(f"accuracy on {len(y_test)} held-out rows: {ours:.4f} (scikit-learn: {theirs:.4f})")
    print(f"largest difference of a coefficient from scikit-learn's: {distance:.1e}")
    if abs(ours - theirs) > 1e-9 or distance > 1e-3:
        sys.exit("the two solutions differ")


if __name__ == "__main__":
    main()
