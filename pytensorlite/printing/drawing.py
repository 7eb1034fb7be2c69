"""A graph as boxes and arrows, and how they are written: for Graphviz, or as SVG.

The SVG layout is simple: a box stands one layer below the lowest box it reads from, and within its
layer near the middle of these.  Graphviz does better; this needs nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

#: Colour by what a box is.
COLOURS = {
    "input": "palegreen",
    "output": "lightblue",
    "constant": "wheat",
    "value": "whitesmoke",
    "op": "white",
}


@dataclass
class Box:
    """What is drawn for a node or variable."""

    name: str
    label: str
    kind: str
    colour: str | None


@dataclass
class Drawing:
    """Boxes in an order in which arrows go forward, and arrows ``(tail, head, label)``."""

    boxes: dict[Hashable, Box] = field(default_factory=dict)
    arrows: list[tuple[Box, Box, str]] = field(default_factory=list)

    def add_box(self, thing: Hashable, label: str, kind: str, colour: str | None) -> Box:
        """Add and return a box for `thing`."""
        box = self.boxes[thing] = Box(f"n{len(self.boxes)}", label, kind, colour)
        return box

    def as_dot(self) -> str:
        """Return the drawing in Graphviz's language."""
        lines = ["digraph {", '  node [shape=box, fontname="sans"];']
        for box in self.boxes.values():
            shape = "" if box.kind == "op" else ", shape=ellipse"
            style = f', style=filled, fillcolor="{box.colour}"' if box.colour else ""
            lines.append(f'  {box.name} [label="{_escaped(box.label)}"{shape}{style}];')
        for tail, head, label in self.arrows:
            text = f' [label="{_escaped(label)}"]' if label else ""
            lines.append(f"  {tail.name} -> {head.name}{text};")
        return "\n".join([*lines, "}"]) + "\n"

    def as_svg(self) -> str:
        """Return the drawing as SVG."""
        from html import escape  # its table of entities is read by nobody else

        places = self._places()
        width = max((x + w for x, _, w in places.values()), default=0) + _GAP
        height = max((y for _, y, _ in places.values()), default=0) + _HEIGHT + _GAP
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            'font-family="sans-serif" font-size="12" text-anchor="middle">',
            '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" '
            'orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>',
        ]
        for tail, head, label in self.arrows:
            (x1, y1, w1), (x2, y2, w2) = places[tail.name], places[head.name]
            lines.append(
                f'<line x1="{x1 + w1 / 2:.0f}" y1="{y1 + _HEIGHT}" x2="{x2 + w2 / 2:.0f}" '
                f'y2="{y2}" stroke="gray" marker-end="url(#tip)"><title>{escape(label)}</title>'
                "</line>"
            )
        for box in self.boxes.values():
            x, y, w = places[box.name]
            corner = 0 if box.kind == "op" else _HEIGHT / 2
            lines.append(
                f'<rect x="{x:.0f}" y="{y}" width="{w:.0f}" height="{_HEIGHT}" rx="{corner:.0f}" '
                f'fill="{escape(box.colour or "none")}" stroke="black"/>'
            )
            lines.append(
                f'<text x="{x + w / 2:.0f}" y="{y + _HEIGHT - 8}">{escape(box.label)}</text>'
            )
        return "\n".join([*lines, "</svg>"]) + "\n"

    def _places(self) -> dict[str, tuple[float, int, float]]:
        """Return left edge, top and width of each box by its name."""
        above: dict[str, list[Box]] = {box.name: [] for box in self.boxes.values()}
        for tail, head, _ in self.arrows:
            above[head.name].append(tail)
        layers: list[list[Box]] = []
        layer_of: dict[str, int] = {}
        for box in self.boxes.values():
            layer = 1 + max((layer_of[tail.name] for tail in above[box.name]), default=-1)
            layer_of[box.name] = layer
            layers.extend([] for _ in range(layer + 1 - len(layers)))
            layers[layer].append(box)
        places: dict[str, tuple[float, int, float]] = {}
        for position, boxes in enumerate(layers):
            wanted = {box.name: _middle(above[box.name], places) for box in boxes}
            edge = float(_GAP)
            for box in sorted(boxes, key=lambda box: wanted[box.name]):
                width = 20 + 7.0 * len(box.label)
                edge = max(edge, wanted[box.name] - width / 2)
                places[box.name] = (edge, _GAP + position * (_HEIGHT + 3 * _GAP), width)
                edge += width + _GAP
        return places


_HEIGHT = 24
_GAP = 16


def _middle(tails: list[Box], places: dict[str, tuple[float, int, float]]) -> float:
    """Return where the boxes above have their middle."""
    middles = [places[tail.name][0] + places[tail.name][2] / 2 for tail in tails]
    return sum(middles) / len(middles) if middles else 0.0


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
