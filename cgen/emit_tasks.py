"""The C functions of loops that may run in many threads.

There are four parts: the loop over a range of its iterations, what all blocks know, the step of a
block, which the host calls, and the loop in blocks, which calls the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytensorlite.cgen.emit import C_TYPES, INDENT, head, parameter, statements
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Buffer, Stmt, Task


def tasks(tasks: Iterable[Task]) -> Iterator[str]:
    """Yield the text of each task's functions."""
    for task in tasks:
        yield "\n".join(_loop(task)) + "\n"
        yield "\n".join((*_struct(task), "", *_step(task))) + "\n"
        yield "\n".join(_in_blocks(task)) + "\n"


def _loop(task: Task) -> Iterator[str]:
    """The loop over a range; what it adds up goes on from where its sums stand."""
    kernel, _, letter = task.name.partition("_")
    yield f"/* The loop of {kernel} over {letter}, or part of it. */"
    yield from head(
        f"PTL_OUTLINED static void {task.name}(",
        [
            *(parameter(buffer) for buffer in task.buffers),
            *(f"const int64_t {name}" for name in task.sizes),
            *_locals_and_sums(task),
            *_range(task),
        ],
    )
    yield "{"
    yield from _with_sums(task, (task.loop,))
    yield "}"


def _locals_and_sums(task: Task) -> Iterator[str]:
    for var in task.locals:
        yield f"const {C_TYPES[var.dtype]} {var.name}"
    for partial in task.partials:
        yield f"{C_TYPES[partial.var.dtype]} *restrict {partial.var.name}_sum"


def _with_sums(task: Task, body: Sequence[Stmt]) -> Iterator[str]:
    """Print `body` between the reading of the sums into locals and their writing back."""
    for partial in task.partials:
        name = partial.var.name
        yield f"{INDENT}{C_TYPES[partial.var.dtype]} {name} = *{name}_sum;"
    yield from statements(body)
    for partial in task.partials:
        yield f"{INDENT}*{partial.var.name}_sum = {partial.var.name};"


def _in_blocks(task: Task) -> Iterator[str]:
    """The same loop cut into blocks, for long work."""
    dtypes = {buffer.name: buffer.dtype for buffer in task.buffers}
    yield from head(
        f"PTL_SELDOM static int32_t {task.name}_in_blocks(",
        [
            *(parameter(buffer) for buffer in task.buffers),
            *(parameter(Buffer(own.spare, dtypes[own.buffer], True)) for own in task.owned),
            *(f"const int64_t {name}" for name in task.integers),
            *_locals_and_sums(task),
            "ptl_host *host",
        ],
    )
    yield "{"
    yield from _with_sums(task, task.long)
    yield f"{INDENT}return PTL_OK;"
    yield "}"


def _range(task: Task) -> list[str]:
    return [f"const int64_t {bound}" for bound in (task.loop.start, task.loop.stop)]


def _struct(task: Task) -> Iterator[str]:
    """What all blocks know."""
    yield "/* What its blocks know. */"
    yield f"struct {task.name} {{"
    kinds = {b.name: f"{'' if b.writable else 'const '}{C_TYPES[b.dtype]} *" for b in task.buffers}
    kinds |= {var.name: f"{C_TYPES[var.dtype]} " for var in task.locals}
    kinds |= {own.spare: kinds[own.buffer] for own in task.owned}
    kinds |= {p.array: f"{C_TYPES[p.var.dtype]} *" for p in task.partials}
    for name in task.shared:
        yield f"{INDENT}{kinds.get(name, 'int64_t ')}{name};"
    yield "};"


def _step(task: Task) -> Iterator[str]:
    """The function that the host calls: a block finds its own arrays and sums by its number."""
    first, last = _range(task)
    yield from head(f"static void {task.name}_step(", ["void *task", "int64_t block", first, last])
    yield "{"
    yield f"{INDENT}const struct {task.name} *const a = task;"
    owned = {own.buffer: own for own in task.owned}
    given = [f"a->{name}" for name in task.given]
    for position, buffer in enumerate(task.buffers):
        if buffer.name not in owned:
            continue
        own = owned[buffer.name]
        length = own.length.substitute({n: Index.name(f"a->{n}") for n in own.length.names})
        mine = f"block == 0 ? a->{own.buffer} : a->{own.spare} + (block - 1) * ({length})"
        yield f"{INDENT}{C_TYPES[buffer.dtype]} *const {own.buffer} = {mine};"
        given[position] = own.buffer
    given += [f"&a->{partial.array}[block]" for partial in task.partials]
    given += [str(task.loop.start), str(task.loop.stop)]
    yield f"{INDENT}{task.name}({', '.join(given)});"
    yield "}"
