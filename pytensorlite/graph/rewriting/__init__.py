"""Rewriting of graphs: the engine, patterns, databases."""

from pytensorlite.graph.rewriting import basic, db, pattern, unify, utils
from pytensorlite.graph.rewriting.utils import rewrite_graph
