"""From a finished plan to the text of a C program and the facts its caller needs.

The text has three parts that read in order: the kernels, ``sizes`` (what is checked and counted
before anything is computed) and ``run``.  Workspace arrays whose lifetimes do not meet share room.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from pytensorlite._immutable import immutable, record, replace
from pytensorlite.cgen import emit
from pytensorlite.cgen.emit_tasks import blocks, loops
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Call, If, Let, Stmt, Var, item_size, names
from pytensorlite.graph.basic import Constant
from pytensorlite.link.basic import ArraySpec, OutputSpec
from pytensorlite.link.c.attach import attach_products
from pytensorlite.link.c.failures import Failure
from pytensorlite.link.c.in_place import find_in_place, let_overlap
from pytensorlite.link.c.kernels import copy
from pytensorlite.link.c.plan import Plan, Workspace
from pytensorlite.link.c.routines import declarations
from pytensorlite.scalar.borrowed import borrowed_by
from pytensorlite.scalar.headers import headers_of

HEADERS = ("ptl_runtime.h", "ptl_loops.h", "ptl_math.h")
FEW_ROOMS = 2  # in a row: a loop costs the compiler as much as this many times what is in it
_WORD = re.compile(r"\w+")
_SYMBOL = re.compile(r"[ns]\d+")


@immutable
class Rendered:
    """The text of a program and how to call it."""

    source: str
    n_sizes: int
    inputs: tuple[ArraySpec, ...]
    outputs: tuple[OutputSpec, ...]
    constants: tuple[Constant, ...]
    imports: tuple[str, ...]
    failures: tuple[Failure, ...]
    plan: Plan
    reads: frozenset[str]  # buffers of inputs and constants
    slots: dict[Index, int]  # where lengths stand in the array of sizes
    steps: tuple[str, ...] = ()  # what is timed, in the order of the array NAME_seconds


def render(plan: Plan, name: str, *, timed: bool = False) -> Rendered:
    """Return the program for `plan`, its functions named after `name`; `timed` adds clocks."""
    _write_outputs(plan)
    attach_products(plan)
    into = find_in_place(plan)
    let_overlap(plan, into)
    outputs, slots = _size_slots(plan, into)
    kernels = [
        text for kernel in plan.kernels for text in (*loops(kernel.tasks), emit.kernel(kernel))
    ]
    steps, run_code = _timed(plan, name) if timed else ((), plan.run_code)
    run = list(emit.statements(run_code))
    rooms = assign_rooms(plan.workspaces)
    run = [*_aligned(plan), *run]
    mentioned = set(_WORD.findall("\n".join(run)))
    symbols = sorted(filter(_SYMBOL.fullmatch, mentioned), key=lambda s: int(s[1:]))
    for symbol in symbols:
        slots.setdefault(Index.name(symbol), len(slots) + 1)
    offsets = {room: len(slots) + 1 + room for room in range(len(rooms))}
    used = [i for i in range(len(plan.constants)) if f"c{i}" in mentioned]
    sources = _sources(plan, mentioned, used)
    code = [
        *kernels,
        *([f"double {name}_seconds[{len(steps)}];"] if steps else []),
        "\n".join(_sizes_function(plan, name, slots, rooms, offsets)),
        "\n".join(
            _run_function(plan, name, slots, symbols, rooms, offsets, sources, run, mentioned)
        ),
        *blocks([task for kernel in plan.kernels for task in kernel.tasks]),
    ]
    text = "\n".join(code)
    imports = plan.imports | borrowed_by(text)
    parts = [*_includes(plan, text), *_imports(imports, name), *code]
    return Rendered(
        source="\n".join(part.rstrip("\n") + "\n" for part in parts),
        n_sizes=1 + len(slots) + len(rooms),
        inputs=tuple(_input_specs(plan)),
        outputs=tuple(outputs),
        constants=tuple(plan.constants[number] for number in used),
        imports=tuple(imports),
        failures=tuple(plan.failures),
        plan=plan,
        reads=frozenset(sources),
        slots=slots,
        steps=tuple(steps),
    )


def _input_specs(plan: Plan) -> Iterator[ArraySpec]:
    """Yield what the arrays must be that are handed in."""
    for position, variable in enumerate(plan.inputs):
        kind, layout = variable.type, plan.layouts.get(position)
        axes = layout.axes if layout else range(kind.ndim)
        in_rows = layout is not None and layout.in_rows
        yield ArraySpec(kind.dtype, kind.ndim, tuple(kind.shape[axis] for axis in axes), in_rows)


def _sources(plan: Plan, mentioned: set[str], used: Sequence[int]) -> dict[str, int]:
    """Return the buffers that come from outside, and where: inputs, then the constants in use."""
    inputs = {f"x{i}": i for i in range(len(plan.inputs)) if f"x{i}" in mentioned}
    return inputs | {f"c{i}": len(plan.inputs) + place for place, i in enumerate(used)}


def _aligned(plan: Plan) -> Iterator[str]:
    """Yield the declarations of vectors that are copied where they are not aligned."""
    for name, room in plan.aligned.items():
        c_type = emit.ELEMENT_TYPES[plan.dtypes[name]]
        size = plan.canonical(plan.workspaces[room].length) * item_size(plan.dtypes[name])
        data = f"in[{name[1:]}].data"
        yield f"{emit.INDENT}const {c_type} *const {name} = ptl_aligned({data}, {room}, {size});"


def _timed(plan: Plan, name: str) -> tuple[list[str], list[Stmt]]:
    """Put a clock around each kernel and each call of BLAS or LAPACK; return what they time."""
    comments = {kernel.name: " ".join(kernel.comment[:1]) for kernel in plan.kernels}
    steps: list[str] = []

    def timed(code: Iterable[Stmt]) -> Iterator[Stmt]:
        for stmt in code:
            called = _called(stmt)
            if called:
                clock = f"start{len(steps)}"
                yield Let(Var(clock, "float64"), Var("ptl_seconds()", "float64"))
                yield stmt
                yield Call(f"{name}_seconds[{len(steps)}] += ptl_seconds() - {clock}")
                steps.append(f"{called}: {comments[called]}" if called in comments else called)
            elif isinstance(stmt, If):
                yield replace(stmt, body=tuple(timed(stmt.body)))
            else:
                yield stmt

    code = list(timed(plan.run_code))
    return steps, code


def _called(stmt: Stmt) -> str:
    """Return the function that a statement calls, if it does nothing else."""
    text = stmt.text if isinstance(stmt, Call) else getattr(stmt, "condition", "")
    called = re.match(r"\w+(?=\()", text)
    return called[0] if called else ""


def _write_outputs(plan: Plan) -> None:
    """Copy what an output is but no node has written there: an input, a view, a result twice."""
    plan.step += 1
    for position, variable in enumerate(plan.outputs):
        source = plan.view(variable)
        if source.buffer == f"y{position}" and source.is_contiguous:
            plan.written[position] = source
        else:
            copy(plan, source, plan.output_view(position, source.shape))


def _size_slots(plan: Plan, into: Mapping[int, int]) -> tuple[list[OutputSpec], dict[Index, int]]:
    """Give every length of an output a place in the array of sizes."""
    slots: dict[Index, int] = {}
    outputs = []
    for position, variable in enumerate(plan.outputs):
        dims = []
        for length in plan.written[position].shape:
            length = plan.canonical(length)
            dims.append(slots.setdefault(length, len(slots) + 1))
        kind = variable.type
        outputs.append(OutputSpec(kind.dtype, kind.ndim, tuple(dims), into.get(position, -1)))
    return outputs, slots


@record
class Room:
    """A stretch of the workspace, for arrays that are never alive together."""

    names: list[str]
    lengths: list[tuple[Index, int]]
    free_from: int


def assign_rooms(workspaces: dict[str, Workspace]) -> list[Room]:
    """Put each array into the first room that is free, preferring one of its own size."""
    rooms: list[Room] = []
    for name, array in workspaces.items():
        need = (array.length, item_size(array.dtype))
        free = [room for room in rooms if room.free_from < array.first]
        room = next((r for r in free if need in r.lengths), free[0] if free else None)
        if room is None:
            room = Room([], [], 0)
            rooms.append(room)
        room.names.append(name)
        if need not in room.lengths:
            room.lengths.append(need)
        room.free_from = array.last
    return rooms


# -- text ------------------------------------------------------------------------------------------


def _includes(plan: Plan, code: str) -> list[str]:
    headers = [*HEADERS, *headers_of(code), *plan.headers]
    return ["\n".join(f'#include "{header}"' for header in headers)]


def _imports(imports: Mapping[str, str], program: str) -> Iterator[str]:
    """Declare the table through which the loader hands over routines of SciPy."""
    if imports:
        comment = "/* Routines of BLAS, LAPACK and SciPy, filled in by the loader. */"
        yield "\n".join([comment, *declarations(imports, program)]) + "\n"


def _sizes_function(
    plan: Plan, name: str, slots: dict[Index, int], rooms: list[Room], offsets: dict[int, int]
) -> Iterator[str]:
    yield from emit.head(
        f"int32_t {name}_sizes(", ["const ptl_array *in", "int64_t *sizes", "ptl_error *error"]
    )
    yield "{"
    used = {n for index in slots for n in index.names}
    used |= {n for room in rooms for length, _ in room.lengths for n in length.names}
    yield from emit.statements(_without_unused(plan.size_code, used))
    if rooms:
        texts = [_bytes(room) for room in rooms]
        often = [text for text, times in Counter(texts).items() if times > 1]
        shared = {text: f"room{number}" for number, text in enumerate(often)}
        for text, room_name in shared.items():
            yield f"{emit.INDENT}const int64_t {room_name} = {text};"
        yield f"{emit.INDENT}int64_t bytes = 0;"
        for text, equal in groupby(range(len(texts)), key=texts.__getitem__):
            yield from _reserve(shared.get(text, text), [offsets[number] for number in equal])
        yield f"{emit.INDENT}sizes[0] = bytes;"
    else:
        yield f"{emit.INDENT}sizes[0] = 0;"
    for index, slot in slots.items():
        yield f"{emit.INDENT}sizes[{slot}] = {index};"
    yield f"{emit.INDENT}return PTL_OK;"
    yield "}"


def _reserve(size: str, places: Sequence[int]) -> Iterator[str]:
    """Yield C that places arrays of one size, each after the one before."""
    indent = emit.INDENT
    if len(places) > FEW_ROOMS:
        yield f"{indent}for (int64_t room = {places[0]}; room <= {places[-1]}; room++) {{"
        yield f"{2 * indent}sizes[room] = bytes;"
        yield f"{2 * indent}bytes = ptl_reserve(bytes, {size});"
        yield f"{indent}}}"
        return
    for place in places:
        yield f"{indent}sizes[{place}] = bytes;"
        yield f"{indent}bytes = ptl_reserve(bytes, {size});"


def _without_unused(code: Sequence[Stmt], used: set[str]) -> list[Stmt]:
    """Drop the names that nothing needs in the end."""
    kept: list[Stmt] = []
    for stmt in reversed(code):
        if not isinstance(stmt, Let) or stmt.var.name in used:
            kept.append(stmt)
            used |= names((stmt,))
    return kept[::-1]


def _bytes(room: Room) -> str:
    """Return C text for the bytes of a room, safe against overflow."""
    texts = [_product(length * size) for length, size in room.lengths]
    result = texts[0]
    for text in texts[1:]:
        result = f"ptl_max_int64({result}, {text})"
    return result


def _product(length: Index) -> str:
    """Return C text for a polynomial: factors that its terms share stand before their sum."""
    if not length.terms:
        return "0"
    number = math.gcd(*length.terms.values())
    common = Counter(next(iter(length.terms)))
    for monomial in length.terms:
        common &= Counter(monomial)
    rest = Index({
        tuple(sorted((Counter(monomial) - common).elements())): coefficient // number
        for monomial, coefficient in length.terms.items()
    })  # fmt: skip
    total = ""
    for monomial, coefficient in rest.terms.items():
        term = str(coefficient)
        for factor in monomial:
            term = factor if term == "1" else f"ptl_product({term}, {factor})"
        total = f"ptl_sum({total}, {term})" if total else term
    text = str(number)
    for factor in common.elements():
        text = factor if text == "1" else f"ptl_product({text}, {factor})"
    return text if total == "1" else f"ptl_product({text}, {total})"


def _run_function(
    plan: Plan,
    name: str,
    slots: dict[Index, int],
    symbols: Iterable[str],
    rooms: list[Room],
    offsets: dict[int, int],
    sources: dict[str, int],
    run: list[str],
    mentioned: set[str],
) -> Iterator[str]:
    yield from emit.head(
        f"int32_t {name}_run(",
        [
            "const ptl_array *in",
            "void *const *out",
            "const int64_t *sizes",
            "char *workspace",
            "ptl_error *error",
            "ptl_host *host",
        ],
    )
    yield "{"
    for symbol in symbols:
        yield f"{emit.INDENT}const int64_t {symbol} = sizes[{slots[Index.name(symbol)]}];"
    for buffer, position in sources.items():
        if buffer not in plan.aligned:
            c_type = emit.ELEMENT_TYPES[plan.dtypes[buffer]]
            yield f"{emit.INDENT}const {c_type} *const {buffer} = in[{position}].data;"
    for position in range(len(plan.outputs)):
        if f"y{position}" in mentioned:
            c_type = emit.ELEMENT_TYPES[plan.dtypes[f"y{position}"]]
            yield f"{emit.INDENT}{c_type} *const y{position} = out[{position}];"
    for number, room in enumerate(rooms):
        for buffer in room.names:
            c_type = emit.ELEMENT_TYPES[plan.dtypes[buffer]]
            place = f"({c_type} *)(workspace + sizes[{offsets[number]}])"
            yield f"{emit.INDENT}{c_type} *const {buffer} = {place};"
    yield from run
    yield f"{emit.INDENT}return PTL_OK;"
    yield "}"
