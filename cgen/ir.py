"""The loop language: what a kernel may say, and nothing else.

::

    index  cgen.index.Index                 integer polynomial in sizes and loop variables
    expr   Const(value, dtype) | Var(name, dtype) | Load(buffer, index, dtype)
           | Integer(index) | Op(template, args, dtype) | Cast(arg, dtype)
    stmt   Let(var, expr) | Update(var, template, expr) | Store(buffer, index, expr)
           | Loop(var, stop, body, start, step, kind, parallel) | If(condition, body, otherwise)
           | Array(name, dtype, length) | Pointer(name, dtype, text) | Call(text)
           | Fetch(buffer, index) | Fail(where, details) | Comment(text)
    top    Buffer(name, dtype, writable);  Kernel(name, buffers, sizes, body, comment, tasks)

An `Op` holds a C template, so that nothing here knows what ``exp`` is.  An `Update` is kept apart
from a `Store` so that a reduction is visible: ``acc = acc + expr`` prints with the OpenMP clause
that lets it vectorise.  All nodes are immutable; no pass edits text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from pytensorlite._immutable import immutable, replace
from pytensorlite.cgen.index import Index

# -- expressions -----------------------------------------------------------------------------------


@immutable
class Const:
    """A literal; `value` is a Python number."""

    value: bool | int | float | complex
    dtype: str


@immutable
class Var:
    """A C local or parameter."""

    name: str
    dtype: str


@immutable
class Load:
    """``buffer[index]``."""

    buffer: str
    index: Index
    dtype: str


@immutable
class Integer:
    """An index as a value."""

    index: Index
    dtype: str = "int64"


@immutable
class Op:
    """A C template over arguments: ``Op("{0} + {1}", (a, b), "float64")``."""

    template: str
    args: tuple[Expr, ...]
    dtype: str


@immutable
class Cast:
    """Conversion with NumPy's rules."""

    arg: Expr
    dtype: str


Expr: TypeAlias = Const | Var | Load | Integer | Op | Cast


# -- statements ------------------------------------------------------------------------------------


@immutable
class Let:
    """``const T var = expr;`` or, when `mutable`, an accumulator's first value."""

    var: Var
    expr: Expr | Index
    mutable: bool = False


@immutable
class Update:
    """``var = template(var, expr);``, a step of a reduction."""

    var: Var
    template: str
    expr: Expr


@immutable
class Store:
    """``buffer[index] = expr;``."""

    buffer: str
    index: Index
    expr: Expr


@immutable
class Loop:
    """``for var in range(start, stop, step): body``.

    Iterations of a loop that is not ``serial`` are independent but for `Update`.  Those of one that
    is `parallel`, whatever its kind, may also add to elements of arrays and use arrays of the
    workspace for themselves.  A ``short`` one, of a few iterations known beforehand, is written out
    by the compiler; so is one over ``lanes``, as vectors.  One for ``strips`` becomes vectors only
    once it is cut into them (``sums.py``).  A loop over whole ``vectors``, over the elements
    ``beside`` each other in one, over what is ``left`` over after the last, over the lanes of a
    ``last`` one that may be but a part of a vector, and over what is left over as such a part, at
    the ``end``, are macros of ``ptl_lanes.h``, and have the length of a vector as their step.
    """

    var: str
    stop: Index
    body: tuple[Stmt, ...]
    start: Index = Index.of(0)
    step: Index = Index.of(1)
    # "serial" | "simd" | "short" | "lanes" | "strips"
    # "vectors" | "beside" | "left" | "last" | "end"
    kind: str = "serial"
    parallel: bool = False


@immutable
class If:
    """``if (condition) { body } else { otherwise }``; `condition` is C text over local names."""

    condition: str
    body: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...] = ()


@immutable
class Array:
    """A small local array; one for lanes begins as what changes nothing."""

    name: str
    dtype: str
    length: int | Index
    neutral: Const | None = None


@immutable
class Pointer:
    """``T *const name = text;``, a place in an array that nothing else points to."""

    name: str
    dtype: str
    text: str


@immutable
class Call:
    """A call statement, spelled out: BLAS, LAPACK, another kernel."""

    text: str


