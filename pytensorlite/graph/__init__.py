"""Graphs: variables, ops, types, and how to walk and change them."""

from pytensorlite.graph import basic, features, fg, op, replace, rewriting, traversal, type, utils
from pytensorlite.graph.basic import Apply, Constant, Variable, clone
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.op import Op
from pytensorlite.graph.replace import clone_replace, graph_replace, vectorize_graph
from pytensorlite.graph.rewriting.basic import graph_rewriter, node_rewriter
from pytensorlite.graph.rewriting.db import RewriteDatabaseQuery
from pytensorlite.graph.rewriting.utils import rewrite_graph
from pytensorlite.graph.traversal import ancestors, explicit_graph_inputs, graph_inputs
from pytensorlite.graph.type import Type
