"""Loop language to C text: the only file that knows braces.

What it prints is meant to be read: four spaces a level, parentheses only where C needs them, the
expression a kernel computes above its head, and names that are those of the loop program.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Iterator

from pytensorlite.cgen.index import Index
from pytensorlite.cgen.ir import (
    Array,
    Buffer,
    Call,
    Cast,
    Comment,
    Const,
    Expr,
    Fail,
    Fetch,
    If,
    Integer,
    Kernel,
    Let,
    Load,
    Loop,
    Op,
    Pointer,
    Stmt,
    Store,
    Update,
    Var,
    walk,
)

C_TYPES = {
    "bool": "bool",
    "int8": "int8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "float16": "_Float16",
    "float32": "float",
    "float64": "double",
    "complex64": "float complex",
    "complex128": "double complex",
}
# Of elements of arrays.  gcc makes no vectors of loops that read `bool` from memory.
ELEMENT_TYPES = C_TYPES | {"bool": "uint8_t"}

# An accumulator's template, and the name under which OpenMP knows it.
CLAUSES = {
    "{0} + {1}": "+",
    "{0} * {1}": "*",
    "{0} & {1}": "&",
    "{0} | {1}": "|",
    "{0} ^ {1}": "^",
    "{0} && {1}": "&&",
    "{0} || {1}": "||",
    "ptl_add({0}, {1})": "+",
    "ptl_mul({0}, {1})": "*",
    "{1} > {0} ? {1} : {0}": "max",
    "{1} < {0} ? {1} : {0}": "min",
}

INDENT = "    "
WIDTH = 100


# -- expressions -----------------------------------------------------------------------------------

# Precedence of what a piece of text is at its outermost; an argument in a place that binds more
# tightly is parenthesised.
ATOM, UNARY, PRODUCT, SUM, LOOSE = 4, 3, 2, 1, 0

_CALL = re.compile(r"^\w+\(.*\)$")
_CAST = re.compile(r"^\(\w+\)")
_BINARY = re.compile(r"^\{0\} ([-+*/]) \{1\}$")
_PLACE = re.compile(r"\{(\d+)\}")
# What stands beside a place of comparisons and choices, which bind less tightly than arithmetic.
_LOOSER_BEFORE, _LOOSER_AFTER = {"", "(", ",", *"?:<>="}, {"", ")", ",", *"?:<>=!"}


def expression(expr: Expr) -> str:
    """Return the C text of an expression.

    Examples
    --------
    >>> x, y = Var("x", "float64"), Var("y", "float64")
    >>> total = Op("{0} + {1}", (x, y), "float64")
    >>> expression(Op("exp({0})", (Op("{0} * {1}", (total, y), "float64"),), "float64"))
    'exp((x + y) * y)'
    """
    return _text(expr)[0]


def _text(expr: Expr) -> tuple[str, int]:
    match expr:
        case Const(value, dtype):
            text = constant(value, dtype)
            return text, (UNARY if text.startswith("-") else ATOM)
        case Var(name, _):
            return name, ATOM
        case Load(buffer, index, _):
            return f"{buffer}[{index}]", ATOM
        case Integer(index, _):
            text = str(index)
            return text, ATOM if text.isidentifier() or text.isdigit() else SUM
        case Cast(arg, dtype):
            return cast(arg, dtype)
        case Op(template, args, _):
            return _apply(template, args)
    raise TypeError(f"not an expression of the loop language: {expr!r}")


def _apply(template: str, args: tuple[Expr, ...]) -> tuple[str, int]:
    texts = [_text(arg) for arg in args]
    binary = _BINARY.match(template)
    if binary:
        own = SUM if binary[1] in "+-" else PRODUCT
        left, right = texts
        first = left[0] if left[1] >= own else f"({left[0]})"
        second = right[0] if right[1] > own else f"({right[0]})"
        return f"{first} {binary[1]} {second}", own

    def place(match: re.Match[str]) -> str:
        text, precedence = texts[int(match[1])]
        before = template[: match.start()].rstrip(" ")[-1:]
        after = template[match.end() :].lstrip(" ")[:1]
        separated = before in ("(", ",") and after in (")", ",")
        compared = before in _LOOSER_BEFORE and after in _LOOSER_AFTER and precedence >= SUM
        return text if precedence == ATOM or separated or compared else f"({text})"

    text = _PLACE.sub(place, template)
    return text, ATOM if _is_one_call(text) else LOOSE


def _is_one_call(text: str) -> bool:
    """Whether `text` is a single call such as ``f(a, g(b))``."""
    if not _CALL.match(text):
        return False
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and character == ")":
            return position == len(text) - 1
    return False


def cast(arg: Expr, dtype: str) -> tuple[str, int]:
    """Return ``(T)arg``, by NumPy's rules where C's differ."""
    text, precedence = _text(arg)
    source = arg.dtype
    if source == dtype:
        return text, precedence
    if dtype == "bool":
        return (f"({text}) != 0" if precedence < ATOM else f"{text} != 0"), LOOSE
    if source.startswith("complex") and not dtype.startswith("complex"):
        text, precedence = f"creal({text})", ATOM
    inner = text if precedence >= UNARY else f"({text})"
    return f"({C_TYPES[dtype]}){inner}", UNARY


def constant(value: complex, dtype: str) -> str:
    """Return a literal that reads back as exactly `value`.

    Examples
    --------
    >>> constant(0.1, "float64"), constant(2, "float32"), constant(float("inf"), "float64")
    ('0.1', '2.0f', 'INFINITY')
    >>> constant(-(2**63), "int64"), constant(True, "bool")
    ('INT64_MIN', 'true')
    """
    if dtype == "bool":
        return "true" if value else "false"
    if dtype.startswith("complex"):
        part = "float32" if dtype == "complex64" else "float64"
        z = complex(value)
        macro = "CMPLXF" if dtype == "complex64" else "CMPLX"
        return f"{macro}({constant(z.real, part)}, {constant(z.imag, part)})"
    if dtype.startswith("float"):
        return _float_literal(float(value.real), dtype)
    return _integer_literal(int(value.real), dtype)


def _integer_literal(number: int, dtype: str) -> str:
    if dtype == "int64" and number in (-(2**63), 2**63 - 1):
        return "INT64_MIN" if number < 0 else "INT64_MAX"
    suffix = "ULL" if dtype == "uint64" and number > 2**31 - 1 else ""
    if not suffix and abs(number) > 2**31 - 1:
        suffix = "LL"
    return f"{number}{suffix}"


def _float_literal(number: float, dtype: str) -> str:
    suffix = "" if dtype == "float64" else "f"
    if math.isnan(number):
        bits = struct.unpack("<Q", struct.pack("<d", number))[0]
        return "NAN" if bits == 0x7FF8000000000000 else f"ptl_from_bits({bits:#x}ULL)"
    if math.isinf(number):
        return "INFINITY" if number > 0 else "-INFINITY"
    text = repr(number)
    if dtype != "float64":
        # The shortest text that reads back as the single-precision value.
        single = _to_single(number)
        if math.isinf(single):
            return "INFINITY" if number > 0 else "-INFINITY"
        for digits in range(1, 18):
            text = f"{single:.{digits}g}"
            if _to_single(float(text)) == single:
                break
    if "." not in text and "e" not in text:
        text += ".0"
    return text + suffix


def _to_single(number: float) -> float:
    try:
        return struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:  # rounded beyond the largest number
        return math.inf


# -- statements ------------------------------------------------------------------------------------


def statements(body: Iterable[Stmt], level: int = 1) -> Iterator[str]:
    """Yield the lines of `body`, indented by `level`."""
    pad = INDENT * level
    for stmt in body:
        match stmt:
            case Let(var, expr, mutable):
                qualifier = "" if mutable else "const "
                value = str(expr) if isinstance(expr, Index) else expression(expr)
                yield f"{pad}{qualifier}{C_TYPES[var.dtype]} {var.name} = {value};"
            case Update(var, template, expr):
                yield pad + _update(var, template, expr)
            case Store(buffer, index, expr):
                yield pad + _store(buffer, index, expr)
            case Loop():
                yield from _loop(stmt, level)
            case If():
                yield from _if(stmt, level)
            case Array(name, dtype, length, Const() as neutral):
                what = f"{C_TYPES[dtype]}, {name}, {length}, {expression(neutral)}"
                yield f"{pad}PTL_LANES({what});"
            case Array(name, dtype, length):
                yield f"{pad}{ELEMENT_TYPES[dtype]} {name}[{length}];"
            case Pointer(name, dtype, text):
                yield f"{pad}{ELEMENT_TYPES[dtype]} *restrict const {name} = {text};"
            case Call(text):
                yield f"{pad}{text};"
            case Fetch(buffer, index):
                yield f"{pad}ptl_fetch(&{buffer}[{index}], 1);"
            case Fail(where, details):
                arguments = ", ".join(str(detail) for detail in details) or "0"
                yield f"{pad}return PTL_FAIL(error, {where}, {arguments});"
            case Comment(text):
                yield f"{pad}/* {comment_text(text)} */"


def _if(stmt: If, level: int, before: str = "") -> Iterator[str]:
    pad = INDENT * level
    yield from wrapped(f"{pad}{before}if ({stmt.condition}) {{")
    yield from statements(stmt.body, level + 1)
    match stmt.otherwise:
        case (If() as other,):
            yield from _if(other, level, "} else ")
            return
        case (_, *_):
            yield f"{pad}}} else {{"
            yield from statements(stmt.otherwise, level + 1)
    yield f"{pad}}}"


def wrapped(line: str) -> Iterator[str]:
    """Yield a line with a long call in it as several, its arguments below each other."""
    indent = " " * (line.rfind("(") + 1)
    while len(line) > WIDTH and (end := line.rfind(", ", len(indent), WIDTH)) > 0:
        yield line[: end + 1]
        line = indent + line[end + 2 :]
    yield line


def _update(var: Var, template: str, expr: Expr) -> str:
    if operator := _shorthand(template, var.dtype):
        return f"{var.name} {operator}= {expression(expr)};"
    return f"{var.name} = {expression(Op(template, (var, expr), var.dtype))};"


def _store(buffer: str, index: Index, expr: Expr) -> str:
    target = f"{buffer}[{index}]"
    own = Load(buffer, index, expr.dtype)
    accumulates = isinstance(expr, Op) and expr.args and expr.args[0] == own
    if accumulates and (operator := _shorthand(expr.template, expr.dtype)):
        return f"{target} {operator}= {expression(expr.args[1])};"
    return f"{target} = {expression(expr)};"


def _shorthand(template: str, dtype: str) -> str | None:
    """Return the operator ``op`` of ``a op= b``; a signed sum that overflows is undefined so."""
    operator = CLAUSES.get(template, "")
    wraps = template.startswith("ptl_") and not dtype.startswith("uint")
    return operator if len(operator) == 1 and not wraps else None


def _loop(loop: Loop, level: int) -> Iterator[str]:
    pad = INDENT * level
    if loop.kind in ("simd", "lanes"):
        yield f"{pad}#pragma omp simd{_clauses(loop)}"
    elif loop.kind == "short":
        yield f"{pad}#pragma GCC unroll {loop.stop}"
    if macro := MACROS.get(loop.kind):
        head = macro.format(loop.var, loop.start, loop.stop, loop.step)
    else:
        step = f"{loop.var}++" if loop.step == 1 else f"{loop.var} += {loop.step}"
        head = f"for (int64_t {loop.var} = {loop.start}; {loop.var} < {loop.stop}; {step})"
    yield f"{pad}{head} {{"
    body = map(_by_multiply_add, loop.body) if loop.kind == "short" else loop.body
    yield from statements(body, level + 1)
    yield f"{pad}}}"


# The heads of loops that go by vectors: variable, first, last and step.
MACROS = {
    "vectors": "PTL_EACH_VECTOR({0}, {1}, {2}, {3})",
    "beside": "PTL_IN_VECTOR({0}, {1}, {3})",
    "left": "PTL_EACH_LEFT_OVER({0}, {1}, {2}, {3})",
    "last": "PTL_EACH_LANE({3})",
    "end": "PTL_PART_OF_VECTOR({0}, {1}, {2}, {3})",
}
ADDITION, MULTIPLICATIONS = "{0} + {1}", {"{0} * {1}": (0, 1), "{0} * {0}": (0, 0)}
MULTIPLY_ADD = "ptl_multiply_add({0}, {1}, {2})"


def _by_multiply_add(step: Stmt) -> Stmt:
    """Add a product of floats, along an axis that is written out, by one operation for two.

    There is one rounding less where the processor has it.  Sums may be taken in another order than
    written anyway; all other arithmetic stays as it is.
    """
    if not isinstance(step, Update) or not isinstance(step.expr, Op):
        return step
    var, product = step.var, step.expr
    is_plain = step.template == ADDITION and var.dtype in ("float32", "float64")
    if not is_plain or product.template not in MULTIPLICATIONS:
        return step
    factors = [product.args[number] for number in MULTIPLICATIONS[product.template]]
    return Update(var, "{1}", Op(MULTIPLY_ADD, (*factors, var), var.dtype))


def _clauses(loop: Loop) -> str:
    accumulators: dict[str, list[str]] = {}
    declared = {stmt.var.name for stmt in walk(loop.body) if isinstance(stmt, Let)}
    for stmt in walk(loop.body):
        if isinstance(stmt, Update) and stmt.var.name not in declared:
            fold = _CAST.sub("", stmt.template)  # narrow integers are cut after each step
            name = CLAUSES.get(fold) or fold.split("(")[0]
            names = accumulators.setdefault(name, [])
            if stmt.var.name not in names:
                names.append(stmt.var.name)
    return "".join(f" reduction({op}:{', '.join(v)})" for op, v in accumulators.items())


# -- kernels ---------------------------------------------------------------------------------------


ASKED = {"error": "ptl_error *error", "host": "ptl_host *host"}


def kernel(kernel: Kernel) -> str:
    """Return the C function of a kernel, its comment above it."""
    parameters = [
        *(parameter(buffer) for buffer in kernel.buffers),
        *(f"const int64_t {name}" for name in kernel.sizes),
        *(ASKED[name] for name in kernel.asks),
    ]
    result = "int32_t" if kernel.asks else "void"
    lines = [*comment_block(kernel.comment)]
    lines += head(f"static {result} {kernel.name}(", parameters)
    lines.append("{")
    lines += statements(kernel.body)
    if kernel.asks:
        lines.append(f"{INDENT}return PTL_OK;")
    lines.append("}")
    return "\n".join(lines) + "\n"


def parameter(buffer: Buffer) -> str:
    """Return the declaration of an array as a parameter."""
    kind = f"{'' if buffer.writable else 'const '}{ELEMENT_TYPES[buffer.dtype]}"
    return f"{kind} *{'restrict ' * buffer.alone}{buffer.name}"


def head(start: str, parameters: list[str]) -> list[str]:
    """Lay out a parameter list, wrapped and aligned where it is long."""
    lines, line = [], start
    for number, parameter in enumerate(parameters):
        piece = parameter + ("," if number + 1 < len(parameters) else ")")
        if len(line) + len(piece) > WIDTH and line.strip() and line != start:
            lines.append(line.rstrip())
            line = " " * len(start)
        line += piece + " "
    if not parameters:
        line += "void)"
    return [*lines, line.rstrip()]


def comment_block(lines: Iterable[str]) -> list[str]:
    """Return `lines` as one C comment."""
    texts = [comment_text(line) for line in lines]
    if not texts:
        return []
    if len(texts) == 1:
        return [f"/* {texts[0]} */"]
    return [f"/* {texts[0]}", *(f" * {text}".rstrip() for text in texts[1:]), " */"]


def comment_text(text: str) -> str:
    """Return `text` so that nothing in it ends the comment or leaves the line."""
    plain = text.encode("ascii", "backslashreplace").decode()
    plain = plain.replace("*/", "* /").replace("/*", "/ *").replace("??/", "? ?/")
    return "".join(c if c.isprintable() else " " for c in plain).rstrip("\\")
