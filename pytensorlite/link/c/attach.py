"""Products of matrices are computed a few rows at a time, by the loop that reads their rows.

A product whose rows the iterations of a loop read, each its own, need not be there as a whole
when the loop begins.  BLAS computes some rows, and while they are in a near cache the loop is done
for them.  If nobody else reads the product, no more of it than that ever exists.  The loop knows
nothing of this: it is called for a few rows by what cuts it into blocks for threads.

That is arranged once all steps of a program are known.  Whether it is done is decided by lengths in
each call (``ptl_attached.h``); where it is not, BLAS is called once, before the loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytensorlite._immutable import immutable, replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Attached,
    Buffer,
    Call,
    If,
    Integer,
    Kernel,
    Load,
    Loop,
    Op,
    Rows,
    Stmt,
    Store,
    Task,
    buffers,
    expressions,
    item_size,
    subexpressions,
)
from pytensorlite.cgen.parallel import call, letter_of, parameter_order
from pytensorlite.link.c.blas import call_for_rows
from pytensorlite.link.c.plan import Attachment, Note, Plan, Product, View, call_of

FIRST, LAST = Index.name("first"), Index.name("last")


@immutable
class Reader:
    """The loop that reads the rows of a product, each iteration its own."""

    product: Product
    text: str  # the call of BLAS
    kernel: Kernel
    task: Task
    step: int
    elements: Index  # how many iterations read one row
    alone: bool  # nobody else reads the product

    @property
    def bytes_of_row(self) -> Index:
        """The bytes of a row of the product."""
        return self.product.target.shape[1] * item_size(self.product.target.dtype)


def attach_products(plan: Plan) -> None:
    """Attach products to the loops that read them, where that is possible."""
    found: dict[str, list[Reader]] = {}
    for note in plan.notes:
        reader = _find(plan, note, note.product) if note.product else None
        if isinstance(reader, str):
            assert note.product is not None
            plan.whole[note.product.target.buffer] = reader
        elif reader is not None:
            found.setdefault(reader.task.name, []).append(reader)
    for readers in found.values():
        _attach(plan, [each for each in readers if each.elements == readers[0].elements])


# -- who reads a product ---------------------------------------------------------------------------


def _find(plan: Plan, note: Note, product: Product) -> Reader | str:
    """Return the loop that a product may be attached to, or why there is none."""
    target = product.target
    after = plan.notes[_position(plan, note) + 1 :]
    touching = [n for n, each in enumerate(after) if target.buffer in each.mentioned]
    if not touching:
        return "no loop reads it"
    reader, later = after[touching[0]], touching[1:]
    if not reader.kernel:
        return "no loop is the first to read it"
    operands = {product.left.buffer, product.right.buffer}
    if any(operands & _written(each) for each in after[: touching[0] + 1]):
        return "an operand is written over before the loop that reads it"
    kernel = next(each for each in plan.kernels if each.name == reader.kernel)
    first, *others = [stmt for stmt in kernel.body if _touches(kernel, stmt, target.buffer)]
    task = next((task for task in kernel.tasks if first == call(task)), None)
    elements = _elements_of_row(plan, task, target) if task else None
    if task is None:
        return f"what reads it in {kernel.name} is not worth threads"
    if elements is None:
        return f"{kernel.name} reads it in another order than row by row"
    alone = not (others or later or target.buffer in buffers((task.loop,))[1])
    return Reader(
        product=product,
        text=next(stmt.text for stmt in note.code if isinstance(stmt, Call)),
        kernel=kernel,
        task=task,
        step=reader.step,
        elements=elements,
        alone=alone and target.buffer in plan.workspaces,
    )


def _position(plan: Plan, note: Note) -> int:
    return next(n for n, each in enumerate(plan.notes) if each is note)


def _written(note: Note) -> set[str]:
    """Return the buffers that a step may write, and perhaps other names."""
    if note.product:
        return {note.product.target.buffer}
    return {*buffers(note.code)[1]} if note.kernel else note.mentioned


def _touches(kernel: Kernel, stmt: Stmt, buffer: str) -> bool:
    for task in kernel.tasks:
        if stmt == call(task):
            return any(each.name == buffer for each in task.buffers)
    return any(buffer in found for found in buffers((stmt,)))


def _elements_of_row(plan: Plan, task: Task, target: View) -> Index | None:
    """Return how many iterations touch a row of the product, None if they touch other rows."""
    rows, length = target.shape
    letter = letter_of(task.loop)
    if not target.is_contiguous:
        return None
    places = list(_places((task.loop,), target.buffer, {}))
    for elements, step in ((Index.of(1), length), (length, Index.of(1))):
        here = Index.name(letter) * step
        if plan.canonical(task.extent) == rows * elements and all(
            _is_within(index - target.offset - here, step, {letter, f"{letter}_block"}, loops)
            for index, loops in places
        ):
            return elements
    return None


def _places(
    body: Sequence[Stmt], buffer: str, loops: dict[str, Loop]
) -> Iterator[tuple[Index, dict[str, Loop]]]:
    """Yield where the elements of an array are that are read or written, and the loops around."""
    for stmt in body:
        if isinstance(stmt, Store) and stmt.buffer == buffer:
            yield stmt.index, loops
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load) and sub.buffer == buffer:
                    yield sub.index, loops
        if isinstance(stmt, If):
            yield from _places((*stmt.body, *stmt.otherwise), buffer, loops)
        elif isinstance(stmt, Loop):
            yield from _places(stmt.body, buffer, loops | {stmt.var: stmt})


def _is_within(place: Index, length: Index, moving: set[str], loops: dict[str, Loop]) -> bool:
    """Whether `place` is one from 0 to `length`, wherever the loops are but those in `moving`."""
    inner = {name: loop for name, loop in loops.items() if name not in moving}
    if place.names & moving or any(count < 0 for count in place.terms.values()):
        return False
    if any(inner[name].start != 0 for name in place.names & inner.keys()):
        return False
    last = {name: inner[name].stop - 1 for name in place.names & inner.keys()}
    left = length - 1 - place.substitute(last)
    return all(count >= 0 for count in left.terms.values())


# -- how it is attached ----------------------------------------------------------------------------


def _attach(plan: Plan, readers: Sequence[Reader]) -> None:
    """Attach products to the loop that reads them."""
    task, kernel = readers[0].task, readers[0].kernel
    count = readers[0].product.target.shape[0]
    depths = [each.product.left.shape[1] for each in readers]
    row = sum(each.bytes_of_row for each in readers)
    depth = depths[0]
    for other in depths[1:]:
        depth = plan.define(_op("ptl_max_int64({0}, {1})", depth, other))
    rows = plan.define(_op("ptl_attached({0}, {1}, {2}, {3})", task.work, count, row, depth))
    near = [each for each in readers if each.alone]
    whole = plan.define(_op("{0} > 0 ? 0 : {1}", rows, count)) if near else count
    for each in readers:
        name, columns = each.product.target.buffer, each.product.target.shape[1]
        if each.alone:
            plan.workspaces[name].length = whole * columns
        for operand in (each.product.left.buffer, each.product.right.buffer, name):
            if operand in plan.workspaces:
                last = plan.workspaces[operand].last
                plan.workspaces[operand].last = max(last, each.step)
        plan.attached[name] = Attachment(kernel.name, count, rows, whole if each.alone else count)
        before = plan.run_code.index(Call(each.text))
        plan.run_code[before] = If(f"{rows} == 0", (Call(each.text),))
    attached = Attached(
        rows=rows,
        count=count,
        elements=readers[0].elements,
        products=tuple(_rows(plan, each.product, kernel.name) for each in readers),
        near=tuple(
            (_buffer(each.product.target, True), each.product.target.shape[1]) for each in near
        ),
    )
    new = _replaced(kernel, task, replace(task, attached=attached))
    plan.include("ptl_attached.h")
    plan.run_code[plan.run_code.index(call_of(kernel))] = call_of(new)
    plan.kernels[plan.kernels.index(kernel)] = new


def _op(template: str, *numbers: Index) -> Op:
    return Op(template, tuple(map(Integer, numbers)), "int64")


def _rows(plan: Plan, product: Product, kernel: str) -> Rows:
    """Return the function that computes some rows of a product."""
    left, right, target = (
        View(each.buffer, each.dtype, shape, each.strides, each.offset + FIRST * down)
        for each, shape, down in (
            (product.left, (LAST - FIRST, product.left.shape[1]), product.left.strides[0]),
            (product.right, product.right.shape, Index.of(0)),
            (product.target, (LAST - FIRST, product.target.shape[1]), product.target.strides[0]),
        )
    )
    text = call_for_rows(plan, left, right, target, product.alpha)
    sizes = set(re.findall(r"\w+", text)) & plan.symbols
    operands = {each.buffer: _buffer(each, False) for each in (product.left, product.right)}
    return Rows(
        function=f"{kernel}_{target.buffer}",
        text=text,
        operands=tuple(operands.values()),
        target=_buffer(product.target, True),
        sizes=tuple(sorted(sizes, key=lambda name: int(name[1:]))),
    )


def _buffer(view: View, writable: bool) -> Buffer:
    return Buffer(view.buffer, view.dtype, writable)


def _replaced(kernel: Kernel, old: Task, new: Task) -> Kernel:
    """Return a kernel with another task for one of its loops, and what that must know."""
    assert new.attached is not None
    arrays = {buffer.name: buffer for buffer in kernel.buffers}
    for product in new.attached.products:
        arrays = {each.name: each for each in product.operands} | arrays
        arrays[product.target.name] = product.target
    sizes = sorted({*kernel.sizes, *new.integers}, key=lambda name: int(name[1:]))
    return replace(
        kernel,
        buffers=tuple(arrays[name] for name in sorted(arrays, key=parameter_order)),
        sizes=tuple(sizes),
        body=tuple(call(new) if stmt == call(old) else stmt for stmt in kernel.body),
        tasks=tuple(new if task is old else task for task in kernel.tasks),
    )
