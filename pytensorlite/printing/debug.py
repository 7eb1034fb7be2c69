"""`debugprint`: graphs as trees of text, in PyTensor's format.

One line a variable: the op (or the leaf), an id that tells nodes apart, what else was asked for.
A node that was printed before is not printed again; ``···`` stands for what is below it.
Graphs inside ops follow under a heading.  The walk keeps its own stack, so depth does not matter,
and after so many levels the indentation begins anew, so that text is no longer than the graph.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import singledispatch
from io import StringIO
from typing import Any, Literal

from pytensorlite._immutable import record
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.clients import Output
from pytensorlite.graph.fg import FunctionGraph

IDTypesType = Literal["id", "int", "CHAR", "auto", ""]
ID_TYPES = ("id", "int", "CHAR", "auto", "")

#: After so many levels lines begin at the left again, with the number of levels left out.
LEVELS_OF_INDENTATION = 100


def char_from_number(number: int) -> str:
    """Return letters for a number: A to Z, BA, BB and so on (base 26).

    Examples
    --------
    >>> [char_from_number(n) for n in (0, 25, 26, 27)]
    ['A', 'Z', 'BA', 'BB']
    """
    letters = ""
    while True:
        number, digit = divmod(number, 26)
        letters = chr(ord("A") + digit) + letters
        if number == 0:
            return letters


@singledispatch
def op_debug_information(op: Any, node: Apply) -> dict[Apply, dict[Variable, str]]:
    """Return texts to print beside variables of `node` (or of nodes inside it); register by op."""
    return {}


@record
class _Options:
    """What a line shows."""

    depth: int = -1
    print_type: bool = False
    print_shape: bool = False
    print_destroy_map: bool = False
    print_view_map: bool = False
    print_op_info: bool = False
    id_type: str = "CHAR"
    stop_on_name: bool = False


@record
class _Tree:
    """One tree to print, and what belongs to it only."""

    root: Variable
    positions: dict[Apply, int] | None = None
    storage_map: dict | None = None
    prefix: str = ""
    child_prefix: str = ""


@record
class _Printer:
    """Prints trees line by line; ids and what is done carry over from one to the next."""

    options: _Options
    file: Any
    ids: dict[Any, str]
    done: dict[Any, Any]
    inner: dict[Apply, Variable]
    information: dict[Variable, str]

    def print_tree(self, tree: _Tree) -> None:
        """Print `tree.root` and what is above it."""
        stack = [(tree.root, tree.prefix, tree.child_prefix, 1)]
        while stack:
            variable, prefix, child_prefix, level = stack.pop()
            node = variable.owner
            self.file.write(f"{prefix}{self.line(variable, tree)}\n")
            if node is None:
                continue
            if hasattr(node.op, "fgraph"):
                self.inner.setdefault(node, variable)
            if self.options.depth >= 0 and level >= self.options.depth:
                continue
            stopped = self.options.stop_on_name and variable.name is not None and level > 1
            if not node.inputs:
                continue
            if node in self.done or stopped:
                self.file.write(f"{child_prefix} └─ ···\n")
                continue
            self.done[node] = ""
            last = len(node.inputs) - 1
            for position in range(last, -1, -1):
                branch, trunk = (" └─ ", "   ") if position == last else (" ├─ ", " │ ")
                below = child_prefix + trunk if level % LEVELS_OF_INDENTATION else f"{level}:"
                stack.append((node.inputs[position], child_prefix + branch, below, level + 1))

    def line(self, variable: Variable, tree: _Tree) -> str:
        """Return what is printed for one variable."""
        node, options = variable.owner, self.options
        parts = [node_label(variable) if node is not None else str(variable)]
        if options.id_type:
            parts.append(f"[id {self.id_of(variable)}]")
        if options.print_type:
            parts.append(f"<{variable.type}>")
        if options.print_shape:
            parts.append(_shape_text(variable))
        if node is not None:
            if variable.name:
                parts.append(f"'{variable.name}'")
            if options.print_destroy_map and node.op.destroy_map:
                parts.append(f"d={dict(node.op.destroy_map)}")
            if options.print_view_map and node.op.view_map:
                parts.append(f"v={dict(node.op.view_map)}")
            if tree.positions is not None and node in tree.positions:
                parts.append(str(tree.positions[node]))
            if options.print_op_info:
                parts.append(self.information_about(variable, node))
        if tree.storage_map is not None:
            parts.append(str(tree.storage_map.get(variable, [None])))
        return " ".join(part for part in parts if part)

    def id_of(self, variable: Variable) -> str:
        """Return the id of a leaf, or of the node that computes a variable."""
        thing = variable if variable.owner is None else variable.owner
        found = self.ids.get(thing)
        if found is None:
            found = self.ids[thing] = self.new_id(thing)
        return found

    def new_id(self, thing: Any) -> str:
        match self.options.id_type:
            case "id":
                return str(id(thing))
            case "int":
                return str(len(self.ids))
            case "auto":
                return f"auto_{len(self.ids)}"
            case _:
                return char_from_number(len(self.ids))

    def information_about(self, variable: Variable, node: Apply) -> str:
        if variable not in self.information:
            for texts in op_debug_information(node.op, node).values():
                self.information.update(texts)
        return self.information.get(variable, "")


def node_label(variable: Variable) -> str:
    """Return the op's text, with the position of an output that is not the only one."""
    node = variable.owner
    return str(node.op) if len(node.outputs) == 1 else f"{node.op}.{variable.index}"


