"""Mathematics on arrays: the op table lifted to tensors, reductions and products.

The first part is the table of `pytensorlite.scalar`, name by name: what each function computes, its
dtype rule and its derivative stand in its row there, and so does its docstring.
"""

# ruff: noqa: E501, F401 -- the table is wide; PyTensor's path for names that are at home elsewhere

from __future__ import annotations

from typing import Any as Anything

import numpy as np

import pytensorlite.scalar as ps
from pytensorlite.tensor.basic import as_tensor_variable, cast, switch
from pytensorlite.tensor.careduce import FixedOpCAReduce
from pytensorlite.tensor.elemwise import elemwise_of
from pytensorlite.tensor.products import (
    Dot,
    dense_dot,
    dot,
    matmul,
    matvec,
    outer,
    tensordot,
    vecdot,
    vecmat,
)
from pytensorlite.tensor.reduction import (
    Argmax,
    Max,
    Min,
    NonZeroDimsCAReduce,
    Prod,
    Sum,
    all,
    any,
    argmax,
    argmin,
    largest,
    makeKeepDims,
    max,
    max_and_argmax,
    min,
    prod,
    smallest,
    sum,
)
from pytensorlite.tensor.statistics import cov, logaddexp, logsumexp, mean, median, ptp, std, var
from pytensorlite.tensor.truth import All, Any
from pytensorlite.tensor.type import complex_dtypes, discrete_dtypes
from pytensorlite.tensor.variable import TensorVariable

# fmt: off

# -- arithmetic ------------------------------------------------------------------------------------
add, mul, sub, true_div = elemwise_of(ps.add), elemwise_of(ps.mul), elemwise_of(ps.sub), elemwise_of(ps.true_div)
int_div = floor_div = elemwise_of(ps.int_div)
mod, fmod = elemwise_of(ps.mod), elemwise_of(ps.fmod)
pow, float_power = elemwise_of(ps.pow), elemwise_of(ps.float_power)
neg, positive, reciprocal = elemwise_of(ps.neg), elemwise_of(ps.positive), elemwise_of(ps.reciprocal)
sqr = square = elemwise_of(ps.sqr)
sqrt, cbrt, hypot = elemwise_of(ps.sqrt), elemwise_of(ps.cbrt), elemwise_of(ps.hypot)
abs = elemwise_of(ps.abs)
sign = elemwise_of(ps.sign)
copysign, signbit = elemwise_of(ps.copysign), elemwise_of(ps.signbit)
nextafter, spacing, ldexp = elemwise_of(ps.nextafter), elemwise_of(ps.spacing), elemwise_of(ps.ldexp)
gcd, lcm, heaviside = elemwise_of(ps.gcd), elemwise_of(ps.lcm), elemwise_of(ps.heaviside)
maximum, minimum, fmax, fmin = map(elemwise_of, (ps.maximum, ps.minimum, ps.fmax, ps.fmin))
clip = elemwise_of(ps.clip)

# -- whole numbers ---------------------------------------------------------------------------------
floor, ceil, trunc, rint = elemwise_of(ps.floor), elemwise_of(ps.ceil), elemwise_of(ps.trunc), elemwise_of(ps.rint)
round_half_to_even = elemwise_of(ps.round_half_to_even)
round_half_away_from_zero = elemwise_of(ps.round_half_away_from_zero)

# -- exponentials and logarithms -------------------------------------------------------------------
exp, exp2, expm1 = elemwise_of(ps.exp), elemwise_of(ps.exp2), elemwise_of(ps.expm1)
log, log2, log10, log1p = elemwise_of(ps.log), elemwise_of(ps.log2), elemwise_of(ps.log10), elemwise_of(ps.log1p)
log1mexp, logaddexp2 = elemwise_of(ps.log1mexp), elemwise_of(ps.logaddexp2)
sigmoid = expit = elemwise_of(ps.sigmoid)
softplus = log1pexp = elemwise_of(ps.softplus)

# -- trigonometry ----------------------------------------------------------------------------------
sin, cos, tan = elemwise_of(ps.sin), elemwise_of(ps.cos), elemwise_of(ps.tan)
arcsin, arccos, arctan = elemwise_of(ps.arcsin), elemwise_of(ps.arccos), elemwise_of(ps.arctan)
arctan2 = elemwise_of(ps.arctan2)
sinh, cosh, tanh = elemwise_of(ps.sinh), elemwise_of(ps.cosh), elemwise_of(ps.tanh)
arcsinh, arccosh, arctanh = elemwise_of(ps.arcsinh), elemwise_of(ps.arccosh), elemwise_of(ps.arctanh)
deg2rad, rad2deg = elemwise_of(ps.deg2rad), elemwise_of(ps.rad2deg)

