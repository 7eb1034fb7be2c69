"""The rewriting engine under the names of PyTensor; each part has a module of its own beside this.

`rewriter` says what rewriters are, `tracking` which are asked about a node, `walking` and
`equilibrium` how they go over a graph, `merge` joins equal nodes, `tuple_pattern` and `pattern`
make rewriters of patterns, `stacktrace` checks that users' lines survive.
"""

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, AtomicVariable, Constant, Variable
from pytensorlite.graph.clients import Output
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op
from pytensorlite.graph.rewriting.equilibrium import ChangeTracker, EquilibriumGraphRewriter
from pytensorlite.graph.rewriting.merge import MergeFeature, MergeOptimizer, pre_constant_merge
from pytensorlite.graph.rewriting.rewriter import (
    FromFunctionGraphRewriter,
    FromFunctionNodeRewriter,
    GraphRewriter,
    NodeRewriter,
    Rewriter,
    SequentialGraphRewriter,
    copy_stack_trace,
    graph_rewriter,
    inplace_graph_rewriter,
    node_rewriter,
)
from pytensorlite.graph.rewriting.stacktrace import (
    CheckStackTraceFeature,
    CheckStackTraceRewriter,
    check_stack_trace,
)
from pytensorlite.graph.rewriting.tracking import (
    OpToRewriterTracker,
    SequentialNodeRewriter,
    SubstitutionNodeRewriter,
    pre_greedy_node_rewriter,
)
from pytensorlite.graph.rewriting.tuple_pattern import PatternNodeRewriter
from pytensorlite.graph.rewriting.walking import (
    DispatchingFeature,
    NodeProcessingGraphRewriter,
    WalkingGraphRewriter,
    dfs_rewriter,
    in2out,
    out2in,
    walking_rewriter,
)


def merge_dict(d1: dict, d2: dict) -> dict:
    """Return a dictionary with the keys of both; numbers under the same key are added."""
    merged = dict(d1)
    for key, value in d2.items():
        merged[key] = merged[key] + value if key in merged else value
    return merged


__all__ = [
    "Apply",
    "AtomicVariable",
    "ChangeTracker",
    "CheckStackTraceFeature",
    "CheckStackTraceRewriter",
    "Constant",
    "DispatchingFeature",
    "EquilibriumGraphRewriter",
    "FromFunctionGraphRewriter",
    "FromFunctionNodeRewriter",
    "FunctionGraph",
    "GraphRewriter",
    "MergeFeature",
    "MergeOptimizer",
    "NodeProcessingGraphRewriter",
    "NodeRewriter",
    "Op",
    "OpToRewriterTracker",
    "Output",
    "PatternNodeRewriter",
    "Rewriter",
    "SequentialGraphRewriter",
    "SequentialNodeRewriter",
    "SubstitutionNodeRewriter",
    "Variable",
    "WalkingGraphRewriter",
    "check_stack_trace",
    "config",
    "copy_stack_trace",
    "dfs_rewriter",
    "graph_rewriter",
    "in2out",
    "inplace_graph_rewriter",
    "merge_dict",
    "node_rewriter",
    "out2in",
    "pre_constant_merge",
    "pre_greedy_node_rewriter",
    "walking_rewriter",
]
