"""The C of products that are computed some rows at a time, as a loop is done for these.

Each product has a function of its own for some rows.  What runs a range of the loop for a block of
a thread goes through it in parts, and calls that function before the loop, or after it::

    for (int64_t first = i_from; first < i_to; first += rows) {
        const int64_t last = ptl_min_int64(first + rows, i_to);
        double *const w0 = a->s5 > 0 ? ptl_from(near, 8*a->n3*first) : a->w0;
        if (a->s5 > 0) kernel0_w0(a->x0, a->x1, w0, a->n1, a->n3, first, last);
        kernel0_i(a->x2, w0, a->y0, a->n3, first, last);
    }
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pytensorlite.cgen.emit import ELEMENT_TYPES, INDENT, head, parameter, wrapped
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import Attached, Beforehand, Rows, item_size

Lines = Iterable[str]


def functions(attached: Attached) -> Iterator[str]:
    """Yield the functions for rows of products."""
    for product in attached.products:
        yield from _function(product)
        yield ""


def _function(product: Rows) -> Iterator[str]:
    operands = " and ".join(buffer.name for buffer in product.operands)
    if product.adds_up:
        yield f"/* Add to {product.target.name} what rows of {operands} give. */"
    else:
        yield f"/* Rows of {product.target.name}, the product of {operands}. */"
    yield from head(
        f"static void {product.function}(",
        [
            *(parameter(buffer) for buffer in (*product.operands, product.target)),
            *(f"const int64_t {name}" for name in (*product.sizes, "first", "last")),
        ],
    )
    yield "{"
    yield from wrapped(f"{INDENT}{product.text};")
    yield "}"


def in_parts(
    attached: Attached,
    start: Index,
    stop: Index,
    given: list[str],
    own: dict[str, str],
    loop: Callable[[list[str], Index, Index], Lines],
) -> Iterator[str]:
    """Yield the range of a loop in parts, with products; `loop` has the lines of a part.

    `given` are its arguments, `own` says which arrays a block has for itself.
    """
    rows, each_row = shared(attached.rows), shared(attached.elements)
    first, last = Index.name("first"), Index.name("last")
    if attached.near:
        apart = f" + {len(attached.near) - 1}*PTL_APART" * (len(attached.near) > 1)
        yield f"_Alignas(PTL_ALIGNMENT) char near[PTL_ATTACHED_BLOCK{apart}];"
    yield f"const int64_t rows = ptl_attached_rows({rows}, {stop} - {start});"
    if attached.elements != 1:
        yield f"const int64_t elements = {rows} > 0 ? {each_row} : 1;"
    yield f"for (int64_t first = {start}; first < {stop}; first += rows) {{"
    yield f"{INDENT}const int64_t last = ptl_min_int64(first + rows, {stop});"
    used = Index.of(0)
    places = dict(own)
    for number, (buffer, length) in enumerate(attached.near):
        size = item_size(buffer.dtype)
        row = shared(length * size)
        before = used * attached.rows + Index.name("PTL_APART") * number
        place = f"near + {shared(before)}" if number else "near"
        yield from wrapped(
            f"{INDENT}{ELEMENT_TYPES[buffer.dtype]} *const {buffer.name} = "
            f"{rows} == 0 ? a->{buffer.name} : ptl_from({place}, {row * first});"
        )
        places[f"a->{buffer.name}"] = buffer.name
        used = used + length * size
    yield from _calls(attached.before, rows, places)
    if attached.elements != 1:
        first, last = first * Index.name("elements"), last * Index.name("elements")
    given = [places.get(name, name) for name in given]
    yield from (INDENT + line for line in loop(given, first, last))
    yield from _calls(attached.after, rows, places)
    yield "}"


def _calls(
    parts: Iterable[Rows | Beforehand], rows: Index, places: dict[str, str]
) -> Iterator[str]:
    if not parts:
        return
    yield f"{INDENT}if ({rows} > 0) {{"
    for part in parts:
        arguments = [places.get(name, name) for name in (f"a->{name}" for name in part.given)]
        arguments += [str(Index.name(end) * shared(part.elements)) for end in ("first", "last")]
        call = f"{part.function}({', '.join(arguments)});"
        yield from wrapped(f"{INDENT * 2}{call}")
    yield f"{INDENT}}}"


def shared(index: Index) -> Index:
    """Return an integer with names as a block knows them."""
    integers = (name for name in index.names if name != "PTL_APART")
    return index.substitute({name: Index.name(f"a->{name}") for name in integers})


def extent(attached: Attached, elements: Index) -> str:
    """Return how many iterations are cut into blocks: rows, or as many as the loop has."""
    if attached.elements == 1:
        return str(elements)
    return f"{attached.rows} > 0 ? {attached.count} : {elements}"
