"""Arrays out of nothing: filled, counted, or collected from numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import pytensorlite.scalar as ps
from pytensorlite.configdefaults import config
from pytensorlite.graph.basic import Apply, Constant, Variable
from pytensorlite.graph.null_type import DisconnectedType, disconnected_type, grad_undefined
from pytensorlite.graph.op import Op
from pytensorlite.scalar.dtypes import upcast
from pytensorlite.scalar.op import float_zeros_like
from pytensorlite.tensor.constant_value import entries_of, extract_constant, scalar_constant_of
from pytensorlite.tensor.conversion import as_tensor_variable, constant
from pytensorlite.tensor.shape import (
    as_shape_vector,
    get_vector_length,
    length_constant,
    shape_tuple,
)
from pytensorlite.tensor.type import (
    TensorType,
    continuous_dtypes,
    discrete_dtypes,
    integer_dtypes,
    tensor_type,
    values_eq_approx_always_true,
)
from pytensorlite.tensor.variable import TensorVariable

# -- filled ----------------------------------------------------------------------------------------


def infer_static_shape(shape: Any) -> tuple[list[TensorVariable], tuple[int | None, ...]]:
    """Return lengths as integer variables of rank 0, and as numbers where they are constants.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> infer_static_shape((2, pt.lscalar("n")))[1]
    (2, None)
    """
    is_symbolic = isinstance(shape, TensorVariable) and shape.type.ndim == 1
    if is_symbolic or (isinstance(shape, np.ndarray) and shape.ndim == 1):
        vector = as_shape_vector(shape)
        shape = [vector[i] for i in range(get_vector_length(vector))]
    elif not isinstance(shape, Sequence):
        shape = [shape]
    lengths = []
    for length in shape:
        variable = as_tensor_variable(length, ndim=0)
        if variable.type.dtype not in integer_dtypes:
            raise TypeError(
                f"Lengths must be integers, got {length!r} of dtype {variable.type.dtype}."
            )
        lengths.append(variable)
    numbers = [extract_constant(length) for length in lengths]
    static = tuple(None if isinstance(number, Variable) else int(number) for number in numbers)
    for number in static:
        if number is not None and number < 0:
            raise ValueError(f"Lengths cannot be negative, got {static}.")
    return lengths, static


def cast_length(length: Any) -> Any:
    """Return a length as int64, which is what shape graphs are made of."""
    return length.astype("int64")


class Alloc(Op):
    """Repeat a value into an array of a shape given at run time.

    The first input is the value, the others are the lengths.
    """

    __props__ = ()

    def make_node(self, value: Any, *shape: Any) -> Apply:
        v = as_tensor_variable(value)
        lengths, static = infer_static_shape(shape)
        missing = len(lengths) - v.type.ndim
        if missing < 0:
            raise TypeError(
                f"The value {v} has more dimensions ({v.type.ndim}) than the shape asked for "
                f"({len(lengths)})."
            )
        combined = list(static)
        for axis, mine in enumerate(v.type.shape, start=missing):
            if mine in (1, None):
                continue
            if static[axis] is None:
                combined[axis] = mine
            elif static[axis] != mine:
                raise ValueError(
                    f"Alloc: the value {v} of type {v.type} cannot be repeated into the shape "
                    f"{static}: "
                    f"its length {mine} does not fit dimension {axis}."
                )
        return Apply(self, [v, *lengths], [tensor_type(v.type.dtype, tuple(combined))()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        static = node.outputs[0].type.shape
        return [
            tuple(
                cast_length(length) if known is None else length_constant(known)
                for known, length in zip(static, node.inputs[1:], strict=True)
            )
        ]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        value, *lengths = inputs
        shape = tuple(int(length) for length in lengths)
        missing = len(shape) - value.ndim
        for axis, mine in enumerate(value.shape):
            repeats = node.inputs[0].type.shape[axis] == 1
            if mine != shape[axis + missing] and not repeats:
                why = "Runtime broadcasting not allowed. " if mine == 1 else ""
                raise ValueError(
                    f"{why}Alloc cannot repeat a value of shape {value.shape} into {shape}: "
                    f"dimension {axis} of {node.inputs[0]} is not known to have length 1."
                )
        result = np.empty(shape, dtype=value.dtype)
        result[...] = value
        output_storage[0][0] = result

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        value, *lengths = inputs
        (g,) = cotangents
        rest = [disconnected_type() for _ in lengths]
        if isinstance(g.type, DisconnectedType):
            return [g, *rest]
        if value.type.dtype in discrete_dtypes:
            return [float_zeros_like(value), *rest]
        missing = len(lengths) - value.type.ndim
        repeated = [
            axis
            for axis, mine in enumerate(value.type.shape)
            if mine == 1 and outputs[0].type.shape[axis + missing] != 1
        ]
        if missing:
            g = g.sum(axis=tuple(range(missing)))
        if repeated:
            g = g.sum(axis=repeated, keepdims=True)
        return [g, *rest]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        t = tangents[0]
        return [t if isinstance(t.type, DisconnectedType) else self(t, *inputs[1:])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], *([False] for _ in node.inputs[1:])]

    def do_constant_folding(self, fgraph: Any, node: Apply) -> bool:
        # A large constant costs more memory than the loop that would fill it.
        return False


class AllocEmpty(Op):
    """An array of a shape given at run time, its elements not set.

    Parameters
    ----------
    dtype : str
        The dtype of the array.
    """

    __props__ = ("dtype",)

    def __init__(self, dtype: Any):
        self.dtype = TensorType(dtype, ()).dtype

    def make_node(self, *shape: Any) -> Apply:
        lengths, static = infer_static_shape(shape)
        output = tensor_type(self.dtype, static)()
        # No two runs need to agree on elements that nobody has set.
        vars(output.tag).update(
            values_eq_approx=values_eq_approx_always_true, nan_guard_mode_check=False
        )
        return Apply(self, lengths, [output])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        return [tuple(map(cast_length, node.inputs))]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = np.empty(tuple(int(length) for length in inputs), dtype=self.dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [disconnected_type() for _ in inputs]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [disconnected_type()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[False] for _ in node.inputs]

    def do_constant_folding(self, fgraph: Any, node: Apply) -> bool:
        return False


alloc = Alloc()


@scalar_constant_of.register(Alloc)
def _(op: Alloc, node: Apply, variable: Any, recur: Any) -> Any:
    return recur(node.inputs[0])


@entries_of.register(Alloc)
def _(op: Alloc, node: Apply, variable: Any, recur: Any) -> Any:
    length = variable.type.shape[0]
    if length is None:
        raise ValueError(f"Length of {variable} cannot be determined")
    return [extract_constant(node.inputs[0]) if node.inputs[0].type.ndim == 0 else None] * length


def empty(shape: Any, dtype: Any = None) -> TensorVariable:
    """Return an array whose elements are not set.

    Examples
    --------
    >>> empty((2, 3)).type
    TensorType(float64, shape=(2, 3))
    """
    lengths, _ = infer_static_shape(shape)
    return AllocEmpty(config.floatX if dtype is None else dtype)(*lengths)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> TensorVariable:
    """Return an array filled with a value.

    Examples
    --------
    >>> full((2,), 1.5, dtype="float32").type
    TensorType(float32, shape=(2,))
    """
    value = as_tensor_variable(fill_value)
    if dtype is not None:
        value = value.astype(dtype)
    lengths, _ = infer_static_shape(shape)
    return alloc(value, *lengths)


def zeros(shape: Any, dtype: Any = None) -> TensorVariable:
    """Return an array of zeros, of ``config.floatX`` unless told otherwise.

    Examples
    --------
    >>> zeros((2, 3)).type
    TensorType(float64, shape=(2, 3))
    """
    return full(shape, constant(0, dtype="floatX" if dtype is None else dtype))


def ones(shape: Any, dtype: Any = None) -> TensorVariable:
    """Return an array of ones, of ``config.floatX`` unless told otherwise.

    Examples
    --------
    >>> ones(3, dtype="int64").type
    TensorType(int64, shape=(3,))
    """
    return full(shape, constant(1, dtype="floatX" if dtype is None else dtype))


def empty_like(prototype: Any, dtype: Any = None) -> TensorVariable:
    """Return an array of the shape of another, its elements not set."""
    prototype = as_tensor_variable(prototype)
    return AllocEmpty(prototype.type.dtype if dtype is None else dtype)(*shape_tuple(prototype))


def full_like(a: Any, fill_value: Any, dtype: Any = None) -> TensorVariable:
    """Return an array of the shape of another, filled with a value.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> full_like(pt.dvector("v"), 2, dtype="int64").type
    TensorType(int64, shape=(None,))
    """
    value = as_tensor_variable(fill_value)
    if dtype is not None:
        value = value.astype(dtype)
    return ps.second(as_tensor_variable(a), value)


def zeros_like(model: Any, dtype: Any = None, opt: bool = False) -> TensorVariable:
    """Return zeros of the shape, and unless told otherwise the dtype, of another array.

    ``opt=True`` returns the array itself if it is already that.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> zeros_like(pt.fvector("v")).type
    TensorType(float32, shape=(None,))
    """
    return _number_like(model, 0, dtype, opt)


def ones_like(model: Any, dtype: Any = None, opt: bool = False) -> TensorVariable:
    """Return ones of the shape, and unless told otherwise the dtype, of another array.

    ``opt=True`` returns the array itself if it is already that.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> ones_like(pt.fvector("v")).type
    TensorType(float32, shape=(None,))
    """
    return _number_like(model, 1, dtype, opt)


def _number_like(model: Any, number: int, dtype: Any, opt: bool) -> Any:
    model = as_tensor_variable(model)
    value = constant(number, dtype=model.type.dtype if dtype is None else dtype)
    if (
        opt
        and value.type.dtype == model.type.dtype
        and isinstance(model, Constant)
        and (model.data == number).all()
    ):
        return model
    return ps.second(model, value)


# -- counted ---------------------------------------------------------------------------------------


class Eye(Op):
    """A matrix with ones on one diagonal and zeros elsewhere.

    The inputs are the numbers of rows and columns, and the diagonal.
    """

    __props__ = ("dtype",)

    def __init__(self, dtype: Any = None):
        self.dtype = TensorType("floatX" if dtype is None else dtype, ()).dtype

    def make_node(self, n: Any, m: Any, k: Any) -> Apply:
        lengths, static = infer_static_shape([n, m])
        diagonal = as_tensor_variable(k, ndim=0)
        if diagonal.type.dtype not in integer_dtypes:
            raise TypeError(f"The diagonal must be an integer, got {k}.")
        return Apply(self, [*lengths, diagonal], [tensor_type(self.dtype, static)()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        return [tuple(map(cast_length, node.inputs[:2]))]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        n, m, k = (int(number) for number in inputs)
        output_storage[0][0] = np.eye(n, m, k, dtype=self.dtype)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        return [grad_undefined(self, i, x) for i, x in enumerate(inputs)]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        return [disconnected_type()]


class UnitVectors(Eye):
    """An identity matrix whose rows are directions to differentiate along.

    Its zeros say that nothing moves in that direction: they are no factors, and no NaN comes of one
    that meets an infinity.  So what is summed over its columns may be written without the sum.
    """


def eye(n: Any, m: Any = None, k: Any = 0, dtype: Any = None) -> TensorVariable:
    """Return a matrix with ones on a diagonal and zeros elsewhere.

    Parameters
    ----------
    n, m : int or variable
        Rows and columns; as many columns as rows unless given.
    k : int or variable
        Which diagonal: 0 the main one, positive above, negative below it.
    dtype : str, optional
        ``config.floatX`` unless given.

    Examples
    --------
    >>> eye(3).type
    TensorType(float64, shape=(3, 3))
    """
    return Eye(dtype)(n, n if m is None else m, k)


def identity_like(x: Any, dtype: Any = None) -> TensorVariable:
    """Return the identity matrix of the shape of a matrix.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> identity_like(pt.fmatrix("x")).type
    TensorType(float32, shape=(None, None))
    """
    x = as_tensor_variable(x)
    n, m = shape_tuple(x)
    return eye(n, m, dtype=x.type.dtype if dtype is None else dtype)


class ARange(Op):
    """Evenly spaced numbers in a half-open interval: start, stop and step are the inputs."""

    __props__ = ("dtype",)

    def __init__(self, dtype: Any):
        self.dtype = TensorType(dtype, ()).dtype

    def make_node(self, start: Any, stop: Any, step: Any) -> Apply:
        inputs = [as_tensor_variable(x, ndim=0) for x in (start, stop, step)]
        numbers = [extract_constant(x) for x in inputs]
        length = None
        if not any(isinstance(number, Variable) for number in numbers):
            length = len(_arange(numbers, self.dtype))
        return Apply(self, inputs, [tensor_type(self.dtype, (length,))()])

    def infer_shape(self, fgraph: Any, node: Apply, input_shapes: Any) -> list[tuple]:
        start, stop, step = map(as_tensor_variable, node.inputs)
        known = node.outputs[0].type.shape[0]
        if known is not None:
            return [(length_constant(known),)]
        if all(x.type.dtype in discrete_dtypes for x in node.inputs):
            start, stop, step = (x.astype("int64") for x in (start, stop, step))
            # ceil((stop - start) / step) in integers, which floats could miss by one.
            return [(ps.maximum(0, -((start - stop) // step)),)]
        start, stop, step = (x.astype("float64") for x in (start, stop, step))
        return [(ps.maximum(0, ps.ceil((stop - start) / step).astype("int64")),)]

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = _arange(inputs, self.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [False], [True]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        start, _, step = inputs
        (g,) = cotangents
        if isinstance(g.type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        if self.dtype in discrete_dtypes:
            return [float_zeros_like(start), disconnected_type(), float_zeros_like(step)]
        steps = arange(shape_tuple(outputs[0])[0], dtype=self.dtype)
        return [g.sum(), disconnected_type(), (g * steps).sum()]

    def pushforward(self, inputs: Any, outputs: Any, tangents: Any) -> list[Variable]:
        start, _, step = tangents
        if self.dtype in discrete_dtypes:
            return [disconnected_type()]
        terms = []
        if not isinstance(start.type, DisconnectedType):
            terms.append(outputs[0].fill(start))
        if not isinstance(step.type, DisconnectedType):
            terms.append(step * arange(shape_tuple(outputs[0])[0], dtype=self.dtype))
        return [ps.add(*terms) if terms else disconnected_type()]


def _arange(numbers: Sequence[Any], dtype: str) -> np.ndarray:
    # Python's numbers: small integers do not wrap, and the length is found in full precision.
    start, stop, step = (np.asarray(number).item() for number in numbers)
    if step == 0:
        raise ValueError("The step of arange cannot be zero.")
    return np.arange(start, stop, step).astype(dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> TensorVariable:
    """Return the numbers from ``start`` on, ``step`` apart, that lie before ``stop``.

    Parameters
    ----------
    start, stop, step : number or variable of rank 0
        With one number given, it is ``stop`` and the count begins at 0.
    dtype : str, optional
        Otherwise 64-bit integers for integers, and the float that holds all three for others.

    Examples
    --------
    >>> arange(5).type
    TensorType(int64, shape=(5,))
    """
    if stop is None:
        start, stop = 0, start
    inputs = [as_tensor_variable(x, ndim=0) for x in (start, stop, step)]
    if dtype is None:
        dtype = upcast(*(x.type.dtype for x in inputs))
        if dtype in discrete_dtypes:
            dtype = "uint64" if dtype.startswith("uint") else "int64"
        elif dtype in continuous_dtypes and dtype != "float64" and config.cast_policy == "custom":
            # Numbers like 0.5 are float32 only because they are short; arrays are of floatX.
            numbers_only = all(isinstance(x, Constant) for x in inputs)
            dtype = upcast(dtype, config.floatX) if numbers_only else dtype
    return ARange(dtype)(*inputs)