def _shape_text(variable: Variable) -> str:
    shape = getattr(variable.type, "shape", None)
    if shape is None:
        return ""
    listed = ", ".join("?" if length is None else str(length) for length in shape)
    return f"shape=({listed},)" if len(shape) == 1 else f"shape=({listed})"


def debugprint(
    graph_like: Any,
    depth: int = -1,
    print_type: bool = False,
    print_shape: bool = False,
    file: Any = None,
    id_type: IDTypesType = "CHAR",
    stop_on_name: bool = False,
    done: dict | None = None,
    print_storage: bool = False,
    used_ids: dict | None = None,
    print_op_info: bool = False,
    print_destroy_map: bool = False,
    print_view_map: bool = False,
    print_memory_map: bool = False,
    print_inner_graphs: bool | Literal["auto"] = "auto",
    print_fgraph_inputs: bool = False,
) -> Any:
    """Print graphs as trees.

    Parameters
    ----------
    graph_like : Variable, Apply, FunctionGraph, Function, or sequence of these
        What to print.
    depth : int
        Levels to print, all if negative.
    print_type, print_shape : bool
        Show each variable's type or static shape.
    file : file object, "str" or None
        Where to print: standard output by default; ``"str"`` returns the text.
    id_type : {"CHAR", "int", "id", "auto", ""}
        What ids look like; ``""`` leaves them out.
    stop_on_name : bool
        Print nothing above a variable that has a name.
    done : dict
        Nodes that were printed by an earlier call, updated.
    print_storage : bool
        Show what a compiled function's cells contain.
    used_ids : dict
        Ids given by an earlier call, updated.
    print_op_info : bool
        Show what `op_debug_information` has to say.
    print_destroy_map, print_view_map, print_memory_map : bool
        Show which inputs an output overwrites (``d=``), views (``v=``), both.
    print_inner_graphs : bool or "auto"
        Whether to print graphs inside ops.
    print_fgraph_inputs : bool
        List the inputs of function graphs.

    Returns
    -------
    str or file object
        The text for ``file="str"``, else `file`.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.vector("x")
    >>> debugprint(pt.exp(x) + x)
    Add [id A]
     ├─ Exp [id B]
     │  └─ x [id C]
     └─ x [id C]
    """
    if not isinstance(depth, int):
        raise TypeError(f"depth must be an int, got {depth!r}")
    if depth == 0:
        raise ValueError("depth=0 prints nothing; a negative depth prints everything")
    if id_type not in ID_TYPES:
        raise ValueError(f"id_type must be one of {ID_TYPES}, got {id_type!r}")
    out: Any = StringIO() if file == "str" else (sys.stdout if file is None else file)
    options = _Options(
        depth=depth,
        print_type=print_type,
        print_shape=print_shape,
        print_destroy_map=print_destroy_map or print_memory_map,
        print_view_map=print_view_map or print_memory_map,
        print_op_info=print_op_info,
        id_type=id_type,
        stop_on_name=stop_on_name,
    )
    printer = _Printer(
        options,
        out,
        {} if used_ids is None else used_ids,
        {} if done is None else done,
        inner={},
        information={},
    )
    things = list(graph_like) if isinstance(graph_like, list | tuple | set) else [graph_like]
    for thing in things:
        for tree in _trees(thing, printer, print_fgraph_inputs, print_storage):
            printer.print_tree(tree)
    if print_inner_graphs and printer.inner:
        _print_inner_graphs(printer, print_fgraph_inputs)
    if file == "str":
        return out.getvalue()
    out.flush()
    return file


