"""One record for each row of the scalar op table: where to differentiate it.

A domain is an interval for each input, free of kinks and poles, given as (low, high).  `held` are
the positions of inputs with respect to which nothing is differentiated: integers, orders of Bessel
functions, branch conditions; those in `integers` are whole numbers by type.  `order` is 1 where a
second derivative is declared not implemented.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScalarRecord:
    """Where a row is differentiated, with respect to which inputs, and how often."""

    domains: tuple[tuple[float, float], ...]
    held: tuple[int, ...] = ()
    order: int = 2
    integers: tuple[int, ...] = ()


def at(*domains, held=(), order=2, integers=()):
    return ScalarRecord(domains, held, order, integers)


ANY = (-2.0, 2.0)
POSITIVE = (0.3, 2.5)
NEGATIVE = (-2.5, -0.3)
INNER = (-0.8, 0.8)
PROBABILITY = (0.15, 0.85)
ABOVE_ONE = (1.3, 3.0)
LOW, HIGH = (0.2, 0.8), (1.2, 1.8)

RECORDS = {
    # arithmetic
    "add": at(ANY, ANY, ANY),
    "mul": at(ANY, ANY, ANY),
    "sub": at(ANY, ANY),
    "true_div": at(ANY, POSITIVE),
    "mod": at((2.1, 2.9), (0.75, 0.95)),
    "fmod": at((-2.9, -2.1), (0.75, 0.95)),
    "pow": at(POSITIVE, ANY),
    "float_power": at(POSITIVE, ANY),
    "neg": at(ANY),
    "positive": at(ANY),
    "sqr": at(ANY),
    "reciprocal": at(POSITIVE),
    "abs": at(NEGATIVE),
    "hypot": at(POSITIVE, ANY),
    "copysign": at(POSITIVE, NEGATIVE),
    "nextafter": at(POSITIVE, (4.0, 5.0), held=(1,)),
    "ldexp": at(ANY, (2.0, 2.0), held=(1,), integers=(1,)),
    "heaviside": at(POSITIVE, ANY),
    # exponentials and logarithms
    "exp": at(ANY),
    "exp_term": at(ANY),
    "exp2": at(ANY),
    "expm1": at(ANY),
    "log": at(POSITIVE),
    "log2": at(POSITIVE),
    "log10": at(POSITIVE),
    "log1p": at(POSITIVE),
    "logaddexp": at(ANY, ANY),
    "logaddexp2": at(ANY, ANY),
    "sqrt": at(POSITIVE),
    "cbrt": at(POSITIVE),
    # trigonometry
    "sin": at(ANY),
    "cos": at(ANY),
    "tan": at(INNER),
    "arcsin": at(INNER),
    "arccos": at(INNER),
    "arctan": at(ANY),
    "arctan2": at(ANY, POSITIVE),
    "sinh": at(ANY),
    "cosh": at(ANY),
    "tanh": at(ANY),
    "arcsinh": at(ANY),
    "arccosh": at(ABOVE_ONE),
    "arctanh": at(INNER),
    "deg2rad": at(ANY),
    "rad2deg": at(ANY),
    # selection
    "switch": at((1.0, 1.0), ANY, ANY, held=(0,)),
    "maximum": at(LOW, HIGH),
    "minimum": at(LOW, HIGH),
    "fmax": at(LOW, HIGH),
    "fmin": at(LOW, HIGH),
    "clip": at((0.9, 1.1), LOW, HIGH),
    "identity": at(ANY),
    "second": at(ANY, ANY, held=(0,)),
    # parts of numbers (as functions of real ones)
    "real": at(ANY),
    "imag": at(ANY),
    "angle": at(POSITIVE),
    "conj": at(ANY),
    "complex": at(ANY, ANY),
    "complex_from_polar": at(POSITIVE, ANY),
    # logistic functions
    "sigmoid": at(ANY),
    "softplus": at(ANY),
    "log1mexp": at(NEGATIVE),
    "xlogx": at(POSITIVE),
    "xlogy0": at(POSITIVE, POSITIVE),
    "xlog1py0": at(POSITIVE, POSITIVE),
    # error functions
    "erf": at(ANY),
    "erfc": at(ANY),
    "erfcx": at(ANY),
    "erfinv": at(INNER),
    "erfcinv": at((0.3, 1.7)),
    "owens_t": at(ANY, ANY),
    # gamma and beta
    "gamma": at(ABOVE_ONE),
    "gammaln": at(ABOVE_ONE),
    "gammaln_positive": at(ABOVE_ONE),
    "psi": at(ABOVE_ONE),
    "psi_positive": at(ABOVE_ONE),
    "tri_gamma": at(ABOVE_ONE),
    "polygamma": at((1.0, 1.0), ABOVE_ONE, held=(0,), integers=(0,)),
    "gammainc": at(ABOVE_ONE, POSITIVE),
    "gammaincc": at(ABOVE_ONE, POSITIVE),
    "gammaincinv": at(ABOVE_ONE, PROBABILITY),
    "gammainccinv": at(ABOVE_ONE, PROBABILITY),
    "gammal": at(ABOVE_ONE, POSITIVE),
    "gammau": at(ABOVE_ONE, POSITIVE),
    "gammainc_dk": at(ABOVE_ONE, POSITIVE, order=1),
    "gammainc_dkk": at(ABOVE_ONE, POSITIVE, held=(0,), order=1),
    "betainc": at(ABOVE_ONE, ABOVE_ONE, PROBABILITY),
    "betaincinv": at(ABOVE_ONE, ABOVE_ONE, PROBABILITY),
    "betainc_da": at(ABOVE_ONE, ABOVE_ONE, PROBABILITY, order=1),
    "betainc_db": at(ABOVE_ONE, ABOVE_ONE, PROBABILITY, order=1),
    "betainc_daa": at(ABOVE_ONE, ABOVE_ONE, PROBABILITY, held=(0, 1), order=1),
    "betainc_dab": at(ABOVE_ONE, ABOVE_ONE, PROBABILITY, held=(0, 1), order=1),
    "betainc_dbb": at(ABOVE_ONE, ABOVE_ONE, PROBABILITY, held=(0, 1), order=1),
    # Bessel functions
    "j0": at(POSITIVE),
    "j1": at(POSITIVE),
    "jv": at((1.5, 1.5), POSITIVE, held=(0,)),
    "i0": at(POSITIVE),
    "i1": at(POSITIVE),
    "iv": at((1.5, 1.5), POSITIVE, held=(0,)),
    "ive": at((1.5, 1.5), POSITIVE, held=(0,)),
    "kv": at((1.5, 1.5), POSITIVE, held=(0,)),
    "kve": at((1.5, 1.5), POSITIVE, held=(0,)),
    # hypergeometric functions
    "hyp2f1": at((0.5, 0.9), (1.1, 1.4), (1.8, 2.4), (0.1, 0.4)),
    "hyp2f1_da": at((0.5, 0.9), (1.1, 1.4), (1.8, 2.4), (0.1, 0.4), order=1),
    "hyp2f1_dc": at((0.5, 0.9), (1.1, 1.4), (1.8, 2.4), (0.1, 0.4), order=1),
}

#: Rows that compute some dtypes in a wider one, and so return wider gradients too.
WIDENING = {"float_power", "complex", "complex_from_polar", "polygamma", "j1", "i1"}

#: Rows whose derivative is zero wherever it exists.
STEPS = {
    "int_div", "sign", "spacing", "floor", "ceil", "trunc", "rint", "round_half_to_even",
    "round_half_away_from_zero",
}  # fmt: skip

#: Rows whose output or whose inputs are discrete: nothing to differentiate but zeros.
DISCRETE = {
    "gcd", "lcm", "lt", "gt", "le", "ge", "eq", "neq", "isnan", "isinf", "isfinite", "signbit",
    "logical_and", "logical_or", "logical_xor", "logical_not", "and_", "or_", "xor", "invert",
    "left_shift", "right_shift", "bit_count",
}  # fmt: skip

#: Second derivatives of special functions: computed, but nobody has written their own derivatives.
NOT_IMPLEMENTED = {"hyp2f1_daa", "hyp2f1_dab", "hyp2f1_dac", "hyp2f1_dcc"}
