"""Rules that give every expression one spelling, so that the rules of later phases find it.

The rows here are patterns; what is no pattern is in `arithmetic` (sums and products of any length),
`elemwise`, `reduce`, `shape`, `subtensor`, `dot`.
"""

from __future__ import annotations

import numpy as np

import pytensorlite.scalar.basic as ps
from pytensorlite.graph.rewriting.pattern import Rules, rule, wildcards
from pytensorlite.tensor.basic import ones_like, switch, zeros_like
from pytensorlite.tensor.elemwise import elemwise_of
from pytensorlite.tensor.math import (
    abs,
    arcsinh,
    arctan,
    arctanh,
    cosh,
    deg2rad,
    exp,
    expm1,
    log,
    log1p,
    neg,
    rad2deg,
    reciprocal,
    sinh,
    sqr,
    sqrt,
    tan,
    tanh,
)
from pytensorlite.tensor.rewriting.basic import (
    real_rule,
    register_canonicalize,
    register_specialize,
    register_stabilize,
    register_useless,
)

x, y = wildcards("x y")
nan = np.nan
conj = elemwise_of(ps.conj)

# fmt: off
# ruff: noqa: E501 - the columns of a table should align
# -- doing it twice, and undoing it: the same bits -------------------------------------------------
inverse_pairs = Rules(
    rule("useless_Neg_of_Neg",            neg(neg(x)),                x),
    rule("useless_Conj_of_Conj",          conj(conj(x)),              x),
    rule("local_invert_invert",           ~(~x),                      x),
    rule("local_abs_abs",                 abs(abs(x)),                abs(x)),
)

# -- the same numbers up to rounding ---------------------------------------------------------------
real_identities = Rules(
    real_rule("local_abs_neg",            abs(neg(x)),                abs(x)),
    real_rule("local_abs_sqr",            abs(sqr(x)),                sqr(x)),
    real_rule("local_abs_exp",            abs(exp(x)),                exp(x)),
    real_rule("local_sqr_neg",            sqr(neg(x)),                sqr(x)),
    real_rule("local_sqr_abs",            sqr(abs(x)),                sqr(x)),
    real_rule("local_sqrt_sqr",           sqrt(sqr(x)),               abs(x)),
    real_rule("local_sqr_sqrt",           sqr(sqrt(x)),               switch(x >= 0, x, nan), tags=["zero_sign"]),
    real_rule("useless_Reciprocal_of_Reciprocal", reciprocal(reciprocal(x)), x),
    real_rule("local_reciprocal_div",     reciprocal(x / y),          y / x,             single_client=True),
    real_rule("local_log_exp",            log(exp(x)),                x, tags=["zero_sign"]),
    real_rule("local_exp_log",            exp(log(x)),                switch(x >= 0, x, nan), tags=["zero_sign"]),
    real_rule("local_log1p_expm1",        log1p(expm1(x)),            x),
    real_rule("local_expm1_log1p",        expm1(log1p(x)),            switch(x >= -1, x, nan)),
    real_rule("local_exp_log1p",          exp(log1p(x)),              switch(x >= -1, 1 + x, nan)),
    real_rule("useless_Arcsinh_of_Sinh",  arcsinh(sinh(x)),           x),
    real_rule("useless_Sinh_of_Arcsinh",  sinh(arcsinh(x)),           x),
    real_rule("useless_Arctanh_of_Tanh",  arctanh(tanh(x)),           x),
    real_rule("useless_Tanh_of_Arctanh",  tanh(arctanh(x)),           switch(abs(x) <= 1, x, nan)),
    real_rule("useless_Tan_of_Arctan",    tan(arctan(x)),             x),
    real_rule("useless_Deg2rad_of_Rad2deg", deg2rad(rad2deg(x)),      x),
    real_rule("useless_Rad2deg_of_Deg2rad", rad2deg(deg2rad(x)),      x),
    real_rule("local_cosh_neg",           cosh(neg(x)),               cosh(x)),
)

# -- only where nothing is NaN or infinite, and nothing divides by a zero whose sign they change ------------------------------------------------
finite_identities = Rules(
    real_rule("local_neg_sub",            neg(x - y),                 y - x,             unsafe="nan", single_client=True),
    real_rule("local_neg_minus",          neg(x) - y,                 neg(x + y),        unsafe="nan"),
    real_rule("local_sub_self",           x - x,                      lambda x: zeros_like(x), unsafe="nan"),
    real_rule("local_div_self",           x / x,                      lambda x: ones_like(x), unsafe="nan"),
    real_rule("local_mul_div_cancel",     (x / y) * y,                x,                 unsafe="nan"),
    real_rule("local_add_sub_cancel",     (x + y) - y,                x,                 unsafe="nan"),
    real_rule("local_sub_add_cancel",     (x - y) + y,                x,                 unsafe="nan"),
    real_rule("local_zero_div",           0 / x,                      lambda x: zeros_like(x), unsafe="nan"),
    real_rule("local_div_div",            (x / y) / y,                x / sqr(y),        unsafe="nan"),
)
# fmt: on

register_useless(inverse_pairs)
register_canonicalize(inverse_pairs)
register_stabilize(inverse_pairs)
register_specialize(inverse_pairs)
register_canonicalize(real_identities)
register_specialize(real_identities)
register_canonicalize(finite_identities)
