"""Which of the optional headers under ``include/`` a piece of C needs.

``ptl_math.h`` is for every program and costs the compiler some milliseconds; the others are
included only where one of their functions is called, so that a program pays for what it uses.
"""

from __future__ import annotations

import re

_NEEDS = {
    "ptl_clock.h": re.compile(r"\bptl_seconds\("),
    "ptl_bits.h": re.compile(
        r"\bptl_(?:signbit|nextafter|spacing|ldexp|round_to_odd|real_angle)\("
    ),
    "ptl_division.h": re.compile(r"\bptl_(?:fmod|mod|floor_div)\("),
    "ptl_integer.h": re.compile(r"\bptl_int_"),
    "ptl_complex.h": re.compile(r"\bptl_complex"),
    "ptl_logistic.h": re.compile(
        r"\bptl_(?:sigmoid|tanh|softplus|logaddexp|log1mexp|xlogy|xlog1py)\("
    ),
    "ptl_gamma.h": re.compile(
        r"\bptl_(?:gamma|gammaln|gammaln_positive|psi|psi_positive|trigamma|polygamma)\("
    ),
    "ptl_special.h": re.compile(r"\bptl_(?:erfcx|erfinv|erfcinv|i0|i1)\("),
    "ptl_incomplete.h": re.compile(r"\bptl_(?:gammainc|betainc|hyp2f1)_by\("),
}


def headers_of(c_text: str) -> list[str]:
    """Return the headers whose functions `c_text` calls; each wants ``ptl_math.h`` before it.

    >>> headers_of("y0[i] = ptl_sigmoid(x0[i]) * exp(x0[i]);")
    ['ptl_logistic.h']
    """
    return [header for header, need in _NEEDS.items() if need.search(c_text)]