@immutable
class Fetch:
    """A request for the line of memory around an element, which is read later."""

    buffer: str
    index: Index


@immutable
class Fail:
    """Leave with failure number `where` and up to six integers for its message."""

    where: int
    details: tuple[Index, ...] = ()


@immutable
class Comment:
    """A line for the reader."""

    text: str


Stmt: TypeAlias = Let | Update | Store | Loop | If | Array | Pointer | Call | Fetch | Fail | Comment


# -- top -------------------------------------------------------------------------------------------


@immutable
class Buffer:
    """A pointer parameter of a kernel; one that is `alone` overlaps with no other."""

    name: str
    dtype: str
    writable: bool
    alone: bool = True


@immutable
class Partial:
    """A scalar that each block of a loop adds up for itself, beginning with `neutral`."""

    var: Var
    template: str
    neutral: Const

    @property
    def array(self) -> str:
        """The array with a sum for each block."""
        return f"{self.var.name}_blocks"


@immutable
class Owned:
    """An array of which each block has its own: the first the array itself, the others a part of
    `spare`.

    What is added up in it is folded afterwards by `template`; without one it is used for a while.
    """

    buffer: str
    spare: str
    length: Index
    template: str | None
    neutral: Const | None


@immutable
class Joined:
    """Squares about a mean and the total that goes with them: arrays or scalars of blocks that
    join, as many numbers as there are iterations."""

    squares: str
    total: str
    length: Index  # of arrays; 1 for scalars


@immutable
class Streamed:
    """Results whose rows, all of one length, a loop writes whole, so that they may go elsewhere
    first."""

    outputs: tuple[tuple[str, str], ...]  # names and dtypes
    length: Index
    read: int  # bytes that are read for each element of a row

    @property
    def size(self) -> int:
        """The bytes of the largest element."""
        return max(item_size(dtype) for _, dtype in self.outputs)

    @property
    def moved(self) -> int:
        """The bytes that are read and written for each element of a row."""
        return self.read + sum(item_size(dtype) for _, dtype in self.outputs)


@immutable
class Rows:
    """A product of matrices that a function computes from row `first` up to row `last`.

    If it `adds_up`, these are rows of the operands, and what they give is added to the product.
    """

    function: str
    text: str  # the call of BLAS
    operands: tuple[Buffer, ...]
    target: Buffer
    sizes: tuple[str, ...]
    adds_up: bool

    @property
    def given(self) -> tuple[str, ...]:
        """The names that the function takes before its range."""
        return (*(b.name for b in self.arrays), *self.sizes)

    @property
    def arrays(self) -> tuple[Buffer, ...]:
        """The operands and the product."""
        return (*self.operands, self.target)

    @property
    def elements(self) -> Index:
        """How many of what it counts go with a row."""
        return Index.of(1)


@immutable
class Beforehand:
    """A loop of an earlier kernel, done for the same rows; `elements` iterations go with one."""

    function: str
    given: tuple[str, ...]
    arrays: tuple[Buffer, ...]
    sizes: tuple[str, ...]
    elements: Index


@immutable
class Attached:
    """Products that are computed some rows at a time, `before` or `after` a loop is done for these.

    `rows` is how many at a time, 0 where BLAS is called for all, before or after the whole loop.
    So many iterations as `elements` go with one of `count` rows.  The rows of those arrays that
    `near` has, with their lengths, nobody else needs: they lie in a near cache.  Those `sums` that
    products are added up in begin with zeros.
    """

    rows: Index
    work: Index  # nanoseconds, with the products if they are computed some rows at a time
    count: Index  # of all rows
    elements: Index
    before: tuple[Rows | Beforehand, ...]
    after: tuple[Rows, ...]
    near: tuple[tuple[Buffer, Index], ...]
    sums: tuple[tuple[str, Const], ...] = ()

    @property
    def products(self) -> tuple[Rows, ...]:
        """The products."""
        return tuple(each for each in self.parts if isinstance(each, Rows))

    @property
    def parts(self) -> tuple[Rows | Beforehand, ...]:
        """All that is done for some rows beside the loop."""
        return self.before + self.after

    @property
    def names(self) -> tuple[str, ...]:
        """The arrays and sizes that those need."""
        return tuple(dict.fromkeys(name for each in self.parts for name in each.given))

    @property
    def integers(self) -> set[str]:
        """The integers that those need, and those that say how they are cut."""
        sizes = {name for each in self.parts for name in each.sizes}
        elements = [each.elements for each in self.parts]
        lengths = [
            *elements,
            self.rows,
            self.work,
            self.count,
            self.elements,
            *(length for _, length in self.near),
        ]
        return sizes.union(*(length.names for length in lengths))


