"""From the plan of a program to its explanation.

The graph is planned once more for it, so that nothing is kept for what is seldom asked, and a
program found in the cache tells as much as one just compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Call, Comment, If, item_size, walk
from pytensorlite.cgen.parallel import describe_threads
from pytensorlite.cgen.traffic import traffic
from pytensorlite.graph.basic import Apply
from pytensorlite.graph.fg import FunctionGraph
from pytensorlite.link.basic import NativeEntry
from pytensorlite.link.c.measuring import sizes_in_call
from pytensorlite.link.c.plan import Attachment, Note, Plan
from pytensorlite.link.c.program import Rendered, assign_rooms
from pytensorlite.link.c.segments import cut
from pytensorlite.link.explanation import (
    Amount,
    ArrayNote,
    Explanation,
    Part,
    Step,
    numpy_part,
)
from pytensorlite.tensor.rewriting.apart import why_apart
from pytensorlite.tensor.rewriting.fusion import Fused

Values = Mapping[str, int]


def explain_graph(
    fgraph: FunctionGraph,
    entries: Sequence[NativeEntry],
    calls: Sequence[Sequence[Any] | None] = (),
) -> Explanation:
    """Return what the programs of a rewritten graph do.

    `calls` has, for each of the native programs in `entries`, the arrays that one call hands it;
    None where the call does not need it.
    """
    segments, rendered = cut(fgraph, "program")
    programs = iter(rendered)
    known = iter(_known(*call) for call in zip(rendered, entries, calls, strict=False))
    return Explanation(
        tuple(
            _native_part(fgraph, next(programs), next(known, {}))
            if segment.is_native
            else numpy_part(segment.nodes[0], segment.reason)
            for segment in segments
        )
    )


def _known(rendered: Rendered, entry: NativeEntry, arrays: Sequence[Any] | None) -> dict[str, int]:
    """Return the values that the lengths of a program have in one call."""
    if arrays is None:
        return {}
    plan = rendered.plan
    sizes = sizes_in_call(entry, arrays)
    found = {
        str(index): sizes[slot]
        for index, slot in rendered.slots.items()
        if str(index) in plan.symbols
    }
    for number, array in enumerate(arrays):
        for index, length in zip(plan.source(f"x{number}").shape, array.shape, strict=True):
            found[str(index)] = length
    for near in plan.near.values():  # only the bytes of the workspace are made of that
        count = near.count.substitute(found).constant or 0
        found.setdefault(str(near.kept), 0 if found.get(str(near.rows)) else count)
    return found | {"bytes": sizes[0]}


def _native_part(fgraph: FunctionGraph, rendered: Rendered, known: Values) -> Part:
    plan = rendered.plan
    notes = [note for note in plan.notes if _is_step(note)]
    return Part(
        name="program",
        steps=tuple(
            _step(plan, note, known, _reason(fgraph, before, note))
            for before, note in zip([None, *notes], notes, strict=False)
        ),
        arrays=tuple(_arrays(rendered)),
        workspace=_workspace(plan, known),
    )


def _is_step(note: Note) -> bool:
    return bool(note.kernel) or any(isinstance(stmt, Call) for stmt in walk(note.code))


def _arrays(rendered: Rendered) -> list[ArrayNote]:
    """Return the inputs and constants that the program reads, and the outputs."""
    plan = rendered.plan
    groups = (("x", plan.inputs), ("c", plan.constants))
    sources = [(f"{c}{i}", variable) for c, group in groups for i, variable in enumerate(group)]
    named = [
        (plan.source(name), variable)
        for name, variable in sources
        if name[0] == "x" or name in rendered.reads
    ]
    named += [(view, plan.outputs[number]) for number, view in sorted(plan.written.items())]
    over = {f"y{k}": f"x{spec.into}" for k, spec in enumerate(rendered.outputs) if spec.into >= 0}
    return [
        ArrayNote(
            view.buffer,
            variable.name or "",
            view.dtype,
            tuple(str(plan.canonical(n)) for n in view.shape),
            over.get(view.buffer, ""),
        )
        for view, variable in named
    ]


def _reason(fgraph: FunctionGraph, before: Note | None, note: Note) -> str:
    """Return why a step is not one with the step before it."""
    if note.node is None:
        return "copies what the caller must own"
    if before is None or before.node is None or before.node is note.node:
        return ""
    return why_apart(fgraph, before.node, note.node)


def _step(plan: Plan, note: Note, known: Values, reason: str) -> Step:
    if not note.kernel:
        return _library_step(plan, note, known, reason)
    found = traffic(note.code, frozenset(plan.dtypes))
    names = [task.name for task in note.tasks if task.name in plan.waiting]
    waiting = [_attached(plan.waiting[name], known) for name in names]

    def bytes_of(counts: Mapping[str, Index]) -> dict[str, Amount]:
        return {
            buffer: _amount(plan, _in_memory(plan, buffer, count), known)
            for buffer, count in counts.items()
        }

    return Step(
        name=note.kernel,
        runs="loops",
        computes=note.comment,
        members=_members(note.node),
        reason=reason,
        reads=bytes_of(found.reads),
        writes=bytes_of(found.writes),
        vectorised=found.vectorised,
        scalar=found.others,
        threads=describe_threads(note.tasks, known),
        rows="; ".join(filter(None, waiting)),
    )


def _library_step(plan: Plan, note: Note, known: Values, reason: str) -> Step:
    """Describe a call of BLAS or LAPACK: all of its operands and results, once."""
    comments = tuple(s.text for s in note.code if isinstance(s, Comment))
    calls = [_called(s) for s in walk(note.code) if isinstance(s, Call | If)]
    node = note.node

    def bytes_of(variables: Sequence[Any]) -> dict[str, Amount]:
        views = [plan.views[x] for x in variables if x in plan.views]
        return {
            view.buffer: _amount(plan, _in_memory(plan, view.buffer, view.size), known)
            for view in views
        }

    names = dict.fromkeys(name for name in calls if name)
    return Step(
        name=", ".join(names),
        runs="library",
        computes=comments,
        members=_members(node),
        reason=reason,
        reads=bytes_of(node.inputs if node else ()),
        writes=bytes_of(node.outputs if node else ()),
        rows=_rows(plan, note, known),
    )


def _in_memory(plan: Plan, buffer: str, elements: Index) -> Index:
    """Return the bytes of elements; rows of products that are only in a cache do not count."""
    if buffer in plan.near:
        near = plan.near[buffer]
        row = elements.divided_by(near.count)
        elements = elements if row is None else row * near.kept
    return elements * item_size(plan.dtypes[buffer])


def _rows(plan: Plan, note: Note, known: Values) -> str:
    """Say whether a loop computes the rows of a product as it needs them, or why it does not."""
    if note.product is None:
        return ""
    name = note.product.target.buffer
    attached = plan.attached.get(name)
    if attached is None:
        return f"all at once: {plan.whole[name]}" if name in plan.whole else ""
    little = f"all at once: so few rows, or so deep, that {attached.kernel} would gain nothing"
    return _attached(attached, known) or little


def _attached(attached: Attachment, known: Values) -> str:
    """Say which loop what is attached goes with, unless it does not in a call that is known."""
    rows = attached.rows.substitute(known).constant
    if rows is None:
        return f"{attached.role} in {attached.kernel}, {attached.rows} at a time; all at once if 0"
    return f"{attached.role} in {attached.kernel}, {rows} at a time" if rows > 0 else ""


def _called(stmt: Call | If) -> str:
    """Return the routine that a statement calls."""
    text = stmt.text if isinstance(stmt, Call) else stmt.condition
    before, _, rest = text.partition("(")
    routine = before.removeprefix("ptl_").removeprefix("small_or_")
    return routine if rest and before.isidentifier() else ""


def _members(node: Apply | None) -> tuple[str, ...]:
    """Return the names of the ops that became a step."""
    if node is None:
        return ()
    if not isinstance(node.op, Fused):
        return (str(node.op),)
    return tuple(str(member.op) for member in node.op.fgraph.toposort())


def _amount(plan: Plan, index: Index, known: Values) -> Amount:
    index = plan.canonical(index)
    return Amount(str(index), index.substitute(known).constant if known else None)


def _workspace(plan: Plan, known: Values) -> Amount:
    """Return the bytes of all rooms; each is as long as the longest array in it."""
    texts = []
    for room in assign_rooms(plan.workspaces):
        lengths = [str(plan.canonical(length * size)) for length, size in room.lengths]
        texts.append(lengths[0] if len(lengths) == 1 else f"max({', '.join(lengths)})")
    return Amount(" + ".join(texts) or "0", known.get("bytes"))
