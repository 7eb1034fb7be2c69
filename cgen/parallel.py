"""Long loops leave their kernel for functions of their own, which many threads may run at once.

A loop marked `parallel` may run its iterations in any order, apart from what they add up.  Its
function takes a range of iterations.  Short work calls it once, for all; long work cuts the range
into blocks, by size alone, and hands them to the host (``ptl_threads.h``).  What the iterations add
up, each block adds up for itself: scalars in a short array, arrays in copies of their own, and the
kernel folds them in the order of the blocks.  Arrays that an iteration only uses for a while are
each block's own as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index, product
from pytensorlite.cgen.ir import (
    Array,
    Buffer,
    Call,
    Const,
    Expr,
    Fail,
    If,
    Integer,
    Joined,
    Let,
    Load,
    Loop,
    Op,
    Owned,
    Partial,
    Stmt,
    Store,
    Task,
    Update,
    Var,
    buffers,
    expressions,
    names,
    subexpressions,
    walk,
)
from pytensorlite.cgen.nest import Nest, Scatter, is_even, unfinished
from pytensorlite.cgen.paths import values_inside
from pytensorlite.cgen.spread import counted_from, own_expressions, pairs

LONG = 100_000  # PTL_LONG
FEW = 8  # iterations, known to be so few, that stay together


class Program(Protocol):
    """What a kernel asks of the program that it is part of."""

    dtypes: dict[str, str]
    costs: list[Index]

    def define(self, value: Expr) -> Index:
        """Name an integer that is computed from sizes before the program runs."""

    def reserve(self, dtype: str, length: Index) -> str:
        """Return the name of a new array of the workspace."""

    def length_of(self, buffer: str) -> Index | None:
        """Return the length of an output or of an array of the workspace."""

    @property
    def symbols(self) -> set[str]:
        """The names of all integers known before the program runs."""


def may_share(nest: Nest) -> bool:
    """Whether the iterations of `nest` may run in any order: none overwrites what another wrote."""
    return not any(
        isinstance(value, Scatter)
        and value.template is None
        and nest.label in unfinished(value)
        and not is_even(value)
        for value in values_inside(nest)
    )


# -- the pass --------------------------------------------------------------------------------------


def outline(
    body: tuple[Stmt, ...], kernel: str, program: Program
) -> tuple[tuple[Stmt, ...], tuple[Task, ...]]:
    """Return the statements of a kernel with calls in place of its parallel loops, and those."""
    result: list[Stmt] = []
    tasks: list[Task] = []
    costs = [work(stmt, program.symbols) for stmt in body if isinstance(stmt, Loop)]
    program.costs += [cost for cost in costs if cost is not None]
    for position, stmt in enumerate(body):
        task = None
        if isinstance(stmt, Loop) and stmt.parallel:
            task = _task(stmt, body[:position], program, _name(stmt, kernel, tasks))
        if task is None:
            result.append(stmt)
        else:
            tasks.append(task)
            if task.joined:
                seen = task.partials[0]
                result.append(Let(seen.var, seen.neutral, mutable=True))
            result.append(call(task))
    return tuple(result), tuple(tasks)


def _name(loop: Loop, kernel: str, tasks: Sequence[Task]) -> str:
    stem = f"{kernel}_{letter_of(loop)}"
    taken = sum(task.name.startswith(stem) for task in tasks)
    return f"{stem}{taken + 1}" if taken else stem


def letter_of(loop: Loop) -> str:
    """Return the variable that stands for the iterations of `loop`, be they cut into blocks."""
    return loop.var.removesuffix("_block")


def _task(loop: Loop, before: Sequence[Stmt], program: Program, name: str) -> Task | None:
    """Return the function that `loop` becomes, or None if it has to stay."""
    cost = work(loop, program.symbols)
    if cost is None or (cost.constant is not None and cost.constant < 10 * LONG):
        return None
    if loop.stop.constant is not None and loop.stop.constant < FEW:
        return None
    if any(_is_dwarfed(cost, other) for other in program.costs):
        return None
    if any(isinstance(stmt, Fail | Call) for stmt in walk(loop.body)):
        return None
    read, written = buffers(loop.body)
    own = {stmt.name for stmt in walk(loop.body) if isinstance(stmt, Array)}
    if not {*read, *written} <= own | program.dtypes.keys():
        return None
    scope = {stmt.var.name: stmt for stmt in before if isinstance(stmt, Let)}
    partials = _partials(loop, scope)
    owned = _owned(loop, before, program)
    if partials is None or owned is None:
        return None
    parameters = [
        Buffer(name, program.dtypes[name], name in written)
        for name in sorted({*read, *written} & program.dtypes.keys(), key=parameter_order)
    ]
    ranged = _over_range(loop)
    work_of: tuple[Stmt, ...] = (ranged,)
    joined = tuple(_joined(loop, owned))
    if joined:
        seen = Var(f"{name.partition('_')[2]}_seen", "int64")
        partials.insert(0, Partial(seen, "{0} + {1}", Const(0, "int64")))
        letter = Index.name(letter_of(loop))
        before_it = {letter_of(loop): letter - ranged.start + Index.name(seen.name)}
        ranged = replace(ranged, body=counted_from(ranged.body, before_it))
        work_of = (ranged, Update(seen, "{0} + {1}", Integer(ranged.stop - ranged.start)))
    free = names((ranged,)) - {partial.var.name for partial in partials}
    estimate = program.define(nanoseconds(cost, 10))
    blocks = None
    if owned:
        numbers = (Integer(estimate), Integer(loop.stop), Integer(sum(own.length for own in owned)))
        blocks = program.define(Op("ptl_blocks({0}, {1}, {2})", numbers, "int64"))
        for number, own in enumerate(owned):
            spare = program.reserve(program.dtypes[own.buffer], (blocks - 1) * own.length)
            owned[number] = replace(own, spare=spare)
    return Task(
        name=name,
        loop=ranged,
        body=work_of,
        extent=loop.stop,
        work=estimate,
        blocks=blocks,
        buffers=tuple(parameters),
        sizes=tuple(sorted(free & program.symbols, key=lambda name: int(name[1:]))),
        locals=tuple(scope[name].var for name in sorted(free & scope.keys())),
        partials=tuple(partials),
        owned=tuple(owned),
        joined=joined,
    )


def _joined(loop: Loop, owned: Sequence[Owned]) -> Iterator[Joined]:
    """Yield the squares about means that the loop sums, and what goes with them."""
    lengths = {own.buffer: own.length for own in owned}
    for stmt in (loop, *walk(loop.body)):
        for pair in pairs(stmt.body) if isinstance(stmt, Loop) else ():
            match pair.squares, pair.total:
                case Store(squares, _, _), Store(total, _, _):
                    yield Joined(squares, total, lengths[squares])
                case Update(squares, _, _), Update(total, _, _):
                    yield Joined(squares.name, total.name, Index.of(1))


def parameter_order(name: str) -> tuple[int, int]:
    """Inputs first, then constants, workspace and outputs."""
    return "xcwy".index(name[0]), int(name[1:])


def _is_dwarfed(cost: Index, other: Index) -> bool:
    """Whether `other` is `cost` times a length: then it is long before `cost` is."""
    return all(
        any(Counter(mine) < Counter(theirs) for theirs in other.terms) for mine in cost.terms
    )


def _over_range(loop: Loop) -> Loop:
    """Return `loop` over part of its iterations; the ends are named after its variable."""
    letter = letter_of(loop)
    start, stop = Index.name(f"{letter}_from"), Index.name(f"{letter}_to")
    body = loop.body
    if loop.var != letter and isinstance(body[0], Let) and isinstance(body[0].expr, Op):
        # The last strip of the part ends where the part does.
        end = body[0].expr
        args = tuple(Integer(stop) if arg == Integer(loop.stop) else arg for arg in end.args)
        body = (replace(body[0], expr=replace(end, args=args)), *body[1:])
    return replace(loop, start=start, stop=stop, body=body)


# -- what iterations add up, and what they need for themselves -------------------------------------


def _partials(loop: Loop, scope: dict[str, Let]) -> list[Partial] | None:
    """Return the scalars that the loop adds up; None if it does more with them than that."""
    found: dict[str, Partial] = {}
    for stmt in walk(loop.body):
        if isinstance(stmt, Update) and stmt.var.name in scope:
            first = scope[stmt.var.name].expr
            begin = neutral(stmt.template, stmt.var.dtype, first)
            partial = Partial(stmt.var, stmt.template, begin) if begin else None
            if partial is None or found.setdefault(stmt.var.name, partial) != partial:
                return None
    mutable = {name for name, let in scope.items() if let.mutable}
    for stmt in walk(loop.body):
        for expr in own_expressions(stmt):
            if any(isinstance(e, Var) and e.name in mutable for e in subexpressions(expr)):
                return None
    return list(found.values())


def neutral(template: str, dtype: str, first: object) -> Const | None:
    """Return what a block's own sum begins with, so that a fold over blocks loses nothing.

    None if there is no such number; `first` is what the whole sum begins with.

    For sums of floats that is -0.0: adding it keeps the sign of every zero.
    """
    if template == "{0} + {1}" and dtype.startswith("complex"):
        return Const(complex(-0.0, -0.0), dtype)
    if template == "{0} + {1}" and dtype.startswith("float"):
        return Const(-0.0, dtype)
    if not isinstance(first, Const) or (_is_sum(template) and first.value != 0):
        return None  # what the sum begins with is something else
    return first


def _is_sum(template: str) -> bool:
    return "+" in template or "ptl_add" in template


def _owned(loop: Loop, before: Sequence[Stmt], program: Program) -> list[Owned] | None:
    """Return the arrays of which each block needs one of its own; None if that is impossible."""
    letter = letter_of(loop)
    result: list[Owned] = []
    stores: dict[str, list[Store]] = {}
    for stmt in walk(loop.body):
        if isinstance(stmt, Store) and stmt.buffer in program.dtypes:
            stores.setdefault(stmt.buffer, []).append(stmt)
    for buffer, group in stores.items():
        indices = [store.index.names for store in group]
        if all(letter in found and f"{letter}_block" not in found for found in indices):
            continue  # each iteration has elements of its own
        length = program.length_of(buffer)
        if length is None:
            return None
        template = _adds_up(buffer, group, loop)
        if template is not None:
            begin = neutral(template, program.dtypes[buffer], _first_contents(buffer, before))
            if begin is None:
                return None
            result.append(Owned(buffer, "", length, template, begin))
        elif buffer.startswith("w") and not any(letter in f and f"{letter}_block" not in f
                                                for f in indices):  # fmt: skip
            result.append(Owned(buffer, "", length, None, None))
        else:
            return None
    return result


def _adds_up(buffer: str, stores: Sequence[Store], loop: Loop) -> str | None:
    """Return the template by which `buffer` is added to, None if the loop does more with it."""
    templates = set()
    for store in stores:
        match store.expr:
            case Op(template, (Load() as there, _), _) if there == Load(
                buffer, store.index, there.dtype
            ):
                templates.add(template)
            case _:
                return None
    loads = sum(
        isinstance(sub, Load) and sub.buffer == buffer
        for stmt in walk(loop.body)
        for expr in own_expressions(stmt)
        for sub in subexpressions(expr)
    )
    return templates.pop() if len(templates) == 1 and loads == len(stores) else None


def _first_contents(buffer: str, before: Sequence[Stmt]) -> Expr | None:
    """Return the constant that `buffer` was filled with before the loop."""
    for stmt in walk(tuple(before)):
        if isinstance(stmt, Store) and stmt.buffer == buffer:
            return stmt.expr
    return None


# -- how much work it is ---------------------------------------------------------------------------

# Tenths of a nanosecond: a double read or written, an operation, a call such as `exp`.
TOUCH, OPERATION, CALL = 2, 2, 15
QUICK = ("ptl_max", "ptl_min", "ptl_add", "ptl_mul", "fabs", "ptl_wrap_index", "ptl_out_of_range")


def work(loop: Loop, sizes: set[str]) -> Index | None:
    """Estimate the work of `loop` in tenths of nanoseconds; None if it depends on more than sizes.

    Examples
    --------
    >>> store = Store("y0", Index.name("i"), Load("x0", Index.name("i"), "float64"))
    >>> work(Loop("i", Index.name("n0"), (store,)), {"n0"})
    Index(4*n0)
    """
    once = Index.of(0)
    for stmt in loop.body:
        if isinstance(stmt, Loop):
            inner = work(stmt, sizes)
            if inner is None:
                return None
            once = once + inner
        elif isinstance(stmt, If):
            return None
        else:
            found = own_expressions(stmt)
            units = sum(map(cost, found)) + TOUCH * isinstance(stmt, Store)
            floats = loop.kind == "simd" and all(expr.dtype == "float32" for expr in found)
            once = once + (units // 2 if floats else units)  # a vector has twice as many floats
    if loop.start != 0:  # the rows of a strip, which the loop around counts
        return once
    if not loop.stop.names <= sizes:
        return None
    return product((loop.stop, once))


def effort(body: Iterable[Stmt]) -> int:
    """Return the work of the statements themselves, not those inside loops."""
    return sum(cost(expr) for stmt in body for expr in expressions(stmt))


def cost(expr: Expr) -> int:
    """Return the work of computing `expr` once, in tenths of nanoseconds."""
    total = 0
    for sub in subexpressions(expr):
        if isinstance(sub, Load):
            total += TOUCH
        elif isinstance(sub, Op):
            calls = sub.template.count("(") and not sub.template.startswith(("(", *QUICK))
            total += CALL if calls or "/" in sub.template else OPERATION
    return total


def nanoseconds(parts: Index, parts_of_one: int) -> Expr:
    """Return nanoseconds, given in parts of one, by arithmetic that does not overflow."""
    return Op("ptl_nanoseconds({0})", (_as_double(parts, parts_of_one),), "int64")


def _as_double(parts: Index, parts_of_one: int) -> Expr:
    total: Expr | None = None
    for monomial, coefficient in sorted(parts.terms.items(), reverse=True):
        term: Expr = Const(coefficient / parts_of_one, "float64")
        for factor in monomial:
            term = Op("{0} * {1}", (term, Integer(Index.name(factor))), "float64")
        total = term if total is None else Op("{0} + {1}", (total, term), "float64")
    return total or Const(0.0, "float64")


def describe_threads(tasks: Sequence[Task], known: Mapping[str, int]) -> str:
    """Tell people which loops of a kernel run in threads, and from when on.

    `known` has the value of each task's work in one call, where there is a call to speak of.
    """
    if not tasks:
        return "one thread"
    letters = " and ".join(letter_of(task.loop) for task in tasks)
    found = [task.work.substitute(known).constant for task in tasks]
    if any(work is None for work in found):
        return f"over {letters} in threads from {LONG // 1000} us of work"
    work = max(filter(None, found), default=0)
    verdict = "in threads" if work >= LONG else "too short for threads"
    return f"over {letters} {verdict}, about {work / 1000:.1f} us of work"


# -- the statements in place of the loop -----------------------------------------------------------


def call(task: Task) -> Stmt:
    """Return what stands in place of the loop: one call for short work, blocks for long."""
    sums = [f"&{partial.var.name}" for partial in task.partials]
    once = ", ".join([*task.given, *sums, "0", str(task.extent)])
    cut = ", ".join([*task.known, *sums, "host"])
    in_blocks = If(f"{task.name}_in_blocks({cut})", (Call("return PTL_FAILED"),))
    return If(f"{task.work} < PTL_LONG", (Call(f"{task.name}({once})"),), (in_blocks,))


def calling(body: Sequence[Stmt], old: Task, new: Task, known: Let) -> Iterator[Stmt]:
    """Yield the statements with what `new` knows before its call, which was that of `old`."""
    for stmt in body:
        if stmt == call(old):
            yield known
            yield call(new)
        else:
            yield stmt


def choosing(body: Sequence[Stmt], rows: str, known: Let, choice: Op) -> Iterator[Stmt]:
    """Yield the statements with `known` before what chooses the `rows` of a block.

    The number becomes `choice`, of itself and of the arguments that stand there.
    """
    for stmt in body:
        if isinstance(stmt, Let) and stmt.var.name == rows:
            assert not isinstance(stmt.expr, Index)
            yield known
            yield replace(stmt, expr=replace(choice, args=(stmt.expr, *choice.args)))
        elif stmt != known:
            yield stmt
