"""A function tells what became of its graph, in words and as data, warm or cold."""

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import config, function, grad, shared
from pytensorlite.link.c.recorded import RecordedProgram

X, w, y = pt.dmatrix("X"), pt.dvector("w"), pt.dvector("y")
DATA = (np.ones((100, 5)), np.ones(5), np.ones(100))


def regression():
    z = X @ w
    loss = (pt.softplus(z) - y * z).sum()
    return function([X, w, y], [loss, grad(loss, w)], mode="C")


def test_the_data_are_read_once():
    f = regression()
    (step,) = f.explain(*DATA).steps
    assert step.runs == "loops"
    assert step.reads["x0"].formula == "8*n0*n1"
    assert step.reads["x0"].value == DATA[0].nbytes
    assert step.writes["y0"].value == 8
    assert step.members.count("Dot") == 2
    assert step.vectorised == 4
    assert not step.scalar


def test_without_arguments_there_are_formulas_only():
    explained = regression().explain()
    assert explained.bytes_moved is None
    assert "x0 = X  float64[n0, n1]" in str(explained)
    assert "8*n0*n1 =" not in str(explained)


def test_the_bytes_of_a_call_need_its_arguments():
    with pytest.raises(TypeError, match=r"f\.memory\(X, w, y\); f\.explain\(\) shows formulas"):
        regression().memory()


def test_a_program_from_the_cache_tells_the_same():
    cold, warm = regression(), regression()
    assert isinstance(warm.vm, RecordedProgram)
    assert str(cold.explain(*DATA)) == str(warm.explain(*DATA))
    assert cold.memory(*DATA) == warm.memory(*DATA)


def test_a_matrix_product_is_a_step_of_the_library_and_its_result_is_workspace():
    A, B = pt.dmatrices("A", "B")
    f = function([A, B], pt.tanh(A @ B).sum(), mode="C")
    call = (np.ones((30, 4)), np.ones((4, 50)))
    product, loops = f.explain(*call).steps
    assert (product.name, product.runs) == ("dgemm", "library")
    assert product.writes["w0"].value == loops.reads["w0"].value == 8 * 30 * 50
    use = f.memory(*call)
    assert (use.outputs, use.constants) == (8, 0)
    assert 8 * 30 * 50 <= use.workspace < 8 * 30 * 50 + 64 + 4096  # where the next would begin
    assert use.peak == use.outputs + use.workspace


def test_a_step_says_why_it_is_not_one_with_the_step_before():
    A, B = pt.dmatrices("A", "B")
    f = function([A, B], [pt.tanh(A @ B), pt.exp(A) + pt.exp(A).T], mode="C")
    first, *others = f.explain().steps
    assert first.reason == ""
    reasons = [step.reason for step in others]
    assert "Add would make one array run over a loop twice" in reasons
    assert "Dot is no loop over elements that others could share" in reasons
    assert all(reasons)
    assert "apart     Dot is no loop" in str(f.explain())


def test_an_array_has_its_axes_in_the_order_of_memory():
    A = pt.dmatrix("A")
    f = function([A], A.T + A @ A.sum(0), mode="C")
    lines = [line for step in f.explain().steps for line in step.computes]
    assert "y0[j, i] = x0[i, j] + t2[i]" in lines


def test_numpy_nodes_stand_between_the_programs():
    f = function([w], 2 * pt.unique(w + 1), mode="C")
    before, node, after = f.explain([1.0, 1.0, 2.0]).steps
    assert (before.runs, node.runs, after.runs) == ("loops", "NumPy", "loops")
    assert "no lowering" in node.reason
    assert after.reads["x0"].value == 16
    assert "2 native programs, 2 kernels, 1 node run by NumPy" in str(f.explain())
    assert f.memory([1.0, 1.0, 2.0]).outputs == 24 + 16


def test_constants_that_are_written_into_the_text_are_no_arrays():
    table = np.arange(1000.0)
    f = function([w], 2.0 * w + 1.5 + pt.constant(table), mode="C")
    assert [note.buffer[0] for note in f.explain().parts[0].arrays] == ["x", "c", "y"]
    assert f.memory(np.ones(1000)).constants == table.nbytes


def test_a_function_of_shared_variables_alone_has_figures_at_once():
    state = shared(np.ones(10), "state")
    f = function([], updates={state: 2 * state}, mode="C")
    assert f.explain().bytes_moved == 160
    assert "written over x0" in str(f.explain())
    assert f.memory().outputs == 0


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        regression().memory(np.ones((3, 4)), np.ones(5), np.ones(3))


def test_the_numpy_program_counts_what_it_keeps():
    f = function([w], pt.exp(w) + pt.sin(w), mode="NUMPY")
    assert {step.runs for step in f.explain().steps} == {"NumPy"}
    use = f.memory(np.ones(1000))
    assert use.outputs == 8000
    assert 8000 <= use.workspace <= 16000


def test_every_kernel_of_a_large_program_adds_up():
    with config.change_flags(floatX="float64"):
        A = pt.dmatrix("A")
        chain = A
        for _ in range(5):
            chain = pt.tanh(chain @ A)
        f = function([A], chain.sum(), mode="C")
    explained = f.explain(np.ones((20, 20)))
    assert [step.runs for step in explained.steps].count("library") == 5
    assert explained.bytes_moved > 10 * 20 * 20 * 8
