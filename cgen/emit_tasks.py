"""The C functions of loops that may run in many threads.

The loop over a range of its iterations stands before its kernel, and reads like a loop that knows
nothing of threads.  What cuts it into blocks stands at the end of the page: what the blocks know,
the step of a block, which the host calls, and the function that calls the host and folds the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytensorlite.cgen.emit import (
    C_TYPES,
    ELEMENT_TYPES,
    INDENT,
    WIDTH,
    expression,
    head,
    parameter,
    statements,
)
from pytensorlite.cgen.emit_attached import extent, functions, in_parts, shared
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Load, Op, Store, Streamed, Task, Update, Var, item_size
from pytensorlite.cgen.lanes import longer_than_vectors
from pytensorlite.cgen.stream import how_much


def loops(tasks: Iterable[Task]) -> Iterator[str]:
    """Yield the loops of a kernel that are functions of their own."""
    for task in tasks:
        yield "\n".join(_loop(task)) + "\n"


def blocks(tasks: Sequence[Task]) -> Iterator[str]:
    """Yield what cuts loops into blocks, for the end of the page."""
    if tasks:
        yield "/* -- The loops above, where they are long, in blocks -- */\n"
    for task in tasks:
        if task.attached:
            yield "\n".join(functions(task.attached))
        yield "\n".join((*_struct(task), "", *_step(task), "", *_in_blocks(task))) + "\n"


def _loop(task: Task) -> Iterator[str]:
    """The loop over a range; what it adds up goes on from where its sums stand."""
    kernel, _, letter = task.name.partition("_")
    yield f"/* The loop of {kernel} over {letter}, or part of it. */"
    in_lanes = longer_than_vectors(task.body)
    yield from head(
        f"PTL_OUTLINED {'PTL_IN_LANES ' * in_lanes}static void {task.name}(",
        [
            *(parameter(buffer) for buffer in task.buffers),
            *(f"const int64_t {name}" for name in task.sizes),
            *_locals_and_sums(task),
            *_range(task),
        ],
    )
    yield "{"
    for partial in task.partials:
        name = partial.var.name
        yield f"{INDENT}{C_TYPES[partial.var.dtype]} {name} = *{name}_sum;"
    yield from statements(task.body)
    for partial in task.partials:
        yield f"{INDENT}*{partial.var.name}_sum = {partial.var.name};"
    yield "}"
    yield ""
    *lines, last = _head_of_blocks(task, named=False)
    yield from (*lines, last + ";")


def _locals_and_sums(task: Task) -> Iterator[str]:
    for var in task.locals:
        yield f"const {C_TYPES[var.dtype]} {var.name}"
    for partial in task.partials:
        yield f"{C_TYPES[partial.var.dtype]} *restrict {partial.var.name}_sum"


def _range(task: Task) -> list[str]:
    return [f"const int64_t {bound}" for bound in (task.loop.start, task.loop.stop)]


# -- the end of the page ---------------------------------------------------------------------------


def _struct(task: Task) -> Iterator[str]:
    """What all blocks know."""
    kinds = _kinds(task)
    yield f"struct {task.name} {{"
    line = previous = ""
    for name in task.shared:
        kind = kinds.get(name, "int64_t ")
        star = "*" if kind.endswith("*") else ""
        if kind == previous and len(line) + len(name) + 3 < WIDTH:
            line += f", {star}{name}"
            continue
        if line:
            yield line + ";"
        line, previous = f"{INDENT}{kind}{name}", kind
    yield line + ";"
    yield "};"


def _step(task: Task) -> Iterator[str]:
    """The function that the host calls: a block finds its own arrays and sums by its number."""
    first, last = _range(task)
    yield from head(f"static void {task.name}_step(", ["void *task", "int64_t block", first, last])
    yield "{"
    yield f"{INDENT}const struct {task.name} *const a = task;"
    arrays = (*task.buffers, *task.operands)
    dtypes = {buffer.name: buffer.dtype for buffer in arrays}
    places = {f"a->{own.buffer}": own.buffer for own in task.owned}
    given = [places.get(f"a->{name}", f"a->{name}") for name in task.given]
    for own in sorted(task.owned, key=lambda own: [*dtypes].index(own.buffer)):
        spare = f"a->{own.spare} + (block - 1) * ({shared(own.length)})"
        mine = f"block == 0 ? a->{own.buffer} : {spare}"
        yield f"{INDENT}{ELEMENT_TYPES[dtypes[own.buffer]]} *const {own.buffer} = {mine};"
    given += [f"&a->{partial.array}[block]" for partial in task.partials]
    start, stop = task.loop.start, task.loop.stop

    def loop(given: list[str], start: Index, stop: Index) -> Iterator[str]:
        return _range_of_loop(task, given, start, stop)

    lines = (
        in_parts(task.attached, start, stop, given, places, loop)
        if task.attached
        else loop(given, start, stop)
    )
    yield from (INDENT + line for line in lines)
    yield "}"


def _range_of_loop(task: Task, given: list[str], start: Index, stop: Index) -> Iterator[str]:
    """Call the function for a range, or stream its results if those are large."""
    once = f"{task.name}({', '.join((*given, str(start), str(stop)))});"
    if not task.streamed:
        yield once
        return
    yield "if (a->streamed == 0) {"
    yield f"{INDENT}{once}"
    yield "} else {"
    lines = _streaming(task, task.streamed, given, start, stop)
    yield from (INDENT + line for line in lines)
    yield "}"


def _streaming(
    task: Task, rows: Streamed, given: list[str], start: Index, stop: Index
) -> Iterator[str]:
    """Do a few rows at a time, in arrays that begin with the first of them, and stream those."""
    length = rows.length.substitute({name: Index.name(f"a->{name}") for name in rows.length.names})
    place = Index.name("from") * length
    for name, dtype in rows.outputs:
        yield f"{ELEMENT_TYPES[dtype]} {name}[PTL_STREAMED_BLOCK / {rows.size}];"
    yield f"const int64_t few = ptl_few_streamed({rows.size}*a->streamed);"
    yield f"for (int64_t from = {start}; from < {stop}; from += few) {{"
    yield f"{INDENT}const int64_t to = ptl_min_int64(from + few, {stop});"
    near = {
        f"a->{name}": f"ptl_from({name}, {place * item_size(dtype)})"
        for name, dtype in rows.outputs
    }
    arguments = [near.get(each, each) for each in given]
    yield f"{INDENT}{task.name}({', '.join((*arguments, 'from', 'to'))});"
    for name, dtype in rows.outputs:
        yield (
            f"{INDENT}ptl_stream(&a->{name}[{place}], {name}, "
            f"{length * item_size(dtype)}*(to - from));"
        )
    yield "}"
    yield "ptl_end_of_stream(a->streamed);"


def _head_of_blocks(task: Task, named: bool = True) -> list[str]:
    """Return the head of the function for blocks; a declaration needs no names."""
    kinds = {name: "int64_t " for name in task.integers} | _kinds(task)
    parameters = [(kinds[name], name) for name in task.known]
    parameters += [(f"{C_TYPES[p.var.dtype]} *", f"{p.var.name}_sum") for p in task.partials]
    parameters.append(("ptl_host *", "host"))
    return head(
        f"PTL_SELDOM static int32_t {task.name}_in_blocks(",
        [f"{kind}{name if named else ''}".rstrip() for kind, name in parameters],
    )


def _kinds(task: Task) -> dict[str, str]:
    """Return the types of the arrays and locals that a task knows, up to where the name stands."""
    arrays = (*task.operands, *task.buffers)
    kinds = {b.name: f"{'' if b.writable else 'const '}{ELEMENT_TYPES[b.dtype]} *" for b in arrays}
    for b in (b for part in (task.attached.parts if task.attached else ()) for b in part.arrays):
        if b.writable:
            kinds[b.name] = f"{ELEMENT_TYPES[b.dtype]} *"
    kinds |= {var.name: f"{C_TYPES[var.dtype]} " for var in task.locals}
    kinds |= {own.spare: kinds[own.buffer] for own in task.owned}
    return kinds | {p.array: f"{C_TYPES[p.var.dtype]} *" for p in task.partials}


def _in_blocks(task: Task) -> Iterator[str]:
    """Give each block its neutral sums, let the host run them, fold what they have summed."""
    yield from _head_of_blocks(task)
    yield "{"
    yield from (INDENT + line for line in _work(task))
    yield "}"


def _work(task: Task) -> Iterator[str]:
    block, element = Index.name("block"), Index.name("e")
    count = task.blocks or Index.of(0)
    work = task.attached.work if task.attached else task.work
    if task.partials and task.blocks is None:
        count = Index.name("blocks")
        yield f"const int64_t blocks = ptl_blocks({work}, {task.extent}, 0);"
    for partial in task.partials:
        yield f"{C_TYPES[partial.var.dtype]} {partial.array}[PTL_MOST_BLOCKS];"
        yield _each("block", count, Store(partial.array, block, partial.neutral))
    for name, zero in task.attached.sums if task.attached else ():
        length = next(own.length for own in task.owned if own.buffer == name)
        yield _each("e", length, Store(name, element, zero))
    for own in task.owned:
        if own.neutral is not None:
            fill = Store(own.spare, element, own.neutral)
            yield _each("e", (count - 1) * own.length, fill)
    if task.streamed:
        yield f"const int64_t streamed = {expression(how_much(task, task.streamed))};"
    yield f"struct {task.name} task = {{{', '.join(task.shared)}}};"
    loop = f"{task.name}_step, &task, {task.extent}, {count}, {work}"
    if task.attached:
        cut = extent(task.attached, task.extent)
        loop = f"{task.name}_step, &task, {cut}, {count}, {work}, {task.attached.rows} > 0"
    yield f"if (host->run_loop(host, &(ptl_loop){{{loop}}})) return PTL_FAILED;"
    apart = {name for joined in task.joined for name in (joined.squares, joined.total)}
    if task.joined:
        apart.add(task.partials[0].var.name)
        yield from _join(task, count)
    for partial in task.partials:
        if partial.var.name in apart:
            continue
        total = Var(f"*{partial.var.name}_sum", partial.var.dtype)
        part = Load(partial.array, block, partial.var.dtype)
        yield _each("block", count, Update(total, partial.template, part))
    for own in task.owned:
        if own.template is not None and own.neutral is not None and own.buffer not in apart:
            dtype = own.neutral.dtype
            there = Load(own.buffer, element, dtype)
            part = Load(own.spare, block * own.length + element, dtype)
            fold = Store(own.buffer, element, Op(own.template, (there, part), dtype))
            yield f"PTL_EACH(block, {count - 1}) {_each('e', own.length, fold)}"
    yield "return PTL_OK;"


def _join(task: Task, count: Index) -> Iterator[str]:
    """Join squares about the means of blocks, and the totals that go with them, in order."""
    seen = task.partials[0]
    arrays = {partial.var.name: partial.array for partial in task.partials}
    spares = {own.buffer: own.spare for own in task.owned}
    yield f"PTL_EACH(block, {count}) {{"
    yield f"{INDENT}const int64_t more = {seen.array}[block];"
    for joined in task.joined:
        names = (joined.total, joined.squares)
        if joined.total in arrays:
            first = ""
            into = [f"{name}_sum" for name in names]
            parts = [f"&{arrays[name]}[block]" for name in names]
        else:  # those of the first block are there already
            first = "if (block > 0) "
            into = list(names)
            place = (Index.name("block") - 1) * joined.length
            parts = [f"&{spares[name]}[{place}]" for name in names]
        counts = [str(joined.length), f"*{seen.var.name}_sum", "more"]
        *lines, last = head("ptl_join(", [*into, *parts, *counts])
        yield from (INDENT + line for line in (f"{first}{line}" for line in (*lines, f"{last};")))
    yield f"{INDENT}*{seen.var.name}_sum += more;"
    yield "}"


def _each(var: str, stop: Index, stmt: Store | Update) -> str:
    return f"PTL_EACH({var}, {stop}) {next(statements((stmt,), 0))}"
