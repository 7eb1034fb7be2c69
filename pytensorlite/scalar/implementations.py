"""NumPy implementations of ops for which NumPy itself has no function of the same meaning."""

from __future__ import annotations

from typing import Any

import numpy as np


def same(x: Any) -> Any:
    """Return `x`."""
    return x


def last(x: Any, y: Any) -> Any:
    """Return `y` in the shape of both."""
    shape = np.broadcast_shapes(np.shape(x), np.shape(y))
    return y if np.shape(y) == shape else np.broadcast_to(y, shape)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """Choose by `condition`, which may be of any dtype: NaN counts as true."""
    return np.where(np.asarray(condition) != 0, yes, no)


def power(base: Any, exponent: Any) -> Any:
    """Return base ** exponent; a negative exponent of integers truncates instead of raising.

    1 / 2**n is below one, so only the bases 1 and -1 leave anything.  0 ** -n is 0 like every
    other integer division by zero.
    """
    if exponent.dtype.kind != "i" or not np.any(exponent < 0):
        return np.power(base, exponent)
    odd = exponent % 2 != 0
    truncated = np.where(base == 1, 1, np.where(base == -1, np.where(odd, -1, 1), 0))
    return np.where(exponent < 0, truncated, np.power(base, np.maximum(exponent, 0)))


def ldexp(mantissa: Any, exponent: Any) -> Any:
    """Return mantissa * 2**exponent for any integer dtype; large exponents saturate."""
    return np.ldexp(mantissa, np.clip(exponent, -5000, 5000).astype("int32"))


def signbit(x: Any) -> Any:
    """Return whether the sign is negative, for any real dtype."""
    return np.signbit(x) if x.dtype.kind == "f" else x < 0


def bit_count(x: Any) -> Any:
    """Return the number of ones in the binary form of |x|."""
    return np.bitwise_count(x)


def round_half_to_even(x: Any) -> Any:
    """Round to the nearest integer, halves to the even one; integers stay as they are."""
    return np.rint(x) if x.dtype.kind == "f" else x


def round_half_away_from_zero(x: Any) -> Any:
    """Round to the nearest integer, halves away from zero; -0.4 becomes -0.0."""
    if x.dtype.kind != "f":
        return x
    whole = np.trunc(x)
    step = np.where(np.abs(x - whole) >= 0.5, np.asarray(1, x.dtype), np.asarray(0, x.dtype))
    return np.copysign(np.abs(whole) + step, x)


def angle(x: Any) -> Any:
    """Return the angle in the complex plane; pi for negative numbers, -0.0 among them."""
    return np.angle(x) if x.dtype.kind in "fc" else np.where(x < 0, np.pi, 0.0)


def complex_number(re: Any, im: Any) -> Any:
    """Return re + i*im without arithmetic, so that infinities and zeros keep their signs."""
    dtype = np.result_type(re.dtype, np.complex64)
    result = np.empty(np.broadcast_shapes(re.shape, im.shape), dtype)
    result.real, result.imag = re, im
    return result


def complex_from_polar(radius: Any, angle: Any) -> Any:
    """Return the complex number of that absolute value and angle."""
    return complex_number(radius * np.cos(angle), radius * np.sin(angle))