@immutable
class Task:
    """A loop in a function of its own, run over a range of its iterations.

    Where squares about means are joined, the first of the partial sums is the number of iterations
    that the block has seen.
    """

    name: str
    loop: Loop
    body: tuple[Stmt, ...]  # what does the work of the loop: itself, or something quicker
    extent: Index
    work: Index  # nanoseconds
    blocks: Index | None  # into how many it is cut, where the workspace depends on that
    buffers: tuple[Buffer, ...]
    sizes: tuple[str, ...]
    locals: tuple[Var, ...]
    partials: tuple[Partial, ...]
    owned: tuple[Owned, ...]
    joined: tuple[Joined, ...] = ()
    streamed: Streamed | None = None  # by the step of a block
    attached: Attached | None = None  # likewise

    @property
    def given(self) -> tuple[str, ...]:
        """The names that the function takes before its sums and its range."""
        return (*(b.name for b in self.buffers), *self.sizes, *(v.name for v in self.locals))

    @property
    def known(self) -> tuple[str, ...]:
        """The names that the function for blocks takes before its sums and the host."""
        arrays = [*(b.name for b in self.buffers), *(own.spare for own in self.owned)]
        arrays += [b.name for b in self.operands]
        return (*arrays, *self.integers, *(v.name for v in self.locals))

    @property
    def operands(self) -> tuple[Buffer, ...]:
        """The arrays that only what is attached reads or writes."""
        mine = {b.name for b in self.buffers}
        parts = self.attached.parts if self.attached else ()
        found = sorted((b for each in parts for b in each.arrays), key=lambda b: b.writable)
        return tuple({b.name: b for b in found if b.name not in mine}.values())

    @property
    def shared(self) -> tuple[str, ...]:
        """The names of all that its blocks know."""
        lengths = {name for own in self.owned for name in own.length.names}
        lengths |= self.attached.integers if self.attached else set()
        operands = [b.name for b in self.operands]
        spares = [own.spare for own in self.owned]
        sums = [partial.array for partial in self.partials]
        streamed = ("streamed",) * (self.streamed is not None)
        integers = sorted(lengths - {*self.sizes})
        return (*self.given, *spares, *operands, *integers, *streamed, *sums)

    @property
    def integers(self) -> list[str]:
        """The integers that the kernel around must know for the task."""
        lengths = [own.length for own in self.owned]
        known = [self.work, self.extent, *([self.blocks] if self.blocks else []), *lengths]
        found = {*self.sizes, *(name for index in known for name in index.names)}
        found |= self.attached.integers if self.attached else set()
        return sorted(found, key=lambda name: int(name[1:]))


@immutable
class Kernel:
    """A C function over buffers and sizes; returns a status when it can fail."""

    name: str
    buffers: tuple[Buffer, ...]
    sizes: tuple[str, ...]
    body: tuple[Stmt, ...]
    comment: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()

    @property
    def asks(self) -> tuple[str, ...]:
        """The parameters after buffers and sizes: where failures are noted, who runs long loops."""
        fails = any(isinstance(stmt, Fail) for stmt in walk(self.body))
        return ("error",) * fails + ("host",) * bool(self.tasks)


