"""Which of the optional headers under ``include/`` a piece of C needs.

``ptl_math.h`` is for every program and costs the compiler some milliseconds; the others are
included only where one of their functions is called, so that a program pays for what it uses.
"""

from __future__ import annotations

import re

_FUNCTIONS = {
    "ptl_clock.h": "seconds",
    "ptl_bits.h": "signbit nextafter spacing ldexp round_to_odd real_angle",
    "ptl_division.h": "fmod mod floor_div",
    "ptl_spread.h": "level gained join",
    "ptl_integer.h": "int_",  # these two have a prefix of their own
    "ptl_complex.h": "complex",
    "ptl_exponential.h": "exp expm1 exp_term",  # two have none: they stand for the C library's
    "ptl_vectors.h": "exp_doubles exp_floats exp_alone add_exps_doubles add_exps_floats "
    "add_exps_float_pairs",
    "ptl_logarithm.h": "log_doubles log_floats log_alone log1p_doubles log1p_floats log1p_alone "
    "log1p_near_doubles log1p_near_floats log1p_near_alone",
    "ptl_logistic.h": "sigmoid sigmoid_by tanh softplus softplus_by logaddexp logaddexp_by "
    "log1mexp xlogy xlog1py times_log",
    "ptl_hyperbolic.h": "arccosh",
    "ptl_power.h": "pow",
    "ptl_vector_power.h": "power_doubles power_floats power_alone",
    "ptl_gamma.h": "gamma gammaln gammaln_positive psi psi_positive trigamma polygamma",
    "ptl_special.h": "erfcx erfinv erfcinv i0 i1",
    "ptl_incomplete.h": "gammainc_by betainc_by hyp2f1_by",
}


def headers_of(c_text: str) -> list[str]:
    """Return the headers whose functions `c_text` calls; each wants ``ptl_math.h`` before it.

    >>> headers_of("y0[i] = ptl_sigmoid(x0[i]) * exp(x0[i]);")
    ['ptl_exponential.h', 'ptl_logistic.h']
    """
    called = set(re.findall(r"\b(?:ptl_|(?=exp(?:m1)?\())(int_|complex|\w+(?=\())", c_text))
    return [header for header, names in _FUNCTIONS.items() if called.intersection(names.split())]
