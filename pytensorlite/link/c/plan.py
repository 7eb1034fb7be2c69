"""The plan of one native program: where every value lives and what is done, in order.

Lowering functions (`lower_*.py`) take one node each.  They ask the plan for the `View` of an input,
allocate memory for an output or declare it a view of something that exists, and append statements.
The plan knows lengths as polynomials in the sizes of the inputs; what must agree is checked by the
program before it computes anything, and what fails names the node that asked.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from pytensorlite._immutable import immutable, record
from pytensorlite.cgen.index import Index, contiguous_strides, product
from pytensorlite.cgen.ir import (
    Call,
    Cast,
    Expr,
    Fail,
    If,
    Integer,
    Kernel,
    Let,
    Stmt,
    Store,
    Task,
    Var,
    buffers,
    item_size,
    names,
    walk,
)
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.op import Op
from pytensorlite.link.basic import Layout
from pytensorlite.link.c.failures import Failure
from pytensorlite.tensor.dimshuffle import DimShuffle
from pytensorlite.tensor.shape import Reshape, SpecifyShape


class NoLowering(Exception):
    """The node cannot be part of a native program: it runs through NumPy."""


class SizeUnknown(Exception):
    """A length depends on values that the program itself computes.

    `variable` must be an input of the program: the linker cuts the graph before the node.
    """

    def __init__(self, variable: Variable):
        super().__init__(f"the value of {variable} is needed before the program starts")
        self.variable = variable


@immutable
class View:
    """An array in memory: a buffer, an offset into it, lengths and strides in elements."""

    buffer: str
    dtype: str
    shape: tuple[Index, ...]
    strides: tuple[Index, ...]
    offset: Index = Index.of(0)

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements follow each other in row-major order."""
        dense = contiguous_strides(self.shape)
        return all(
            length == 1 or mine == theirs
            for length, mine, theirs in zip(self.shape, self.strides, dense, strict=True)
        )

    @property
    def size(self) -> Index:
        """The number of elements."""
        return product(self.shape)

    @property
    def pointer(self) -> str:
        """C text for the address of the first element."""
        return self.buffer if self.offset == 0 else f"({self.buffer} + {self.offset})"


@immutable
class Product:
    """A product of matrices, of which each row is computed from one row of `left`."""

    left: View
    right: View
    target: View
    alpha: float


@immutable
class Attachment:
    """What became of a product that is computed some rows at a time, with those of a loop."""

    kernel: str
    rows: Index  # how many at a time; 0 where all are computed at once
    role: str  # of the rows of the loop


@immutable
class Near:
    """How many rows an array has, how many it has at a time, 0 being all, and in memory."""

    count: Index
    rows: Index
    kept: Index


@immutable
class Note:
    """What a step of the program came from: for people who ask what became of their graph."""

    node: Apply | None
    code: tuple[Stmt, ...]
    step: int
    kernel: str = ""
    comment: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    product: Product | None = None

    @property
    def mentioned(self) -> set[str]:
        """The buffers that the step touches, and perhaps other names."""
        touched = {name for found in buffers(self.code) for name in found}
        if self.kernel:
            return touched
        texts = [stmt.text for stmt in walk(self.code) if isinstance(stmt, Call)]
        words = {word for text in texts for word in re.findall(r"\w+", text)}
        return touched | names(self.code) | words


@record
class Workspace:
    """An array of the workspace and the steps between which its contents matter."""

    dtype: str
    length: Index
    first: int
    last: int


def _keeps_order(op: Op) -> bool:
    """Whether what comes out is what goes in, all of it and in the order of memory."""
    if isinstance(op, DimShuffle):
        kept = [axis for axis in op.new_order if axis != "x"]
        return kept == sorted(kept)
    return isinstance(op, Reshape | SpecifyShape)


