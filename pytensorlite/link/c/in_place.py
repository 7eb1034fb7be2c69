"""Which new values of shared variables may be written over the old ones.

An output may take the memory of an input where, from its first write on, the program reads the old
value only at the very element that it writes next, and can no longer fail.  Whether it does is
decided anew in each call by who else can see that memory, so the text of the program is right
either way: the two pointers may be the same, and copying an array to itself is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pytensorlite._immutable import replace
from pytensorlite.cgen import emit
from pytensorlite.cgen.ir import (
    Buffer,
    Call,
    Fail,
    If,
    Kernel,
    Load,
    Loop,
    Stmt,
    Store,
    buffers,
    expressions,
    subexpressions,
    walk,
)
from pytensorlite.link.c.plan import Note, Plan

Path = tuple[Loop, ...]
MUST_FINISH = Call("host->must_finish = true")


def find_in_place(plan: Plan) -> dict[int, int]:
    """Return, for each output that may be written over an input, that input."""
    return {
        output: source
        for output, source in plan.updates.items()
        if _same_layout(plan, output, source) and _is_safe(plan, f"y{output}", f"x{source}")
    }


def _same_layout(plan: Plan, output: int, source: int) -> bool:
    old, new = plan.source(f"x{source}"), plan.written[output]
    shapes = [[plan.canonical(n) for n in view.shape] for view in (old, new)]
    return shapes[0] == shapes[1] and old.dtype == new.dtype


def _is_safe(plan: Plan, new: str, old: str) -> bool:
    touching = [n for n, note in enumerate(plan.notes) if new in _mentioned(plan, note)]
    if not touching:  # memory whose contents do not matter
        return False
    first, *later = plan.notes[touching[0] :]
    if any(old in _mentioned(plan, note) or _can_fail(note.code) for note in later):
        return False
    if old in _operands(plan, first):
        return False
    if old not in first.mentioned and not _can_fail(first.code):
        return True
    if new in _operands(plan, first):
        return False
    return bool(first.kernel) and _writes_behind(first.code, new, old)


def _mentioned(plan: Plan, note: Note) -> set[str]:
    """Return the buffers that a step touches, and perhaps other names."""
    return note.mentioned | _operands(plan, note)


def _operands(plan: Plan, note: Note) -> set[str]:
    """Return what attached products read, of which no order is known."""
    tasks = [task for kernel in plan.kernels if kernel.name == note.kernel for task in kernel.tasks]
    return {name for task in tasks if task.attached for name in task.attached.names}


def _can_fail(code: tuple[Stmt, ...]) -> bool:
    return any(
        isinstance(stmt, Fail) or (isinstance(stmt, Call) and "PTL_FAIL" in stmt.text)
        for stmt in walk(code)
    )


def _writes_behind(body: tuple[Stmt, ...], new: str, old: str) -> bool:
    """Whether a kernel reads `old` before it writes `new`, or element by element just before."""
    touched = [n for n, stmt in enumerate(body) if new in {k for b in buffers((stmt,)) for k in b}]
    nest, *later = body[touched[0] :]
    if any(old in buffers((stmt,))[0] for stmt in later) or _can_fail((nest, *later)):
        return False
    if old not in buffers((nest,))[0]:
        return True
    return _is_elementwise(nest, new, old)


def _is_elementwise(nest: Stmt, new: str, old: str) -> bool:
    """Whether each element of `old` is read where, just before, that of `new` is written."""
    steps = list(_paths((nest,), ()))
    stores = [
        (number, stmt, path)
        for number, (stmt, path) in enumerate(steps)
        if isinstance(stmt, Store) and stmt.buffer == new
    ]
    if len(stores) != 1 or new in buffers((nest,))[0]:
        return False
    ((last, store, path),) = stores
    walked = {name for loop in path for name in _ranges(loop)}
    if not all(loop.var in store.index.names or loop.var in walked for loop in path):
        return False  # the same element is written again
    return all(
        around == path and number <= last and load.index == store.index
        for number, (stmt, around) in enumerate(steps)
        for load in _loads(stmt, old)
    )


def _ranges(loop: Loop) -> set[str]:
    """Return the loops of blocks that `loop` walks, if it stays within one."""
    return {name for name in loop.start.names if name.endswith("_block")}


def _loads(stmt: Stmt, buffer: str) -> Iterator[Load]:
    for expr in expressions(stmt):
        for sub in subexpressions(expr):
            if isinstance(sub, Load) and sub.buffer == buffer:
                yield sub


def _paths(body: tuple[Stmt, ...], path: Path) -> Iterator[tuple[Stmt, Path]]:
    for stmt in body:
        yield stmt, path
        if isinstance(stmt, Loop):
            yield from _paths(stmt.body, (*path, stmt))
        elif isinstance(stmt, If):
            yield from _paths(stmt.body, path)


# -- the text --------------------------------------------------------------------------------------


def skip_copies(body: tuple[Stmt, ...], updates: Mapping[int, int]) -> tuple[Stmt, ...]:
    """Copy an old value only to memory that is not its own."""
    return tuple(_skipping(stmt, updates) for stmt in body)


def _skipping(stmt: Stmt, updates: Mapping[int, int]) -> Stmt:
    inner = stmt
    while isinstance(inner, Loop) and len(inner.body) == 1:
        inner = inner.body[0]
    match inner:
        case Store(target, index, Load(source, at, _)) if inner is not stmt and index == at:
            pair = (target[1:], source[1:])
            if target[0] + source[0] == "yx" and updates.get(int(pair[0])) == int(pair[1]):
                return If(f"{target} != {source}", (stmt,))
    return stmt


def let_overlap(plan: Plan, pairs: Mapping[int, int]) -> None:
    """Take back the promise that outputs and the inputs that they may be written over are apart.

    And see to it that no loop is interrupted any more once something has been written over.
    """
    plan.kernels = [_loosened(kernel, pairs) for kernel in plan.kernels]
    if not any(kernel.tasks for kernel in plan.kernels):
        return
    outputs = [f"y{output}" for output in pairs]
    step = _first_mention(plan.run_code, outputs)
    if step is None:
        return
    called = next((k for k in plan.kernels if _mentions(plan.run_code[step], [k.name])), None)
    if called is None or not called.tasks:
        plan.run_code.insert(step, MUST_FINISH)
        return
    place = _first_mention(called.body, outputs) or 0
    body = (*called.body[:place], MUST_FINISH, *called.body[place:])
    plan.kernels[plan.kernels.index(called)] = replace(called, body=body)


def _first_mention(body: Sequence[Stmt], words: Sequence[str]) -> int | None:
    return next((n for n, stmt in enumerate(body) if _mentions(stmt, words)), None)


def _mentions(stmt: Stmt, words: Sequence[str]) -> bool:
    text = "\n".join(emit.statements((stmt,)))
    return any(re.search(rf"\b{word}\b", text) for word in words)


def _loosened(kernel: Kernel, pairs: Mapping[int, int]) -> Kernel:
    taken = {buffer.name for buffer in kernel.buffers}
    both = [{f"y{output}", f"x{source}"} for output, source in pairs.items()]
    loose = {name for pair in both if pair <= taken for name in pair}

    def loosen(buffers: Iterable[Buffer]) -> tuple[Buffer, ...]:
        return tuple(replace(b, alone=b.alone and b.name not in loose) for b in buffers)

    tasks = tuple(replace(task, buffers=loosen(task.buffers)) for task in kernel.tasks)
    return replace(kernel, buffers=loosen(kernel.buffers), tasks=tasks)
