"""Modes: names, queries, and what they do to graphs."""

import copy
import pickle

import numpy as np
import pytest

import pytensorlite.tensor as pt
from pytensorlite import function
from pytensorlite.compile import mode as mode_module
from pytensorlite.compile.debugmode import DebugMode
from pytensorlite.compile.mode import (
    FAST_COMPILE,
    FAST_RUN,
    NUMPY,
    AddFeatureOptimizer,
    Mode,
    PrintCurrentFunctionGraph,
    get_default_mode,
    get_mode,
    get_target_language,
    optdb,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
    register_optimizer,
)
from pytensorlite.configdefaults import config
from pytensorlite.graph.features import Feature
from pytensorlite.graph.rewriting.basic import graph_rewriter
from pytensorlite.graph.rewriting.db import RewriteDatabaseQuery, SequenceDB
from pytensorlite.link.basic import NumpyLinker
from pytensorlite.tensor.elemwise import Elemwise

x = pt.dvector("x")


def ops(f):
    return [str(node.op) for node in f.maker.fgraph.toposort()]


@pytest.mark.parametrize("name", ["FAST_RUN", "FAST_COMPILE", "NUMPY", "C", "Mode", "DebugMode"])
def test_every_mode_computes(name):
    f = function([x], pt.exp(x) - 1, mode=name)
    np.testing.assert_allclose(f([0.0, 1.0]), np.expm1([0.0, 1.0]), rtol=1e-12)


def test_names_are_looked_up():
    assert get_mode("FAST_RUN") is FAST_RUN
    assert get_mode(NUMPY) is NUMPY
    assert isinstance(get_mode("DEBUG_MODE"), DebugMode)
    for name in ("CVM", "NUMBA", "JAX", "PYTORCH"):
        assert get_mode(name) is mode_module.C
    with config.change_flags(mode="NUMPY"):
        assert get_default_mode() is get_mode(None) is NUMPY
    with config.change_flags(mode=Mode("numpy", "merge")):
        assert get_mode(None).provided_optimizer == "merge"


def test_the_configuration_shapes_the_default():
    with config.change_flags(linker="numpy"):
        assert isinstance(FAST_RUN.linker, NumpyLinker)
        assert get_target_language() == ("py",)
    with config.change_flags(linker="numpy", optimizer="fast_compile"):
        assert get_default_mode().provided_optimizer == "fast_compile"
    twice = pt.log(pt.exp(x))
    with config.change_flags(linker="numpy", optimizer_excluding="canonicalize:specialize"):
        assert len(ops(function([x], twice))) == 2


def test_fast_compile_rewrites_less_than_fast_run():
    expression = pt.log(1 + pt.exp(x))
    assert len(ops(function([x], expression, mode=NUMPY))) == 1
    assert len(ops(function([x], expression, mode=FAST_COMPILE))) > 1
    assert len(ops(function([x], expression, mode=Mode("numpy", None)))) > 1


def test_including_excluding_requiring():
    expression = pt.log(1 + pt.exp(x))
    without = NUMPY.excluding("stabilize")
    assert len(ops(function([x], expression, mode=without))) > 1
    assert len(ops(function([x], expression, mode=NUMPY))) == 1
    only = Mode("numpy", RewriteDatabaseQuery(include=["merge"])).including("canonicalize")
    assert function([x], x + x, mode=only)([1.0])[0] == 2
    assert function([x], x + x, mode=NUMPY.requiring("no such tag"))([1.0])[0] == 2


def test_registered_rewriters_run():
    seen = []

    @graph_rewriter
    def look(fgraph):
        seen.append(len(fgraph.apply_nodes))

    function([x], pt.exp(x), mode=NUMPY.register((look, 0.5)))
    assert seen == [1]


def test_a_rewriter_can_be_the_optimizer():
    seen = []

    @graph_rewriter
    def look(fgraph):
        seen.append(fgraph)

    mode = Mode("numpy", look)
    function([x], x + 1, mode=mode)
    assert len(seen) == 1
    with pytest.raises(TypeError, match="only a mode made from a query"):
        mode.including("fusion")


def test_another_database():
    database = SequenceDB()
    f = function([x], pt.log(pt.exp(x)), mode=Mode("numpy", "fast_run", db=database))
    assert len(ops(f)) == 2


def test_registering_names():
    try:
        register_mode("test mode", NUMPY)
        register_linker("test linker", NumpyLinker())
        register_optimizer("test optimizer", RewriteDatabaseQuery(include=["merge"]))
        assert get_mode("test mode") is NUMPY
        f = function([x], x + 1, mode=Mode("test linker", "test optimizer"))
        assert f([1.0])[0] == 2
        for register, name in (
            (register_mode, "test mode"),
            (register_linker, "test linker"),
            (register_optimizer, "test optimizer"),
        ):
            with pytest.raises(ValueError, match="already"):
                register(name, None)
    finally:
        predefined_modes.pop("test mode", None)
        predefined_linkers.pop("test linker", None)
        predefined_optimizers.pop("test optimizer", None)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Mode(linker=3), TypeError, "linker"),
        (lambda: Mode(linker="what").linker, ValueError, "got linker 'what'"),
        (lambda: Mode(optimizer="what"), ValueError, "got optimizer 'what'"),
        (lambda: Mode(optimizer=3), TypeError, "query or a rewriter"),
        (lambda: get_mode("what"), ValueError, "got mode 'what'"),
    ],
)
def test_mistakes(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_keys_tell_modes_apart():
    keys = [FAST_RUN.key(), FAST_COMPILE.key(), FAST_RUN.excluding("fusion").key()]
    assert None not in keys
    assert len(set(keys)) == 3
    assert FAST_RUN.excluding("fusion").key() == keys[2]
    assert FAST_RUN.register((PrintCurrentFunctionGraph("here"), 1)).key() is None
    assert Mode("numpy", PrintCurrentFunctionGraph("here")).key() is None
    assert DebugMode().key() is None


def test_copies():
    for mode in (FAST_RUN, NUMPY.excluding("merge")):
        for twin in (copy.deepcopy(mode), pickle.loads(pickle.dumps(mode)), mode.clone()):
            assert twin.key() == mode.key()
            assert twin.optdb is optdb
    assert NUMPY.clone(optimizer="merge").provided_optimizer == "merge"


def test_rewriters_between_phases(capsys):
    class Note(Feature):
        pass

    note = Note()
    mode = NUMPY.register(
        (AddFeatureOptimizer(note), 0.5), (PrintCurrentFunctionGraph("look"), 0.6)
    )
    f = function([x], pt.exp(x), mode=mode)
    assert note in f.maker.fgraph._features
    assert "look" in capsys.readouterr().out
    assert isinstance(f.maker.fgraph.toposort()[0].op, Elemwise)
