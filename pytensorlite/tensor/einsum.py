"""Einstein summation: `einsum`, as a graph of products, transpositions and sums.

Operands are contracted pairwise, in the order that NumPy finds cheapest where lengths are known.
Each contraction of a pair is one batched matrix product: axes that both have and the result keeps
are the batch, axes that both have and the result drops are summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytensorlite.tensor.basic import as_tensor_variable, diagonal
from pytensorlite.tensor.math import matmul
from pytensorlite.tensor.math import prod as pt_prod
from pytensorlite.tensor.math import sum as pt_sum
from pytensorlite.tensor.shape import shape_tuple
from pytensorlite.tensor.variable import TensorVariable


def einsum(subscripts: str, *operands: Any, optimize: Any = None) -> TensorVariable:
    """Return the Einstein summation over operands, as `numpy.einsum` does.

    Parameters
    ----------
    subscripts : str
        Letters for the axes of each operand, and of the result: ``"ij,jk->ik"``. ``...`` stands for
        any number of axes, which broadcast.
    *operands : tensor_like
        The arrays.
    optimize : None
        Accepted for compatibility: the order of contractions is always sought.

    Examples
    --------
    >>> einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).eval()
    array([3., 7.])
    """
    tensors = [as_tensor_variable(operand) for operand in operands]
    terms, result = _parsed(subscripts, tensors)
    pairs = list(zip(terms, tensors, strict=True))
    pairs = [_without_repeats(term, x) for term, x in pairs]
    for positions in _contraction_path(pairs, result):
        chosen = [pairs[p] for p in positions]
        pairs = [pair for p, pair in enumerate(pairs) if p not in positions]
        needed = set(result).union(*(term for term, _ in pairs))
        pairs.append(_contracted(chosen, needed))
    ((term, x),) = pairs
    term, x = _summed(term, x, set(result))
    return _ordered(term, x, result)


def _parsed(subscripts: str, tensors: Sequence[TensorVariable]) -> tuple[list[str], str]:
    """Return the letters of each operand and of the result, ellipses spelled out."""
    compact = subscripts.replace(" ", "")
    left, arrow, right = compact.partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise ValueError(
            f"einsum: the subscripts {subscripts!r} are for {len(terms)} operands, got "
            f"{len(tensors)}."
        )
    used = set(compact)
    spare = [letter for letter in _LETTERS if letter not in used]
    widest = max(
        (
            x.type.ndim - (len(term) - 3)
            for term, x in zip(terms, tensors, strict=True)
            if "..." in term
        ),
        default=0,
    )
    ellipsis = "".join(spare[:widest])
    spelled = [
        _spelled(term, x, ellipsis, subscripts) for term, x in zip(terms, tensors, strict=True)
    ]
    if arrow:
        result = right.replace("...", ellipsis)
    else:
        letters = "".join(spelled)
        once = sorted(c for c in set(letters) - set(ellipsis) if letters.count(c) == 1)
        result = ellipsis + "".join(once)
    if len(set(result)) != len(result) or not set(result) <= set("".join(spelled)):
        raise ValueError(
            f"einsum: the result of {subscripts!r} must name axes of the operands, each once; "
            f"got {right!r}."
        )
    return spelled, result


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _spelled(term: str, x: TensorVariable, ellipsis: str, subscripts: str) -> str:
    if "..." in term:
        covered = x.type.ndim - (len(term) - 3)
        if covered >= 0:
            term = term.replace("...", ellipsis[len(ellipsis) - covered :])
    if len(term) != x.type.ndim or not all(letter in _LETTERS for letter in term):
        raise ValueError(
            f"einsum: the subscripts {term!r} in {subscripts!r} do not fit the operand {x} of "
            f"type {x.type}: "
            f"expected a letter for each of its {x.type.ndim} axes."
        )
    return term


def _without_repeats(term: str, x: TensorVariable) -> tuple[str, TensorVariable]:
    """Take diagonals until no letter comes twice."""
    for letter in sorted(set(term)):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            x = diagonal(x, axis1=first, axis2=second)
            term = "".join(c for k, c in enumerate(term) if k not in (first, second)) + letter
    return term, x


def _contraction_path(
    pairs: Sequence[tuple[str, TensorVariable]], result: str
) -> list[tuple[int, ...]]:
    """Return which operands to contract one after another."""
    if len(pairs) <= 2:
        return [tuple(range(len(pairs)))]
    lengths: dict[str, int] = {}
    for term, x in pairs:
        for letter, length in zip(term, x.type.shape, strict=True):
            lengths[letter] = max(lengths.get(letter, 1), length or 1)
    known = all(length is not None for _, x in pairs for length in x.type.shape)
    if not known:
        # Any order is right; from the right is best for products that end in a vector.
        return [(n - 2, n - 1) for n in range(len(pairs), 1, -1)]
    shapes = [tuple(lengths[letter] for letter in term) for term, _ in pairs]
    subscripts = ",".join(term for term, _ in pairs) + "->" + result
    path, _ = np.einsum_path(
        subscripts, *(np.broadcast_to(np.float64(0), shape) for shape in shapes), optimize="greedy"
    )
    return [tuple(positions) for positions in path[1:]]


def _contracted(
    pairs: Sequence[tuple[str, TensorVariable]], needed: set[str]
) -> tuple[str, TensorVariable]:
    """Contract operands one after another, keeping the axes that are still needed."""
    term, x = pairs[0]
    for position, (other, y) in enumerate(pairs[1:], 1):
        rest = needed.union(*(later for later, _ in pairs[position + 1 :]))
        term, x = _multiplied(term, x, other, y, rest)
    return term, x


def _multiplied(
    left: str, x: TensorVariable, right: str, y: TensorVariable, needed: set[str]
) -> tuple[str, TensorVariable]:
    """Multiply two operands and sum over the axes that nobody needs any more."""
    # A length of 1 that broadcasts must not meet another length within a matrix product.
    (left, x), (right, y) = _stretched(left, x, right, y), _stretched(right, y, left, x)
    (left, x), (right, y) = (
        _summed(left, x, needed | set(right)),
        _summed(right, y, needed | set(left)),
    )
    batch = [c for c in left if c in right and c in needed]
    summed = [c for c in left if c in right and c not in needed]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    if not summed:
        order = [*batch, *rows, *columns]
        return "".join(order), _spread(left, x, order) * _spread(right, y, order)
    x_parts = _ordered(left, x, "".join([*batch, *rows, *summed]))
    y_parts = _ordered(right, y, "".join([*batch, *summed, *columns]))
    row_lengths = shape_tuple(x_parts)[len(batch) : len(batch) + len(rows)]
    column_lengths = shape_tuple(y_parts)[len(batch) + len(summed) :]
    product = matmul(
        _grouped(x_parts, len(batch), len(rows), len(summed)),
        _grouped(y_parts, len(batch), len(summed), len(columns)),
    )
    lengths = [*shape_tuple(product)[: len(batch)], *row_lengths, *column_lengths]
    result = product.reshape(lengths, ndim=len(lengths)) if lengths else product.squeeze()
    return "".join([*batch, *rows, *columns]), result


def _stretched(
    term: str, x: TensorVariable, other: str, y: TensorVariable
) -> tuple[str, TensorVariable]:
    """Drop axes of length 1 where the other operand's axis of that letter is longer."""
    dropped = [
        k
        for k, c in enumerate(term)
        if x.type.shape[k] == 1 and c in other and y.type.shape[other.index(c)] != 1
    ]
    if not dropped:
        return term, x
    kept = "".join(c for k, c in enumerate(term) if k not in dropped)
    return kept, x.squeeze(tuple(dropped))


