"""Functions of whole blocks of rows: one vector, however short a row is.

``for i: for j: e[i, j] = exp(x[i, j] - m[i]); s += e[i, j]`` calls the vector library for whole
vectors of a row, and the plain function for what is left of each: with ten numbers in a row and
sixteen in a vector for all of them.  Where the numbers of a block of rows lie side by side in
the workspace anyway, arguments are stored first, then the function runs over all of them, then the
rows are walked once more for what is left to do.  For long rows this takes as long as before, as
there are only so many rows in a block as the nearest caches hold.

This is a last pass over finished statements.
"""

from __future__ import annotations

from pytensorlite._immutable import immutable, replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Expr,
    Fetch,
    If,
    Let,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
    buffers,
    names,
    substituted,
    walk,
)
from pytensorlite.cgen.parallel import CALL, cost
from pytensorlite.cgen.vectors import goes_in_groups


def all_at_once(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with functions taken out of the rows of a block wherever that is possible.

    Examples
    --------
    >>> from pytensorlite.cgen.emit import statements
    >>> i, j, n1, start = (Index.name(name) for name in ("i", "j", "n1", "i_block"))
    >>> e, there = Var("t1", "float64"), i * n1 - start * n1 + j
    >>> exp = Let(e, Op("exp({0})", (Load("x0", i * n1 + j, "float64"),), "float64"))
    >>> inner = Loop("j", n1, (exp, Store("w0", there, e)), kind="simd")
    >>> rows = Loop("i", Index.name("i_end"), (inner,), start=start)
    >>> block = Loop("i_block", Index.name("n0"), (rows,), step=Index.name("i_rows"))
    >>> print("\\n".join(statements(all_at_once((block,)), 0)))
    for (int64_t i_block = 0; i_block < n0; i_block += i_rows) {
        for (int64_t i = i_block; i < i_end; i++) {
            #pragma omp simd
            for (int64_t j = 0; j < n1; j++) {
                w0[i*n1 - i_block*n1 + j] = x0[i*n1 + j];
            }
        }
        #pragma omp simd
        for (int64_t ij = 0; ij < i_end*n1 - i_block*n1; ij++) {
            w0[ij] = exp(w0[ij]);
        }
    }
    """
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop():
                result.append(replace(stmt, body=_of_block(stmt)))
            case If():
                inner, otherwise = all_at_once(stmt.body), all_at_once(stmt.otherwise)
                result.append(replace(stmt, body=inner, otherwise=otherwise))
            case _:
                result.append(stmt)
    return tuple(result)


def _of_block(block: Loop) -> tuple[Stmt, ...]:
    """Return the body of a loop, which may be one over blocks of as many rows as caches hold."""
    if block.step.constant is not None:
        return all_at_once(block.body)
    result: list[Stmt] = []
    for stmt in block.body:
        apart = (
            _apart(stmt) if isinstance(stmt, Loop) and stmt.start == Index.name(block.var) else None
        )
        result += apart or all_at_once((stmt,))
    return tuple(result)


@immutable
class _Call:
    """A costly function of one number, and where its argument and its value are stored."""

    let: Let
    argument: Store
    value: Store


def _apart(rows: Loop) -> list[Stmt] | None:
    """Return the loops that do the work of `rows`, None where it stays one."""
    loops = [stmt for stmt in rows.body if isinstance(stmt, Loop)]
    if rows.step != 1 or len(loops) != 1 or loops[0].kind != "simd":
        return None
    [inner] = loops
    position = rows.body.index(inner)
    known, finish = rows.body[:position], rows.body[position + 1 :]
    plain = inner.start == 0 and inner.step == 1 and rows.var not in inner.stop.names
    if not plain or not all(isinstance(stmt, Let) for stmt in known):
        return None
    call = _find_call(rows, inner)
    if call is None:
        return None
    fetches = [stmt for stmt in inner.body if isinstance(stmt, Fetch)]
    at = inner.body.index(call.let)
    before = tuple(stmt for stmt in inner.body[:at] if stmt not in (call.argument, *fetches))
    after = tuple(stmt for stmt in inner.body[at + 1 :] if stmt not in (call.argument, call.value))
    # An argument that nobody stores is overwritten by the value.
    kept = (
        [call.value] if call.argument.buffer == call.value.buffer else [call.argument, call.value]
    )
    stored: dict[Expr, Load] = {
        store.expr: Load(store.buffer, store.index, store.expr.dtype)
        for store in kept
        if isinstance(store.expr, Var)
    }
    after = tuple(substituted(stmt, stored) for stmt in after)
    made = {stmt.var.name for stmt in before if isinstance(stmt, Let)}
    if not all(isinstance(stmt, Let) for stmt in before) or not made.isdisjoint(names(after)):
        return None
    first = replace(inner, body=(*before, call.argument))
    shift = rows.start * inner.stop
    flat = Index.name(f"{rows.var}{inner.var}")
    length = (rows.stop - rows.start) * inner.stop

    def along(access: Store | Fetch) -> Index:
        return _offset(access, rows, inner) + shift + flat

    argument = Load(call.argument.buffer, along(call.argument), call.argument.expr.dtype)
    assert isinstance(call.let.expr, Op)
    function = replace(call.let.expr, args=(argument,))
    store = Store(call.value.buffer, along(call.value), function)
    asks = tuple(replace(fetch, index=along(fetch)) for fetch in fetches)
    at_once = Loop(f"{rows.var}{inner.var}", length, (store,), kind="simd")
    if goes_in_groups(at_once):  # which fetch; elements would do so one by one
        at_once = replace(at_once, body=(*asks, store))
    loops_now: list[Stmt] = [
        replace(rows, body=(*_needed(known, (first,)), first)),
        at_once,
    ]
    if after or finish:
        last = (replace(inner, body=after),) if after else ()
        again = _needed(known, (*last, *finish))
        loops_now.append(replace(rows, body=(*again, *last, *finish)))
    return loops_now


def _find_call(rows: Loop, inner: Loop) -> _Call | None:
    """Return the first costly function in `inner` whose value is stored side by side."""
    if not all(isinstance(stmt, Let | Store | Update | Fetch) for stmt in inner.body):
        return None
    stores = [
        stmt
        for stmt in inner.body
        # What is in no input may be written earlier than it was.
        if isinstance(stmt, Store)
        and stmt.buffer.startswith("w")
        and _offset(stmt, rows, inner).names.isdisjoint({rows.var, inner.var})
    ]
    written = [stmt.buffer for stmt in inner.body if isinstance(stmt, Store)]
    for let in inner.body:
        if not isinstance(let, Let) or not isinstance(let.expr, Op) or len(let.expr.args) != 1:
            continue
        [argument] = let.expr.args
        value = next((store for store in stores if store.expr == let.var), None)
        if value is None or cost(let.expr) - cost(argument) < CALL:
            continue
        kept = next((store for store in stores if store.expr == argument), None)
        if kept is None and argument.dtype == let.var.dtype:
            kept = replace(value, expr=argument)
        arrays = {value.buffer} | ({kept.buffer} if kept else set())
        alone = all(written.count(buffer) <= 1 for buffer in arrays)
        if kept is not None and alone and arrays.isdisjoint(buffers((rows,))[0]):
            return _Call(let, kept, value)
    return None


def _offset(access: Store | Fetch, rows: Loop, inner: Loop) -> Index:
    """Return what the index of `access` is beside ``i n + j``."""
    return access.index - Index.name(rows.var) * inner.stop - Index.name(inner.var)


def _needed(known: tuple[Stmt, ...], body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return those of the statements `known` whose names `body` uses, and what they use."""
    kept: list[Stmt] = []
    used = names(body) | {stmt.var.name for stmt in walk(body) if isinstance(stmt, Update)}
    for stmt in reversed(known):
        assert isinstance(stmt, Let)
        if stmt.var.name in used:
            kept.append(stmt)
            used |= names((stmt,))
    return tuple(reversed(kept))
