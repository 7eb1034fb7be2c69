"""From an ordered nest to statements: where each value lives, and what is written for it.

A value needed only in the iteration that makes it is a C local.  One that is read in another loop
lives in memory over the labels that the two loops do not share: a few rows on the stack when it is
passed inside a block, else an array of the workspace, or the output it is anyway.  A reduction
accumulates in a local when the loops inside its home are all summed over, else in that memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pytensorlite._immutable import immutable
from pytensorlite.cgen.folds import fold
from pytensorlite.cgen.index import Index, contiguous_strides, product
from pytensorlite.cgen.ir import (
    Array,
    Const,
    Expr,
    Fail,
    If,
    Integer,
    Let,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
    subexpressions,
    with_leaves,
)
from pytensorlite.cgen.nest import (
    CHEAP,
    Check,
    Gather,
    Map,
    Nest,
    Place,
    Reduce,
    Scatter,
    Source,
    Value,
    chosen,
    doubled,
    is_even,
    positional,
    reads,
    unfinished,
)
from pytensorlite.cgen.parallel import may_share
from pytensorlite.cgen.paths import Path, common_path, loop_variables, paths, values_inside
from pytensorlite.cgen.short import folds, is_short
from pytensorlite.cgen.spread import gained

STACK_ELEMENTS = 4096  # a local array may be this long
SLOW = 10.0  # ns an element from which a function has no vector version
INLINE_DEPTH = 3  # an expression used once is written where it is used, up to this depth


@immutable
class Memory:
    """Where a value is kept: strides by label; `blocked` labels count from the block's start."""

    buffer: str
    strides: dict[str, Index]
    offset: Index = Index.of(0)
    blocked: frozenset[str] = frozenset()


