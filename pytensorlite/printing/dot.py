"""`pydotprint`: graphs as text for Graphviz, or as SVG when its ``dot`` program is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.traversal import io_toposort
from pytensorlite.printing.debug import node_label

#: Colour by what a box is.
COLOURS = {"input": "palegreen", "output": "lightblue", "constant": "wheat", "op": "white"}


def pydotprint(
    fct: Any,
    outfile: Path | str | None = None,
    compact: bool = True,
    format: str = "dot",
    with_ids: bool = False,
    high_contrast: bool = True,
    cond_highlight: Any = None,
    colorCodes: dict | None = None,
    max_label_size: int = 70,
    scan_graphs: bool = False,
    var_with_name_simple: bool = False,
    print_output_file: bool = True,
    return_image: bool = False,
) -> str | bytes:
    """Return a graph in Graphviz's language (or drawn by it), and write it to a file.

    Parameters
    ----------
    fct : Function, FunctionGraph, Variable or sequence of Variable
        The graph.
    outfile : path, optional
        Where to write it.
    compact : bool
        Draw no boxes for values between ops.
    format : {"dot", "svg", "png", "pdf"}
        All but the first need Graphviz's program ``dot``.
    with_ids : bool
        Number the ops in the order in which they are computed.
    high_contrast : bool
        Fill boxes with colours.
    cond_highlight, scan_graphs
        Accepted for compatibility.
    colorCodes : dict
        Colours by the name of the op's class.
    max_label_size : int
        Longer labels are cut.
    var_with_name_simple : bool
        Show names only, no types.
    print_output_file : bool
        Say where it was written.
    return_image : bool
        Return the drawing in the chosen format instead of the text.

    Returns
    -------
    str or bytes
        The text in Graphviz's language, or the drawing.
    """
    text = _dot_text(
        fct,
        compact,
        with_ids,
        high_contrast,
        colorCodes or {},
        max_label_size,
        var_with_name_simple,
    )
    wanted = Path(outfile).suffix[1:] if outfile is not None and Path(outfile).suffix else format
    drawn: str | bytes = text
    if wanted != "dot" and (outfile is not None or return_image):
        drawn = _draw(text, wanted)
    if outfile is not None:
        path = Path(outfile)
        path.write_bytes(drawn if isinstance(drawn, bytes) else drawn.encode())
        if print_output_file:
            print(f"The output file is available at {path}")
    return drawn if return_image else text


def _draw(text: str, format: str) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise RuntimeError(
            f"Drawing as {format} needs Graphviz's program 'dot', which was not found: install it "
            "(apt install graphviz), or ask for format='dot' and draw the text elsewhere"
        )
    answer = subprocess.run([program, f"-T{format}"], input=text.encode(), capture_output=True)
    if answer.returncode != 0:
        raise RuntimeError(f"dot failed: {answer.stderr.decode(errors='replace')}")
    return answer.stdout


def _ends(fct: Any) -> tuple[list[Variable], list[Variable]]:
    if isinstance(fct, Variable):
        return [], [fct]
    if isinstance(fct, Apply):
        return [], list(fct.outputs)
    if isinstance(fct, list | tuple):
        return [], list(fct)
    fgraph = fct if isinstance(fct, FunctionGraph) else fct.maker.fgraph
    return list(fgraph.inputs), list(fgraph.outputs)


def _dot_text(
    fct: Any,
    compact: bool,
    with_ids: bool,
    high_contrast: bool,
    colours: dict,
    max_label_size: int,
    names_only: bool,
) -> str:
    """Write a box for each op, leaf and output, and an arrow for each reading."""
    inputs, outputs = _ends(fct)
    lines = ["digraph {", '  node [shape=box, fontname="sans"];']
    names: dict[Any, str] = {}

    def box(thing: Any, label: str, kind: str) -> str:
        names[thing] = f"n{len(names)}"
        fill = colours.get(kind, COLOURS.get(kind, "white"))
        style = f', style=filled, fillcolor="{fill}"' if high_contrast else ""
        shape = ", shape=ellipse" if kind in COLOURS and kind != "op" else ""
        lines.append(f'  {names[thing]} [label="{_escaped(label, max_label_size)}"{shape}{style}];')
        return names[thing]

    def label_of(variable: Variable) -> str:
        known = str(variable) if variable.owner is None else variable.name or ""
        return known if names_only and known else f"{known} {variable.type}".strip()

    def source(variable: Variable) -> str:
        if variable in names:
            return names[variable]
        if variable.owner is not None and variable not in inputs:
            return names[variable.owner]
        return box(variable, label_of(variable), _kind(variable))

    for position, node in enumerate(io_toposort(inputs, outputs)):
        label = f"{node.op} id={position}" if with_ids else str(node.op)
        tails = [source(variable) for variable in node.inputs]
        head = box(node, label, type(node.op).__name__ if colours else "op")
        for i, (tail, variable) in enumerate(zip(tails, node.inputs, strict=True)):
            edge = f"{i} {label_of(variable)}" if compact and variable.owner else str(i)
            lines.append(f'  {tail} -> {head} [label="{_escaped(edge, max_label_size)}"];')
        if not compact:
            for output in node.outputs:
                lines.append(f"  {head} -> {box(output, label_of(output), 'value')};")
    for position, variable in enumerate(outputs):
        tail = source(variable)
        what = node_label(variable) if variable.owner is not None else str(variable)
        head = box(("output", position), variable.name or f"output {position}: {what}", "output")
        lines.append(f"  {tail} -> {head};")
    return "\n".join([*lines, "}"]) + "\n"


def _kind(variable: Variable) -> str:
    return "constant" if isinstance(variable, Constant) else "input"


def _escaped(text: str, most: int) -> str:
    short = text if len(text) <= most else f"{text[: most - 3]}..."
    return short.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
