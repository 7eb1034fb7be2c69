"""Where in a tree of loops a value stands: the loops around it, outermost first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytensorlite.cgen.nest import Nest, Value

Path = tuple[Nest, ...]

LOOP_NAMES = "ijklmpqrstuv"


def loop_variables(values: Sequence[Value], tree: Sequence[Nest | Value]) -> dict[str, str]:
    """Name the loop variables i, j, k by how deep inside other loops a label ever stands."""
    depths: dict[str, int] = {}
    for _, path in paths(tree):
        nested = dict.fromkeys(nest.label for nest in path)
        for depth, label in enumerate(nested):
            depths[label] = max(depth, depths.get(label, 0))
    for value in values:
        for label in value.labels:
            depths.setdefault(label, len(depths))
    names = [*LOOP_NAMES, *(f"i{n}" for n in range(1, 1 + len(depths)))]
    return dict(zip(sorted(depths, key=depths.__getitem__), names, strict=False))


def paths(items: Sequence[Nest | Value], path: Path = ()) -> Iterator[tuple[Value, Path]]:
    """Yield every value of a tree with the loops around it."""
    for item in items:
        if isinstance(item, Nest):
            yield from paths(item.body, (*path, item))
        else:
            yield item, path


def values_inside(item: Nest | Value) -> Iterator[Value]:
    """Yield the values computed in `item`, in order."""
    if isinstance(item, Nest):
        for inner in item.body:
            yield from values_inside(inner)
    else:
        yield item


def common_path(first: Path, second: Path) -> Path:
    """Return the loops that two places share."""
    depth = 0
    for a, b in zip(first, second, strict=False):
        if a is not b:
            break
        depth += 1
    return first[:depth]
