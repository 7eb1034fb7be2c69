"""Functions of whole vectors: loops that go in groups of as many elements as a vector has.

Compilers make vectors of what is written for one element.  Of an exponential that looks its powers
of two up in registers they do not, so that function takes an array as long as a vector
(``ptl_vectors.h``).  A loop that needs it is cut: arguments of a group of elements are stored, the
function runs over them, and what is left to do follows.  The arrays are so short that compilers
keep them in registers.  What is left over of the loop goes one by one, with the same bits.

This is a last pass over finished statements.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytensorlite._immutable import immutable, replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
    Call,
    Cast,
    Const,
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
    expressions,
    loads,
    parts,
    subexpressions,
    substitute,
)
from pytensorlite.cgen.lanes import DOUBLES, FLOATS, LANES, SHORT, in_lane, lanes_of


@immutable
class _Function:
    """What a function is made of: a vector's function of an argument, and the rest."""

    name: str  # ptl_NAME_doubles, ptl_NAME_floats
    argument: str = "{0}"
    value: str = "{1}"  # of the function's own argument, and of what the vector's function returned

    def given(self, x: Expr) -> Expr:
        """Return what the vector's function is given."""
        return x if self.argument == "{0}" else Op(self.argument, (x,), x.dtype)

    def result(self, x: Expr, found: Expr) -> Expr:
        """Return the value, of what the vector's function has found."""
        return found if self.value == "{1}" else Op(self.value, (x, found), x.dtype)


FUNCTIONS = {
    "exp({0})": _Function("exp"),
    "ptl_sigmoid({0})": _Function("exp", "-fabs({0})", "ptl_sigmoid_by({0}, {1})"),
    "ptl_softplus({0})": _Function("exp", "-fabs({0})", "ptl_softplus_by({0}, {1})"),
}
LENGTHS = {"float64": (DOUBLES, "doubles"), "float32": (FLOATS, "floats")}
# What else may be in a loop with functions of a dtype: as many as lanes fill one vector, or two.
BESIDE = {"float64": {"float64", "bool"}, "float32": {"float32", "float64", "bool"}}


