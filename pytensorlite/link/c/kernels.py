"""A scheduled nest becomes a kernel of the plan."""

from __future__ import annotations

from collections.abc import Sequence

from pytensorlite._immutable import replace
from pytensorlite.cgen.ahead import fetch_ahead
from pytensorlite.cgen.apart import written_out
from pytensorlite.cgen.blocks import strip_mine
from pytensorlite.cgen.collapse import collapse
from pytensorlite.cgen.columns import fetch_columns
from pytensorlite.cgen.describe import describe
from pytensorlite.cgen.flat import all_at_once
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Buffer,
    Kernel,
    Stmt,
    Var,
    buffers,
    names,
)
from pytensorlite.cgen.jam import side_by_side
from pytensorlite.cgen.lanes import has_lanes, in_lanes, read_by_rows
from pytensorlite.cgen.meanwhile import fetch_meanwhile
from pytensorlite.cgen.nest import Map, Source, Value
from pytensorlite.cgen.parallel import outline, parameter_order
from pytensorlite.cgen.passes import drop_unread, fill_together, name_loads, share_locals
from pytensorlite.cgen.short import schedule
from pytensorlite.cgen.steps import hide_steps
from pytensorlite.cgen.storage import Memory, Writer
from pytensorlite.cgen.stream import is_streamed, past_caches
from pytensorlite.cgen.sums import in_strips, squares_in_strips
from pytensorlite.cgen.tiles import in_tiles
from pytensorlite.cgen.vectors import in_vectors
from pytensorlite.cgen.visits import in_one_visit
from pytensorlite.cgen.woven import weave
from pytensorlite.link.c.in_place import skip_copies
from pytensorlite.link.c.plan import Note, Plan, View
from pytensorlite.link.c.scalars import convert


def copy(plan: Plan, source: View, target: View) -> None:
    """Append a kernel that copies one view to another of the same shape."""
    labels = [f"a{axis}" for axis, n in enumerate(source.shape) if n != 1]
    axes = [axis for axis, n in enumerate(source.shape) if n != 1]
    values: list[Value] = [
        Source(
            "t0",
            source.dtype,
            tuple(labels),
            source.buffer,
            tuple(source.strides[axis] for axis in axes),
            source.offset,
        ),
        Map("t1", target.dtype, tuple(labels), convert(Var("t0", source.dtype), target.dtype)),
    ]
    extents = {label: source.shape[axis] for label, axis in zip(labels, axes, strict=True)}
    strides = {label: target.strides[axis] for label, axis in zip(labels, axes, strict=True)}
    add_nest(plan, values, extents, {"t1": Memory(target.buffer, strides, target.offset)})


def add_nest(
    plan: Plan,
    values: Sequence[Value],
    extents: dict[str, Index],
    destinations: dict[str, Memory],
) -> None:
    """Schedule `values`, write the kernel and append it to the plan."""
    values, extents, destinations = collapse(values, extents, destinations)
    parts, places = written_out(values, extents, destinations)
    parts = in_one_visit(parts, extents, places)
    if places == destinations:  # otherwise what the whole is says more than what its parts are
        values = parts
    scheduled, tree = schedule(parts, extents)
    tree = strip_mine(tree, extents)

    def allocate(dtype: str, length: Index) -> str:
        return plan.scratch(dtype, (length,)).buffer

    writer = Writer(scheduled, tree, extents, places, allocate)
    add_kernel(plan, writer.write(), describe(values, destinations, writer.variables))


def add_kernel(plan: Plan, body: tuple[Stmt, ...], comment: tuple[str, ...]) -> None:
    """Make a kernel of statements, its parameters found in them, and append it to the plan."""
    body = fill_together(share_locals(drop_unread(body)))
    body = skip_copies(name_loads(body), plan.updates)
    name = f"kernel{len(plan.kernels)}"
    outlined, tasks = outline(body, name, plan)
    if tasks:
        plan.include("ptl_threads.h")
    read, written = buffers((*body, *outlined))
    written.update((own.spare, None) for task in tasks for own in task.owned)
    parameters = tuple(
        Buffer(name, plan.dtypes[name], name in written)
        for name in sorted({*read, *written} & plan.dtypes.keys(), key=parameter_order)
    )
    integers = names(body) & plan.symbols
    integers.update(*(task.integers for task in tasks))
    sizes = sorted(integers, key=lambda name: int(name[1:]))
    outlined, tasks = fetch_meanwhile(*fetch_ahead(outlined, tasks))
    quick = _quick(squares_in_strips(outlined))
    tasks = tuple(replace(task, body=_quick(in_strips(task))) for task in tasks)
    quick, tasks = fetch_columns(quick, tasks)
    quick, tasks = past_caches(quick, tasks)
    if any(map(is_streamed, tasks)):
        plan.include("ptl_stream.h")
    quick = hide_steps(weave(quick))
    tasks = tuple(replace(task, body=hide_steps(weave(task.body))) for task in tasks)
    bodies = (quick, *(task.body for task in tasks))
    if any(map(has_lanes, bodies)):
        plan.include("ptl_lanes.h")
        for each in bodies:
            plan.align({load.buffer for load in read_by_rows(each)})
    plan.add_kernel(Kernel(name, parameters, tuple(sizes), quick, comment, tasks))
    plan.notes.append(Note(plan.node, body, plan.step, name, comment, tasks))


def _quick(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return statements that do the same, sooner."""
    return in_vectors(in_lanes(in_tiles(all_at_once(side_by_side(body)))))
