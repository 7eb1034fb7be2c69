"""`ScalarOp`, one row of the op table, and `op`, which declares it.

A row says everything about an elementwise operation: its NumPy implementation, its C expression,
its dtype rule and its derivative. The derivative is written once with operators, and called on
scalars it builds a scalar graph, on tensors a tensor graph: ``ScalarOp.__call__`` looks at its
arguments' types and lets `lift` decide what is built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce, singledispatch
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type, grad_not_implemented
from pytensorlite.graph.op import Op
from pytensorlite.scalar.chosen import Choice
from pytensorlite.scalar.dtypes import kind, real_part_dtype, upcast
from pytensorlite.scalar.rules import DtypeRule, upcast_out
from pytensorlite.scalar.table import ROWS
from pytensorlite.scalar.type import (
    ScalarVariable,
    as_scalar,
    constant,
    get_scalar_type,
    is_discrete,
)

#: In the list that a derivative rule returns: this derivative exists but nobody has written it.
UNDEFINED = object()


@singledispatch
def lift(type: Any, scalar_op: ScalarOp, *inputs: Any, **kwargs: Any) -> Any:
    """Apply `scalar_op` to `inputs`, of which the first that is no scalar has this `type`.

    Floors above register what they build: tensors an ``Elemwise``, wildcards a pattern.
    """
    raise TypeError(f"expected numbers or scalar variables for {scalar_op}, got a {type}")


class ScalarOp(Op):
    """An operation on numbers: a row of the op table, or a user's subclass with `impl`.

    Attributes
    ----------
    name : str
        Key of the row.
    numpy : callable
        The operation on arrays that have been cast to `compute_types`.
    c : str or None
        C template for real floats, ``{0}``, ``{1}`` standing for the operands; see `c_for`.
    dtype_rule : DtypeRule
        Input dtypes → output dtype.
    derivative : callable or None
        ``(g, y, *xs)`` → one term per input; None in the list is a zero, None as a whole makes all
        of them zero.
    computes_in : str
        What the inputs are cast to: the ``"output"`` dtype, in all inputs or in the ``"branches"``
        (all but the first), the ``"first"`` or the ``"last"`` only, float16 by way of float32
        unless ``"exactly"``; the output's real ``"parts"``; what holds the ``"inputs"``; or they
        stay ``"as_is"``.
    commutative, associative, identity
        Algebraic facts; ``identity`` is the neutral element or None.
    cost : float
        Nanoseconds an element takes in a vectorised loop, roughly.
    vectorises : bool
        Whether the template compiles to vector instructions.
    """

    nin: int = -1
    nout = 1
    default_output = None

    name: str | None = None
    label: str | None = None
    c: str | None = None
    c_by_kind: ClassVar[dict[str, str | None]] = {}
    dtype_rule: Any = upcast_out
    derivative: Callable[..., list] | None = None
    push: Callable[..., Any] | None = None
    computes_in: str = "output"
    commutative = False
    associative = False
    identity: Any = None
    connected: tuple[bool, ...] | None = None
    holomorphic = True
    cost = 1.0
    vectorises = True

    def __init__(self, output_types_preference: Any = None, name: str | None = None) -> None:
        if output_types_preference is not None:
            self.dtype_rule = output_types_preference
        if name is not None:
            self.name = self.label = name

    @property
    def output_types_preference(self) -> Any:
        """The dtype rule, by PyTensor's name."""
        return self.dtype_rule

    # -- building ------------------------------------------------------------------------------

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        for x in inputs:
            if not isinstance(x, ScalarVariable) and hasattr(x, "type"):
                return lift(x.type, self, *inputs, **kwargs)
        return super().__call__(*inputs, **kwargs)

    def make_node(self, *inputs: Any) -> Apply:
        """Check the number of inputs and apply the dtype rule."""
        if self.nin >= 0 and len(inputs) != self.nin:
            raise TypeError(f"{self} expected {self.nin} inputs, got {len(inputs)}: {inputs}")
        scalars = [as_scalar(x) for x in inputs]
        types = self.output_types([x.type for x in scalars])
        return Apply(self, scalars, [type.make_variable() for type in types])

    def output_types(self, types: Sequence[Any]) -> Sequence[Any]:
        """Return the output's type as a sequence of one, from the inputs' scalar types."""
        try:
            return self.dtype_rule(*types)
        except TypeError as error:
            raise TypeError(f"{self}: {error}") from error

    def output_dtype(self, *dtypes: str) -> str:
        """Return the output's dtype from the inputs' dtypes."""
        return self.output_types([get_scalar_type(dtype) for dtype in dtypes])[0].dtype

    # -- computing -----------------------------------------------------------------------------

    def compute_type(self, input_dtypes: Sequence[str], output_dtype: str) -> str:
        """Return the dtype in which the op computes, once for all inputs (see `compute_types`)."""
        if self.computes_in == "inputs":
            dtype = upcast(*input_dtypes)
        elif self.computes_in == "parts":
            dtype = real_part_dtype(output_dtype)
        else:
            dtype = output_dtype
        # NumPy too computes float16 in float32 and rounds once at the end.
        return "float32" if dtype == "float16" and self.computes_in != "exactly" else dtype

    def compute_types(self, input_dtypes: Sequence[str], output_dtype: str) -> tuple[str, ...]:
        """Return the dtype to which each input is cast before `numpy` or the C template sees it."""
        if self.computes_in == "as_is":
            return tuple(input_dtypes)
        if set(input_dtypes) == {"int64", "uint64"} and self.computes_in == "inputs":
            # No dtype holds both, and float64 would round: the mixed template compares exactly.
            return tuple(input_dtypes)
        dtype = self.compute_type(input_dtypes, output_dtype)
        if self.computes_in == "branches":
            return (input_dtypes[0], *(dtype,) * (len(input_dtypes) - 1))
        if self.computes_in == "first":
            return (dtype, *input_dtypes[1:])
        if self.computes_in == "last":
            return (*input_dtypes[:-1], dtype)
        return (dtype,) * len(input_dtypes)

    def c_for(self, input_dtypes: Sequence[str], output_dtype: str | None = None) -> str | None:
        """Return the C template for inputs of these dtypes, or None if only NumPy can do it.

        The operands must have been cast to `compute_types`, and the result is to be cast to the
        output dtype: C computes small integers in ``int``.

        >>> from pytensorlite.scalar.basic import add
        >>> add.c_for(["float64", "float32"]), add.c_for(["int32", "int32"])
        ('{0} + {1}', 'ptl_add({0}, {1})')
        """
        output_dtype = output_dtype or self.output_dtype(*input_dtypes)
        types = self.compute_types(input_dtypes, output_dtype)
        if self.computes_in == "inputs" and len(set(types)) > 1:
            return self.c_by_kind.get("mixed", self.c)
        if "float16" in types:
            return self.c_by_kind.get("half", self.c)
        dtype = types[0 if self.computes_in == "first" else -1]
        return _cut_to_width(self.c_by_kind.get(kind(dtype), self.c), dtype)

    def numpy(self, *arrays: Any) -> Any:
        """Apply `impl` to each element: what a subclass without array code gets."""
        return np.vectorize(self.impl, otypes=[object])(*arrays)

    def impl(self, *inputs: Any) -> Any:
        """Return the result for plain numbers."""
        return self.numpy(*inputs)

    def evaluate(self, *values: Any) -> np.ndarray:
        """Apply the op to arrays or numbers by NumPy, with the dtypes that the table promises.

        >>> from pytensorlite.scalar.basic import exp
        >>> exp.evaluate(np.int8([0, 1])).dtype
        dtype('float32')
        """
        arrays = [np.asarray(value) for value in values]
        input_dtypes = [str(array.dtype) for array in arrays]
        output_dtype = self.output_dtype(*input_dtypes)
        types = self.compute_types(input_dtypes, output_dtype)
        arrays = [array.astype(type, copy=False) for array, type in zip(arrays, types, strict=True)]
        with np.errstate(all="ignore"):
            return np.asarray(self.numpy(*arrays)).astype(output_dtype, copy=False)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list) -> None:
        """Compute by NumPy."""
        output_storage[0][0] = self.evaluate(*inputs)[()]

    # -- differentiating -----------------------------------------------------------------------

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Return, for each input, whether the output depends on its value."""
        connected = self.connected or (True,) * len(node.inputs)
        return [[flag] for flag in connected]

    def pullback(self, inputs: Sequence, outputs: Sequence, cotangents: Sequence) -> list:
        """Apply the derivative rule; inputs may be scalars, tensors, anything that `lift` knows.

        Terms have the shape that the operands' broadcasting gives: summing them back to the inputs'
        shapes is up to the caller.
        """
        if self.derivative is None and (self._defines("L_op") or self._defines("grad")):
            return super().pullback(inputs, outputs, cotangents)
        (g,) = cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        connected = self.connected or (True,) * len(inputs)
        choice = Choice(g)
        terms = self._terms(choice.g, outputs[0], inputs)
        if choice.condition is not None:
            terms = [t if t is None or t is UNDEFINED else choice.again(t) for t in terms]
        return [
            self._gradient(position, x, term) if is_connected else disconnected_type()
            for position, (x, term, is_connected) in enumerate(
                zip(inputs, terms, connected, strict=True)
            )
        ]

    def _terms(self, g: Any, y: Any, inputs: Sequence) -> Sequence:
        """Return one derivative term per input, None for zero, in the convention for complex g.

        A cotangent of a complex number is ∂cost/∂re + i ∂cost/∂im, so for a holomorphic f the term
        is g * conj(f'), which is conj(rule(conj(g))) because rules are linear in g.
        """
        if self.derivative is None or is_discrete(y):
            return [None] * len(inputs)
        if kind(y.type.dtype) != "c" or not self.holomorphic:
            return self.derivative(g, y, *inputs)
        conj, real = ROWS["conj"], ROWS["real"]
        terms = self.derivative(conj(g), y, *inputs)
        return [
            term
            if term is None or term is UNDEFINED
            else (conj(term) if kind(x.type.dtype) == "c" else real(term))
            for x, term in zip(inputs, terms, strict=True)
        ]

    def _gradient(self, position: int, x: Any, term: Any) -> Any:
        if term is UNDEFINED:
            return grad_not_implemented(self, position, x)
        return float_zeros_like(x) if term is None else term

    def pushforward(self, inputs: Sequence, outputs: Sequence, tangents: Sequence) -> list:
        """Return Σ ∂y/∂xᵢ tᵢ, the partial derivatives read off the derivative rule at g = 1."""
        (y,) = outputs
        active = [not isinstance(t.type, DisconnectedType) for t in tangents]
        connected = self.connected or (True,) * len(inputs)
        active = [both[0] and both[1] for both in zip(active, connected, strict=True)]
        if not any(active):
            return [disconnected_type()]
        if self.derivative is None or is_discrete(y):
            return [float_zeros_like(y)]
        if self.push is not None:
            tangents = [
                t if flag else float_zeros_like(x)
                for x, t, flag in zip(inputs, tangents, active, strict=True)
            ]
            return [self.push(tangents, y, *inputs)]
        partials = self.derivative(ones_like(y), y, *inputs)
        terms = []
        for position, (x, partial, t) in enumerate(zip(inputs, partials, tangents, strict=True)):
            if partial is UNDEFINED and active[position]:
                return [grad_not_implemented(self, position, x)]
            if partial is not None and active[position]:
                terms.append(partial * t)
        return [reduce(ROWS["add"], terms) if terms else float_zeros_like(y)]

    # -- identity ------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return self is other or (
            type(self) is type(other)
            and self.name == other.name  # type: ignore[attr-defined]
            and self.dtype_rule == other.dtype_rule  # type: ignore[attr-defined]
        )

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.name))

    def __str__(self) -> str:
        return self.label or self.name or type(self).__name__

    def __repr__(self) -> str:
        return str(self)

    def __reduce__(self) -> Any:
        if self.name is not None and ROWS.get(self.name) is self:
            return get_row, (self.name,)
        return super().__reduce__()

    def __copy__(self) -> ScalarOp:
        return self

    def __deepcopy__(self, memo: dict) -> ScalarOp:
        return self


class UnaryScalarOp(ScalarOp):
    """An op on one number."""

    nin = 1


class BinaryScalarOp(ScalarOp):
    """An op on two numbers."""

    nin = 2


class LogicalComparison(BinaryScalarOp):
    """A comparison of two numbers."""


class FixedLogicalComparison(UnaryScalarOp):
    """A question about one number."""


class UnaryBitOp(UnaryScalarOp):
    """An op on the bits of one number."""


class BinaryBitOp(BinaryScalarOp):
    """An op on the bits of two numbers."""


def get_row(name: str) -> ScalarOp:
    """Return the op of the table called `name`: how ops come back from a pickle."""
    return ROWS[name]


def _cut_to_width(template: str | None, dtype: str) -> str | None:
    """Read the ``@`` before integer functions: C computes narrow integers in 32 bits or more."""
    if template is None or "@" not in template:
        return template
    narrow = np.dtype(dtype).itemsize < 4
    return template.replace("@", f"({dtype}_t)" if narrow else "")


_BASES = {1: UnaryScalarOp, 2: BinaryScalarOp}


def op(
    name: str,
    numpy: Callable[..., Any],
    c: str | None,
    dtype_rule: Any,
    derivative: Callable[..., list] | None = None,
    *,
    nin: int | None = None,
    base: type[ScalarOp] | None = None,
    class_name: str | None = None,
    kinds: dict[str, str | None] | None = None,
    doc: str | None = None,
    **facts: Any,
) -> Any:
    """Declare a row of the op table and return its op.

    Parameters
    ----------
    name : str
        The op's name in Python.
    numpy : callable
        Its implementation on arrays; a ufunc tells the number of inputs.
    c : str or None
        Its C expression on real floats, written for ``ptl_libm.h`` and ``ptl_math.h``.
    dtype_rule : DtypeRule
        Which dtype comes out.
    derivative : callable or None
        ``lambda g, y, x: [g * ...]``; None if the derivative is zero everywhere.
    nin : int, optional
        Number of inputs if `numpy` does not tell; -1 for any number, folded from the left.
    base, class_name : type, str
        The op's class: what it derives from and is called (CamelCase of `name` by default).
    kinds : dict
        Templates for other kinds of dtype (``b i u f c``, several letters to a key), ``half`` for
        float16 kept as it is, ``mixed`` for int64 beside uint64; None where there is none. An
        ``@`` becomes a cast where C would compute in a wider integer.
    doc : str, optional
        One sentence on what the op computes.
    **facts
        Other attributes of `ScalarOp`.
    """
    nin = numpy.nin if nin is None else nin  # type: ignore[attr-defined]
    implementation = _folding(numpy) if nin == -1 else numpy
    by_kind = {
        letter: template
        for letters, template in (kinds or {}).items()
        for letter in ([letters] if letters in ("mixed", "half") else letters)
    }
    attributes: dict[str, Any] = {
        "__doc__": doc or f"The op `{name}` of the table.",
        "nin": nin,
        "name": name,
        "c": c,
        "c_by_kind": by_kind,
        "numpy": staticmethod(implementation),
        "dtype_rule": dtype_rule,
        "derivative": None if derivative is None else staticmethod(derivative),
    }
    facts.setdefault("vectorises", c is not None)
    if "push" in facts:
        facts["push"] = staticmethod(facts["push"])
    class_name = class_name or "".join(part.capitalize() for part in name.split("_"))
    metaclass: Any = type(ScalarOp)
    row_class = metaclass(class_name, (base or _BASES.get(nin, ScalarOp),), {**attributes, **facts})
    row_class.__module__ = __name__
    if name in ROWS:
        raise ValueError(f"the op table has two rows called {name}")
    ROWS[name] = row_class()
    return ROWS[name]


def _folding(binary: Callable[..., Any]) -> Callable[..., Any]:
    """Return `binary` extended to any number of operands, from the left."""

    def fold(*arrays: Any) -> Any:
        return reduce(binary, arrays)

    return fold


def lazily(module: str, function: str) -> Callable[..., Any]:
    """Return a function that imports its implementation when it is first called.

    SciPy costs more to import than everything else together, and most programs never ask for it.
    """

    implementation: Callable[..., Any] | None = None

    def call(*arrays: Any) -> Any:
        nonlocal implementation
        if implementation is None:
            implementation = getattr(import_module(module), function)
        return implementation(*arrays)

    call.__name__ = function
    return call


# -- what derivative rules are written with --------------------------------------------------------


def like(x: Any, value: float) -> Any:
    """Return the number `value` in the dtype of `x`, so that it widens nothing.

    >>> like(get_scalar_type("float32")("x"), 0.1).dtype
    'float32'
    """
    return constant(value, dtype=x.type.dtype)


def zeros_like(x: Any) -> Any:
    """Return a zero for each element of `x`."""
    return ROWS["second"](x, constant(0, dtype=x.type.dtype))


def ones_like(x: Any) -> Any:
    """Return a one for each element of `x`."""
    return ROWS["second"](x, constant(1, dtype=x.type.dtype))


def float_zeros_like(x: Any) -> Any:
    """Return a zero gradient for `x`: a float even where `x` is discrete."""
    dtype = config.floatX if is_discrete(x) else x.type.dtype
    return ROWS["second"](x, constant(0, dtype=dtype))


__all__ = [
    "UNDEFINED",
    "BinaryBitOp",
    "BinaryScalarOp",
    "DtypeRule",
    "FixedLogicalComparison",
    "LogicalComparison",
    "ScalarOp",
    "UnaryBitOp",
    "UnaryScalarOp",
    "Variable",
    "lazily",
    "lift",
    "like",
    "ones_like",
    "op",
]