# -- comparisons and logic -------------------------------------------------------------------------
lt = less = elemwise_of(ps.lt)
le = less_equal = elemwise_of(ps.le)
gt = greater = elemwise_of(ps.gt)
ge = greater_equal = elemwise_of(ps.ge)
eq = equal = elemwise_of(ps.eq)
neq = not_equal = elemwise_of(ps.neq)
isnan, isinf, isfinite = elemwise_of(ps.isnan), elemwise_of(ps.isinf), elemwise_of(ps.isfinite)
and_ = bitwise_and = elemwise_of(ps.and_)
or_ = bitwise_or = elemwise_of(ps.or_)
xor = bitwise_xor = elemwise_of(ps.xor)
invert = bitwise_not = elemwise_of(ps.invert)
left_shift, right_shift, bit_count = elemwise_of(ps.left_shift), elemwise_of(ps.right_shift), elemwise_of(ps.bit_count)
logical_and, logical_or = elemwise_of(ps.logical_and), elemwise_of(ps.logical_or)
logical_xor, logical_not = elemwise_of(ps.logical_xor), elemwise_of(ps.logical_not)

# -- complex numbers -------------------------------------------------------------------------------
real, imag, angle = elemwise_of(ps.real), elemwise_of(ps.imag), elemwise_of(ps.angle)
complex, complex_from_polar = elemwise_of(ps.complex), elemwise_of(ps.complex_from_polar)

# -- special functions -----------------------------------------------------------------------------
erf, erfc, erfcx = elemwise_of(ps.erf), elemwise_of(ps.erfc), elemwise_of(ps.erfcx)
erfinv, erfcinv, owens_t = elemwise_of(ps.erfinv), elemwise_of(ps.erfcinv), elemwise_of(ps.owens_t)
gamma, gammaln = elemwise_of(ps.gamma), elemwise_of(ps.gammaln)
psi = digamma = elemwise_of(ps.psi)
tri_gamma, polygamma = elemwise_of(ps.tri_gamma), elemwise_of(ps.polygamma)
gammainc, gammaincc = elemwise_of(ps.gammainc), elemwise_of(ps.gammaincc)
gammaincinv, gammainccinv = elemwise_of(ps.gammaincinv), elemwise_of(ps.gammainccinv)
gammau, gammal = elemwise_of(ps.gammau), elemwise_of(ps.gammal)
betainc, betaincinv, hyp2f1 = elemwise_of(ps.betainc), elemwise_of(ps.betaincinv), elemwise_of(ps.hyp2f1)
j0, j1, jv = elemwise_of(ps.j0), elemwise_of(ps.j1), elemwise_of(ps.jv)
i0, i1, iv, ive = elemwise_of(ps.i0), elemwise_of(ps.i1), elemwise_of(ps.iv), elemwise_of(ps.ive)
kv, kve = elemwise_of(ps.kv), elemwise_of(ps.kve)
# fmt: on


def kn(n: Anything, x: Anything) -> TensorVariable:
    """Return the modified Bessel function of the second kind, of integer order ``n``."""
    return kv(n, x)


def chi2sf(x: Anything, k: Anything) -> TensorVariable:
    """Return the probability that a chi-squared number of ``k`` degrees of freedom is above ``x``."""
    return gammaincc(as_tensor_variable(k) / 2.0, as_tensor_variable(x) / 2.0)


def power(x: Anything, y: Anything) -> TensorVariable:
    """Return ``x`` to the power of ``y``."""
    return pow(x, y)


def divmod(x: Anything, y: Anything) -> tuple[TensorVariable, TensorVariable]:
    """Return quotient and remainder of floor division."""
    return floor_div(x, y), mod(x, y)


def ceil_intdiv(a: Anything, b: Anything) -> TensorVariable:
    """Return the quotient of two integers, rounded up.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> ceil_intdiv(pt.iscalar("n"), 2).type.dtype
    'int32'
    """
    quotient = int_div(a, b)
    return quotient + cast(neq(mod(a, b), 0), quotient.type.dtype)


def conjugate(x: Anything) -> TensorVariable:
    """Return the complex conjugate; real arrays are returned as they are.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> x = pt.dvector("x")
    >>> conjugate(x) is x
    True
    """
    x = as_tensor_variable(x)
    return elemwise_of(ps.conj)(x) if x.type.dtype in complex_dtypes else x


conj = conjugate
sgn = sign


# -- rounding and comparing with tolerance ---------------------------------------------------------


def round(a: Anything, mode: str | None = None) -> TensorVariable:
    """Return the nearest whole numbers.

    Parameters
    ----------
    a : array_like
        The array.
    mode : {"half_to_even", "half_away_from_zero"}, optional
        Where halves go; to even, as in NumPy, unless told otherwise.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> round(pt.fvector("v")).type.dtype
    'float32'
    """
    if mode in (None, "half_to_even"):
        return round_half_to_even(a)
    if mode == "half_away_from_zero":
        return round_half_away_from_zero(a)
    raise ValueError(f'mode must be "half_to_even" or "half_away_from_zero", got {mode!r}.')