def _grouped(x: TensorVariable, batch: int, first: int, second: int) -> TensorVariable:
    """Join the axes behind the batch into rows and columns of matrices."""
    lengths = shape_tuple(x)
    rows, columns = lengths[batch : batch + first], lengths[batch + first :]
    if first == 1 and second == 1:
        return x
    sizes = [*lengths[:batch], _product(rows), _product(columns)]
    return x.reshape(sizes, ndim=batch + 2)


def _product(lengths: Sequence[Any]) -> Any:
    if not lengths:
        return 1
    return lengths[0] if len(lengths) == 1 else pt_prod(as_tensor_variable(lengths), dtype="int64")


def _summed(term: str, x: TensorVariable, needed: set[str]) -> tuple[str, TensorVariable]:
    """Sum over the axes that are not needed."""
    axes = [k for k, c in enumerate(term) if c not in needed]
    if not axes:
        return term, x
    return "".join(c for c in term if c in needed), pt_sum(x, axis=axes, dtype=x.type.dtype)


def _ordered(term: str, x: TensorVariable, wanted: str) -> TensorVariable:
    order = [term.index(c) for c in wanted]
    return x if order == list(range(x.type.ndim)) else x.dimshuffle(order)


def _spread(term: str, x: TensorVariable, order: Sequence[str]) -> TensorVariable:
    return x.dimshuffle([term.index(c) if c in term else "x" for c in order])


__all__ = ["einsum"]