def in_vectors(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Return `body` with loops in groups where they need functions of whole vectors.

    Examples
    --------
    >>> from pytensorlite.cgen.emit import statements
    >>> total, j = Var("t1", "float64"), Index.name("j")
    >>> exp = Op("exp({0})", (Load("x0", j, "float64"),), "float64")
    >>> loop = Loop("j", Index.name("n0"), (Update(total, "{0} + {1}", exp),), kind="simd")
    >>> print("\\n".join(statements(in_vectors((loop,)), 0)))
    PTL_LANES(double, t1_lanes, PTL_DOUBLES, -0.0);
    PTL_EACH_VECTOR(j_group, 0, n0, PTL_DOUBLES) {
        double exps1[PTL_DOUBLES];
        PTL_IN_VECTOR(j, j_group, PTL_DOUBLES) {
            exps1[j - j_group] = x0[j];
        }
        ptl_exp_doubles(exps1);
        PTL_IN_VECTOR(j, j_group, PTL_DOUBLES) {
            t1_lanes[j - j_group] += exps1[j - j_group];
        }
    }
    PTL_EACH_LEFT_OVER(j, 0, n0, PTL_DOUBLES) {
        t1 += ptl_exp_alone(x0[j]);
    }
    t1 += ptl_sum_doubles(t1_lanes);
    """
    result: list[Stmt] = []
    for stmt in body:
        match stmt:
            case Loop() if dtype := _dtype(stmt):
                result += _in_groups(stmt, dtype)
            case Loop():
                result.append(replace(stmt, body=in_vectors(stmt.body)))
            case If():
                inner, otherwise = in_vectors(stmt.body), in_vectors(stmt.otherwise)
                result.append(replace(stmt, body=inner, otherwise=otherwise))
            case _:
                result.append(stmt)
    return tuple(result)


def goes_in_groups(loop: Loop) -> bool:
    """Whether `in_vectors` cuts `loop` into groups; what it fetches, groups fetch."""
    return _dtype(loop) is not None


class _Parts:
    """The body of a loop in parts: between two of them, functions of vectors run.

    A local is computed in the first part where all that it needs is known; stores and all that
    changes stand in the last one, in their order.  What a later part needs of an earlier one goes
    by an array; what is only read, each part reads for itself.
    """

    def __init__(self, loop: Loop, dtype: str, position: Index):
        self.dtype, self.position = dtype, position
        self.count, self.suffix = LENGTHS[dtype]
        self.stmts: list[list[Stmt]] = []
        self.read: dict[Var, Let] = {}
        self.reads: list[dict[Var, Let]] = []  # what a part begins with
        self.calls: list[list[str]] = []
        self.arguments: list[str] = []  # the arrays that functions run over
        self.part_of: dict[Var, int] = {}
        self.kept: dict[Var, str] = {}  # the arrays by which locals go
        finish: list[tuple[Let | Store | Update, Expr]] = []
        last = 0
        for stmt in _elements(loop):
            assert not isinstance(stmt.expr, Index)
            expr, part = self._split(stmt.expr)
            last = max(last, part)
            if isinstance(stmt, Let) and isinstance(expr, Load) and not stmt.mutable and part == 0:
                self.read[stmt.var] = stmt
            elif isinstance(stmt, Let) and not stmt.mutable:
                self.part_of[stmt.var] = part
                self._add(part, replace(stmt, expr=self._at(expr, part)))
            else:
                finish.append((stmt, expr))
        for stmt, expr in finish:
            self._add(last, replace(stmt, expr=self._at(expr, last)))

    def _add(self, part: int, stmt: Stmt) -> None:
        while part >= len(self.stmts):
            self.stmts.append([])
            self.reads.append({})
            self.calls.append([])
        self.stmts[part].append(stmt)
        for expr in expressions(stmt):
            self.reads[part] |= {v: self.read[v] for v in _variables(expr) if v in self.read}

    def _split(self, expr: Expr) -> tuple[Expr, int]:
        """Return `expr` with values of functions read from arrays, and the part where they are."""
        match expr:
            case Var():
                return expr, self.part_of.get(expr, 0)
            case Cast(arg, dtype):
                arg, part = self._split(arg)
                return Cast(arg, dtype), part
            case Op(template, args, dtype):
                split = [self._split(arg) for arg in args]
                part = max((part for _, part in split), default=0)
                inside = tuple(arg for arg, _ in split)
                if template in FUNCTIONS and dtype == self.dtype:
                    return self._run(FUNCTIONS[template], inside[0], part), part + 1
                return Op(template, inside, dtype), part
        return expr, 0

    def _run(self, function: _Function, argument: Expr, part: int) -> Expr:
        """Let `function` run after `part`, and return its value."""
        if function.value != "{1}" and not isinstance(argument, Var):
            own = Var(f"of_{function.name}{len(self.arguments) + 1}", self.dtype)
            self.part_of[own] = part
            self._add(part, Let(own, self._at(argument, part)))
            argument = own
        # Not exp2, which is a function of the library that the loop may call.
        array = f"{function.name}s{len(self.arguments) + 1}"
        given = function.given(self._at(argument, part))
        self._add(part, Store(array, self.position, given))
        self.arguments.append(array)
        self.calls[part].append(f"ptl_{function.name}_{self.suffix}({array})")
        return function.result(argument, Load(array, self.position, self.dtype))

    def _at(self, expr: Expr, part: int) -> Expr:
        """Return `expr` as it reads in `part`: locals of earlier parts come from their arrays."""
        earlier = {
            var: lanes_of(var) for var in _variables(expr) if self.part_of.get(var, part) < part
        }
        self.kept |= earlier
        return substitute(
            expr, {var: Load(name, self.position, var.dtype) for var, name in earlier.items()}
        )

    def arrays(self) -> list[Array]:
        """Return the arrays that a group of elements needs."""
        functions = [Array(name, self.dtype, self.count) for name in self.arguments]
        return functions + [Array(name, var.dtype, self.count) for var, name in self.kept.items()]

    def bodies(self) -> list[tuple[Stmt, ...]]:
        """Return what each part computes of an element."""
        result = []
        for stmts, reads in zip(self.stmts, self.reads, strict=True):
            body: list[Stmt] = list(reads.values())
            for stmt in stmts:
                body.append(stmt)
                if isinstance(stmt, Let) and stmt.var in self.kept:
                    body.append(Store(self.kept[stmt.var], self.position, stmt.var))
            result.append(tuple(body))
        return result


def _dtype(loop: Loop) -> str | None:
    """Return the dtype of the functions of vectors that `loop` needs, None if it stays one loop."""
    if loop.kind != "simd":
        return None
    found = list(parts(loop.body))
    calls = [part for part in found if isinstance(part, Op) and part.template in FUNCTIONS]
    dtype = calls[0].dtype if calls else None
    length = loop.stop.constant
    if (
        loop.step == 1
        and dtype in LENGTHS
        and (length is None or length > SHORT)
        and all(isinstance(stmt, Let | Store | Update | Fetch) for stmt in loop.body)
        and {part.dtype for part in found} <= BESIDE[dtype]
        and all(call.dtype == dtype for call in calls)
        and _can_finish(loop, calls)
    ):
        return dtype
    return None


def _can_finish(loop: Loop, calls: Sequence[Op]) -> bool:
    """Whether stores and what changes may stand last: nothing that is needed earlier reads them."""
    sums = [stmt.var for stmt in _sums(loop)]
    changing = {stmt.var for stmt in loop.body if isinstance(stmt, Let) and stmt.mutable}
    written: set[str] = set()
    for stmt in loop.body:
        if written.intersection(load.buffer for load in loads((stmt,))):
            return False
        match stmt:
            case Store():
                written.add(stmt.buffer)
            case Let(_, expr):
                assert not isinstance(expr, Index)
                if changing.intersection(_variables(expr)):
                    return False
    return (
        len(set(sums)) == len(sums)
        and all(stmt.template == "{0} + {1}" for stmt in _sums(loop))
        and all(var.dtype in LENGTHS for var in sums)
        and not any(changing.intersection(_variables(call)) for call in calls)
    )


def _variables(expr: Expr) -> list[Var]:
    return [sub for sub in subexpressions(expr) if isinstance(sub, Var)]


def _elements(loop: Loop) -> list[Let | Store | Update]:
    """Return what `loop` does with each element."""
    return [stmt for stmt in loop.body if isinstance(stmt, Let | Store | Update)]


def _sums(loop: Loop) -> list[Update]:
    """Return what `loop` adds up over its elements."""
    own = {stmt.var for stmt in loop.body if isinstance(stmt, Let)}
    return [stmt for stmt in loop.body if isinstance(stmt, Update) and stmt.var not in own]


def _in_groups(loop: Loop, dtype: str) -> list[Stmt]:
    """Return the statements that do the work of `loop`."""
    sums = [stmt.var for stmt in _sums(loop)]
    count, _ = LENGTHS[dtype]
    group = Index.name(f"{loop.var}_group")
    rest = tuple(map(_alone, _elements(loop)))

    lane = Index.name(loop.var) - group

    def added(stmt: Stmt) -> Stmt:
        is_sum = isinstance(stmt, Update) and stmt.var in sums
        return in_lane(stmt, lane) if is_sum else stmt

    full = _Parts(loop, dtype, lane)
    inside: list[Stmt] = [
        replace(stmt, index=stmt.index.substitute({loop.var: group}))
        for stmt in loop.body
        if isinstance(stmt, Fetch)
    ]
    inside += full.arrays()
    for body, calls in zip(full.bodies(), full.calls, strict=True):
        part = tuple(map(added, body))
        inside.append(replace(loop, start=group, step=count, body=part, kind="beside"))
        inside += map(Call, calls)
    return [
        *(Array(lanes_of(var), var.dtype, count, Const(-0.0, var.dtype)) for var in sums),
        replace(loop, var=f"{loop.var}_group", body=tuple(inside), step=count, kind="vectors"),
        replace(loop, body=rest, step=count, kind="left"),
        *(Update(var, "{0} + {1}", _total(var, dtype)) for var in sums),
    ]


def _total(var: Var, dtype: str) -> Expr:
    """Return the sum of the lanes of `var`, in a loop with functions of `dtype`."""
    _, template = LANES[var.dtype, dtype == "float32"]
    return Op(template, (Var(lanes_of(var), var.dtype),), var.dtype)


def _alone(stmt: Let | Store | Update) -> Stmt:
    """Return a statement with functions of vectors in their versions for one number."""
    assert not isinstance(stmt.expr, Index)
    return replace(stmt, expr=_for_one(stmt.expr))


def _for_one(expr: Expr) -> Expr:
    match expr:
        case Cast(arg, dtype):
            return Cast(_for_one(arg), dtype)
        case Op(template, args, dtype):
            args = tuple(map(_for_one, args))
            if template not in FUNCTIONS:
                return Op(template, args, dtype)
            function = FUNCTIONS[template]
            found = Op(f"ptl_{function.name}_alone({{0}})", (function.given(args[0]),), dtype)
            return function.result(args[0], found)
    return expr
