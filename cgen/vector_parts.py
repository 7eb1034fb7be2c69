"""The parts of a loop's body between functions of whole vectors.

Functions of vectors run over arrays (``vectors.py``), so what stands before a function in a loop,
and what needs its value, become loops of their own over the elements of a vector.
"""

from __future__ import annotations

from collections.abc import Callable

from pytensorlite._immutable import replace
from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
    Cast,
    Const,
    Expr,
    Let,
    Load,
    Loop,
    Op,
    Stmt,
    Store,
    Update,
    Var,
    expressions,
    parts,
    subexpressions,
    substitute,
)
from pytensorlite.cgen.lanes import DOUBLES, FLOATS, lanes_of

# Functions that have a version for vectors: ptl_NAME_doubles, ptl_NAME_floats, ptl_NAME_alone.
# Where there are several names, so many functions run over the arrays of arguments in turns.
FUNCTIONS = {
    "exp({0})": ("exp",),
    "ptl_exp_term({0})": ("exp",),
    "log({0})": ("log",),
    "log1p({0})": ("log1p",),
    "ptl_log1p_near({0})": ("log1p_near",),
    "ptl_power({0}, {1})": ("power_log", "power"),
}


def _call(template: str, *args: Expr) -> Expr:
    return Op(template, args, args[0].dtype)


def _exp(x: Expr) -> Expr:
    return _call("exp({0})", x)


def _log1p_of_exp(x: Expr) -> Expr:
    """Return log(1 + exp(x)) of what is not positive."""
    return _call("ptl_log1p_near({0})", _exp(x))


# What is made of these.
MADE_OF: dict[str, Callable[..., Expr]] = {
    "ptl_sigmoid({0})": lambda x: _call(
        "ptl_sigmoid_by({0}, {1})", x, _exp(_call("-fabs({0})", x))
    ),
    "ptl_softplus({0})": lambda x: _call(
        "ptl_softplus_by({0}, {1})", x, _log1p_of_exp(_call("-fabs({0})", x))
    ),
    "ptl_logaddexp({0}, {1})": lambda a, b: _call(
        "ptl_logaddexp_by({0}, {1}, {2})", a, b, _log1p_of_exp(_call("-fabs({0} - {1})", a, b))
    ),
    "ptl_pow({0}, {1})": lambda x, y: _call(
        "ptl_power_of({0}, {1}, {2})", x, y, _call("ptl_power({0}, {1})", x, y)
    ),
    "ptl_xlogy({0}, {1})": lambda x, y: _call("ptl_times_log({0}, {1})", x, _call("log({0})", y)),
    "ptl_xlogy({0}, {0})": lambda x: _call("ptl_times_log({0}, {1})", x, _call("log({0})", x)),
    "ptl_xlog1py({0}, {1})": lambda x, y: _call(
        "ptl_times_log({0}, {1})", x, _call("log1p({0})", y)
    ),
}
# What is worth while for a block of rows: logarithms take the compiler 15 ms.
FEW = {"exp({0})", "ptl_exp_term({0})", "ptl_sigmoid({0})", "ptl_softplus({0})"}
TERM = "ptl_exp_term({0})"  # which takes less time where it goes into the lanes of a sum at once
LENGTHS = {"float64": (DOUBLES, "doubles"), "float32": (FLOATS, "floats")}
# Groups of a loop that does nothing else but add such terms up, where they differ.
OF_TERMS = {"float32": (FLOATS * 2, "float_pairs")}


def known_to(loop: Loop) -> frozenset[str]:
    """Return the templates for which `loop` is cut into groups."""
    every = FUNCTIONS.keys() | MADE_OF.keys()
    is_block = loop.start == Index.name(f"{loop.var}_block")
    return frozenset(every & FEW if is_block else every)