class Writer:
    """Writes the statements of one scheduled region.

    Parameters
    ----------
    values
        Every value of the region, inputs before use.
    tree
        What the scheduler made of them.
    extents
        The length of each label.
    outputs
        Memory of the values that leave the region, by name.
    allocate
        Gives a workspace array of a dtype and a length, and returns its name.
    """

    def __init__(
        self,
        values: Sequence[Value],
        tree: Sequence[Nest | Value],
        extents: Mapping[str, Index],
        outputs: Mapping[str, Memory],
        allocate: Callable[[str, Index], str],
    ):
        self.values = {v.name: v for v in values}
        self.values.update((v.name, v) for v, _ in paths(tree))  # with what is computed twice
        self.tree = tree
        self.extents = extents
        self.allocate = allocate
        self.variables = loop_variables(values, tree)
        self.paths: dict[str, Path] = {value.name: path for value, path in paths(tree)}
        self.uses = self._uses()
        self.arrays: dict[int, list[Array]] = defaultdict(list)  # by id of the block they live in
        self.memory: dict[str, Memory] = dict(outputs)
        # Of a value that is computed where another one goes: that other one.
        self.heirs = {
            value.base: value
            for value in self.values.values()
            if isinstance(value, Scatter) and value.in_place and value.base
        }
        for name, value in self.values.items():
            if not isinstance(value, Source) and name not in (*self.memory, *self.heirs):
                self._place(value)
        for name in reversed([name for name in self.values if name in self.heirs]):
            self.memory[name] = self.memory[self.heirs[name].name]
        self.folds = {
            name: fold(value, self.values)
            for name, value in self.values.items()
            if isinstance(value, Reduce)
        }
        self.doubled = doubled(self.values.values())
        self.positional = positional(self.values.values())
        self.inlined = {name for name in self.paths if self._may_inline(name)}
        # gcc makes vectors of a choice between numbers, but of no choice between calls.
        self.chosen = chosen(self.values.values())
        self.depths: dict[str, int] = {}
        self.rows: dict[int, Index] = {}  # by id of a block, how many rows it holds

    # -- where things live -------------------------------------------------------------------------

    def home(self, value: Value) -> Path:
        """Return the loops inside which `value` is finished."""
        path = self.paths[value.name]
        over = unfinished(value)
        for depth, nest in enumerate(path):
            if nest.label in over:
                return path[:depth]
        return path

    def _uses(self) -> dict[str, list[Path]]:
        uses: dict[str, list[Path]] = defaultdict(list)
        for value in self.values.values():
            if isinstance(value, Source):
                continue
            for read in reads(value):
                at_home = isinstance(value, Scatter) and read == value.base
                uses[read].append(self.home(value) if at_home else self.paths[value.name])
        return uses

    def _place(self, value: Value) -> None:
        """Give `value` memory if it outlives the iteration that makes it."""
        home = self.home(value)
        common = home
        for path in self.uses[value.name]:
            common = common_path(common, path)
        for base in self._bases(value):
            common = common_path(common, self.home(base))
        fixed = {nest.label for nest in common if nest.block is None}
        blocked = {nest.label: nest for nest in common if nest.block is not None}
        missing = [label for label in value.labels if label not in fixed]
        if isinstance(value, Check) or not (missing or isinstance(value, Scatter)):
            return
        block = {label for label in missing if label in blocked}
        shape = [
            Index.of(blocked[label].block or 0) if label in block else self.extents[label]
            for label in missing
        ]
        strides = dict(zip(missing, contiguous_strides(shape), strict=True))
        length = product(shape)
        if block and length.constant is not None and length.constant <= STACK_ELEMENTS:
            name = f"rows_{value.name}"
            owner = [nest for nest in common if nest.label in block][-1]
            self.arrays[id(owner)].append(Array(name, value.dtype, length.constant))
        else:
            name = self.allocate(value.dtype, length)
        self.memory[value.name] = Memory(name, strides, blocked=frozenset(block))

    def _bases(self, value: Value) -> Iterator[Value]:
        """Yield the values that are computed where `value` goes, before it."""
        while isinstance(value, Scatter) and value.in_place and value.base:
            value = self.values[value.base]
            if not isinstance(value, Source):
                yield value

    def _may_inline(self, name: str) -> bool:
        value = self.values[name]
        return (
            isinstance(value, Map)
            and name not in self.memory
            and len(self.uses[name]) == 1
            and self.uses[name][0] == self.paths[name]
            and name not in self.doubled
            and name not in self.positional
        )

    # -- writing -----------------------------------------------------------------------------------

    def write(self) -> tuple[Stmt, ...]:
        """Return the statements of the whole region."""
        return tuple(self._items(self.tree, ()))

    def _items(self, items: Sequence[Nest | Value], path: Path) -> Iterator[Stmt]:
        for item in items:
            if isinstance(item, Nest):
                inside = list(values_inside(item))
                for value in inside:
                    yield from self._begin(value, item, path)
                if item.block is not None:
                    yield from self._rows(item)
                yield self._loop(item, path)
                for value in inside:
                    yield from self._finish(value, item, path)
            else:
                yield from self._statement(item, path)

    def _loop(self, nest: Nest, path: Path) -> Loop:
        variable = self.variables[nest.label]
        inner = (*path, nest)
        body = tuple(self._items(nest.body, inner))
        extent = self.extents[nest.label]
        parallel = not path and may_share(nest)
        if nest.block is not None:
            start = Index.name(f"{variable}_block")
            rows = self.rows[id(nest)]
            end = Op("ptl_min_int64({0}, {1})", (Integer(start + rows), Integer(extent)), "int64")
            body = (Let(Var(f"{variable}_end", "int64"), end), *self.arrays[id(nest)], *body)
            return Loop(f"{variable}_block", extent, body, step=rows, parallel=parallel)
        kind = self._kind(nest, path)
        if any(outer.label == nest.label for outer in path):
            return Loop(
                variable,
                Index.name(f"{variable}_end"),
                body,
                start=Index.name(f"{variable}_block"),
                kind=kind,
            )
        return Loop(variable, extent, body, kind=kind, parallel=parallel)

    def _kind(self, nest: Nest, path: Path) -> str:
        """Return whether the loop of `nest` becomes vectors, is written out or cut, or none of it.

        Only loops around short ones become vectors if these are written out before.
        """
        around = any(self._vectorises(outer) for outer in path)
        sums = [item for item in nest.body if isinstance(item, Reduce)]
        if any(value.total and self._is_register(value) for value in sums):
            return "strips"
        if self._vectorises(nest) and not around:
            return "simd"
        innermost = not any(isinstance(item, Nest) for item in nest.body)
        whole = all(outer.label != nest.label for outer in path)
        short = is_short(self.extents[nest.label]) and whole
        return "short" if short and (around or innermost) else "serial"

    def _rows(self, nest: Nest) -> Iterator[Let]:
        """Choose how many rows go through the block together: those that the cache holds.

        What only one of the loops inside touches need not wait there for another one.
        """
        touched: dict[object, list[tuple[str, ...]]] = defaultdict(list)
        for part in nest.body:
            for key, labels in self._touched(values_inside(part)).items():
                touched[key].append(labels)
        row = Index.of(0)
        for labels, *again in touched.values():
            if again and nest.label in labels and len(labels) > 1:
                row = row + product(self.extents[x] for x in labels if x != nest.label)
        most = Index.of(nest.block or 1)
        if row == 0:
            self.rows[id(nest)] = most
            return
        name = f"{self.variables[nest.label]}_rows"
        taken = sum(name in rows.names for rows in self.rows.values())
        name = f"{name}{taken + 1}" if taken else name
        self.rows[id(nest)] = Index.name(name)
        choice = Op("ptl_block_rows({0}, {1})", (Integer(most), Integer(row)), "int64")
        yield Let(Var(name, "int64"), choice)

    def _touched(self, values: Iterable[Value]) -> dict[object, tuple[str, ...]]:
        """Return the labels of each array that `values` read or write."""
        touched: dict[object, tuple[str, ...]] = {}
        for value in values:
            if value.name in self.memory:
                touched[self.memory[value.name].buffer] = value.labels
            for name in reads(value):
                source = self.values[name]
                if isinstance(source, Source):
                    touched[source.buffer, frozenset(source.labels)] = source.labels
        return touched

    def _vectorises(self, nest: Nest) -> bool:
        extent = self.extents[nest.label].constant
        sums = any(isinstance(item, Reduce) for item in values_inside(nest))
        # Short loops are unrolled, but sums keep their pragma at any length: gcc 12 vectorises
        # `t += c[k] >= j ? 0.0 : w[3*j + k]` by itself, in order, and loses terms.
        if extent is not None and extent <= 4 and not sums:
            return False
        inner = [item for item in nest.body if isinstance(item, Nest)]
        own = {id(item) for item in nest.body}
        return all(folds(each, self.extents) for each in inner) and all(
            (not isinstance(value, Scatter) or self._writes_evenly(value, nest))
            and not value.dtype.startswith("complex")
            and (id(value) in own or self._is_register(value))
            for value in values_inside(nest)
        )

    @staticmethod
    def _writes_evenly(value: Scatter, nest: Nest) -> bool:
        """Whether each iteration of `nest` writes to one position, and no other one to it."""
        fills_here = not (value.in_place or unfinished(value))
        return is_even(value) and nest.label in value.over and not fills_here

    def _is_register(self, value: Value) -> bool:
        """Whether `value` is kept in a local only."""
        if isinstance(value, Reduce):
            return self._register_home(value) is not None
        return value.name not in self.memory

    def _begin(self, value: Value, nest: Nest, path: Path) -> Iterator[Stmt]:
        """Write what must stand before loop `nest` for a value that accumulates inside it."""
        match value:
            case Check() if self.home(value) == path:
                yield Let(Var(value.name, "int64"), Const(0, "int64"), mutable=True)
            case Scatter() if self.home(value) == path:
                yield from self._fill(value, path)
            case Reduce():
                starts_here = self.home(value) == path and nest.label in value.over
                if starts_here and self._register_home(value) != path:
                    yield from self._fill(value, path)
                if self._register_home(value) == path and nest.label in value.over:
                    for part in self.folds[value.name].parts:
                        yield Let(part.var, part.first, mutable=True)

    def _finish(self, value: Value, nest: Nest, path: Path) -> Iterator[Stmt]:
        """Write what must stand after loop `nest` for a value that accumulated inside it."""
        match value:
            case Check() if self.home(value) == path:
                yield If(value.name, self._find_bad_index(value, path))
            case Reduce() if self._register_home(value) == path and nest.label in value.over:
                memory = self.memory.get(value.name)
                total = self.folds[value.name].total
                if memory is None or self._is_local(value, path):
                    if not isinstance(total, Var):
                        yield Let(Var(value.name, value.dtype), total)
                    total = Var(value.name, value.dtype)
                if memory is None:
                    return
                if self.home(value) != path:
                    total = Op(value.template, (self._load(value, path), total), value.dtype)
                yield Store(memory.buffer, self._address(memory, path), total)

    def _register_home(self, value: Reduce) -> Path | None:
        """Return where a local accumulator may stand: only summed loops inside, None if nowhere."""
        path = self.paths[value.name]
        depth = len(path)
        while depth and path[depth - 1].label in value.over:
            depth -= 1
        return path[:depth] if depth < len(path) else None

    def _fill(self, value: Reduce | Scatter, path: Path) -> Iterator[Stmt]:
        """Give the memory of `value` its first contents, over the labels that `path` leaves."""
        if isinstance(value, Scatter) and value.in_place:
            return
        memory = self.memory[value.name]
        fixed = {nest.label for nest in path if nest.block is None}
        labels = [label for label in value.labels if label not in fixed]
        first: Expr
        if isinstance(value, Reduce):
            first = value.identity
        elif value.base is None:
            first = Const(0, value.dtype)
        else:
            first = self._value_at_labels(value.base)
        body: tuple[Stmt, ...] = (Store(memory.buffer, self._address(memory, path), first),)
        blocks = {nest.label for nest in path if nest.block is not None}
        for label in reversed(labels):
            variable = self.variables[label]
            if label in blocks:
                start, stop = Index.name(f"{variable}_block"), Index.name(f"{variable}_end")
            else:
                start, stop = Index.of(0), self.extents[label]
            kind = "simd" if label == labels[-1] else "serial"
            body = (Loop(variable, stop, body, start=start, kind=kind),)
        yield from body

    def _value_at_labels(self, name: str) -> Expr:
        value = self.values[name]
        if isinstance(value, Source):
            return Load(value.buffer, self._source_address(value), value.dtype)
        if name in self.memory:
            return Load(self.memory[name].buffer, self._address(self.memory[name], ()), value.dtype)
        return self._anew(value.expr) if isinstance(value, Map) else Var(name, value.dtype)

    def _anew(self, expr: Expr) -> Expr:
        """Return `expr` computed once more, outside the loop whose locals have gone."""

        def changed(leaf: Expr) -> Expr:
            if not isinstance(leaf, Var):
                return leaf
            is_label = leaf.name.startswith("@")
            return self._read(leaf.name, ()) if is_label else self._value_at_labels(leaf.name)

        return with_leaves(expr, changed)

    def _statement(self, value: Value, path: Path) -> Iterator[Stmt]:
        """Write what one iteration does for `value`."""
        name = value.name
        match value:
            case Map() | Gather():
                if name in self.inlined and self._depth(name) < INLINE_DEPTH:
                    return
                self.inlined.discard(name)
                if isinstance(value, Map):
                    expr = self._resolve(value.expr, path)
                else:
                    yield from self._positions(value, path)
                    expr = self._gathered(value, path)
                memory = self.memory.get(name)
                if memory is not None and not self._is_local(value, path):
                    yield Store(memory.buffer, self._address(memory, path), expr)
                    return
                yield Let(Var(name, value.dtype), expr)
                if memory is not None:
                    here = Var(name, value.dtype)
                    yield Store(memory.buffer, self._address(memory, path), here)
            case Reduce():
                expr = self._resolve(value.expr, path)
                is_register = self._register_home(value) is not None
                if value.total:
                    total = self.values[value.total]
                    there = Var(total.name, total.dtype) if is_register else self._load(total, path)
                    expr = gained(expr, there, Index.name(self.variables[value.over[0]]))
                if not is_register:
                    memory = self.memory[name]
                    expr = Op(value.template, (self._load(value, path), expr), value.dtype)
                    yield Store(memory.buffer, self._address(memory, path), expr)
                    return
                fold = self.folds[name]
                if fold.doubles and not isinstance(expr, Var | Load):
                    yield Let(Var(f"{name}_term", value.dtype), expr)
                    expr = Var(f"{name}_term", value.dtype)
                for part in fold.parts:
                    yield Update(part.var, part.template, part.step(expr))
            case Scatter():
                if not unfinished(value):  # all that it writes is written here and now
                    yield from self._fill(value, path)
                yield from self._positions(value, path)
                memory = self.memory[name]
                address = self._position_address(value, memory, path)
                expr = self._resolve(value.expr, path)
                if value.template is not None:
                    there = Load(memory.buffer, address, value.dtype)
                    expr = Op(value.template, (there, expr), value.dtype)
                yield Store(memory.buffer, address, expr)
            case Check():
                index = self._read(value.index, path)
                bad = Op(self._range_test(value), (index, Integer(value.extent)), "bool")
                if not value.over:
                    yield from self._find_bad_index(value, path)
                    return
                yield Update(Var(name, "int64"), "{0} | {1}", bad)

    # -- reading -----------------------------------------------------------------------------------

    def _depth(self, name: str) -> int:
        """Return how deep the expression of an inlined value is, counting what it inlines."""
        if name not in self.depths:
            value = self.values[name]
            assert isinstance(value, Map)
            deepest = max((self._depth(r) for r in reads(value) if r in self.inlined), default=0)
            operators = sum(isinstance(e, Op) for e in subexpressions(value.expr))
            apart = name in self.chosen and self._calls(name)
            self.depths[name] = INLINE_DEPTH if apart else deepest + max(1, operators)
        return self.depths[name]

    def _calls(self, name: str) -> bool:
        """Whether the expression of an inlined value calls a function that vectors have."""
        value = self.values[name]
        assert isinstance(value, Map)
        if CHEAP <= value.cost < SLOW:
            return True
        return any(self._calls(read) for read in reads(value) if read in self.inlined)

    def _resolve(self, expr: Expr, path: Path) -> Expr:
        """Return `expr` with what it is made of where that is to be found in this place."""
        return with_leaves(
            expr, lambda leaf: self._read(leaf.name, path) if isinstance(leaf, Var) else leaf
        )

    def _read(self, name: str, path: Path) -> Expr:
        if name.startswith("@"):
            return Integer(Index.name(self.variables[name[1:]]))
        value = self.values[name]
        if isinstance(value, Source):
            return Load(value.buffer, self._source_address(value), value.dtype)
        if name in self.inlined:
            assert isinstance(value, Map)
            return self._resolve(value.expr, path)
        if name in self.memory and not self._is_local(value, path):
            return self._load(value, path)
        return Var(name, value.dtype)

    def _is_local(self, value: Value, path: Path) -> bool:
        """Whether the C local of `value` is in scope at `path`."""
        if isinstance(value, Scatter):
            return False
        if isinstance(value, Reduce):
            return self._register_home(value) == self.home(value) == path[: len(self.home(value))]
        home = self.paths[value.name]
        near = any(use[: len(home)] == home for use in self.uses[value.name])
        return near and path[: len(home)] == home

    def _load(self, value: Value, path: Path) -> Load:
        memory = self.memory[value.name]
        return Load(memory.buffer, self._address(memory, path), value.dtype)

    def _source_address(self, source: Source) -> Index:
        address = source.offset
        for label, stride in zip(source.labels, source.strides, strict=True):
            address = address + Index.name(self.variables[label]) * stride
        return address

    def _address(self, memory: Memory, path: Path) -> Index:
        address = memory.offset
        for label, stride in memory.strides.items():
            address = address + self._coordinate(label, memory) * stride
        return address

    def _coordinate(self, label: str, memory: Memory) -> Index:
        position = Index.name(self.variables[label])
        if label in memory.blocked:
            position = position - Index.name(f"{self.variables[label]}_block")
        return position

    # -- positions that are values -----------------------------------------------------------------

    def _positions(self, value: Gather | Scatter, path: Path) -> Iterator[Stmt]:
        """Name the positions from which `value` reads or to which it writes."""
        for axis, at in enumerate(value.at):
            if isinstance(at, str) and not at.startswith("@"):
                position = self._read(at, path)
                if not isinstance(position, Var):
                    yield Let(Var(f"{value.name}_at{axis}", "int64"), position)

    def _target_labels(self, value: Gather | Scatter) -> tuple[str, ...]:
        return value.labels if isinstance(value, Scatter) else self.values[value.source].labels

    def _gathered(self, value: Gather, path: Path) -> Expr:
        source = self.values[value.source]
        if isinstance(source, Source):
            strides = dict(zip(source.labels, source.strides, strict=True))
            memory = Memory(source.buffer, strides, source.offset)
        else:
            memory = self.memory[value.source]
        return Load(memory.buffer, self._position_address(value, memory, path), source.dtype)

    def _position_address(self, value: Gather | Scatter, memory: Memory, path: Path) -> Index:
        address = memory.offset
        for axis, (label, at) in enumerate(zip(self._target_labels(value), value.at, strict=True)):
            if label not in memory.strides:
                continue
            if isinstance(at, Place):
                position = at.start
                if at.label is not None:
                    position = position + Index.name(self.variables[at.label]) * at.step
            elif at.startswith("@"):
                position = self._coordinate(at[1:], memory)
            else:
                known = self._read(at, path)
                local = known.name if isinstance(known, Var) else f"{value.name}_at{axis}"
                position = Index.name(local)
            address = address + position * memory.strides[label]
        return address

    def _range_test(self, value: Check) -> str:
        unsigned = self.values[value.index].dtype.startswith("uint")
        return f"ptl_out_of_range{'_unsigned' if unsigned else ''}({{0}}, {{1}})"

    def _find_bad_index(self, value: Check, path: Path) -> tuple[Stmt, ...]:
        """Walk the positions again, serially, to name the first that is out of range."""
        index = self._value_at_labels(value.index)
        found = Var(f"{value.name}_index", self.values[value.index].dtype)
        test = self._range_test(value).format(found.name, value.extent)
        bad = If(test, (Fail(value.where, (Index.name(found.name), value.extent)),))
        body: tuple[Stmt, ...] = (Let(found, index), bad)
        fixed = {nest.label for nest in path}
        for label in reversed([label for label in value.over if label not in fixed]):
            body = (Loop(self.variables[label], self.extents[label], body),)
        return body
