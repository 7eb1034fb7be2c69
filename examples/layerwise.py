"""Training a network layer by layer with `subgraph_grad`, on scikit-learn's handwritten digits.

Each layer is differentiated on its own: it receives the gradient of what it computed, updates its
weights, and hands the gradient of what it was given to the layer below.  That is what a program
needs in which something stands between two layers: another process, a random draw, a rounding.
Here nothing does, so the gradients must equal those of the whole, and the program checks that they
do.  Run it with

    python examples/layerwise.py
"""

from itertools import pairwise

import numpy as np
from sklearn.datasets import load_digits

import pytensorlite as pytensor
import pytensorlite.tensor as pt
from pytensorlite.gradient import subgraph_grad

SIZES = (64, 48, 32, 10)


def digits():
    """Return training and test images (64 numbers in [0, 1]) and their labels."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order] / 16.0, labels[order]
    return (images[:1500], labels[:1500]), (images[1500:], labels[1500:])


def network(rng):
    """Return the input, the layers' outputs from the bottom up, and each layer's parameters."""
    image = pt.dmatrix("image")
    layers, parameters, below = [], [], image
    for number, (fan_in, fan_out) in enumerate(pairwise(SIZES)):
        weights = pytensor.shared(
            rng.normal(size=(fan_in, fan_out)) / np.sqrt(fan_in), name=f"weights {number}"
        )
        bias = pytensor.shared(np.zeros(fan_out), name=f"bias {number}")
        z = pt.dot(below, weights) + bias
        below = z if fan_out == SIZES[-1] else pt.tanh(z)
        layers.append(below)
        parameters.append([weights, bias])
    return image, layers, parameters


def cross_entropy(scores, label):
    """Return the mean of minus the log-probability of the right label."""
    log_probability = pt.special.log_softmax(scores, axis=1)
    return -log_probability[pt.arange(label.shape[0]), label].mean()


def layerwise_gradients(cost, image, layers, parameters):
    """Return the gradient of every parameter, computed from the top layer down."""
    gradients = []
    below = [image, *layers[:-1]]
    start, top_cost = None, cost
    for weights, end in zip(reversed(parameters), reversed(below), strict=True):
        by_weights, (by_end,) = subgraph_grad(weights, [end], start=start, cost=top_cost)
        gradients = by_weights + gradients
        # From here on nothing is known of the cost but this.
        start, top_cost = {end: by_end}, None
    return gradients


def main(epochs=15, batch=50, rate=0.5):
    (images, labels), (test_images, test_labels) = digits()
    image, layers, parameters = network(np.random.default_rng(1))
    label = pt.lvector("label")
    cost = cross_entropy(layers[-1], label)
    flat = [parameter for layer in parameters for parameter in layer]

    piecewise = layerwise_gradients(cost, image, layers, parameters)
    whole = pytensor.grad(cost, flat)
    compare = pytensor.function(
        [image, label], [abs(a - b).max() for a, b in zip(piecewise, whole, strict=True)]
    )
    step = pytensor.function(
        [image, label],
        cost,
        updates=[(p, p - rate * g) for p, g in zip(flat, piecewise, strict=True)],
    )
    predict = pytensor.function([image], pt.argmax(layers[-1], axis=1))

    largest_difference = 0.0
    for epoch in range(epochs):
        costs = [
            step(images[i : i + batch], labels[i : i + batch]) for i in range(0, len(images), batch)
        ]
        largest_difference = max(largest_difference, *map(float, compare(images, labels)))
        accuracy = (predict(test_images) == test_labels).mean()
        print(f"epoch {epoch + 1:2d}  cost {np.mean(costs):.4f}  accuracy {accuracy:.3f}")
    print(f"layer by layer and whole gradients differ by at most {largest_difference:.1e}")
    return largest_difference, accuracy


if __name__ == "__main__":
    main()
