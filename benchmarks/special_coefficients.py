"""Where the polynomials of ``ptl_exponential.h``, ``ptl_logistic.h`` and their like come from.

``python benchmarks/special_coefficients.py`` prints every one with its largest error, as the macro
calls that stand in the headers: near-minimax fits in 50 digits. Each function is first brought to a
short interval where it is smooth (see the comments there), so that 7 to 25 terms reach below 1e-16,
and 4 to 10 below 1e-8 for floats. The tables of ``ptl_logarithm.h`` and
``ptl_vector_power.h`` follow: factors, and their logarithms.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp

mp.mp.dps = 50


def erfc_inverse(c: Any) -> Any:
    """Return y with erfc(y) = c for 0 < c <= 1, by Newton's method with Halley's correction."""
    if c > mp.mpf("0.01"):
        return mp.erfinv(1 - c)
    y = mp.sqrt(-mp.log(c * mp.sqrt(mp.pi) * mp.sqrt(-mp.log(c))))
    for _ in range(80):
        error = (mp.erfc(y) - c) / (-2 / mp.sqrt(mp.pi) * mp.exp(-y * y))
        step = error / (1 + y * error)
        y -= step
        if abs(step) < mp.mpf(10) ** -45 * y:
            break
    return y


def erf_inverse_of(w: Any) -> Any:
    """Return erfinv(x) for w = -log(1 - x²)."""
    return erfc_inverse(mp.exp(-w) / (1 + mp.sqrt(-mp.expm1(-w))))


def _erfinv_centre(w: Any) -> Any:
    return erf_inverse_of(w) / mp.sqrt(-mp.expm1(-w)) if w else mp.sqrt(mp.pi) / 2


def _log_gamma(t: Any) -> Any:
    return mp.loggamma(2 + t) / t if t else 1 - mp.euler


def _gamma_factor(r: Any) -> Any:
    x = 1 / r if r > mp.mpf(10) ** -12 else None
    if x is None:
        return mp.sqrt(2 * mp.pi) * (1 + r / 12)
    return mp.exp(mp.loggamma(x) - (x - mp.mpf(1) / 2) * mp.log(x) + x)


def _stirling(w: Any) -> Any:
    if not w:
        return mp.mpf(1) / 12
    x = 1 / mp.sqrt(w)
    half = mp.mpf(1) / 2
    return x * (mp.loggamma(x) - (x - half) * (mp.log(x) - 1) - mp.log(2 * mp.pi) / 2 + half)


def _psi_rest(w: Any) -> Any:
    if not w:
        return mp.mpf(1) / 12
    x = 1 / mp.sqrt(w)
    return (mp.log(x) - 1 / (2 * x) - mp.psi(0, x)) / w


def _trigamma_rest(w: Any) -> Any:
    if not w:
        return mp.mpf(1) / 6
    x = 1 / mp.sqrt(w)
    return (mp.psi(1, x) - 1 / x - w / 2) * x / w


def _erfcx(x: Any) -> Any:
    if x > 500:
        return (1 - 1 / (2 * x**2) + 3 / (4 * x**4) - 15 / (8 * x**6)) / (x * mp.sqrt(mp.pi))
    return mp.exp(x * x) * mp.erfc(x)


def _erfcx_far(t: Any) -> Any:
    return _erfcx(1 / t - 2) / t if t > mp.mpf(10) ** -9 else 1 / mp.sqrt(mp.pi)


def _bessel_far(order: int) -> Callable:
    """exp(-x) sqrt(x) I(x) as a function of 1/x."""
    return lambda r: (
        mp.sqrt(1 / r) * mp.exp(-1 / r) * mp.besseli(order, 1 / r)
        if r > mp.mpf(10) ** -6
        else (1 - (4 * order**2 - 1) * r / 8 + (4 * order**2 - 1) * (4 * order**2 - 9) * r**2 / 128)
        / mp.sqrt(2 * mp.pi)
    )


def _exp_rest(r: Any) -> Any:
    return (mp.expm1(r) - r) / r**2 if abs(r) > mp.mpf(10) ** -15 else mp.mpf(1) / 2 + r / 6


def _atanh_rest(v: Any) -> Any:
    q = mp.sqrt(v)
    return (mp.atanh(q) - q) / q**3 if v > mp.mpf(10) ** -20 else mp.mpf(1) / 3 + v / 5


def _log_rest(r: Any) -> Any:
    return (mp.log1p(r) - r) / r**2 if abs(r) > mp.mpf(10) ** -15 else -mp.mpf(1) / 2 + r / 3


def _log2_rest(v: Any) -> Any:
    return 2 / mp.log(2) * (mp.mpf(1) / 3 if not v else _atanh_rest(v))


def _log2_cubic(r: Any) -> Any:
    if abs(r) < mp.mpf(10) ** -12:
        return (mp.mpf(1) / 3 - r / 4) / mp.log(2)
    return (mp.log1p(r) - r + r * r / 2) / r**3 / mp.log(2)


def _exp2_rest(r: Any) -> Any:
    return mp.expm1(r * mp.log(2)) / r if r else mp.log(2)


def _quotient(f: Callable) -> Callable:
    """f(sqrt(v)) / sqrt(v): an odd function as a polynomial of the square."""
    return lambda v: f(mp.sqrt(v)) / mp.sqrt(v) if v else mp.pi


Fit = tuple[str, Callable, Any, Any, int, bool]


def _both(name: str, function: Callable, low: Any, high: Any, terms: tuple, centred: bool) -> list:
    """Return the fits for doubles and for floats, which differ in the number of terms."""
    return [(name, function, low, high, number, centred) for number in terms]


# name, function, interval, number of terms; polynomials are centred at the interval's middle
# unless the interval starts at 0 and is short.
FITS: list[Fit] = [
    *_both("(exp(r) - 1 - r) / r²", _exp_rest, -mp.log(2) / 2, mp.log(2) / 2, (10, 5), True),
    *_both("(atanh(q) - q) / q³, of q²", _atanh_rest, 0, mp.mpf(1) / 9, (10, 5), False),
    *_both("(log(1 + r) - r) / r²", _log_rest, -mp.mpf(1) / 32, mp.mpf(1) / 16, (9, 4), False),
    *_both("the same, for log(1 + x)", _log_rest, -mp.mpf(1) / 30, mp.mpf(1) / 30, (8, 4), False),
    *_both("2 / log 2 (atanh(q) - q) / q³, of q²", _log2_rest, 0, mp.mpf("0.00345"), (6, 3), False),
    *_both("2^r", lambda r: mp.mpf(2) ** r, 0, mp.mpf(1) / 16, (7, 4), False),
    *_both("(log2(1 + r) - r / log 2 + r² / log 4) / r³", _log2_cubic, -mp.mpf(1) / 24,
           mp.mpf(1) / 24, (9, 4), True),
    *_both("(2^r - 1) / r, in vectors", _exp2_rest, -mp.mpf(1) / 32, mp.mpf(1) / 32, (6, 3), True),
    *_both("(2^r - 1) / r", _exp2_rest, -mp.mpf(1) / 2, mp.mpf(1) / 2, (11, 6), True),
    *_both("gamma(2 + t)", lambda t: mp.gamma(2 + t), 0, 1, (19, 9), True),
    *_both("gamma(x) / (x^(x-1/2) exp(-x)), of 1/x", _gamma_factor, 0, mp.mpf(1) / 8, (13, 4),
           True),
    *_both("log gamma(2 + t) / t", _log_gamma, 0, 1, (17, 8), True),
    *_both("Stirling's rest, of 1/x²", _stirling, 0, mp.mpf(1) / 9, (11, 4), False),
    *_both("psi(2 + t)", lambda t: mp.psi(0, 2 + t), 0, 1, (17, 9), True),
    *_both("psi's rest, of 1/x²", _psi_rest, 0, mp.mpf(1) / 9, (12, 4), False),
    *_both("trigamma(2 + t)", lambda t: mp.psi(1, 2 + t), 0, 1, (18, 10), True),
    *_both("trigamma's rest, of 1/x²", _trigamma_rest, 0, mp.mpf(1) / 9, (13, 5), False),
    *_both("sin(pi r) / r, of r²", _quotient(lambda r: mp.sin(mp.pi * r)), 0, mp.mpf(1) / 4, (9, 5),
           False),
    *_both("erfinv(x) / x, of w", _erfinv_centre, 0, 5, (23, 10), True),
    ("erfinv / sqrt w, of 1 / sqrt w", lambda r: erf_inverse_of(r**-2) * r,
     1 / mp.mpf("10.3"), 1 / mp.mpf("2.2"), 8, True),
    ("erfinv, of sqrt w", lambda s: erf_inverse_of(s * s), mp.mpf("2.2"), 4, 21, True),
    ("erfinv, of sqrt w", lambda s: erf_inverse_of(s * s), 4, mp.mpf("6.1"), 18, True),
    ("erfinv / sqrt w, of w^(-1/4)", lambda r: erf_inverse_of(r**-4) * r**2,
     1 / mp.sqrt(mp.mpf("27.4")), 1 / mp.sqrt(6), 16, True),
    *_both("erfcx(x)", _erfcx, 0, 2, (23, 12), True),
    *_both("(2 + x) erfcx(x), of 1 / (2 + x)", _erfcx_far, 0, mp.mpf(1) / 4, (20, 8), True),
    ("exp(-x) sqrt(x) i0(x), of 1/x", _bessel_far(0), 0, mp.mpf(1) / 8, 23, True),
    ("exp(-x) sqrt(x) i1(x), of 1/x", _bessel_far(1), 0, mp.mpf(1) / 8, 23, True),
]  # fmt: skip


def fit(
    function: Callable, low: Any, high: Any, terms: int, centred: bool
) -> tuple[list, Any, Any]:
    """Return ascending coefficients, the centre, and the largest error."""
    centre = (mp.mpf(low) + high) / 2 if centred else mp.mpf(0)
    interval = [low - centre, high - centre]
    coefficients, error = mp.chebyfit(lambda s: function(centre + s), interval, terms, error=True)
    return coefficients[::-1], centre, error


#: Sixteen intervals each, by the middle of which c divides: of digits between 3/4 and 3/2, in the
#: order of their highest bits, and of 1 + x.
DIGITS = [1.0, *(1 + (j + 0.5) / 16 for j in range(1, 8)),
          *((1 + (j + 0.5) / 16) / 2 for j in range(8, 15)), 1.0]  # fmt: skip
NEAR = [1 + j / 15 for j in range(16)]


def factors(middles: list[float], bits: int, tries: int) -> list[tuple[float, float]]:
    """Return c about 1 / middle and -log c, floats of so many bits, for each of `middles`.

    Of `tries` numbers beside the quotient it is the one of which the logarithm is closest to a
    float (S. Gal's method of accurate tables).
    """
    draw, scale, result = random.Random(1), 2 ** (bits - 1), []
    for middle in middles:
        if middle == 1:
            result.append((1.0, 0.0))
            continue
        found = []
        for _ in range(tries):
            c = round(scale / middle + draw.uniform(-1, 1) * 2 ** (bits // 2)) / scale
            level = -mp.log(c)
            unit = mp.mpf(2) ** (mp.floor(mp.log(abs(level), 2)) + 1 - bits)
            nearest = mp.nint(level / unit) * unit
            found.append((abs(level - nearest) / unit, c, float(nearest)))
        result.append(min(found)[1:])
    return result


def divisors(bits: int, digits: int) -> list[tuple[float, float, float]]:
    """Return c = 16 / k, a float, and -log2 c in two parts, by the last four bits of 12 <= k <= 24.

    The first part is a multiple of 2**-digits, so that whole numbers are added without an error.
    """
    result = [(1.0, 0.0, 0.0)] * 16
    for k in range(12, 25):
        c = round(2 ** (bits - 1) * 16 / k) / 2 ** (bits - 1)
        level = -mp.log(c) / mp.log(2)
        high = mp.nint(level * 2**digits) / 2**digits
        result[k % 16] = (c, float(high), float(level - high))
    return result


def lines() -> Iterator[str]:
    """Yield a comment and a macro call for every fit."""
    for title, function, low, high, terms, centred in FITS:
        coefficients, centre, error = fit(function, low, high, terms, centred)
        yield f"/* {title}: about {mp.nstr(centre, 17)}, error {mp.nstr(error, 2)} */"
        literals = [float(c).hex() for c in coefficients]
        yield f"PTL_P{terms}(s, " + ", ".join(literals) + ")"
    for bits, digits in ((53, 40), (24, 15)):
        yield f"/* 16 / k, and -log2 of it in two parts, {bits} bits */"
        for numbers in zip(*divisors(bits, digits), strict=True):
            yield "{" + ", ".join(number.hex() for number in numbers) + "}"
    for bits in (53, 24):
        powers = [mp.mpf(2) ** (mp.mpf(j) / 16) for j in range(16)]
        nearest = [mp.nint(power * 2 ** (bits - 1)) / 2 ** (bits - 1) for power in powers]
        rest = [float(x - y) for x, y in zip(powers, nearest, strict=True)]
        yield f"/* what 2^(j/16) is more than its float of {bits} bits */"
        yield "{" + ", ".join(number.hex() for number in rest) + "}"
    for title, middles in (("digits", DIGITS), ("1 + x", NEAR)):
        for bits in (53, 24):
            pairs = factors(middles, bits, 20000)
            yield f"/* c and -log c, of {title}, {bits} bits */"
            for numbers in zip(*pairs, strict=True):
                yield "{" + ", ".join(number.hex() for number in numbers) + "}"


if __name__ == "__main__":
    print("\n".join(lines()))
