"""Where each row of the op table is sampled: one interval per input, or a list of integers.

A row that is missing here fails the suite. Intervals keep away from points where a derivative does
not exist and from where a result overflows; `test_table` adds the edge values itself.
"""

from __future__ import annotations

Interval = tuple[float, float]

REAL: Interval = (-3.0, 3.0)
POSITIVE: Interval = (0.1, 5.0)
UNIT: Interval = (0.05, 0.95)
ORDER: Interval = (0.5, 4.0)
SHIFT: Interval = (0, 9)

_EVERYWHERE_UNARY = """
neg positive sqr abs sign floor ceil trunc rint round_half_to_even round_half_away_from_zero
exp exp2 expm1 sin cos sinh cosh tanh arcsinh arctan deg2rad rad2deg isnan isinf isfinite signbit
logical_not invert bit_count identity real imag angle conj sigmoid softplus erf erfc erfcx
spacing cbrt j0 j1 i0 i1
""".split()
_POSITIVE_UNARY = """
reciprocal log log2 log10 log1p sqrt gammaln gamma psi tri_gamma xlogx
""".split()
_EVERYWHERE_BINARY = """
add mul sub true_div int_div mod fmod hypot copysign nextafter gcd lcm heaviside logaddexp
logaddexp2 arctan2 lt gt le ge eq neq logical_and logical_or logical_xor and_ or_ xor maximum
minimum fmax fmin second complex owens_t
""".split()

DOMAINS: dict[str, tuple[Interval, ...]] = {
    **dict.fromkeys(_EVERYWHERE_UNARY, (REAL,)),
    **dict.fromkeys(_POSITIVE_UNARY, (POSITIVE,)),
    **dict.fromkeys(_EVERYWHERE_BINARY, (REAL, REAL)),
    "pow": (POSITIVE, REAL),
    "float_power": (POSITIVE, REAL),
    "ldexp": (REAL, SHIFT),
    "tan": ((-1.4, 1.4),),
    "arcsin": ((-0.95, 0.95),),
    "arccos": ((-0.95, 0.95),),
    "arctanh": ((-0.95, 0.95),),
    "arccosh": ((1.1, 5.0),),
    "left_shift": (REAL, SHIFT),
    "right_shift": (REAL, SHIFT),
    "switch": (REAL, REAL, REAL),
    "clip": (REAL, (-2.0, -0.5), (0.5, 2.0)),
    "complex_from_polar": (POSITIVE, REAL),
    "log1mexp": ((-5.0, -0.1),),
    "xlogy0": (REAL, POSITIVE),
    "xlog1py0": (REAL, UNIT),
    "erfinv": ((-0.95, 0.95),),
    "erfcinv": ((0.05, 1.95),),
    "polygamma": (SHIFT, POSITIVE),
    "gammainc": (ORDER, POSITIVE),
    "gammaincc": (ORDER, POSITIVE),
    "gammaincinv": (ORDER, UNIT),
    "gammainccinv": (ORDER, UNIT),
    "gammal": (ORDER, POSITIVE),
    "gammau": (ORDER, POSITIVE),
    "gammainc_dk": (ORDER, POSITIVE),
    "gammainc_dkk": (ORDER, POSITIVE),
    "betainc": (ORDER, ORDER, UNIT),
    "betaincinv": (ORDER, ORDER, UNIT),
    "betainc_da": (ORDER, ORDER, UNIT),
    "betainc_db": (ORDER, ORDER, UNIT),
    "betainc_daa": (ORDER, ORDER, UNIT),
    "betainc_dab": (ORDER, ORDER, UNIT),
    "betainc_dbb": (ORDER, ORDER, UNIT),
    "jv": (ORDER, POSITIVE),
    "iv": (ORDER, POSITIVE),
    "ive": (ORDER, POSITIVE),
    "kv": (ORDER, POSITIVE),
    "kve": (ORDER, POSITIVE),
    "hyp2f1": (ORDER, ORDER, ORDER, (-0.5, 0.6)),
    "hyp2f1_da": (ORDER, ORDER, ORDER, (-0.5, 0.6)),
    "hyp2f1_dc": (ORDER, ORDER, ORDER, (-0.5, 0.6)),
    "hyp2f1_daa": (ORDER, ORDER, ORDER, (-0.5, 0.6)),
    "hyp2f1_dab": (ORDER, ORDER, ORDER, (-0.5, 0.6)),
    "hyp2f1_dac": (ORDER, ORDER, ORDER, (-0.5, 0.6)),
    "hyp2f1_dcc": (ORDER, ORDER, ORDER, (-0.5, 0.6)),
}
