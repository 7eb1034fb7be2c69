"""Checks that rewrites keep the user's lines."""

from __future__ import annotations

import warnings
from typing import Any, Literal

from pytensorlite.configdefaults import config
from pytensorlite.graph.features import Feature
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.rewriting.rewriter import GraphRewriter


class CheckStackTraceFeature(Feature):
    """Raise, warn or print (``config.check_stack_trace``) when a node comes in without lines."""

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        if config.check_stack_trace == "off" or all(_has_lines(v) for v in node.outputs):
            return
        text = f"Rewrite {reason} made {node} without the user's lines: see copy_stack_trace"
        match config.check_stack_trace:
            case "raise":
                raise AssertionError(text)
            case "warn":
                warnings.warn(text, stacklevel=2)
            case _:
                print(text)


class CheckStackTraceRewriter(GraphRewriter):
    """Attach a `CheckStackTraceFeature` and do nothing else."""

    name = "CheckStackTraceRewriter"

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        super().add_requirements(fgraph)
        if not any(isinstance(f, CheckStackTraceFeature) for f in fgraph._features):
            fgraph.attach_feature(CheckStackTraceFeature())

    def apply(self, fgraph: FunctionGraph) -> None:
        """Leave the graph alone."""


def check_stack_trace(
    f_or_fgraph: Any,
    ops_to_check: Any = "last",
    bug_print: Literal["raise", "warn", "ignore"] = "raise",
) -> bool:
    """Return whether the outputs of nodes remember lines of the user.

    Parameters
    ----------
    f_or_fgraph : Function or FunctionGraph
        What is checked.
    ops_to_check : "last", "all", op, op class, sequence of these, or function
        The nodes to look at.
    bug_print : {"raise", "warn", "ignore"}
        What to do when lines are missing.
    """
    fgraph = getattr(getattr(f_or_fgraph, "maker", None), "fgraph", f_or_fgraph)
    nodes = fgraph.toposort()
    if ops_to_check == "last":
        nodes = [v.owner for v in fgraph.outputs if v.owner is not None]
    elif ops_to_check != "all":
        nodes = [node for node in nodes if _is_wanted(node.op, ops_to_check)]
    missing = [node for node in nodes if not all(_has_lines(v) for v in node.outputs)]
    if not missing:
        return True
    text = f"These nodes remember no line of the user: {missing}"
    if bug_print == "raise":
        raise Exception(text)
    if bug_print == "warn":
        warnings.warn(text, stacklevel=2)
    return False


def _has_lines(variable: Any) -> bool:
    return bool(getattr(variable.tag, "trace", None))


def _is_wanted(op: Any, wanted: Any) -> bool:
    items = wanted if isinstance(wanted, list | tuple) else [wanted]
    for item in items:
        if isinstance(item, type):
            if isinstance(op, item):
                return True
        elif hasattr(item, "make_node"):
            if op == item:
                return True
        elif callable(item) and item(op):
            return True
    return False
