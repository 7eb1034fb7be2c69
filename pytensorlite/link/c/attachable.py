"""Which products of matrices a loop may compute some rows at a time.

A product that a loop reads row by row may be computed before each part of the loop.  One that is
made of rows that a loop writes may be computed after each part: of a matrix that the loop writes
and another one, each row by itself; of a matrix that is turned and another one, added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytensorlite._immutable import immutable
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Expr,
    If,
    Integer,
    Kernel,
    Let,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Task,
    Var,
    buffers,
    expressions,
    item_size,
    subexpressions,
    walk,
)
from pytensorlite.cgen.nest import WRAPPED
from pytensorlite.cgen.parallel import call, letter_of
from pytensorlite.link.c.plan import Note, Plan, Product, View

READ, WRITTEN, ADDED_UP = "read", "written", "added up"


@immutable
class Link:
    """A product and the loop that its rows go with.

    The loop reads rows of the product, or the product is computed of rows that are `written`, or
    what such rows contribute is `added up`.
    """

    note: Note
    product: Product
    role: str
    array: View  # whose rows the loop reads or writes
    at: int  # the position of the step of the loop
    task: Task
    elements: Index  # how many iterations go with one row

    @property
    def bytes_of_row(self) -> Index:
        """The bytes of a row of what the loop reads or writes."""
        return self.array.shape[1] * item_size(self.array.dtype)

    @property
    def depth(self) -> Index:
        """How many elements BLAS puts in order for each part of the loop, by those of a row."""
        left, right = self.product.left, self.product.right
        if self.role == READ:
            return left.shape[1]
        return left.shape[0] if self.array.buffer == right.buffer else right.shape[1]


def links(plan: Plan) -> Iterator[Link]:
    """Yield the products that may go with a loop; note in the plan why others may not."""
    found: list[Link] = []
    link: Link | str | None
    for position, note in enumerate(plan.notes):
        if note.product is None:
            continue
        link = _read_by_loop(plan, position, note, note.product)
        if isinstance(link, str):
            plan.whole[note.product.target.buffer] = link
            link = next(_of_written_rows(plan, position, note, note.product, found), None)
        if link is not None:
            found.append(link)
            yield link


def _read_by_loop(plan: Plan, position: int, note: Note, product: Product) -> Link | str:
    """Return the loop that reads the rows of a product, or why there is none."""
    target = product.target
    after = range(position + 1, len(plan.notes))
    at = next((n for n in after if target.buffer in plan.notes[n].mentioned), None)
    if at is None:
        return "no loop reads it"
    if not plan.notes[at].kernel:
        return "no loop is the first to read it"
    operands = {product.left.buffer, product.right.buffer}
    if any(operands & written(each) for each in plan.notes[position + 1 : at + 1]):
        return "an operand is written over before the loop that reads it"
    kernel = kernel_of(plan, plan.notes[at])
    task = first_to_touch(kernel, target.buffer)
    if task is None:
        return f"what reads it in {kernel.name} is not worth threads"
    elements = elements_of_row(plan, task, target)
    if elements is None:
        return f"{kernel.name} reads it in another order than row by row"
    return Link(note, product, READ, target, at, task, elements)


def _of_written_rows(
    plan: Plan, position: int, note: Note, product: Product, before: Sequence[Link]
) -> Iterator[Link]:
    """Yield loops that write the rows of an operand; `before` are the links found so far."""
    left, right = product.left, product.right
    choices = ((WRITTEN, left, right), (ADDED_UP, right, left), (ADDED_UP, _turned(left), right))
    for role, array, other in choices:
        earlier = (n for n in reversed(range(position)) if array.buffer in written(plan.notes[n]))
        at = next(earlier, None)
        if at is None or not plan.notes[at].kernel or array.buffer not in plan.workspaces:
            continue
        later = {link.product.target.buffer for link in before if link.at >= at}
        if other.buffer in later.union(*map(written, plan.notes[at:position])):
            continue
        kernel = kernel_of(plan, plan.notes[at])
        task = first_to_touch(kernel, array.buffer)
        if task is None or any(
            array.buffer in buffers((stmt,))[1] for stmt in kernel.body if stmt != call(task)
        ):
            continue
        elements = elements_of_row(plan, task, array)
        if elements is not None:
            yield Link(note, product, role, array, at, task, elements)


def _turned(view: View) -> View:
    return View(view.buffer, view.dtype, view.shape[::-1], view.strides[::-1], view.offset)


def written(note: Note) -> set[str]:
    """Return the buffers that a step may write, and perhaps other names."""
    if note.product:
        return {note.product.target.buffer}
    return {*buffers(note.code)[1]} if note.kernel else note.mentioned


# -- kernels and their loops -----------------------------------------------------------------------


def kernel_of(plan: Plan, note: Note) -> Kernel:
    """Return the kernel of a step as it is by now."""
    return next(kernel for kernel in plan.kernels if kernel.name == note.kernel)


def touching(kernel: Kernel, buffer: str) -> list[Stmt]:
    """Return the statements of a kernel that touch an array, without conditions around loops."""
    arrays = {call(task): {each.name for each in task.buffers} for task in kernel.tasks}
    body = (next((s for s in walk((stmt,)) if s in arrays), stmt) for stmt in kernel.body)
    return [
        stmt
        for stmt in body
        if buffer in arrays.get(stmt, {name for found in buffers((stmt,)) for name in found})
    ]


def first_to_touch(kernel: Kernel, buffer: str) -> Task | None:
    """Return the loop that is the first to touch an array, if it is one for threads."""
    first = next(iter(touching(kernel, buffer)), None)
    return next((task for task in kernel.tasks if first == call(task)), None)


def elements_of_row(plan: Plan, task: Task, array: View) -> Index | None:
    """Return how many iterations touch a row of an array, None if they touch other rows."""
    rows, length = array.shape
    letter = letter_of(task.loop)
    if not array.is_contiguous:
        return None
    places = list(_places((task.loop,), array.buffer, _positions(task.loop)))
    for elements, step in ((Index.of(1), length), (length, Index.of(1))):
        here = Index.name(letter) * step
        if plan.canonical(task.extent) == rows * elements and all(
            _is_within(index - array.offset - here, step, {letter, f"{letter}_block"}, stops)
            for index, stops in places
        ):
            return elements
    return None


def _positions(loop: Loop) -> dict[str, Index]:
    """Return the locals that were found to be positions in an axis, with its length."""
    stmts = list(walk((loop,)))
    found: dict[str, Index] = {}
    kept: dict[str, set[Index | None]] = {}

    def length(expr: Expr | Index) -> Index | None:
        match expr:
            case Op(template, (_, Integer(extent)), _) if template == WRAPPED:
                return extent
            case Var(name, _):
                return found.get(name)
            case Load(buffer, _, _) if len(kept.get(buffer, ())) == 1:
                return next(iter(kept[buffer]))
        return None

    for _ in range(2):  # what is kept comes before what reads it
        lengths = {s.var.name: length(s.expr) for s in stmts if isinstance(s, Let)}
        found |= {name: extent for name, extent in lengths.items() if extent is not None}
        for stmt in stmts:
            if isinstance(stmt, Store):
                kept.setdefault(stmt.buffer, set()).add(length(stmt.expr))
    return found


def _places(
    body: Sequence[Stmt], buffer: str, stops: dict[str, Index]
) -> Iterator[tuple[Index, dict[str, Index]]]:
    """Yield where the elements of an array are that are read or written, and what moves there."""
    for stmt in body:
        if isinstance(stmt, Store) and stmt.buffer == buffer:
            yield stmt.index, stops
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load) and sub.buffer == buffer:
                    yield sub.index, stops
        if isinstance(stmt, If):
            yield from _places((*stmt.body, *stmt.otherwise), buffer, stops)
        elif isinstance(stmt, Loop):
            inside = {stmt.var: stmt.stop} if stmt.start == 0 else {}
            yield from _places(stmt.body, buffer, stops | inside)


def _is_within(place: Index, length: Index, moving: set[str], stops: dict[str, Index]) -> bool:
    """Whether `place` is one from 0 to `length`, wherever that is which moves from 0 on."""
    if place.names & moving or any(count < 0 for count in place.terms.values()):
        return False
    last = {name: stops[name] - 1 for name in place.names & stops.keys()}
    left = length - 1 - place.substitute(last)
    return all(count >= 0 for count in left.terms.values())