def _homes(outputs: Sequence[Variable]) -> Iterator[tuple[Variable, int]]:
    """Yield variables with the output that each is, or that is the same array in other shape."""
    taken: set[Variable] = set()
    for position, output in enumerate(outputs):
        if output not in taken:
            taken.add(output)
            yield output, position
    for position, output in enumerate(outputs):
        variable = output
        while variable.owner is not None and _keeps_order(variable.owner.op):
            variable = variable.owner.inputs[0]
        if variable not in taken:
            taken.add(variable)
            yield variable, position


class Plan:
    """One native program in the making.

    Parameters
    ----------
    inputs, outputs
        Variables of the graph at the program's boundary.
    updates
        The outputs that replace the value of an input, by position, and that input.
    layouts
        How inputs lie that do not lie in the order of their axes; they come in the layout's order.
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        updates: Mapping[int, int] | None = None,
        layouts: Mapping[int, Layout] | None = None,
    ):
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.updates = dict(updates or {})
        self.layouts = dict(layouts or {})
        self.constants: list[Constant] = []
        self.views: dict[Variable, View] = {}
        self.size_code: list[Stmt] = []
        self.defined: dict[Expr | Index, Index] = {}  # what the names of `define` stand for
        self.equal: dict[str, Index] = {}  # symbols that turned out to be something else
        self.run_code: list[Stmt] = []
        self.kernels: list[Kernel] = []
        self.costs: list[Index] = []  # of the loops so far, in tenths of nanoseconds
        self.notes: list[Note] = []
        self.attached: dict[str, Attachment] = {}  # by the array of the product
        self.near: dict[str, Near] = {}  # arrays of which only some rows may be in memory
        self.waiting: dict[str, Attachment] = {}  # by the name of a loop that a later one does
        self.whole: dict[str, str] = {}  # why others are not attached
        self.failures: list[Failure] = []
        self.workspaces: dict[str, Workspace] = {}
        self.imports: dict[str, str] = {}  # BLAS and LAPACK routines: name -> prototype
        self.headers: dict[str, None] = {}  # what they are called through
        self.limited: set[Index] = set()  # lengths that are known to fit their integers
        self.integers: dict[Variable, Index] = {}
        self.pure: dict[Variable, tuple[Index, ...]] = {}  # made of lengths, written when read
        self.dtypes: dict[str, str] = {}  # of every buffer
        self.written: dict[int, View] = {}  # outputs that a node writes itself
        self.homes = dict(_homes(self.outputs))  # outputs in whose memory variables live
        self.aligned: dict[str, str] = {}  # inputs that are vectors: room for each, aligned
        self.tenants: Counter[str] = Counter()  # how many variables look at a buffer
        self.last_reader: dict[Variable, Apply] = {}
        self.node: Apply | None = None
        self.step = 0
        self._symbols = 0
        self._sources: dict[str, View] = {}
        for position, variable in enumerate(self.inputs):
            layout = self.layouts.get(position) or Layout(tuple(range(variable.type.ndim)), False)
            shape = [
                self._input_length(position, layout.axes.index(axis))
                if length is None
                else Index.of(length)
                for axis, length in enumerate(variable.type.shape)
            ]
            strides = self._input_strides(position, layout, shape)
            self._add_source(f"x{position}", variable, shape, strides)

    def _input_length(self, position: int, axis: int) -> Index:
        return self.define(f"in[{position}].shape[{axis}]", "n")

    def _input_strides(
        self, position: int, layout: Layout, shape: Sequence[Index]
    ) -> tuple[Index, ...]:
        """Return the strides, in elements, of an input that lies in a layout."""
        strides = contiguous_strides([shape[axis] for axis in layout.axes])
        if layout.in_rows:
            item = item_size(self.inputs[position].type.dtype)
            strides = (
                *(
                    self.define(f"in[{position}].strides[{axis}] / {item}")
                    for axis in range(len(strides) - 1)
                ),
                Index.of(1),
            )
        return tuple(strides[layout.axes.index(axis)] for axis in range(len(strides)))

    def _add_source(
        self, name: str, variable: Variable, shape: Sequence[Index], strides: tuple[Index, ...]
    ) -> View:
        dtype = variable.type.dtype
        view = View(name, dtype, tuple(shape), strides)
        self.dtypes[name] = dtype
        self._sources[name] = view
        if variable not in self.views:
            self.alias(variable, view)
        return view

    def source(self, name: str) -> View:
        """Return an input (x0, x1, ...) or a constant (c0, c1, ...) as it lies in memory."""
        return self._sources[name]

    # -- sizes -------------------------------------------------------------------------------------

    def define(self, value: str | Expr | Index, prefix: str = "s") -> Index:
        """Give an integer that is known before the program computes a name, once."""
        expr = Var(value, "int64") if isinstance(value, str) else value
        if expr not in self.defined:
            name = f"{prefix}{self._symbols}"
            self._symbols += 1
            self.size_code.append(Let(Var(name, "int64"), expr))
            self.defined[expr] = Index.name(name)
        return self.canonical(self.defined[expr])

    @property
    def symbols(self) -> set[str]:
        """The names that `define` has given."""
        return {stmt.var.name for stmt in self.size_code if isinstance(stmt, Let)}

    def canonical(self, index: Index) -> Index:
        """Return `index` with names replaced by what they are known to equal."""
        while not index.names.isdisjoint(self.equal):
            index = index.substitute(self.equal)
        return index

    def require_equal(
        self,
        first: Index,
        second: Index,
        text: str,
        exception: type[Exception] = ValueError,
    ) -> None:
        """Make the program fail unless two lengths agree; `text` has both."""
        first, second = self.canonical(first), self.canonical(second)
        if first == second:
            return
        if first.constant is not None and second.constant is not None:
            # Known before anything runs, yet an error only if the function is called.
            self.require("0", exception, text, (first, second))
            return
        self.require(f"{first} == {second}", exception, text, (first, second))
        for one, other in ((second, first), (first, second)):
            names = one.names
            if len(names) == 1 and one == Index.name(*names) and names.isdisjoint(other.names):
                self.equal[names.pop()] = other
                return

    def require(
        self,
        condition: str,
        exception: type[Exception],
        text: str,
        details: Iterable[Index] = (),
    ) -> None:
        """Make the program fail, before it computes, unless the C `condition` over sizes holds."""
        where = self.failure(exception, text)
        self.size_code.append(If(f"!({condition})", (Fail(where, tuple(details)),)))

    def failure(self, exception: type[Exception], text: str) -> int:
        """Add a row to the table of failures and return its number."""
        self.failures.append(Failure(exception, text, self.node))
        return len(self.failures) - 1

    # -- memory ------------------------------------------------------------------------------------

    def view(self, variable: Variable) -> View:
        """Return where `variable` is, lengths as simple as they are known to be."""
        if variable not in self.views:
            if isinstance(variable, Constant):
                self._add_constant(variable)
            elif variable in self.pure:
                self._store_integers(variable)
            else:
                raise NoLowering(f"{variable} has no place in memory")
        view = self.views[variable]
        self.touch(view.buffer)
        return View(
            view.buffer,
            view.dtype,
            tuple(self.canonical(n) for n in view.shape),
            tuple(self.canonical(n) for n in view.strides),
            self.canonical(view.offset),
        )

    def _store_integers(self, variable: Variable) -> None:
        """Write integers about sizes to memory, because something reads them as data."""
        numbers = self.pure[variable]
        shape = [Index.of(1)] * (variable.type.ndim - 1) + [Index.of(len(numbers))]
        view = self.allocate(variable, shape[: variable.type.ndim])
        for position, number in enumerate(numbers):
            value: Expr = Integer(number)
            if view.dtype != "int64":
                value = Cast(value, view.dtype)
            self.run(Store(view.buffer, Index.of(position), value))

    def _add_constant(self, constant: Constant) -> None:
        name = f"c{len(self.constants)}"
        self.constants.append(constant)
        shape = [Index.of(n) for n in np.shape(constant.data)]
        self._add_source(name, constant, shape, contiguous_strides(shape))

    def touch(self, buffer: str) -> None:
        """Note that the current step uses `buffer`."""
        self.needed_at(buffer, self.step)

    def needed_at(self, buffer: str, step: int) -> None:
        """Note that a step, maybe an earlier one, uses `buffer`."""
        if buffer in self.workspaces:
            array = self.workspaces[buffer]
            array.first, array.last = min(array.first, step), max(array.last, step)

    def allocate(self, variable: Variable, shape: Sequence[Index]) -> View:
        """Return fresh contiguous memory for `variable`: an output's own, or workspace."""
        shape = tuple(self.canonical(n) for n in shape)
        position = self.homes.get(variable)
        if position is None or position in self.written:
            view = self.scratch(variable.type.dtype, shape)
        else:
            view = self.output_view(position, shape)
        self.alias(variable, view)
        return view

    def output_view(self, position: int, shape: tuple[Index, ...]) -> View:
        """Return the memory of an output."""
        name, dtype = f"y{position}", self.outputs[position].type.dtype
        self.dtypes[name] = dtype
        view = View(name, dtype, shape, contiguous_strides(shape))
        self.written[position] = view
        return view

    def scratch(self, dtype: str, shape: Sequence[Index]) -> View:
        """Return workspace memory, free again after its last use."""
        name = f"w{len(self.workspaces)}"
        self.workspaces[name] = Workspace(dtype, product(shape), self.step, self.step)
        self.dtypes[name] = dtype
        return View(name, dtype, tuple(shape), contiguous_strides(shape))

    def reserve(self, dtype: str, length: Index) -> str:
        """Return the name of an array of the workspace, free again after its last use."""
        return self.scratch(dtype, (length,)).buffer

    def align(self, buffers: set[str]) -> None:
        """Have those inputs that are vectors at aligned places, as long as the program runs."""
        for name in sorted(buffers - self.aligned.keys()):
            if name.startswith("x") and len(self._sources[name].shape) == 1:
                room = self.scratch(self.dtypes[name], self._sources[name].shape).buffer
                self.workspaces[room].first, self.workspaces[room].last = 0, sys.maxsize
                self.aligned[name] = room

    def length_of(self, buffer: str) -> Index | None:
        """Return the length of an output or of an array of the workspace; None for others."""
        if buffer in self.workspaces:
            return self.workspaces[buffer].length
        if buffer.startswith("y"):
            return self.canonical(self.written[int(buffer[1:])].size)
        return None

    def alias(self, variable: Variable, view: View) -> None:
        """Declare `variable` to be `view`, memory that exists already."""
        self.views[variable] = view
        self.tenants[view.buffer] += 1

    def may_overwrite(self, variable: Variable) -> bool:
        """Whether the memory of `variable` is workspace that nobody reads after this node."""
        view = self.views.get(variable)
        return (
            view is not None
            and view.buffer in self.workspaces
            and self.tenants[view.buffer] == 1
            and self.last_reader.get(variable) is self.node
            and variable not in self.homes
        )

    # -- code --------------------------------------------------------------------------------------

    def run(self, *code: Stmt, product: Product | None = None) -> None:
        """Append statements to the program; they may be the call for a `product`."""
        self.run_code.extend(code)
        self.notes.append(Note(self.node, code, self.step, product=product))

    def use(self, routine: str, prototype: str, header: str = "ptl_blas.h") -> None:
        """Declare that the program calls a BLAS or LAPACK routine."""
        self.imports[routine] = prototype
        self.include(header)

    def include(self, header: str) -> None:
        """Declare that the program needs a header."""
        self.headers[header] = None

    def add_kernel(self, kernel: Kernel) -> None:
        """Append a kernel and the call of it."""
        self.kernels.append(kernel)
        for buffer in kernel.buffers:
            self.touch(buffer.name)
        self.run_code.append(call_of(kernel))


def call_of(kernel: Kernel) -> Stmt:
    """Return the statement that calls a kernel."""
    names = [b.name for b in kernel.buffers] + list(kernel.sizes)
    call = f"{kernel.name}({', '.join([*names, *kernel.asks])})"
    return If(call, (Call("return PTL_FAILED"),)) if kernel.asks else Call(call)
