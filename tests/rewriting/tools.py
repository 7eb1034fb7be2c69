"""What the tests of rewrites share: rewriting, comparing, evaluating with NumPy."""

import warnings

import numpy as np

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Constant, equal_computations
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.db import RewriteDatabaseQuery
from pytensorlite.graph.traversal import graph_inputs
from pytensorlite.tensor.rewriting.phases import optdb

# Numbers at which floating point differs from mathematics.
NASTY = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    np.inf,
    -np.inf,
    np.nan,
    1e-310,
    -1e-310,
    3e-8,
    40.0,
    -40.0,
]
HUGE = [1e160, -1e160, 1e300, -1e300, 800.0, -800.0]

PHASES = ["canonicalize", "stabilize", "specialize"]


def rewrite(outputs, *phases, exclude=(), include=()):
    """Return copies of the outputs after the phases up to and including the last one named."""
    single = not isinstance(outputs, list | tuple)
    outputs = [outputs] if single else list(outputs)
    inputs = [v for v in graph_inputs(outputs) if not isinstance(v, Constant)]
    fgraph = FunctionGraph(inputs, outputs, clone=True, copy_inputs=False)
    last = phases[-1] if phases else "specialize"
    cutoff = {"canonicalize": 1.1, "stabilize": 1.6, "specialize": 2.5, "inline": 48.95}[last]
    query = RewriteDatabaseQuery(
        include=["fast_run", *include], exclude=["fusion", "inplace", *exclude]
    )
    if last == "inline":
        query = RewriteDatabaseQuery(include=["fast_run"], exclude=["inplace", "elemwise_fusion"])
    with config.change_flags(on_opt_error="raise"):
        optdb.query(query, position_cutoff=cutoff).rewrite(fgraph)
    fgraph.check_integrity()
    return fgraph.outputs[0] if single else fgraph.outputs


def assert_rewrites(before, after, *phases, **options):
    """Check that ``before`` becomes exactly ``after``, itself canonical."""
    got = rewrite(before, *phases, **options)
    wanted = rewrite(after, *phases, **options)
    assert equal_computations([got], [wanted]), (
        f"{show(before)}\nbecame\n{show(got)}\nnot\n{show(wanted)}"
    )


def assert_stays(before, *phases, **options):
    """Check that the rewrites leave ``before`` alone."""
    got = rewrite(before, *phases, **options)
    assert equal_computations([got], [before]), f"{show(before)}\nbecame\n{show(got)}"


def show(variable):
    """Return the graph as text."""
    from pytensorlite.printing import debugprint

    return debugprint(variable, file="str")


def evaluate(outputs, values):
    """Compute the outputs node by node with each op's ``perform``, as they stand."""
    from pytensorlite.graph.traversal import io_toposort

    single = not isinstance(outputs, list | tuple)
    outputs = [outputs] if single else list(outputs)
    known = dict(values)

    def value_of(variable):
        return variable.data if isinstance(variable, Constant) else known[variable]

    inputs = [v for v in graph_inputs(outputs) if not isinstance(v, Constant)]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for node in io_toposort(inputs, outputs):
            storage = [[None] for _ in node.outputs]
            node.op.perform(node, [value_of(v) for v in node.inputs], storage)
            known.update(zip(node.outputs, (cell[0] for cell in storage), strict=True))
    results = [value_of(v) for v in outputs]
    return results[0] if single else results


def ops_of(*outputs):
    """Return the names of the ops of a graph, inputs first."""
    from pytensorlite.graph.traversal import io_toposort

    inputs = [v for v in graph_inputs(outputs) if not isinstance(v, Constant)]
    return [str(node.op) for node in io_toposort(inputs, outputs)]