def _trees(
    thing: Any, printer: _Printer, print_inputs: bool, print_storage: bool
) -> Iterable[_Tree]:
    """Yield the trees that something printable consists of; list its inputs first if asked to."""
    if isinstance(thing, Variable):
        return [_Tree(thing)]
    if isinstance(thing, Apply):
        if isinstance(thing.op, Output):
            return [_Tree(thing.inputs[0])]
        return [_Tree(output) for output in thing.outputs]
    storage_map = None
    fgraph = thing
    if not isinstance(thing, FunctionGraph):
        # A compiled function, by what it has: this floor knows nothing of compiling.
        maker = getattr(thing, "maker", None)
        fgraph = getattr(thing, "fgraph", None) if maker is None else maker.fgraph
        if print_storage:
            storage_map = getattr(getattr(thing, "vm", None), "storage_map", {})
    if not isinstance(fgraph, FunctionGraph):
        raise TypeError(
            "debugprint expects a Variable, an Apply, a FunctionGraph, a compiled function or a "
            f"sequence of these; got {thing!r} of type {type(thing).__name__}"
        )
    positions = {node: position for position, node in enumerate(fgraph.toposort())}
    trees = [_Tree(output, positions, storage_map) for output in fgraph.outputs]
    if print_inputs:
        inputs = [_Tree(v, None, storage_map, prefix="→ ") for v in fgraph.inputs]
        return [*inputs, *trees]
    return trees


def _print_inner_graphs(printer: _Printer, print_inputs: bool) -> None:
    """Print the graphs inside ops, those inside these after them."""
    printer.file.write("\nInner graphs:\n")
    printed: set[Apply] = set()
    while len(printed) < len(printer.inner):
        for node, variable in list(printer.inner.items()):
            if node in printed:
                continue
            printed.add(node)
            printer.file.write("\n")
            identity = f" [id {printer.id_of(variable)}]" if printer.options.id_type else ""
            printer.file.write(f"{node.op}{identity}\n")
            fgraph = node.op.fgraph
            if print_inputs:
                for inner_input in _inner(node.op, fgraph, "inputs"):
                    printer.print_tree(_Tree(inner_input, prefix=" → "))
            for output in _inner(node.op, fgraph, "outputs"):
                printer.print_tree(_Tree(output, prefix=" ← ", child_prefix="   "))


def _inner(op: Any, fgraph: Any, ends: str) -> Sequence[Variable]:
    return list(getattr(op, f"inner_{ends}", None) or getattr(fgraph, ends))


def get_node_by_id(
    graphs: Any, target_var_id: str, id_types: IDTypesType = "CHAR"
) -> Variable | Apply | None:
    """Return the leaf or node that `debugprint` prints under an id.

    Examples
    --------
    ``get_node_by_id(z, "C").inputs`` for the node printed as ``Exp [id C]``.
    """
    if isinstance(graphs, list | tuple | set):
        graphs = list(graphs)
    used_ids: dict[Any, str] = {}
    debugprint(graphs, file="str", used_ids=used_ids, id_type=id_types)
    return next((thing for thing, found in used_ids.items() if found == target_var_id), None)