def iround(a: Anything, mode: str | None = None) -> TensorVariable:
    """Return the nearest whole numbers as int64; the parameters are those of `round`."""
    return cast(round(a, mode), "int64")


def isposinf(x: Anything) -> TensorVariable:
    """Return where an array is positive infinity."""
    return eq(as_tensor_variable(x), np.float32("inf"))


def isneginf(x: Anything) -> TensorVariable:
    """Return where an array is negative infinity."""
    return eq(as_tensor_variable(x), np.float32("-inf"))


def isclose(
    a: Anything, b: Anything, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> TensorVariable:
    """Return where |a - b| <= atol + rtol |b|, as `numpy.isclose`.

    Parameters
    ----------
    a, b : array_like
        The arrays.
    rtol, atol : float
        Relative and absolute tolerance.
    equal_nan : bool
        Whether NaN is close to NaN.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> isclose(pt.dvector("a"), pt.dvector("b")).type.dtype
    'bool'
    """
    # In floats, because the difference of unsigned numbers wraps.
    a, b = (
        cast(x, "float64") if x.type.dtype in discrete_dtypes else x
        for x in map(as_tensor_variable, (a, b))
    )
    is_near = and_(le(abs(a - b), atol + rtol * abs(b)), isfinite(b))
    result = or_(eq(a, b), is_near)
    return or_(result, and_(isnan(a), isnan(b))) if equal_nan else result


def allclose(
    a: Anything, b: Anything, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> TensorVariable:
    """Return whether two arrays are close everywhere; the parameters are those of `isclose`."""
    return all(isclose(a, b, rtol, atol, equal_nan))


def nan_to_num(
    x: Anything, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> TensorVariable:
    """Return an array with NaN and infinities replaced by numbers.

    Parameters
    ----------
    x : array_like
        The array.
    nan : float
        In place of NaN.
    posinf, neginf : float, optional
        In place of the infinities; the largest and smallest finite numbers unless given.

    Examples
    --------
    >>> import pytensorlite.tensor as pt
    >>> nan_to_num(pt.fvector("v")).type.dtype
    'float32'
    """
    x = as_tensor_variable(x)
    if x.type.dtype in discrete_dtypes:
        return x
    if x.type.dtype in complex_dtypes:
        return complex(
            nan_to_num(real(x), nan, posinf, neginf), nan_to_num(imag(x), nan, posinf, neginf)
        )
    limits = np.finfo(x.type.dtype)
    high, low, blank = (
        as_tensor_variable(value, dtype=x.type.dtype)
        for value in (
            limits.max if posinf is None else posinf,
            limits.min if neginf is None else neginf,
            nan,
        )
    )
    return switch(isnan(x), blank, switch(isposinf(x), high, switch(isneginf(x), low, x)))


__all__ = [
    "abs",
    "add",
    "all",
    "allclose",
    "and_",
    "angle",
    "any",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "betainc",
    "betaincinv",
    "bit_count",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "ceil_intdiv",
    "chi2sf",
    "clip",
    "complex",
    "complex_from_polar",
    "conj",
    "conjugate",
    "copysign",
    "cos",
    "cosh",
    "cov",
    "deg2rad",
    "dense_dot",
    "digamma",
    "divmod",
    "dot",
    "eq",
    "equal",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "exp",
    "exp2",
    "expit",
    "expm1",
    "float_power",
    "floor",
    "floor_div",
    "fmax",
    "fmin",
    "fmod",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
    "gammal",
    "gammaln",
    "gammau",
    "gcd",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "heaviside",
    "hyp2f1",
    "hypot",
    "i0",
    "i1",
    "imag",
    "int_div",
    "invert",
    "iround",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "iv",
    "ive",
    "j0",
    "j1",
    "jv",
    "kn",
    "kv",
    "kve",
    "largest",
    "lcm",
    "ldexp",
    "le",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1mexp",
    "log1p",
    "log1pexp",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "lt",
    "matmul",
    "matvec",
    "max",
    "max_and_argmax",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "mod",
    "mul",
    "nan_to_num",
    "neg",
    "neq",
    "nextafter",
    "not_equal",
    "or_",
    "outer",
    "owens_t",
    "polygamma",
    "positive",
    "pow",
    "power",
    "prod",
    "psi",
    "ptp",
    "rad2deg",
    "real",
    "reciprocal",
    "right_shift",
    "rint",
    "round",
    "round_half_away_from_zero",
    "round_half_to_even",
    "sgn",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "smallest",
    "softplus",
    "spacing",
    "sqr",
    "sqrt",
    "square",
    "std",
    "sub",
    "sum",
    "tan",
    "tanh",
    "tensordot",
    "tri_gamma",
    "true_div",
    "trunc",
    "var",
    "vecdot",
    "vecmat",
    "xor",
]