class Parts:
    """The body of a loop in parts: between two of them, functions of vectors run.

    Elements of arrays are counted from `base`: the first element of a vector, or of a batch of
    several, which all go through one part before the next.

    A local is computed in the first part where all that it needs is known; stores and all that
    changes stand in the last one, in their order.  What a later part needs of an earlier one goes
    by an array; what is only read, each part reads for itself.
    """

    def __init__(self, loop: Loop, dtype: str, base: Index, vectors: int = 1):
        group = Index.name(f"{loop.var}_group")
        self.dtype, self.position = dtype, Index.name(loop.var) - base
        self.first = group - base
        self.known = known_to(loop)
        self.count, self.suffix = (LENGTHS | OF_TERMS if _adds_terms(loop) else LENGTHS)[dtype]
        self.room = self.count * vectors
        self.stmts: list[list[Stmt]] = []
        self.read: dict[Var, Let] = {}
        self.reads: list[dict[Var, Let]] = []  # what a part begins with
        self.calls: list[list[str]] = []
        self.arguments: list[str] = []  # the arrays that functions run over
        self.terms: set[str] = set()  # those of them whose exponentials are only added up
        self.part_of: dict[Var, int] = {}
        self.kept: dict[Var, str] = {}  # the arrays by which locals go
        finish: list[tuple[Let | Store | Update, Expr]] = []
        last, totals = 0, {stmt.var for stmt in sums(loop)}
        for stmt in elements(loop):
            assert not isinstance(stmt.expr, Index)
            if isinstance(stmt, Update) and stmt.var in totals and (term := _term(stmt)):
                self._run_into(stmt.var, term)
                continue
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

    def _begin(self, part: int) -> None:
        while part >= len(self.stmts):
            self.stmts.append([])
            self.reads.append({})
            self.calls.append([])

    def _add(self, part: int, stmt: Stmt) -> None:
        self._begin(part)
        self.stmts[part].append(stmt)
        for expr in expressions(stmt):
            self.reads[part] |= {v: self.read[v] for v in variables(expr) if v in self.read}

    def _split(self, expr: Expr) -> tuple[Expr, int]:
        """Return `expr` with values of functions read from arrays, and the part where they are."""
        match expr:
            case Var():
                return expr, self.part_of.get(expr, 0)
            case Cast(arg, dtype):
                arg, part = self._split(arg)
                return Cast(arg, dtype), part
            case Op(template, args, dtype):
                is_known = template in self.known and dtype == self.dtype
                if is_known and template in MADE_OF:
                    return self._split(MADE_OF[template](*map(self._named, args)))
                split = [self._split(arg) for arg in args]
                part = max((part for _, part in split), default=0)
                inside = tuple(arg for arg, _ in split)
                if is_known:
                    names = FUNCTIONS[template]
                    return self._run(names, inside, part), part + len(names)
                return Op(template, inside, dtype), part
        return expr, 0

    def _named(self, argument: Expr) -> Expr:
        """Return what stands for `argument`, which is needed more than once: a local."""
        expr, part = self._split(argument)
        if isinstance(expr, Var | Const):
            return expr
        own = Var(f"of_{len(self.part_of) + 1}", argument.dtype)
        self.part_of[own] = part
        self._add(part, Let(own, self._at(expr, part)))
        return own

    def _run(self, names: tuple[str, ...], arguments: tuple[Expr, ...], part: int) -> Expr:
        """Let functions run over arrays of their arguments from `part` on; return the value."""
        arrays = []
        for argument in arguments:
            # Not exp2, which is a function of the library that the loop may call.
            arrays.append(f"{names[-1]}s{len(self.arguments) + 1}")
            self.arguments.append(arrays[-1])
            self._add(part, Store(arrays[-1], self.position, self._at(argument, part)))
        vectors = ", ".join(map(self._vector, arrays))
        for turn, name in enumerate(names, part):
            self._begin(turn)
            self.calls[turn].append(f"ptl_{name}_{self.suffix}({vectors})")
        return Load(arrays[0], self.position, self.dtype)

    def _run_into(self, total: Var, term: Op) -> None:
        """Let the exponentials `term` be added to the lanes of `total`."""
        argument, part = self._split(term.args[0])
        array = f"exponents{len(self.arguments) + 1}"
        self._add(part, Store(array, self.position, self._at(argument, part)))
        self.arguments.append(array)
        self.terms.add(array)
        lanes, vector = lanes_of(total), self._vector(array)
        self.calls[part].append(f"ptl_add_exps_{self.suffix}({lanes}, {vector})")

    def _vector(self, array: str) -> str:
        """Return the address of the vector's first element."""
        return array if self.first == 0 else f"&{array}[{self.first}]"

    def _at(self, expr: Expr, part: int) -> Expr:
        """Return `expr` as it reads in `part`: locals of earlier parts come from their arrays."""
        earlier = {
            var: lanes_of(var) for var in variables(expr) if self.part_of.get(var, part) < part
        }
        self.kept |= earlier
        return substitute(
            expr, {var: Load(name, self.position, var.dtype) for var, name in earlier.items()}
        )

    def arrays(self) -> list[Array]:
        """Return the arrays that a vector needs, or a batch of them."""
        functions = [Array(name, self.dtype, self.room) for name in self.arguments]
        return functions + [Array(name, var.dtype, self.room) for var, name in self.kept.items()]

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


def elements(loop: Loop) -> list[Let | Store | Update]:
    """Return what `loop` does with each element."""
    return [stmt for stmt in loop.body if isinstance(stmt, Let | Store | Update)]


def sums(loop: Loop) -> list[Update]:
    """Return what `loop` adds up over its elements."""
    own = {stmt.var for stmt in loop.body if isinstance(stmt, Let)}
    return [stmt for stmt in loop.body if isinstance(stmt, Update) and stmt.var not in own]


def variables(expr: Expr) -> list[Var]:
    """Return the locals that `expr` reads."""
    return [sub for sub in subexpressions(expr) if isinstance(sub, Var)]


def _adds_terms(loop: Loop) -> bool:
    """Whether all that `loop` does is to add up terms."""
    known = known_to(loop)
    calls = [part for part in parts(loop.body) if isinstance(part, Op) and part.template in known]
    made = [stmt for stmt in elements(loop) if not isinstance(stmt, Let) or stmt.mutable]
    return len(calls) == len(made) and all(isinstance(s, Update) and _term(s) for s in made)


def _term(stmt: Update) -> Op | None:
    """Return the exponentials that `stmt` does nothing with but add them up, in double."""
    expr = stmt.expr.arg if isinstance(stmt.expr, Cast) else stmt.expr
    is_term = isinstance(expr, Op) and expr.template == TERM and stmt.var.dtype == "float64"
    return expr if is_term and stmt.template == "{0} + {1}" else None


def alone(expr: Expr, known: frozenset[str]) -> Expr:
    """Return an expression with functions of vectors in their versions for one number."""
    match expr:
        case Cast(arg, dtype):
            return Cast(alone(arg, known), dtype)
        case Op(template, args, dtype):
            args = tuple(alone(arg, known) for arg in args)
            if template in known & MADE_OF.keys():
                return alone(MADE_OF[template](*args), known)
            if template in known:
                places = ", ".join(f"{{{place}}}" for place in range(len(args)))
                template = f"ptl_{FUNCTIONS[template][-1]}_alone({places})"
            return Op(template, args, dtype)
    return expr
