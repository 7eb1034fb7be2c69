"""Functions copied, deep-copied and pickled."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import In, Mode, function, shared
from pytensorlite.configdefaults import config

pytestmark = pytest.mark.usefixtures("linker")

x, y = pt.dvector("x"), pt.dscalar("y")


def accumulator(**kwargs):
    """Return a shared vector and a function that adds to it and returns what was there."""
    total = shared(np.zeros(2), name="total")
    return total, function([x], total + 0, updates={total: total + x}, **kwargs)


def both_one(*variables):
    for variable in variables:
        np.testing.assert_array_equal(variable.get_value(), [1, 1])
    return True


def test_a_copy_shares_the_shared_variables():
    total, f = accumulator(name="first")
    g = f.copy(name="second")
    assert (f.name, g.name) == ("first", "second")
    g([1, 1])
    assert both_one(total)
    np.testing.assert_array_equal(f([0, 0]), [1, 1])
    np.testing.assert_array_equal(copy.copy(f)([0, 0]), [1, 1])


def test_a_copy_keeps_its_own_defaults():
    f = function([x, In(y, value=3)], x * y)
    f["y"] = 5
    g = f.copy()
    assert g([1.0])[0] == 5
    g["y"] = 7
    assert f([1.0])[0] == 5


def test_swapping_shared_variables():
    total, f = accumulator()
    other = shared(np.zeros(2), name="other")
    g = f.copy(swap={total: other})
    g([1, 1])
    assert both_one(other)
    np.testing.assert_array_equal(total.get_value(), [0, 0])
    assert g.get_shared() == [other]
    assert f.get_shared() == [total]


def test_without_updates():
    total, f = accumulator()
    g = f.copy(delete_updates=True)
    np.testing.assert_array_equal(
        g(
            [1, 1],
        ),
        [0, 0],
    )
    np.testing.assert_array_equal(total.get_value(), [0, 0])
    f([1, 1])
    np.testing.assert_array_equal(g([1, 1]), [1, 1])


def test_mistakes_in_swapping():
    total, f = accumulator()
    with pytest.raises(TypeError, match="shared variables in swap"):
        f.copy(swap={x: total})
    with pytest.raises(TypeError, match="cannot swap total"):
        f.copy(swap={total: shared(1.0)})
    with pytest.raises(ValueError, match="not found"):
        f.copy(swap={shared(1.0, name="absent"): total})


def test_deep_copies_are_independent():
    total, f = accumulator()
    f([1, 1])
    g = copy.deepcopy(f)
    np.testing.assert_array_equal(g([5, 5]), [1, 1])
    np.testing.assert_array_equal(g([0, 0]), [6, 6])
    assert both_one(total)
    same_total, h = copy.deepcopy([total, f])
    h([1, 1])
    np.testing.assert_array_equal(same_total.get_value(), [2, 2])


def test_pickles_are_independent():
    total, f = accumulator(name="mine")
    f([1, 1])
    g = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(g([5, 5]), [1, 1])
    np.testing.assert_array_equal(g([0, 0]), [6, 6])
    assert g.name == "mine"
    assert both_one(total)
    same_total, h = pickle.loads(pickle.dumps([total, f]))
    h([1, 1])
    np.testing.assert_array_equal(same_total.get_value(), [2, 2])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_everything_a_function_can_have(protocol):
    state, given = shared(1.0, name="state"), shared(np.ones(2), name="given")
    z = pt.dvector("z")
    f = function(
        [In(x, name="first"), In(y, value=2, update=y + 1)],
        {"sum": x * y + z, "y": y},
        updates=[(state, state + y)],
        givens={z: given},
        mode=Mode("numpy", "fast_run").excluding("merge"),
    )
    f([1.0, 1.0])
    f.trust_input = True
    g = pickle.loads(pickle.dumps(f, protocol))
    assert g.trust_input
    result = g(first=np.array([1.0, 1.0]))
    np.testing.assert_array_equal(result["sum"], [4, 4])
    assert float(g["y"]) == 4
    assert float(f["y"]) == 3


def test_copies_of_copies_are_pickled_too():
    total, f = accumulator()
    other = shared(np.zeros(2), name="other")
    g = f.copy(swap={total: other}).copy(delete_updates=True, name="last")
    same_other, h = pickle.loads(pickle.dumps([other, g]))
    same_other.set_value([3.0, 3.0])
    np.testing.assert_array_equal(h([1, 1]), [3, 3])
    np.testing.assert_array_equal(same_other.get_value(), [3, 3])
    assert h.name == "last"


def test_a_pickle_holds_no_compiled_code():
    f = function([x], pt.exp(x))
    data = pickle.dumps(f)
    assert b"ELF" not in data
    assert b"int64_t" not in data
    assert len(data) < 10_000


def test_an_unnamed_function_keeps_the_line_it_came_from():
    f = function([x], pt.exp(x))
    assert pickle.loads(pickle.dumps(f)).name == f.name


def test_unpickling_can_be_switched_off():
    data = pickle.dumps(function([x], pt.exp(x)))
    with config.change_flags(unpickle_function=False):
        assert pickle.loads(data) is None


def test_another_process_can_use_a_pickle(tmp_path, linker):
    path = tmp_path / "function.pickle"
    path.write_bytes(pickle.dumps(function([x], pt.exp(x) - 1)))
    program = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb'))([0.0]))"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[0.]"


def test_deep_graphs():
    total = x
    for _ in range(3_000):
        total = pt.sin(total)
    f = function([x], total, mode=Mode("numpy", None))
    g = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(f([1.0]), g([1.0]))
    np.testing.assert_array_equal(f([1.0]), copy.deepcopy(f)([1.0]))
