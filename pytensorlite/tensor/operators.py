"""NumPy's operators and methods, as a class that symbolic arrays inherit.

Every operator and method is a name for a function of `pytensorlite.tensor`; nothing is computed
here. That is why this file, low as it stands, may name the whole tensor namespace: it looks the
functions up when a method is called, never while it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

import pytensorlite.tensor as pt
from pytensorlite.graph.op import get_test_value


def _unary(name: str) -> Callable[[Any], Any]:
    """Return the operator or method that calls ``pt.<name>`` on the variable alone."""

    def method(self: Any) -> Any:
        return getattr(pt, name)(self)

    method.__name__ = name
    method.__doc__ = f"Return ``pt.{name}`` of this variable."
    return method


def _binary(name: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    """Return the operator that calls ``pt.<name>`` on the variable and another operand.

    What cannot be an array is handed back to Python, which asks the other operand or raises its
    usual TypeError.
    """

    def operator(self: Any, other: Any) -> Any:
        if not isinstance(other, _tensor_py_operators):
            try:
                other = pt.as_tensor_variable(other)
            except (TypeError, NotImplementedError):
                return NotImplemented
        operands = (other, self) if reflected else (self, other)
        return getattr(pt, name)(*operands)

    operator.__name__ = name
    operator.__doc__ = f"Return ``pt.{name}`` of this variable and another."
    return operator


# NumPy's names where ours are others.
_NUMPY_NAMES = {
    "absolute": "abs",
    "divide": "true_div",
    "floor_divide": "floor_div",
    "multiply": "mul",
    "negative": "neg",
    "remainder": "mod",
    "subtract": "sub",
}


class _tensor_py_operators:
    """What a symbolic array can do: mixed into every variable whose type is a `TensorType`."""

    # NumPy arrays leave ``array + variable`` to the variable.
    __array_priority__ = 1000

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Let NumPy's functions of variables be ours: ``np.exp(x)`` is ``pt.exp(x)``."""
        name = _NUMPY_NAMES.get(ufunc.__name__, ufunc.__name__)
        if method != "__call__" or kwargs or not hasattr(pt, name):
            return NotImplemented
        try:
            return getattr(pt, name)(*map(pt.as_tensor_variable, inputs))
        except NotImplementedError:
            return NotImplemented

    type: Any

    # -- operators ---------------------------------------------------------------------------------

    __abs__ = _unary("abs")
    __neg__ = _unary("neg")
    __invert__ = _unary("invert")
    __ceil__ = _unary("ceil")
    __floor__ = _unary("floor")
    __trunc__ = _unary("trunc")

    __add__, __radd__ = _binary("add"), _binary("add", reflected=True)
    __sub__, __rsub__ = _binary("sub"), _binary("sub", reflected=True)
    __mul__, __rmul__ = _binary("mul"), _binary("mul", reflected=True)
    __truediv__, __rtruediv__ = _binary("true_div"), _binary("true_div", reflected=True)
    __floordiv__, __rfloordiv__ = _binary("floor_div"), _binary("floor_div", reflected=True)
    __mod__, __rmod__ = _binary("mod"), _binary("mod", reflected=True)
    __divmod__, __rdivmod__ = _binary("divmod"), _binary("divmod", reflected=True)
    __pow__, __rpow__ = _binary("pow"), _binary("pow", reflected=True)
    __and__, __rand__ = _binary("and_"), _binary("and_", reflected=True)
    __or__, __ror__ = _binary("or_"), _binary("or_", reflected=True)
    __xor__, __rxor__ = _binary("xor"), _binary("xor", reflected=True)
    __matmul__, __rmatmul__ = _binary("matmul"), _binary("matmul", reflected=True)
    __dot__, __rdot__ = _binary("dense_dot"), _binary("dense_dot", reflected=True)

    # ``==`` and ``!=`` compare identity, so that variables can be found in lists and dicts;
    # `pt.eq` and `pt.neq` compare values.
    __lt__ = _binary("lt")
    __le__ = _binary("le")
    __gt__ = _binary("gt")
    __ge__ = _binary("ge")

    def __round__(self, ndigits: int | None = None) -> Any:
        if ndigits:
            raise NotImplementedError(
                "round to a number of digits is not supported; scale, round and scale back."
            )
        return pt.round(self)

    # -- what a symbolic array cannot do -----------------------------------------------------------

    def __bool__(self) -> NoReturn:
        raise _no_python_value(
            self, "boolean", "bool", "Comparisons are symbolic: choose with `pt.switch`."
        )

    def __int__(self) -> NoReturn:
        raise _no_python_value(self, "integer", "int")

    def __index__(self) -> NoReturn:
        raise _no_python_value(self, "integer", "int")

    def __float__(self) -> NoReturn:
        raise _no_python_value(self, "float", "float")

    def __complex__(self) -> NoReturn:
        raise _no_python_value(self, "complex number", "complex")

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise TypeError(
            "Variables never change, so x[...] = y is not possible. "
            "`y = x[...].set(value)` and `x[...].inc(value)` return the changed array."
        )

    # -- shape -------------------------------------------------------------------------------------

    @property
    def shape(self) -> Any:
        """The symbolic lengths, an int64 vector."""
        return pt.shape(self)

    @property
    def size(self) -> Any:
        """The symbolic number of elements."""
        if self.ndim == 1:
            return self.shape[0]
        return pt.prod(self.shape, dtype="int64")

    @property
    def ndim(self) -> int:
        """The rank."""
        return self.type.ndim

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """Which dimensions have the static length 1."""
        return self.type.broadcastable

    @property
    def dtype(self) -> str:
        """The name of the dtype."""
        return self.type.dtype

    @property
    def T(self) -> Any:
        """The transpose: all axes in reverse order."""
        return pt.transpose(self)

    @property
    def mT(self) -> Any:
        """The transpose of each matrix in the last two axes."""
        return pt.matrix_transpose(self)

    @property
    def real(self) -> Any:
        """The real part."""
        return pt.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return pt.imag(self)

    def reshape(self, *shape: Any, ndim: int | None = None) -> Any:
        """Return the elements in another shape; ``ndim`` is its rank if it cannot be seen."""
        return pt.reshape(self, shape[0] if len(shape) == 1 else shape, ndim=ndim)

    def specify_shape(self, shape: Any) -> Any:
        """Return the variable with its shape asserted; see `pt.specify_shape`."""
        return pt.specify_shape(self, shape)

    def dimshuffle(self, *pattern: Any) -> Any:
        """Return the array with its axes in another order.

        An integer names an axis of this variable, ``"x"`` adds an axis of length 1, and an axis
        that is not named is dropped, which needs its length to be 1.

        Examples
        --------
        >>> import pytensorlite.tensor as pt
        >>> pt.dvector("v").dimshuffle("x", 0).type
        TensorType(float64, shape=(1, None))
        """
        is_sequence = len(pattern) == 1 and isinstance(pattern[0], list | tuple)
        order = pattern[0] if is_sequence else pattern
        return pt.elemwise.DimShuffle(input_ndim=self.ndim, new_order=order)(self)

    def transpose(self, *axes: Any) -> Any:
        """Return the array with its axes permuted; reversed if no order is given."""
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], list | tuple)):
            return pt.transpose(self, axes[0])
        return pt.transpose(self, axes or None)

    def flatten(self, ndim: int = 1) -> Any:
        """Return the array with all axes from ``ndim - 1`` on joined in one."""
        return pt.flatten(self, ndim)

    def ravel(self) -> Any:
        """Return the elements as a vector."""
        return pt.flatten(self)

    def squeeze(self, axis: Any = None) -> Any:
        """Return the array without axes of length 1."""
        return pt.squeeze(self, axis=axis)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Return the array with two axes exchanged."""
        return pt.swapaxes(self, axis1, axis2)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """Return the diagonals of two axes."""
        return pt.diagonal(self, offset, axis1, axis2)

    # -- indexing ----------------------------------------------------------------------------------

    def __getitem__(self: Any, args: Any) -> Any:
        return pt.subtensor.getitem(self, args)

    def __iter__(self) -> Iterator[Any]:
        length = self.type.shape[0] if self.ndim else None
        if length is None:
            kind = ValueError if self.ndim == 1 else TypeError
            try:
                length = pt.get_vector_length(self)
            except (ValueError, TypeError):
                raise kind(
                    f"Length of {self} cannot be determined while the graph is built, so it cannot "
                    "be iterated over. Was it unpacked, or given in place of a list of variables?"
                ) from None
        return (self[i] for i in range(length))

    def set(self: Any, y: Any, **kwargs: Any) -> Any:
        """Return the array that was indexed, with ``y`` in the place of this part of it."""
        return pt.set_subtensor(self, y, **kwargs)

    def inc(self: Any, y: Any, **kwargs: Any) -> Any:
        """Return the array that was indexed, with ``y`` added to this part of it."""
        return pt.inc_subtensor(self, y, **kwargs)

    def take(self, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
        """Return the elements at ``indices`` along ``axis``."""
        return pt.take(self, indices, axis, mode)

    def nonzero(self, return_matrix: bool = False) -> Any:
        """Return the indices of the elements that are not zero, one vector per axis."""
        return pt.nonzero(self, return_matrix=return_matrix)

    def choose(self, choices: Any, mode: str = "raise") -> Any:
        """Return elements of ``choices``, picked by this array of indices."""
        return pt.choose(self, choices, mode=mode)

    def compress(self, a: Any, axis: int | None = None) -> Any:
        """Return the slices of ``a`` at which this vector is true."""
        return pt.compress(self, a, axis=axis)

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Any:
        """Return where to insert ``v`` so that this sorted vector stays sorted."""
        return pt.searchsorted(self, v, side, sorter)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Return the array with its elements repeated."""
        return pt.repeat(self, repeats, axis)

    def sort(self, axis: int | None = -1, kind: str = "quicksort", order: Any = None) -> Any:
        """Return a sorted copy."""
        return pt.sort(self, axis, kind, order)

    def argsort(self, axis: int | None = -1, kind: str = "quicksort", order: Any = None) -> Any:
        """Return the indices that sort the array."""
        return pt.argsort(self, axis, kind, order)

    # -- elementwise functions ---------------------------------------------------------------------

    exp, exp2, expm1 = _unary("exp"), _unary("exp2"), _unary("expm1")
    log, log2, log10, log1p = _unary("log"), _unary("log2"), _unary("log10"), _unary("log1p")
    sin, cos, tan = _unary("sin"), _unary("cos"), _unary("tan")
    arcsin, arccos, arctan = _unary("arcsin"), _unary("arccos"), _unary("arctan")
    sinh, cosh, tanh = _unary("sinh"), _unary("cosh"), _unary("tanh")
    arcsinh, arccosh, arctanh = _unary("arcsinh"), _unary("arccosh"), _unary("arctanh")
    deg2rad, rad2deg = _unary("deg2rad"), _unary("rad2deg")
    sqrt, ceil, floor, trunc = _unary("sqrt"), _unary("ceil"), _unary("floor"), _unary("trunc")
    conj, conjugate = _unary("conj"), _unary("conjugate")
    trace, nonzero_values = _unary("trace"), _unary("nonzero_values")

    def round(self, mode: str | None = None) -> Any:
        """Return the nearest whole numbers; halves by ``mode``, to even by default."""
        return pt.round(self, mode)

    def clip(self, a_min: Any, a_max: Any) -> Any:
        """Return the array with its values limited to an interval."""
        return pt.clip(self, a_min, a_max)

    def astype(self, dtype: Any) -> Any:
        """Return the array with another dtype."""
        return pt.cast(self, dtype)

    def copy(self, name: str | None = None) -> Any:
        """Return a symbolic copy, perhaps with a name."""
        copied = pt.tensor_copy(self)
        copied.name = name
        return copied

    def fill(self, value: Any) -> Any:
        """Return an array of this shape filled with ``value``."""
        return pt.fill(self, value)

    def zeros_like(self, dtype: Any = None) -> Any:
        """Return zeros of this shape."""
        return pt.zeros_like(self, dtype=dtype)

    def ones_like(self, dtype: Any = None) -> Any:
        """Return ones of this shape."""
        return pt.ones_like(self, dtype=dtype)

    def transfer(self, target: Any) -> Any:
        """Return the variable itself: there is one device, the host."""
        return pt.transfer(self, target)

    # -- reductions and products -------------------------------------------------------------------

    def sum(
        self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
    ) -> Any:
        """Return the sum over ``axis``."""
        return pt.sum(self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def prod(
        self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
    ) -> Any:
        """Return the product over ``axis``."""
        return pt.prod(self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def mean(
        self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
    ) -> Any:
        """Return the mean over ``axis``."""
        return pt.mean(self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)

    def var(
        self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
    ) -> Any:
        """Return the variance over ``axis``."""
        return pt.var(self, axis=axis, ddof=ddof, keepdims=keepdims, corrected=corrected)

    def std(
        self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
    ) -> Any:
        """Return the standard deviation over ``axis``."""
        return pt.std(self, axis=axis, ddof=ddof, keepdims=keepdims, corrected=corrected)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return whether all elements over ``axis`` are true."""
        return pt.all(self, axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return whether any element over ``axis`` is true."""
        return pt.any(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the maximum over ``axis``."""
        return pt.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the minimum over ``axis``."""
        return pt.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the index of the first maximum over ``axis``."""
        return pt.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the index of the first minimum over ``axis``."""
        return pt.argmin(self, axis=axis, keepdims=keepdims)

    def ptp(self, axis: Any = None) -> Any:
        """Return maximum less minimum over ``axis``."""
        return pt.ptp(self, axis=axis)

    def cumsum(self, axis: int | None = None) -> Any:
        """Return the running sum along ``axis``."""
        return pt.cumsum(self, axis)

    def cumprod(self, axis: int | None = None) -> Any:
        """Return the running product along ``axis``."""
        return pt.cumprod(self, axis)

    def dot(self, right: Any) -> Any:
        """Return the dot product with another array."""
        return pt.dense_dot(self, right)

    def norm(self: Any, L: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the L-norm over ``axis``, with 0 counting the elements that are not zero."""
        if not isinstance(L, int | float | np.number):
            raise TypeError(f"The order of a norm must be a number, got {L!r}.")
        magnitude = pt.abs(self)
        if L == 0:
            return pt.neq(self, 0).sum(axis=axis, keepdims=keepdims)
        if np.inf == L:
            return magnitude.max(axis=axis, keepdims=keepdims)
        return pt.pow(pt.pow(magnitude, L).sum(axis=axis, keepdims=keepdims), 1.0 / L)

    # -- constants ---------------------------------------------------------------------------------

    def get_underlying_scalar_constant(self) -> Any:
        """Return the number that this variable is known to be."""
        return pt.get_underlying_scalar_constant_value(self)

    def get_test_value(self) -> Any:
        """Return the value that this variable was given for trying out the graph."""
        return get_test_value(self)


def _no_python_value(variable: Any, kind: str, dtype: str, advice: str = "") -> TypeError:
    return TypeError(
        f"{type(variable).__name__} {variable} has no value yet and cannot be converted to a "
        f"Python {kind}. "
        f"`.astype({dtype})` is the symbolic equivalent, `.eval()` computes a value. "
        f"{advice}".rstrip()
    )
