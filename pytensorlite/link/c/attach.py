"""Products of matrices are computed some rows at a time, with the loop that their rows go with.

A product whose rows the iterations of a loop read, each its own, need not be there as a whole
when the loop begins.  BLAS computes some rows, and while they are in a near cache the loop is done
for them.  Likewise rows that a loop writes go into products while they are in a near cache.  What
nobody else reads never exists as a whole.  The loop knows nothing of this: it is called for some
rows by what cuts it into blocks for threads.

That is arranged once all steps of a program are known.  Whether it is done is decided by lengths in
each call (``ptl_attached.h``); where it is not, BLAS is called once, before or after the loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Attached,
    Beforehand,
    Buffer,
    Call,
    Const,
    If,
    Integer,
    Kernel,
    Op,
    Owned,
    Rows,
    Stmt,
    Task,
    item_size,
    names,
)
from pytensorlite.cgen.parallel import call, nanoseconds, neutral, parameter_order
from pytensorlite.link.c.attachable import ADDED_UP, READ, WRITTEN, Link, kernel_of, links, touching
from pytensorlite.link.c.blas import call_for_rows
from pytensorlite.link.c.chains import Earlier, Groups, earlier_loop
from pytensorlite.link.c.plan import Attachment, Near, Plan, View, call_of

FIRST, LAST = Index.name("first"), Index.name("last")
SUM = "{0} + {1}"
# Thousandths of a nanosecond for a multiplication and an addition.
WORK = {"float32": 15, "float64": 30, "complex64": 60, "complex128": 120}


def attach_products(plan: Plan) -> None:
    """Attach products to the loops that their rows go with, where that is possible."""
    groups: dict[str, list[Link]] = {}
    for link in links(plan):
        group = groups.setdefault(link.task.name, [])
        if not group or link.elements == group[0].elements:
            group.append(link)
    for group in sorted(groups.values(), key=lambda group: -group[0].at):
        _attach(plan, group, list(_earlier(plan, group, groups)))


def _earlier(plan: Plan, group: Sequence[Link], groups: Groups) -> Iterator[Earlier]:
    """Yield the loops that are done for the same rows before, unless a later loop does this one."""
    for link in group if group[0].task.name not in plan.waiting else ():
        earlier = earlier_loop(plan, link, groups)
        if earlier is not None and earlier.task.name not in plan.waiting:
            yield earlier


def _attach(plan: Plan, group: Sequence[Link], earlier: Sequence[Earlier]) -> None:
    """Attach products to their loop, and earlier loops with their products."""
    task, at = group[0].task, group[0].at
    kernel, count = kernel_of(plan, plan.notes[at]), group[0].array.shape[0]
    chained = [*(link for each in earlier for link in each.links), *group]
    added_up = [link for link in group if link.role == ADDED_UP]
    loops = sum((each.task.work for each in earlier), task.work)
    together = plan.define(_op("{0} + {1}", loops, _work_of(plan, chained)))
    arrays = {link.array.buffer: link.array for link in group}
    between = {name: view for each in earlier for name, view in each.arrays.items()}
    numbers = (
        task.work,
        together,
        count,
        sum(view.shape[1] * item_size(view.dtype) for view in (arrays | between).values()),
        _largest(plan, [link.depth for link in chained]),
        _own_elements(plan, task, added_up, Index.of(1)),
    )
    rows = plan.define(_op("ptl_attached({0}, {1}, {2}, {3}, {4}, {5})", *numbers))
    alone = {link.array.buffer for link in group if _is_alone(plan, kernel, link, group)}
    near = [*({name: arrays[name] for name in arrays if name in alone} | between).values()]
    waits = plan.waiting.get(task.name)
    somewhere = plan.define(_op("{0} > 0 ? {0} : {1}", waits.rows, rows)) if waits else rows
    _keep_some(plan, near, count, somewhere)
    for link in group:
        text = next(stmt.text for stmt in link.note.code if isinstance(stmt, Call))
        plan.run_code[plan.run_code.index(Call(text))] = If(f"{somewhere} == 0", (Call(text),))
        plan.attached[link.product.target.buffer] = Attachment(kernel.name, somewhere, link.role)
    for each in earlier:
        plan.waiting[each.task.name] = Attachment(kernel.name, rows, "done")
        _let_wait(plan, each, rows)
    for name in _touched(chained, earlier):
        plan.needed_at(name, plan.notes[at].step)

    def products(links: Sequence[Link], *roles: str) -> tuple[Rows, ...]:
        return tuple(_rows(plan, kernel, link) for link in links if link.role in roles)

    before: list[Rows | Beforehand] = []
    for each in earlier:
        before += [*products(each.links, READ), each.beforehand]
    attached = Attached(
        rows=rows,
        work=plan.define(_op("{0} > 0 ? {1} : {2}", rows, together, task.work)),
        count=count,
        elements=group[0].elements,
        before=(*before, *products(group, READ)),
        after=products(group, WRITTEN, ADDED_UP),
        near=tuple((_buffer(view, True), view.shape[1]) for view in near),
    )
    new = _with_own_sums(plan, replace(task, attached=attached), added_up)
    plan.include("ptl_attached.h")
    _replace(plan, kernel, task, new, call(new))


def _keep_some(plan: Plan, near: Sequence[View], count: Index, rows: Index) -> None:
    """Have no memory for arrays of which only some rows are needed at a time."""
    if not near:
        return
    whole = plan.define(_op("{0} > 0 ? 0 : {1}", rows, count))
    for view in near:
        plan.workspaces[view.buffer].length = whole * view.shape[1]
        plan.near[view.buffer] = Near(count, rows, whole)


def _touched(links: Sequence[Link], earlier: Sequence[Earlier]) -> Iterator[str]:
    """Yield the arrays that products and earlier loops read or write."""
    for link in links:
        for view in (link.product.left, link.product.right, link.product.target):
            yield view.buffer
    for each in earlier:
        yield from (buffer.name for buffer in each.task.buffers)


def _let_wait(plan: Plan, earlier: Earlier, rows: Index) -> None:
    """Have an earlier loop do nothing where it is done for some rows later on."""
    kernel = kernel_of(plan, plan.notes[earlier.at])
    waiting = If(f"{rows} == 0", (call(earlier.task),))
    _replace(plan, kernel, earlier.task, earlier.task, waiting)


def _largest(plan: Plan, numbers: Sequence[Index]) -> Index:
    largest, *others = dict.fromkeys(numbers)
    for other in others:
        largest = plan.define(_op("ptl_max_int64({0}, {1})", largest, other))
    return largest


def _work_of(plan: Plan, group: Sequence[Link]) -> Index:
    """Return about how many nanoseconds products take."""
    thousandths = Index.of(0)
    for link in group:
        target = link.product.target
        multiplications = target.size * link.product.left.shape[1]
        thousandths = thousandths + multiplications * WORK[target.dtype]
    return plan.define(nanoseconds(thousandths, 1000))


def _op(template: str, *numbers: Index) -> Op:
    return Op(template, tuple(map(Integer, numbers)), "int64")


def _is_alone(plan: Plan, kernel: Kernel, link: Link, group: Sequence[Link]) -> bool:
    """Whether nobody but the loop and the products of its rows touch an array."""
    name = link.array.buffer
    notes = [plan.notes[link.at], *(each.note for each in group if each.array.buffer == name)]
    return (
        name in plan.workspaces
        and all(
            any(note is each for each in notes) for note in plan.notes if name in note.mentioned
        )
        and touching(kernel, name) == [call(link.task)]
    )


def _rows(plan: Plan, kernel: Kernel, link: Link) -> Rows:
    """Return the function that computes some rows of a product, or adds up what rows give."""
    product, beta = link.product, 0
    left, right, target = product.left, product.right, product.target
    if link.role == ADDED_UP:
        left, right, beta = _some(left, 1), _some(right, 0), 1
    else:
        left, target = _some(left, 0), _some(target, 0)
    text = call_for_rows(plan, left, right, target, product.alpha, beta)
    sizes = set(re.findall(r"\w+", text)) & plan.symbols
    operands = {each.buffer: _buffer(each, False) for each in (left, right)}
    return Rows(
        function=f"{kernel.name}_{target.buffer}",
        text=text,
        operands=tuple(operands.values()),
        target=_buffer(target, True),
        sizes=tuple(sorted(sizes, key=lambda name: int(name[1:]))),
        adds_up=link.role == ADDED_UP,
    )


def _some(view: View, axis: int) -> View:
    """Return a matrix from `first` up to `last` along an axis."""
    shape = tuple(LAST - FIRST if n == axis else length for n, length in enumerate(view.shape))
    offset = view.offset + FIRST * view.strides[axis]
    return View(view.buffer, view.dtype, shape, view.strides, offset)


def _buffer(view: View, writable: bool) -> Buffer:
    return Buffer(view.buffer, view.dtype, writable)


def _own_elements(plan: Plan, task: Task, group: Sequence[Link], there: Index) -> Index:
    """Return how many elements a block has for itself, so that they allow for enough blocks.

    Adding up products, if it is `there`, gains so much that its sums count an eighth.
    """
    before = sum((own.length for own in task.owned), Index.of(0))
    if not group:
        return before
    sums = sum((link.product.target.size for link in group), Index.of(0))
    return before + there * plan.define(_op("({0} + 7) / 8", sums))


def _with_own_sums(plan: Plan, task: Task, group: Sequence[Link]) -> Task:
    """Return a task with sums for each block of the products that are added up, and fewer blocks.

    Where the products are not attached these have no elements.
    """
    if not group:
        return task
    assert task.attached is not None
    there = plan.define(_op("{0} > 0 ? 1 : 0", task.attached.rows))
    owned = list(task.owned)
    for link in group:
        target = link.product.target
        zero = neutral(SUM, target.dtype, None)
        assert zero is not None
        owned.append(Owned(target.buffer, "", there * target.size, SUM, zero))
    numbers = (task.attached.work, task.extent, _own_elements(plan, task, group, there))
    blocks = plan.define(_op("ptl_blocks({0}, {1}, {2})", *numbers))
    for number, own in enumerate(owned):
        spare = own.spare or plan.reserve(plan.dtypes[own.buffer], Index.of(0))
        plan.workspaces[spare].length = (blocks - 1) * own.length
        plan.needed_at(spare, plan.notes[group[0].at].step)
        owned[number] = replace(own, spare=spare)
    targets = [link.product.target for link in group]
    sums = tuple((target.buffer, Const(0, target.dtype)) for target in targets)
    attached = replace(task.attached, sums=sums)
    return replace(task, owned=tuple(owned), blocks=blocks, attached=attached)


def _replace(plan: Plan, kernel: Kernel, old: Task, new: Task, called: Stmt) -> None:
    """Give a kernel another task for one of its loops, what calls it, and what both must know."""
    arrays = {buffer.name: buffer for buffer in (*new.operands, *kernel.buffers)}
    for own in new.owned:
        arrays[own.spare] = Buffer(own.spare, plan.dtypes[own.spare], True)
    for part in new.attached.parts if new.attached else ():
        arrays |= {buffer.name: buffer for buffer in part.arrays if buffer.writable}
    body = tuple(_with_other(stmt, call(old), called) for stmt in kernel.body)
    changed = replace(
        kernel,
        buffers=tuple(arrays[name] for name in sorted(arrays, key=parameter_order)),
        sizes=tuple(sorted(names(body) & plan.symbols, key=lambda name: int(name[1:]))),
        body=body,
        tasks=tuple(new if task is old else task for task in kernel.tasks),
    )
    plan.run_code[plan.run_code.index(call_of(kernel))] = call_of(changed)
    plan.kernels[plan.kernels.index(kernel)] = changed


def _with_other(stmt: Stmt, old: Stmt, new: Stmt) -> Stmt:
    """Return a statement with another one in place of `old`."""
    if stmt == old:
        return new
    if isinstance(stmt, If) and old in stmt.body:
        return replace(stmt, body=tuple(_with_other(inner, old, new) for inner in stmt.body))
    return stmt
