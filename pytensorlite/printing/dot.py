"""`pydotprint`: graphs as drawings: text for Graphviz, or SVG, without any further program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.graph.traversal import io_toposort
from pytensorlite.printing.debug import node_label
from pytensorlite.printing.drawing import COLOURS, Box, Drawing


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
    """Return a graph as a drawing, and write it to a file.

    Parameters
    ----------
    fct : Function, FunctionGraph, Variable or sequence of Variable
        The graph.
    outfile : path, optional
        Where to write it; its suffix decides on the format.
    compact : bool
        Draw no boxes for values between ops.
    format : {"dot", "svg", "png", "pdf"}
        Text for Graphviz; SVG, drawn by Graphviz if it is installed; or what needs it.
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
        Return the drawing in the chosen format instead of the text for Graphviz.

    Returns
    -------
    str or bytes
        The text for Graphviz, or the drawing.

    Examples
    --------
    ``pydotprint(fgraph, "graph.svg")``
    """
    drawing = _Drawer(
        compact, with_ids, high_contrast, colorCodes or {}, max_label_size, var_with_name_simple
    ).draw(*_ends(fct))
    wanted = Path(outfile).suffix[1:] if outfile is not None and Path(outfile).suffix else format
    drawn: str | bytes = drawing.as_dot()
    if wanted != "dot" and (outfile is not None or return_image):
        drawn = _rendered(drawing, wanted)
    if outfile is not None:
        path = Path(outfile)
        path.write_bytes(drawn if isinstance(drawn, bytes) else drawn.encode())
        if print_output_file:
            print(f"The output file is available at {path}")
    return drawn if return_image else drawing.as_dot()


def _rendered(drawing: Drawing, format: str) -> str | bytes:
    import shutil  # with what packs archives; only drawing wants it
    import subprocess

    program = shutil.which("dot")
    if program is None:
        if format == "svg":
            return drawing.as_svg()
        raise RuntimeError(
            f"Drawing as {format} needs Graphviz's program 'dot', which was not found: install it "
            "(apt install graphviz), or ask for svg or dot"
        )
    answer = subprocess.run(
        [program, f"-T{format}"], input=drawing.as_dot().encode(), capture_output=True
    )
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


class _Drawer:
    """Turns a graph into a `Drawing`: a box for each op, leaf and output."""

    def __init__(
        self,
        compact: bool,
        with_ids: bool,
        coloured: bool,
        colours: dict[str, str],
        max_label_size: int,
        names_only: bool,
    ) -> None:
        self.compact = compact
        self.with_ids = with_ids
        self.coloured = coloured
        self.colours = colours
        self.max_label_size = max_label_size
        self.names_only = names_only
        self.drawing = Drawing()

    def draw(self, inputs: list[Variable], outputs: list[Variable]) -> Drawing:
        """Draw the graph between `inputs` and `outputs`."""
        arrows = self.drawing.arrows
        for position, node in enumerate(io_toposort(inputs, outputs)):
            tails = [self.source(variable) for variable in node.inputs]
            label = f"{node.op} id={position}" if self.with_ids else str(node.op)
            head = self.box(node, label, "op", self.colours.get(type(node.op).__name__))
            for i, (tail, variable) in enumerate(zip(tails, node.inputs, strict=True)):
                value = self.label_of(variable) if self.compact and variable.owner else ""
                arrows.append((tail, head, self.cut(f"{i} {value}".strip())))
            if not self.compact:
                for output in node.outputs:
                    arrows.append((head, self.box(output, self.label_of(output), "value"), ""))
        for position, variable in enumerate(outputs):
            tail = self.source(variable)
            what = node_label(variable) if variable.owner is not None else str(variable)
            label = variable.name or f"output {position}: {what}"
            arrows.append((tail, self.box(("output", position), label, "output"), ""))
        return self.drawing

    def source(self, variable: Variable) -> Box:
        """Return the box from which the arrows to a variable's readers start."""
        boxes = self.drawing.boxes
        found = boxes.get(variable) or boxes.get(variable.owner)
        if found is not None:
            return found
        kind = "constant" if isinstance(variable, Constant) else "input"
        return self.box(variable, self.label_of(variable), kind)

    def box(self, thing: Any, label: str, kind: str, colour: str | None = None) -> Box:
        chosen = (colour or COLOURS[kind]) if self.coloured else None
        return self.drawing.add_box(thing, self.cut(label), kind, chosen)

    def label_of(self, variable: Variable) -> str:
        known = str(variable) if variable.owner is None else variable.name or ""
        return known if self.names_only and known else f"{known} {variable.type}".strip()

    def cut(self, label: str) -> str:
        most = self.max_label_size
        return label if len(label) <= most else f"{label[: most - 3]}..."
