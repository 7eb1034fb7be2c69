"""All contenders of a workload that are always there compute the same, at its smallest size."""

import numpy as np
import pytest

from benchmarks import ops, worker
from benchmarks.__main__ import do_run, parser, words
from benchmarks.contenders import BUILDERS, load_kernel
from benchmarks.workload import Case, arrays_for, load

LISTED = [Case(each, next(iter(each.sizes))) for each in load().values() if each.listed]
KERNELS = [case for case in LISTED if case.workload.kernel and not case.workload.partial]
PARTIAL = [case for case in LISTED if case.workload.partial]


@pytest.mark.parametrize("case", LISTED, ids=lambda case: case.label)
def test_our_program_agrees_with_numpy(case):
    arrays = arrays_for(case)
    worker.check(case, BUILDERS["pytensorlite"](case.workload, arrays), arrays)


@pytest.mark.parametrize("case", KERNELS, ids=lambda case: case.label)
def test_the_kernel_written_by_hand_agrees_with_numpy(case):
    arrays = arrays_for(case)
    worker.check(case, BUILDERS["c"](case.workload, arrays), arrays)


@pytest.mark.parametrize("case", PARTIAL, ids=lambda case: case.label)
def test_a_kernel_that_only_calls_blas_runs_at_any_size(case):
    for size in reversed(case.workload.sizes):
        arrays = arrays_for(Case(case.workload, size))
        assert BUILDERS["c"](case.workload, arrays)(*arrays) is None


@pytest.mark.parametrize(("name", "axis"), [("max_rows.c", 1), ("max_columns.c", 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_nan_wins_a_maximum(name, axis, dtype, rng):
    kernel = load_kernel(name, dtype)
    for n, d in ((1, 1), (4, 3), (9, 17), (16, 40), (23, 5)):
        x = rng.normal(size=(n, d)).astype(dtype)
        np.testing.assert_array_equal(kernel(x), x.max(axis=axis))
        for place in rng.integers(0, x.size, 4):
            x.flat[place] = np.nan
            np.testing.assert_array_equal(kernel(x), x.max(axis=axis))


@pytest.mark.parametrize(
    ("name", "axis"), [("mean_variance_rows.c", 1), ("mean_variance_columns.c", 0)]
)
def test_variances_of_large_numbers_keep_their_figures(name, axis, rng):
    x = 1e8 + rng.normal(size=(43, 37))
    mean, variance = load_kernel(name, "float64")(x)
    np.testing.assert_allclose(mean, x.mean(axis=axis), rtol=1e-15)
    np.testing.assert_allclose(variance, x.var(axis=axis), rtol=1e-7)


def test_a_difference_from_numpy_is_found():
    case = Case(load()["poly"], "1e3")
    arrays = arrays_for(case)
    with pytest.raises(ValueError, match=r"differs from NumPy by 1\.0e-08"):
        worker.check(case, lambda x: case.workload.numpy(x) * (1 + 1e-8), arrays)


@pytest.mark.parametrize("name", list(ops.STRUCTURAL))
@pytest.mark.parametrize("bits", [32, 64])
def test_operations_on_arrays_agree_with_numpy(name, bits):
    case = Case(ops.workload(f"op.{name}"), f"cache-{bits}")
    arrays = arrays_for(case)
    worker.check(case, BUILDERS["pytensorlite"](case.workload, arrays), arrays)


def test_every_operation_of_the_table_that_has_c_is_measured():
    from pytensorlite.scalar import basic, math
    from pytensorlite.scalar.op import ScalarOp

    listed = {case.workload.name[3:] for case in ops.chosen(["table"], [])}
    for each in (*vars(basic).values(), *vars(math).values()):
        # Of more than three inputs there is but one, which borrows its C from SciPy.
        if isinstance(each, ScalarOp) and each.c is not None and each.nin <= 3:
            assert each.name in listed


@pytest.mark.parametrize("name", ["add", "gammainc_dk", "matrix by matrix"])
def test_sizes_of_operations_can_be_named_on_the_command_line(name):
    for size in ops.SIZES:
        (case,) = ops.chosen([name], words(f"{size},no-such-size"))
        assert case.size == size


def test_a_size_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(SystemExit, match="no size in cache"):
        do_run(parser().parse_args(["run", "--ops", "add", "--sizes", "in cache"]))


def test_a_slow_operation_has_fewer_elements():
    fast, slow = (ops.workload(f"op.{name}").sizes["memory-64"] for name in ("add", "kv"))
    assert slow["rows"] < fast["rows"] == ops.SIZES["memory-64"]["rows"]
