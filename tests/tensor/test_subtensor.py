"""Indexing: reading, writing, derivatives, errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.gradient import grad, verify_grad
from pytensorlite.graph.basic import equal_computations
from pytensorlite.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    IncSubtensor,
    Subtensor,
    get_canonical_form_slice,
    inc_subtensor,
    set_subtensor,
    slice_len,
    slice_static_length,
)

from .agreement import ORACLE, assert_agrees, assert_differentiable, evaluate, variable_like

MASK = np.array([True, False, True, False])
ROWS = np.array([2, 0, -1, 2])

KEYS = {
    "integer": 1,
    "negative": -1,
    "numpy integer": np.uint8(2),
    "0-d array": np.array(1),
    "full": slice(None),
    "empty tuple": (),
    "ellipsis": ...,
    "new axis": None,
    "slice": slice(1, 3),
    "far slice": slice(-100, 100),
    "empty slice": slice(3, 1),
    "step": slice(None, None, 2),
    "backwards": slice(None, None, -1),
    "backwards from": slice(2, None, -2),
    "backwards to": slice(None, 1, -1),
    "several": (slice(1, None), -1, slice(None, None, -2)),
    "integers": (1, 2, 3),
    "ellipsis last": (1, ...),
    "ellipsis first": (..., 1),
    "ellipsis between": (0, ..., 1),
    "new axes": (None, 1, None, slice(2), ..., None),
    "list": [0, 2],
    "repeated": [1, 1, 0],
    "empty list": [],
    "matrix of indices": np.array([[0, 1], [2, 0]]),
    "unsigned": np.array([0, 2], dtype="uint64"),
    "int8": np.array([-1, 1], dtype="int8"),
    "second axis": (slice(None), ROWS),
    "last axis": (..., ROWS),
    "pair": (ROWS, ROWS),
    "pair apart": (ROWS, slice(None), ROWS),
    "broadcast": (np.array([[0], [1]]), ROWS),
    "integer and array": (1, ROWS),
    "integer, slice, array": (1, slice(1, None), ROWS),
    "slice, integer, array": (slice(None), 1, ROWS),
    "new axis and arrays": (ROWS, None, ROWS),
    "new axis then array": (None, ROWS),
    "range": range(2),
    "mask": MASK,
    "mask on second axis": (slice(None), np.array([True, False, True, True, False])),
    "mask of rank 2": np.arange(20).reshape(4, 5) % 3 == 0,
    "mask and slice": (MASK, slice(1, 3)),
    "mask and array": (MASK, np.array([0, 1])),
    "mask of nothing": np.zeros(4, dtype=bool),
}


@pytest.fixture
def x():
    return np.arange(120, dtype="float64").reshape(4, 5, 6)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_reads_what_numpy_reads(x, key):
    assert_agrees(lambda v: v[key], [x], x[key])


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_symbolic_indices_read_the_same(x, key):
    entries = key if isinstance(key, tuple) else (key,)
    variables, values = [], []

    def symbolic(entry):
        if isinstance(entry, slice):
            return slice(*(symbolic(part) for part in (entry.start, entry.stop, entry.step)))
        if entry is None or entry is Ellipsis:
            return entry
        array = np.asarray(entry if not isinstance(entry, range) else list(entry))
        if array.size == 0:
            array = array.astype("bool" if array.dtype == bool else "int64")
        variables.append(variable_like(array))
        values.append(array)
        return variables[-1]

    symbols = tuple(symbolic(entry) for entry in entries)
    v = pt.dtensor3("v")
    part = v[symbols]
    found = evaluate([part, part.shape], [v, *variables], [x, *values])
    np.testing.assert_array_equal(found[0], x[key])
    assert tuple(found[1]) == x[key].shape


def _adds_axes(key):
    return any(entry is None for entry in (key if isinstance(key, tuple) else (key,)))


# With new axes the written array has them too, and NumPy's has not.
WRITABLE = {name: key for name, key in KEYS.items() if not _adds_axes(key)}


@pytest.mark.parametrize("key", WRITABLE.values(), ids=WRITABLE)
def test_sets_what_numpy_sets(x, key):
    expected = x.copy()
    expected[key] = -1.0
    assert_agrees(lambda v: v[key].set(-1.0), [x], expected)
    values = np.arange(x[key].size, dtype="float64").reshape(x[key].shape)
    expected[key] = values
    assert_agrees(lambda v, y: v[key].set(y), [x, values], expected)


@pytest.mark.parametrize("key", WRITABLE.values(), ids=WRITABLE)
def test_increases_at_every_occurrence(x, key):
    values = np.arange(x[key].size, dtype="float64").reshape(x[key].shape)
    expected = x.copy()
    np.add.at(expected, key, values)
    assert_agrees(lambda v, y: v[key].inc(y), [x, values], expected)


DIFFERENTIABLE = {
    name: WRITABLE[name]
    for name in (
        "integer",
        "full",
        "slice",
        "empty slice",
        "backwards from",
        "several",
        "repeated",
        "matrix of indices",
        "second axis",
        "pair",
        "pair apart",
        "broadcast",
        "integer, slice, array",
        "mask",
        "mask of rank 2",
    )
}


@pytest.mark.parametrize("key", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
@pytest.mark.parametrize("kind", ["read", "set", "inc", "set scalar", "inc row"])
def test_derivatives(rng, key, kind):
    x = rng.normal(size=(4, 5, 3))
    if kind == "read":
        arrays, build = [x], lambda v: pt.sqr(v[key])
    elif kind == "set scalar":
        arrays, build = [x, rng.normal(size=())], lambda v, y: pt.sqr(v[key].set(y**2))
    elif kind == "inc row":
        arrays = [x, rng.normal(size=x[key].shape[-1:])]
        build = lambda v, y: pt.sqr(v[key].inc(y**2))
    else:
        arrays = [x, rng.normal(size=x[key].shape)]
        build = lambda v, y: pt.sqr(getattr(v[key], kind)(y**2))
    assert_differentiable(build, arrays)


def test_only_the_last_of_several_values_set_counts():
    x, y = np.zeros(3), np.array([1.0, 2.0, 3.0])
    index = np.array([1, 1, 0])
    v, w = pt.dvector(), pt.dvector()
    out = v[index].set(w)
    g = grad((out * [10.0, 20.0, 30.0]).sum(), w)
    value, gradient = evaluate([out, g], [v, w], [x, y])
    np.testing.assert_array_equal(value, [3.0, 2.0, 0.0])
    np.testing.assert_array_equal(gradient, [0.0, 20.0, 10.0])


def test_ignored_duplicates_count_once():
    v = pt.dvector()
    out = inc_subtensor(v[[0, 0, 1]], [1.0, 2.0, 3.0], ignore_duplicates=True)
    np.testing.assert_array_equal(evaluate(out, [v], [np.zeros(2)]), [2.0, 3.0])


# -- hypothesis: any key against NumPy -------------------------------------------------------------

BOUND = st.one_of(st.none(), st.integers(-7, 7))
SLICE = st.builds(slice, BOUND, BOUND, st.one_of(st.none(), st.integers(-3, 3).filter(bool)))


@st.composite
def keys(draw, shape):
    entries, axis, broadcast = [], 0, draw(st.sampled_from([(), (1,), (3,), (2, 3)]))
    while axis < len(shape) and draw(st.booleans()):
        kind = draw(st.sampled_from(["int", "slice", "slice", "none", "array", "mask"]))
        n = shape[axis]
        if kind == "none":
            entries.append(None)
            continue
        if kind == "slice" or n == 0:
            entries.append(draw(SLICE))
        elif kind == "int":
            entries.append(draw(st.integers(-n, n - 1)))
        elif kind == "array":
            size = int(np.prod(broadcast))
            flat = draw(st.lists(st.integers(-n, n - 1), min_size=size, max_size=size))
            entries.append(np.array(flat, dtype="int64").reshape(broadcast))
        else:
            entries.append(np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))))
        axis += 1
    if draw(st.booleans()):
        entries.insert(draw(st.integers(0, len(entries))), Ellipsis)
    return tuple(entries)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), shape=st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_any_key_reads_and_writes_as_in_numpy(data, shape):
    key = data.draw(keys(tuple(shape)))
    x = np.arange(np.prod(shape), dtype="float64").reshape(shape)
    v = pt.tensor(
        "v", dtype="float64", shape=data.draw(st.sampled_from([shape, [None] * len(shape)]))
    )
    try:
        expected = x[key]
    except IndexError:
        # Masks of different counts, or a mask next to arrays, may not broadcast.
        with pytest.raises(IndexError):
            evaluate(v[key], [v], [x])
        return
    part = v[key]
    value, shape_found = evaluate([part, part.shape], [v], [x])
    np.testing.assert_array_equal(value, expected)
    assert tuple(shape_found) == expected.shape
    assert all(m in (None, n) for m, n in zip(part.type.shape, expected.shape, strict=True))
    if not any(entry is None for entry in key) and part.owner is not None:
        written = x.copy()
        np.add.at(written, key, 1.0)
        np.testing.assert_array_equal(evaluate(part.inc(1.0), [v], [x]), written)


@settings(max_examples=80, deadline=None)
@given(slc=SLICE, n=st.integers(0, 7))
def test_lengths_of_slices(slc, n):
    expected = len(range(*slc.indices(n)))
    assert slice_static_length(slc, n) == expected
    assert slice_len(slc, n) == expected
    bounds = {pt.lscalar(): b for b in (slc.start, slc.stop, slc.step) if b is not None}
    names = iter(bounds)
    symbolic = slice(*(None if b is None else next(names) for b in (slc.start, slc.stop, slc.step)))
    length = pt.lscalar("n")
    canonical, direction = get_canonical_form_slice(symbolic, length)
    parts = [
        canonical.start,
        canonical.stop,
        canonical.step,
        direction,
        slice_len(symbolic, length),
    ]
    found = evaluate([pt.as_tensor(p) for p in parts], [length, *bounds], [n, *bounds.values()])
    start, stop, step, sign, count = (int(p) for p in found)
    assert count == expected
    x = np.arange(n)
    assert step > 0
    np.testing.assert_array_equal(x[start:stop:step][::sign], x[slc])


# -- errors ----------------------------------------------------------------------------------------

FAR = [3, -4, 2**31, 2**32, -(2**31) - 1, 2**32 + 1, 2**62]


@pytest.mark.parametrize("index", FAR)
def test_an_index_out_of_range_is_named(index):
    v, i = pt.dvector("v"), pt.lscalar("i")
    message = f"index {index} is out of bounds for axis 0 with size 3"
    for graph in (v[i], v[i].set(0.0), v[i].inc(1.0)):
        with pytest.raises(IndexError, match=message):
            evaluate(graph, [v, i], [np.zeros(3), index])


@pytest.mark.parametrize(
    ("index", "dtype"),
    [
        (index, dtype)
        for index in FAR
        for dtype in ["int64", "uint64", "int32", "uint32", "int8", "uint8"]
        if np.iinfo(dtype).min <= index <= np.iinfo(dtype).max
    ],
)
def test_an_index_array_out_of_range_is_named(index, dtype):
    x, i = pt.dmatrix("x"), pt.vector("i", dtype=dtype)
    indices = np.array([0, index], dtype=dtype)
    for graph, axis in ((x[i], 0), (x[:, i], 1), (x[i].inc(1.0), 0), (x[:, i].set(1.0), 1)):
        with pytest.raises(
            IndexError, match=f"index {index} is out of bounds for axis {axis} with size 3"
        ):
            evaluate(graph, [x, i], [np.zeros((3, 3)), indices])


def test_the_upper_half_of_uint64_does_not_wrap():
    v = pt.dvector("v")
    largest = np.array([2**64 - 1], dtype="uint64")
    i, s = pt.vector("i", dtype="uint64"), pt.scalar("s", dtype="uint64")
    for graph, variable, value in ((v[i], i, largest), (v[s], s, largest[0])):
        with pytest.raises(IndexError, match=f"index {2**64 - 1} is out of bounds"):
            evaluate(graph, [v, variable], [np.zeros(3), value])


def test_a_failed_write_changes_nothing():
    x = np.zeros(3)
    node = AdvancedIncSubtensor1(inplace=True).make_node(pt.dvector(), pt.dvector(), pt.lvector())
    with pytest.raises(IndexError):
        node.op.perform(node, [x, np.ones(2), np.array([0, 7])], [[None]])
    np.testing.assert_array_equal(x, 0.0)


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        ((0, 0, 0, 0), IndexError, "too many indices for tensor: tensor is 3-dimensional, but 4"),
        (1.5, TypeError, "basic indices must be integers"),
        ("a", TypeError, "got 'a' of type str"),
        ((..., ...), IndexError, "single Ellipsis"),
        (True, TypeError, "True and False are no indices"),
        ([True, False], TypeError, r"numpy.array\(\[True, False\]\)"),
        ([0.5], TypeError, "index must be integers or a boolean mask"),
        (slice(0.5, None), TypeError, "basic indices must be integers"),
        (slice(None, None, 0), ValueError, "slice step cannot be zero"),
        (2**70, IndexError, "64 bits"),
        (
            np.array([True, False]),
            IndexError,
            "size of axis is 4 but size of corresponding boolean axis is 2",
        ),
        (([0, 1], [0, 1, 2]), IndexError, "shape mismatch"),
    ],
)
def test_bad_keys_are_refused_while_building(key, error, message):
    x = pt.tensor("x", dtype="float64", shape=(4, 5, 6))
    with pytest.raises(error, match=message):
        x[key]


def test_a_symbolic_slice_bound_must_be_one_integer():
    x = pt.dvector("x")
    with pytest.raises(TypeError, match="single integer"):
        x[pt.lvector() :]
    with pytest.raises(TypeError, match="integers"):
        x[pt.dscalar() :]


def test_a_mask_of_the_wrong_length_is_refused_when_run():
    x, m = pt.dvector("x"), pt.vector("m", dtype="bool")
    with pytest.raises(IndexError, match="boolean index did not match"):
        evaluate(x[m], [x, m], [np.zeros(3), np.array([True, False])])


ROWS = np.array([0, 1])
SPLIT = [
    (slice(None), ROWS, Ellipsis, ROWS, 0),
    (slice(None), 0, Ellipsis, ROWS, 0),
    (slice(None), slice(2), 0, Ellipsis, ROWS),
    (slice(None), ROWS, Ellipsis, 1, np.array([True, False])),
    (slice(None), ROWS, ROWS, Ellipsis, 0),
    (ROWS, Ellipsis, ROWS, ROWS, ROWS),
    (slice(None), Ellipsis, ROWS, ROWS, ROWS),
]


@pytest.mark.parametrize("key", SPLIT, ids=str)
def test_an_ellipsis_of_no_axes_splits_a_key(key):
    x = np.arange(72.0).reshape(6, 2, 3, 2)
    v = pt.dtensor4("v")
    part = x[key]
    np.testing.assert_array_equal(evaluate(v[key], [v], [x]), part)
    values = 100.0 + np.arange(part.size).reshape(part.shape)
    written, added = x.copy(), x.copy()
    written[key] = values
    np.add.at(added, key, values[0])
    np.testing.assert_array_equal(evaluate(v[key].set(values), [v], [x]), written)
    np.testing.assert_array_equal(evaluate(v[key].inc(values[0]), [v], [x]), added)


def test_parts_with_their_axes_turned_are_written():
    x = np.zeros((3, 4))
    v = pt.dmatrix("v")
    written = x.copy()
    written[1:].T[...] = [1.0, 2.0]
    np.testing.assert_array_equal(evaluate(set_subtensor(v[1:].T, [1.0, 2.0]), [v], [x]), written)
    added = evaluate(inc_subtensor(v[[0, 0]].T, np.ones((4, 2))), [v], [x])
    np.testing.assert_array_equal(added, [[2.0] * 4, [0.0] * 4, [0.0] * 4])


def test_what_is_not_a_part_cannot_be_written():
    x = pt.dvector("x")
    for whole in (x, x + 1, x.dimshuffle("x", 0)):
        with pytest.raises(TypeError, match="x must be the result of a subtensor operation"):
            set_subtensor(whole, 1.0)


@pytest.mark.parametrize("key", [0, slice(1, None), [0, 1]])
def test_values_that_do_not_fit(key):
    x = pt.dmatrix("x")
    with pytest.raises(TypeError, match="Trying to increment"):
        x[key].set(pt.dtensor3())
    with pytest.raises(TypeError, match="complex"):
        x[key].set(pt.zscalar())
    with pytest.raises(TypeError, match="lose its fraction"):
        pt.lmatrix()[key].inc(0.5)


@pytest.mark.parametrize("key", [slice(1, None), [0, 1], (slice(None), [0, 1])])
@pytest.mark.parametrize("kind", ["set", "inc"])
def test_a_length_of_1_known_only_at_run_time_does_not_broadcast(key, kind):
    x, y = pt.dmatrix("x"), pt.dmatrix("y")
    graph = getattr(x[key], kind)(y)
    with pytest.raises(ValueError, match="specify_broadcastable"):
        evaluate(graph, [x, y], [np.zeros((3, 3)), np.zeros((1, 1))])
    with pytest.raises(ValueError, match="does not fit"):
        evaluate(graph, [x, y], [np.zeros((3, 3)), np.zeros((7, 7))])


@pytest.mark.parametrize("lengths", [(1, 2), (3, 2)])
def test_index_arrays_that_do_not_agree(lengths):
    x, i, j = pt.dmatrix("x"), pt.lvector("i"), pt.lvector("j")
    for graph in (x[i, j], x[i, j].set(1.0)):
        with pytest.raises(ValueError, match="incompatible shapes"):
            evaluate(graph, [x, i, j], [np.eye(3), *(np.zeros(n, dtype="int64") for n in lengths)])
    mask = pt.vector("mask", dtype="bool")
    with pytest.raises(ValueError, match="incompatible shapes"):
        evaluate(x[mask, [0, 1]], [x, mask], [np.eye(3), np.array([True, False, False])])


def test_a_step_of_zero_known_only_at_run_time():
    x, s = pt.dvector("x"), pt.lscalar("s")
    with pytest.raises(ValueError, match="step cannot be zero"):
        evaluate(x[::s], [x, s], [np.zeros(3), 0])


# -- ops -------------------------------------------------------------------------------------------


def test_which_op_is_made():
    x, i, v = pt.dmatrix("x"), pt.lscalar("i"), pt.lvector("v")
    assert isinstance(x[i, 1:].owner.op, Subtensor)
    assert x[i, 1:].owner.op.idx_list == (0, slice(1, None, None))
    assert isinstance(x[v].owner.op, AdvancedSubtensor1)
    assert isinstance(x[:, v].owner.op, AdvancedSubtensor)
    assert isinstance(x[0].set(1).owner.op, IncSubtensor)
    assert isinstance(x[v].inc(1).owner.op, AdvancedIncSubtensor1)
    assert isinstance(x[:, v].inc(1).owner.op, AdvancedIncSubtensor)


def test_equality_and_text():
    assert Subtensor((0, slice(1, 2))) == Subtensor([0, slice(1, 2)])
    assert hash(Subtensor((0,))) == hash(Subtensor((0,)))
    assert Subtensor((0,)) != Subtensor((slice(0, None),))
    assert IncSubtensor((0,), inplace=True) != IncSubtensor((0,))
    assert (
        str(Subtensor((0, slice(1, 2), slice(None, None, 3)))) == "Subtensor{i, start:stop, ::step}"
    )
    assert str(IncSubtensor((0,), set_instead_of_inc=True)) == "SetSubtensor{i}"
    assert str(AdvancedIncSubtensor1(inplace=True)) == "AdvancedIncSubtensor1{inplace,inc}"
    assert str(AdvancedSubtensor((0,))) == "AdvancedSubtensor{idx_list=(0,)}"
    assert str(AdvancedIncSubtensor((0,), set_instead_of_inc=True)) == "AdvancedSetSubtensor"
    with pytest.raises(ValueError, match="count up from 0"):
        Subtensor((1,))
    with pytest.raises(TypeError, match="positions"):
        Subtensor(("a",))


def test_same_expressions_are_equal_graphs():
    x, n = pt.dmatrix("x"), pt.lscalar("n")
    assert equal_computations([x[1:, n]], [x[1:, n]])
    assert not equal_computations([x[1:, n]], [x[2:, n]])


@pytest.mark.parametrize("key", [1, slice(1, None), [0, 2], (slice(None), [0, 2]), MASK[:3]])
@pytest.mark.parametrize("kind", ["set", "inc"])
def test_in_place_means_the_same_memory_and_else_another(key, kind):
    x = np.arange(9.0).reshape(3, 3)
    v = pt.dmatrix("v")
    for inplace in (True, False):
        function = set_subtensor if kind == "set" else inc_subtensor
        node = function(v[key], 5.0, inplace=inplace).owner
        assert node.op.destroy_map == ({0: [0]} if inplace else {})
        given = x.copy()
        values = [given, *evaluate(list(node.inputs[1:]), [], [])]
        storage = [[None]]
        node.op.perform(node, values, storage)
        assert (storage[0][0] is given) == inplace
        if not inplace:
            np.testing.assert_array_equal(given, x)


def test_in_place_with_overlapping_value():
    x = np.arange(5.0)
    node = set_subtensor(
        pt.dvector()[1:], pt.dvector(), inplace=True, tolerate_inplace_aliasing=True
    ).owner
    assert node.op.destroyhandler_tolerate_aliased == ((0, 1),)
    storage = [[None]]
    node.op.perform(node, [x, x[:-1], 1], storage)
    np.testing.assert_array_equal(storage[0][0], [0.0, 0.0, 1.0, 2.0, 3.0])


def test_a_part_is_a_view_and_a_gather_is_not():
    x = np.arange(4.0)
    for graph, is_view in (
        (pt.dvector()[1:], True),
        (pt.dvector()[2], True),
        (pt.dvector()[[0, 1]], False),
    ):
        node = graph.owner
        storage = [[None]]
        node.op.perform(node, [x, *evaluate(list(node.inputs[1:]), [], [])], storage)
        assert isinstance(storage[0][0], np.ndarray)
        assert np.shares_memory(storage[0][0], x) == is_view
        assert bool(node.op.view_map) == is_view


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "complex64"]
)
def test_dtypes_survive(dtype):
    x = np.arange(6).reshape(2, 3).astype(dtype)
    assert_agrees(lambda v: v[1, ::-1], [x], x[1, ::-1])
    assert_agrees(lambda v: v[:, [0, 0]], [x], x[:, [0, 0]])
    expected = x.copy()
    expected[:, 0] = 1
    assert_agrees(lambda v: v[:, 0].set(1), [x], expected)


def test_integers_have_zero_gradients():
    x = pt.lvector("x")
    for graph in (x[0], x[[0, 1]].sum(), x[1:].sum(), x[0].set(3).sum(), x[[0]].inc(3).sum()):
        g = grad(graph.astype("float64"), x)
        assert g.type.dtype == "float64"
        np.testing.assert_array_equal(evaluate(g, [x], [np.arange(3)]), 0.0)


def test_float32_gradients():
    verify_grad(lambda v: v[[0, 0, 1]] ** 2, [np.array([1.0, 2.0], dtype="float32")], mode=ORACLE)


def test_constants_are_seen_through_indexing():
    x = pt.tensor("x", dtype="float64", shape=(3, None))
    assert pt.get_underlying_scalar_constant_value(x.shape[0]) == 3
    assert pt.get_underlying_scalar_constant_value(pt.as_tensor([4, 5, 6])[1]) == 5
    assert pt.get_vector_length(x.shape[1:]) == 1
    assert pt.zeros(x.shape[:1]).type.shape == (3,)


@pytest.mark.parametrize("mode", ["NUMPY", "C"])
def test_lists_that_hold_variables_are_indices(mode):
    x, M, i, j = pt.dvector("x"), pt.dmatrix("M"), pt.lscalar("i"), pt.lscalar("j")
    cases = [
        (x[[i, j]], lambda x, M, i, j: x[[i, j]]),
        (x[[i, -1]], lambda x, M, i, j: x[[i, -1]]),
        (x[[[i, j], [0, i]]], lambda x, M, i, j: x[[[i, j], [0, i]]]),
        (M[i, [j, 0]], lambda x, M, i, j: M[i, [j, 0]]),
        (M[[i, j], [0, j]], lambda x, M, i, j: M[[i, j], [0, j]]),
        (M[:, [j]], lambda x, M, i, j: M[:, [j]]),
    ]
    f = function([x, M, i, j], [output for output, _ in cases], mode=mode)
    values = np.arange(3.0), np.arange(9.0).reshape(3, 3), 2, 1
    for found, (_, expected) in zip(f(*values), cases, strict=True):
        np.testing.assert_array_equal(found, expected(*values))
    np.testing.assert_array_equal(x[[i, j]].set(0).eval({x: values[0], i: 2, j: 1}), [0, 0, 0])
    with pytest.raises(TypeError, match="integer"):
        x[[i, x[0]]]
