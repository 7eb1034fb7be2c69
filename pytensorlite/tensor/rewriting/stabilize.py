"""Rules for better floating point: the same mathematics without overflow, underflow and cancellation.

Left and right sides agree wherever the left side does not lose its digits; where it does, the right side is
what mathematics says. A NaN that goes in comes out on both sides.
"""

from __future__ import annotations

import numpy as np

from pytensorlite.graph.rewriting.pattern import Rules, wildcards
from pytensorlite.tensor.basic import switch
from pytensorlite.tensor.math import abs as abs_
from pytensorlite.tensor.math import (
    eq,
    erf,
    erfc,
    erfcx,
    exp,
    expm1,
    log,
    log1mexp,
    log1p,
    neg,
    reciprocal,
    sigmoid,
    softplus,
    sqr,
    sqrt,
)
from pytensorlite.tensor.rewriting.basic import real_rule, register_specialize, register_stabilize

x, y = wildcards("x y")
nan = np.nan

# fmt: off
# ruff: noqa: E501 - the columns of a table should align
# -- close to one ----------------------------------------------------------------------------------
near_one = Rules(
    real_rule("local_log1p_plusminus_exp", log(1 + exp(x)),             softplus(x)),
    real_rule("local_log1mexp",            log(1 - exp(x)),             log1mexp(x)),
    real_rule("local_log1p_exp",           log1p(exp(x)),               softplus(x)),
    real_rule("local_log1p_neg_exp",       log1p(neg(exp(x))),          log1mexp(x)),
    real_rule("local_log_neg_expm1",       log(neg(expm1(x))),          log1mexp(x)),
    real_rule("local_log_minus_expm1",     log(0 - expm1(x)),           log1mexp(x)),
    real_rule("logdiffexp_to_log1mexpdiff", log(exp(x) - exp(y)),       lambda x, y: log_of_difference(x, y)),
    real_rule("local_log1m",               log(1 - x),                  log1p(neg(x)),          tags=["zero_sign"]),
    real_rule("local_log1p",               log(1 + x),                  log1p(x)),
    real_rule("local_expm1",               exp(x) - 1,                  expm1(x)),
    real_rule("local_one_minus_exp",       1 - exp(x),                  0.0 - expm1(x)),
)

# -- the logistic function -------------------------------------------------------------------------
logistic = Rules(
    real_rule("local_reciprocal_1_plus_exp_neg", reciprocal(1 + exp(neg(x))), sigmoid(x)),
    real_rule("local_reciprocal_1_plus_exp", reciprocal(1 + exp(x)),    sigmoid(neg(x))),
    real_rule("local_exp_over_1_plus_exp", exp(x) / (1 + exp(x)),       sigmoid(x)),
    real_rule("local_1msigmoid",           1 - sigmoid(x),              sigmoid(neg(x))),
    real_rule("local_sigm_times_exp",      sigmoid(neg(x)) * exp(x),    sigmoid(x)),
    real_rule("local_sigm_times_exp_neg",  sigmoid(x) * exp(neg(x)),    sigmoid(neg(x))),
    real_rule("logsigm_to_softplus",       log(sigmoid(x)),             neg(softplus(neg(x)))),
    real_rule("log1p_neg_sigmoid",         log1p(neg(sigmoid(x))),      neg(softplus(x))),
    real_rule("log1msigm_to_softplus",     log(1 - sigmoid(x)),         neg(softplus(x))),
    real_rule("local_exp_neg_softplus_neg", exp(neg(softplus(neg(x)))), sigmoid(x)),
    real_rule("local_exp_neg_softplus",    exp(neg(softplus(x))),       sigmoid(neg(x))),
    real_rule("local_logit_sigmoid",       log(sigmoid(x) / (1 - sigmoid(x))),     x),
    real_rule("local_logit_of_sigmoid",    log(sigmoid(x) / sigmoid(neg(x))),      x),
    real_rule("local_sigmoid_logit",       sigmoid(log(x / (1 - x))),   switch((x >= 0) & (x <= 1), x, nan)),
)

# -- the error function ----------------------------------------------------------------------------
error_function = Rules(
    real_rule("local_one_minus_erf",       1 - erf(x),                  erfc(x)),
    real_rule("local_one_minus_erfc",      1 - erfc(x),                 erf(x)),
    real_rule("local_one_plus_erf",        1 + erf(x),                  erfc(neg(x))),
    real_rule("local_erf_minus_one",       erf(x) - 1,                  neg(erfc(x))),
    real_rule("local_erf_neg",             erf(neg(x)),                 neg(erf(x))),
    real_rule("local_log_erfc",            log(erfc(x)),                lambda x: log_of_erfc(x)),
)

# -- logarithms ------------------------------------------------------------------------------------
logarithms = Rules(
    real_rule("local_log_sqrt",            log(sqrt(x)),                0.5 * log(x)),
    real_rule("local_log_sqr",             log(sqr(x)),                 2 * log(abs_(x))),
)
# fmt: on


def log_of_difference(x, y):
    """Return ``log(exp(x) - exp(y))``; nothing less nothing is nothing, though -inf - -inf is NaN."""
    difference = switch(_is_minus_infinity(y), y, y - x)
    return x + log1mexp(difference)


def _is_minus_infinity(y):
    return eq(y, -np.inf)


def log_of_erfc(x):
    """Return ``log(erfc(x))``: from 1 on as ``log(erfcx(x)) - x**2``, which does not underflow."""
    return switch(x > 1, log(erfcx(x)) - sqr(x), log1p(neg(erf(x))))


for table in (near_one, logistic, error_function):
    register_stabilize(table)
register_stabilize(logarithms)
register_specialize(logarithms)
