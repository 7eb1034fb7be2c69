"""Einstein summation."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite.tensor.einsum import einsum

from .agreement import assert_agrees, assert_differentiable

LENGTHS = {"i": 2, "j": 3, "k": 4, "l": 2, "b": 3, "z": 1}

SUBSCRIPTS = [
    "ij->ji",
    "ij",
    "ji",
    "ij->",
    "ij->j",
    "ii->i",
    "ii",
    "iij->j",
    "iji->j",
    "i,i",
    "i,j->ij",
    "i,j->ji",
    "ij,j",
    "ij,j->i",
    "j,ij->i",
    "ij,jk->ik",
    "ij,jk->ki",
    "ij,jk",
    "bij,bjk->bik",
    "bij,jk->bik",
    "bij,bjk->ik",
    "bij,bij->b",
    "ij,kj->",
    "ij,ij,ij->ij",
    "ij,jk,kl->il",
    "ij,jk,k->i",
    "bi,bj,ij->b",
    "i,j,k->kji",
    "ij,kl->",
    ",ij->ij",
    ",->",
    "zi,ij->zj",
    "z,z->z",
]


@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_values(rng, subscripts):
    terms = subscripts.partition("->")[0].split(",")
    arrays = [rng.normal(size=[LENGTHS[c] for c in term]) for term in terms]
    expected = np.asarray(np.einsum(subscripts, *arrays))
    assert_agrees(lambda *x: einsum(subscripts, *x), arrays, expected)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("...ij,...j->...i", [(2, 3, 4), (4,)]),
        ("...ij,...j", [(2, 3, 4), (2, 4)]),
        ("i...->...", [(2, 3, 4)]),
        ("...,...", [(2, 3), (3,)]),
        ("...i,i...->...", [(2, 3), (3, 2)]),
        ("i...j->j...", [(2, 3, 4, 5)]),
        ("...", [(2,)]),
        ("ij,jk->ik", [(1, 3), (3, 1)]),
        ("ij,ij->i", [(2, 1), (2, 3)]),
        ("ij,ij->ij", [(2, 1), (1, 3)]),
        ("ij,jk->ik", [(0, 3), (3, 2)]),
        ("ij,jk->ik", [(2, 0), (0, 2)]),
    ],
)
def test_ellipses_ones_and_zeros(rng, subscripts, shapes):
    arrays = [rng.normal(size=shape) for shape in shapes]
    expected = np.asarray(np.einsum(subscripts, *arrays))
    assert_agrees(lambda *x: einsum(subscripts, *x), arrays, expected)


@pytest.mark.parametrize(
    "subscripts", ["ij,jk->ik", "bij,bj->b", "ii->i", "ij,jk,kl->li", "i,j->ij"]
)
def test_derivatives(rng, subscripts):
    terms = subscripts.partition("->")[0].split(",")
    shapes = [
        [LENGTHS[c] if c != "j" or "b" not in subscripts else 2 for c in term] for term in terms
    ]
    assert_differentiable(lambda *x: einsum(subscripts, *x), [rng.normal(size=s) for s in shapes])


@pytest.mark.parametrize("dtype", ["float32", "int64", "complex128"])
def test_dtypes(dtype):
    x = np.arange(6).reshape(2, 3).astype(dtype)
    assert_agrees(lambda a, b: einsum("ij,kj->ik", a, b), [x, x], np.einsum("ij,kj->ik", x, x))


def test_the_order_of_many_operands(rng):
    arrays = [
        rng.normal(size=(2, 3)),
        rng.normal(size=(3, 4)),
        rng.normal(size=(4, 2)),
        rng.normal(size=2),
    ]
    expected = np.einsum("ij,jk,kl,l->i", *arrays)
    assert_agrees(lambda *x: einsum("ij,jk,kl,l->i", *x), arrays, expected)


@pytest.mark.parametrize(
    ("subscripts", "ranks", "message"),
    [
        ("ij,jk->ik", [2], "for 2 operands, got 1"),
        ("ij->i", [3], "do not fit the operand"),
        ("ij->k", [2], "must name axes"),
        ("ij->ii", [2], "each once"),
        ("i1->i", [2], "do not fit"),
        ("...ij->...", [1], "do not fit"),
    ],
)
def test_errors(subscripts, ranks, message):
    with pytest.raises(ValueError, match=message):
        einsum(subscripts, *(pt.tensor(dtype="float64", shape=(None,) * n) for n in ranks))