def walk(body: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """Yield every statement, outer before inner."""
    stack = list(reversed(body))
    while stack:
        stmt = stack.pop()
        yield stmt
        if isinstance(stmt, If):
            stack.extend(reversed(stmt.otherwise))
        if isinstance(stmt, Loop | If):
            stack.extend(reversed(stmt.body))


_ITEM_SIZES = {"bool": 1, "complex64": 8, "complex128": 16}


def item_size(dtype: str) -> int:
    """Return the bytes of an element.

    Examples
    --------
    >>> item_size("float32"), item_size("int8"), item_size("complex128")
    (4, 1, 16)
    """
    return _ITEM_SIZES.get(dtype) or int(re.sub(r"\D", "", dtype)) // 8


def expressions(stmt: Stmt) -> tuple[Expr, ...]:
    """Return the expressions that a statement holds itself."""
    match stmt:
        case Let(_, expr) if not isinstance(expr, Index):
            return (expr,)
        case Update(_, _, expr) | Store(_, _, expr):
            return (expr,)
    return ()


def subexpressions(expr: Expr) -> Iterator[Expr]:
    """Yield `expr` and all that it is made of."""
    stack: list[Expr] = [expr]
    while stack:
        expr = stack.pop()
        yield expr
        match expr:
            case Op(_, args, _):
                stack.extend(args)
            case Cast(arg, _):
                stack.append(arg)


def loads(body: Iterable[Stmt]) -> Iterator[Load]:
    """Yield the elements that the statements themselves read, not those inside loops."""
    return (part for part in parts(body) if isinstance(part, Load))


def parts(body: Iterable[Stmt]) -> Iterator[Expr]:
    """Yield the expressions of the statements themselves, with all inside them; not of loops."""
    return (sub for stmt in body for expr in expressions(stmt) for sub in subexpressions(expr))


def with_leaves(expr: Expr, changed: Callable[[Expr], Expr]) -> Expr:
    """Return `expr` with each of its loads, locals and integers as `changed` makes it.

    Examples
    --------
    >>> x, y = Var("x", "float64"), Var("y", "float64")
    >>> with_leaves(Cast(x, "float32"), lambda leaf: y) == Cast(y, "float32")
    True
    """
    if isinstance(expr, Op):
        return Op(expr.template, tuple([with_leaves(a, changed) for a in expr.args]), expr.dtype)
    if isinstance(expr, Cast):
        return Cast(with_leaves(expr.arg, changed), expr.dtype)
    return changed(expr)


def substitute(expr: Expr, new: Mapping[Any, Expr]) -> Expr:
    """Return `expr` with others in place of those loads and locals that `new` has.

    Examples
    --------
    >>> x, y = Var("x", "float64"), Var("y", "float64")
    >>> substitute(Op("{0} + {1}", (x, y), "float64"), {x: y}).args == (y, y)
    True
    """
    return with_leaves(expr, lambda leaf: new.get(leaf, leaf))


def substituted(stmt: Stmt, new: Mapping[Any, Expr]) -> Stmt:
    """Return a statement with `substitute` done in the expressions it holds itself."""
    match stmt:
        case Let() | Update() | Store() if expressions(stmt):
            return replace(stmt, expr=substitute(stmt.expr, new))  # type: ignore[arg-type]
    return stmt


def names(body: tuple[Stmt, ...]) -> set[str]:
    """Return every name that `body` reads: in indices, bounds, conditions and expressions.

    Examples
    --------
    >>> store = Store("y0", Index.name("i"), Var("x", "bool"))
    >>> sorted(names((Loop("i", Index.name("n0"), (store,)),)))
    ['i', 'n0', 'x']
    """
    found: set[str] = set()
    for stmt in walk(body):
        match stmt:
            case Loop():
                found |= stmt.start.names | stmt.stop.names | stmt.step.names
            case Store() | Fetch():
                found |= stmt.index.names
            case If():
                found.update(re.findall(r"[A-Za-z_]\w*", stmt.condition))
            case Fail():
                found.update(name for detail in stmt.details for name in detail.names)
            case Let(_, Index() as index):
                found |= index.names
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load | Integer):
                    found |= sub.index.names
                elif isinstance(sub, Var):
                    found.add(sub.name)
    return found


def buffers(body: tuple[Stmt, ...]) -> tuple[dict[str, None], dict[str, None]]:
    """Return the names of the buffers that `body` reads and of those it writes, in order."""
    read: dict[str, None] = {}
    written: dict[str, None] = {}
    for stmt in walk(body):
        for load in loads((stmt,)):
            read.setdefault(load.buffer)
        if isinstance(stmt, Store):
            written.setdefault(stmt.buffer)
    return read, written
