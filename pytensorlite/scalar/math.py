"""The op table's second half: special functions.

Rows read as in `basic`. Functions that programs spend their time in have C of their own in
``include/ptl_logistic.h``, ``ptl_gamma.h`` and ``ptl_special.h``, written so that loops over them
vectorise; the others are SciPy's own, called through a pointer (`borrowed`). Derivatives by a
parameter for which no closed form exists (`gammainc_dk` and its like) are rows too, computed by the
quadrature and the series of `incomplete` and `hypergeometric`, or by the same in
``ptl_incomplete.h``.
"""

from __future__ import annotations

import math as constants
from typing import Any

import numpy as np

from pytensorlite.scalar import hypergeometric, incomplete, special
from pytensorlite.scalar.basic import __getattr__ as __getattr__
from pytensorlite.scalar.basic import (
    abs,
    as_scalar,
    constant,
    eq,
    exp,
    expm1,
    floor,
    identity,
    is_complex,
    isinf,
    log,
    log1p,
    maximum,
    reciprocal,
    scalar_abs,
    sign,
    sqr,
    sqrt,
    switch,
    true_div,
)
from pytensorlite.scalar.borrowed import template
from pytensorlite.scalar.op import (
    UNDEFINED,
    BinaryScalarOp,
    ScalarOp,
    UnaryScalarOp,
    lazily,
    like,
    op,
)
from pytensorlite.scalar.rules import (
    order_then_float,
    upgrade_to_float,
    upgrade_to_float_no_complex,
)

SQRT_PI = constants.sqrt(constants.pi)


def _scipy(name: str) -> Any:
    return lazily("scipy.special", name)


# Densities and logarithmic derivatives that several rules share.
def _gamma_density(k: Any, x: Any) -> Any:
    """d gammainc(k, x) / dx."""
    return exp(xlogy0(k - 1, x) - x - gammaln(k))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    """d betainc(a, b, x) / dx."""
    return exp(xlogy0(a - 1, x) + xlog1py0(b - 1, -x) - betaln(a, b))


def _gamma_score(k: Any, x: Any) -> Any:
    """d log density / dk."""
    return log(x) - psi(k)


def _beta_score_a(a: Any, b: Any, x: Any) -> Any:
    """d log density / da."""
    return log(x) - psi(a) + psi(a + b)


def _beta_score_b(a: Any, b: Any, x: Any) -> Any:
    """d log density / db."""
    return log1p(-x) - psi(b) + psi(a + b)


_real = upgrade_to_float_no_complex

# fmt: off
# ruff: noqa: E501, F401 - rows may be wide; names are re-exported for PyTensor's paths
# Rules mention rows that come later, which mypy does not follow:
# mypy: disable-error-code="has-type"

# -- logistic and its kin ----------------------------------------------------------------------------------------------
sigmoid = op("sigmoid", _scipy("expit"), "ptl_sigmoid({0})", _real, lambda g, y, x: [g * y * (1 - y)],
    nin=1, cost=2.5, doc="1 / (1 + exp(-x)).")
softplus = op("softplus", special.softplus, "ptl_softplus({0})", _real, lambda g, y, x: [g * sigmoid(x)],
    nin=1, label="Softplus", cost=3.5, doc="log(1 + exp(x)).")
log1mexp = op("log1mexp", special.log1mexp, "ptl_log1mexp({0})", _real, lambda g, y, x: [-g / expm1(-x)],
    nin=1, label="Log1mexp", cost=4.0, doc="log(1 - exp(x)) for negative x.")
xlogx = op("xlogx", special.xlogx, "ptl_xlogy({0}, {0})", _real, lambda g, y, x: [g * (1 + log(x))],
    nin=1, class_name="XlogX", cost=2.0, doc="x log x, 0 where x is 0.")
xlogy0 = op("xlogy0", special.xlogy0, "ptl_xlogy({0}, {1})", _real, lambda g, y, a, b: [g * log(b), g * a / b],
    nin=2, class_name="XlogY0", cost=2.0, doc="x log y, 0 where x is 0.")
xlog1py0 = op("xlog1py0", special.xlog1py0, "ptl_xlog1py({0}, {1})", _real,
    lambda g, y, a, b: [g * log1p(b), g * a / (1 + b)],
    nin=2, class_name="Xlog1pY0", cost=2.5, doc="x log1p y, 0 where x is 0.")

# -- error functions ---------------------------------------------------------------------------------------------------
erf = op("erf", _scipy("erf"), "erf({0})", upgrade_to_float,
    lambda g, y, x: [g * exp(-sqr(x)) * like(y, 2 / SQRT_PI)],
    nin=1, kinds={"c": template("complex_erf")}, cost=3.0)
erfc = op("erfc", _scipy("erfc"), "erfc({0})", upgrade_to_float,
    lambda g, y, x: [g * exp(-sqr(x)) * like(y, -2 / SQRT_PI)],
    nin=1, kinds={"c": template("complex_erfc")}, cost=4.0)
erfcx = op("erfcx", _scipy("erfcx"), "ptl_erfcx({0})", _real,
    lambda g, y, x: [g * (2 * x * y - like(y, 2 / SQRT_PI))],
    nin=1, cost=5.0, doc="exp(x**2) erfc(x).")
erfinv = op("erfinv", _scipy("erfinv"), "ptl_erfinv({0})", _real,
    lambda g, y, x: [g * exp(sqr(y)) * like(y, SQRT_PI / 2)],
    nin=1, cost=5.0)
erfcinv = op("erfcinv", _scipy("erfcinv"), "ptl_erfcinv({0})", _real,
    lambda g, y, x: [g * exp(sqr(y)) * like(y, -SQRT_PI / 2)],
    nin=1, cost=5.0)
owens_t = op("owens_t", special.in_double("owens_t"), template("owens_t"), _real, lambda g, y, h, a: _owens_t_rule(g, y, h, a),
    nin=2, class_name="Owens_t", cost=80.0, vectorises=False)

# -- gamma and its logarithmic derivatives -----------------------------------------------------------------------------
gamma = op("gamma", _scipy("gamma"), "ptl_gamma({0})", upgrade_to_float, lambda g, y, x: [g * y * psi(x)],
    nin=1, kinds={"c": template("complex_gamma")}, cost=8.0)
gammaln = op("gammaln", _scipy("gammaln"), "ptl_gammaln({0})", _real, lambda g, y, x: [g * psi(x)],
    nin=1, class_name="GammaLn", cost=3.0, doc="log |gamma(x)|.")
gammaln_positive = op("gammaln_positive", special.of_positive("gammaln"), "ptl_gammaln_positive({0})", _real, lambda g, y, x: [g * psi_positive(x)],
    nin=1, cost=1.5, doc="log gamma(x) for x >= 0, NaN for the rest: what `gammaln` becomes where x is known to be such.")
psi = op("psi", _scipy("psi"), "ptl_psi({0})", upgrade_to_float,
    lambda g, y, x: [UNDEFINED if is_complex(x) else g * tri_gamma(x)],
    nin=1, kinds={"c": template("complex_psi")}, cost=2.0, doc="The derivative of log gamma.")
psi_positive = op("psi_positive", special.of_positive("psi"), "ptl_psi_positive({0})", _real, lambda g, y, x: [g * tri_gamma(x)],
    nin=1, cost=1.5, doc="psi(x) for x >= 0, NaN for the rest.")
tri_gamma = op("tri_gamma", special.tri_gamma, "ptl_trigamma({0})", _real,
    lambda g, y, x: [g * polygamma(constant(2), x)],
    nin=1, cost=1.2, doc="The second derivative of log gamma.")
polygamma = op("polygamma", special.polygamma, "ptl_polygamma({0}, {1})", order_then_float,
    lambda g, y, n, x: [None, g * polygamma(n + 1, x)],
    nin=2, class_name="PolyGamma", computes_in="last", cost=80.0, vectorises=False, doc="Derivative n + 1 of log gamma.")

# -- incomplete gamma --------------------------------------------------------------------------------------------------
gammainc = op("gammainc", special.in_double("gammainc"), template("gammainc"), _real,
    lambda g, y, k, x: [g * gammainc_dk(k, x), g * _gamma_density(k, x)],
    nin=2, class_name="GammaInc", cost=90.0, vectorises=False)
gammaincc = op("gammaincc", special.in_double("gammaincc"), template("gammaincc"), _real,
    lambda g, y, k, x: [-g * gammainc_dk(k, x), -g * _gamma_density(k, x)],
    nin=2, class_name="GammaIncC", cost=90.0, vectorises=False)
gammaincinv = op("gammaincinv", special.in_double("gammaincinv"), template("gammaincinv"), _real,
    lambda g, y, k, p: [-g * gammainc_dk(k, y) / _gamma_density(k, y), g / _gamma_density(k, y)],
    nin=2, class_name="GammaIncInv", cost=300.0, vectorises=False)
gammainccinv = op("gammainccinv", special.in_double("gammainccinv"), template("gammainccinv"), _real,
    lambda g, y, k, q: [-g * gammainc_dk(k, y) / _gamma_density(k, y), -g / _gamma_density(k, y)],
    nin=2, class_name="GammaIncCInv", cost=300.0, vectorises=False)
gammal = op("gammal", special.gammal, f"{template('gammainc')} * ptl_gamma({{0}})", _real,
    lambda g, y, k, x: [g * (y * psi(k) + gamma(k) * gammainc_dk(k, x)), g * exp(xlogy0(k - 1, x) - x)],
    nin=2, class_name="GammaL", cost=120.0, vectorises=False, doc="The lower incomplete gamma function, not normalised.")
gammau = op("gammau", special.gammau, f"{template('gammaincc')} * ptl_gamma({{0}})", _real,
    lambda g, y, k, x: [g * (y * psi(k) - gamma(k) * gammainc_dk(k, x)), -g * exp(xlogy0(k - 1, x) - x)],
    nin=2, class_name="GammaU", cost=120.0, vectorises=False, doc="The upper incomplete gamma function, not normalised.")
gammainc_dk = op("gammainc_dk", incomplete.gammainc_dk, "ptl_gammainc_by({0}, {1}, 1)", _real,
    lambda g, y, k, x: [g * gammainc_dkk(k, x), g * _gamma_density(k, x) * _gamma_score(k, x)],
    nin=2, cost=3000.0, vectorises=False, doc="d gammainc(k, x) / dk.")
gammainc_dkk = op("gammainc_dkk", incomplete.gammainc_dkk, "ptl_gammainc_by({0}, {1}, 2)", _real,
    lambda g, y, k, x: [UNDEFINED, g * _gamma_density(k, x) * (sqr(_gamma_score(k, x)) - tri_gamma(k))],
    nin=2, cost=3000.0, vectorises=False, doc="d² gammainc(k, x) / dk².")

# -- incomplete beta ---------------------------------------------------------------------------------------------------
betainc = op("betainc", special.in_double("betainc"), template("betainc"), _real,
    lambda g, y, a, b, x: [g * betainc_da(a, b, x), g * betainc_db(a, b, x), g * _beta_density(a, b, x)],
    nin=3, class_name="BetaInc", cost=200.0, vectorises=False)
betaincinv = op("betaincinv", special.in_double("betaincinv"), template("betaincinv"), _real, lambda g, y, a, b, p: _betaincinv_rule(g, y, a, b),
    nin=3, class_name="BetaIncInv", cost=900.0, vectorises=False)
betainc_da = op("betainc_da", incomplete.betainc_da, "ptl_betainc_by({0}, {1}, {2}, 1, 0)", _real,
    lambda g, y, a, b, x: [g * betainc_daa(a, b, x), g * betainc_dab(a, b, x), g * _beta_density(a, b, x) * _beta_score_a(a, b, x)],
    nin=3, cost=3000.0, vectorises=False, doc="d betainc(a, b, x) / da.")
betainc_db = op("betainc_db", incomplete.betainc_db, "ptl_betainc_by({0}, {1}, {2}, 0, 1)", _real,
    lambda g, y, a, b, x: [g * betainc_dab(a, b, x), g * betainc_dbb(a, b, x), g * _beta_density(a, b, x) * _beta_score_b(a, b, x)],
    nin=3, cost=3000.0, vectorises=False, doc="d betainc(a, b, x) / db.")
betainc_daa = op("betainc_daa", incomplete.betainc_daa, "ptl_betainc_by({0}, {1}, {2}, 2, 0)", _real,
    lambda g, y, a, b, x: [UNDEFINED, UNDEFINED, g * _beta_density(a, b, x) * (sqr(_beta_score_a(a, b, x)) - tri_gamma(a) + tri_gamma(a + b))],
    nin=3, cost=3000.0, vectorises=False, doc="d² betainc(a, b, x) / da².")
betainc_dab = op("betainc_dab", incomplete.betainc_dab, "ptl_betainc_by({0}, {1}, {2}, 1, 1)", _real,
    lambda g, y, a, b, x: [UNDEFINED, UNDEFINED, g * _beta_density(a, b, x) * (_beta_score_a(a, b, x) * _beta_score_b(a, b, x) + tri_gamma(a + b))],
    nin=3, cost=3000.0, vectorises=False, doc="d² betainc(a, b, x) / da db.")
betainc_dbb = op("betainc_dbb", incomplete.betainc_dbb, "ptl_betainc_by({0}, {1}, {2}, 0, 2)", _real,
    lambda g, y, a, b, x: [UNDEFINED, UNDEFINED, g * _beta_density(a, b, x) * (sqr(_beta_score_b(a, b, x)) - tri_gamma(b) + tri_gamma(a + b))],
    nin=3, cost=3000.0, vectorises=False, doc="d² betainc(a, b, x) / db².")

# -- Bessel functions --------------------------------------------------------------------------------------------------
j0 = op("j0", _scipy("j0"), "j0({0})", _real, lambda g, y, x: [-g * j1(x)],
    nin=1, class_name="J0", cost=30.0, vectorises=False)
j1 = op("j1", _scipy("j1"), "j1({0})", _real, lambda g, y, x: [g * (j0(x) - jv(constant(2), x)) / 2],
    nin=1, class_name="J1", cost=30.0, vectorises=False)
jv = op("jv", special.in_double("jv"), template("jv"), _real, lambda g, y, v, x: [UNDEFINED, g * (jv(v - 1, x) - jv(v + 1, x)) / 2],
    nin=2, cost=200.0, vectorises=False)
i0 = op("i0", _scipy("i0"), "ptl_i0({0})", _real, lambda g, y, x: [g * i1(x)], nin=1, class_name="I0", cost=6.0)
i1 = op("i1", _scipy("i1"), "ptl_i1({0})", _real, lambda g, y, x: [g * (i0(x) + iv(constant(2), x)) / 2],
    nin=1, class_name="I1", cost=6.0)
iv = op("iv", special.in_double("iv"), template("iv"), _real, lambda g, y, v, x: [UNDEFINED, g * (iv(v - 1, x) + iv(v + 1, x)) / 2],
    nin=2, cost=200.0, vectorises=False)
ive = op("ive", special.in_double("ive"), template("ive"), _real,
    lambda g, y, v, x: [UNDEFINED, g * ((ive(v - 1, x) + ive(v + 1, x)) / 2 - sign(x) * y)],
    nin=2, cost=200.0, vectorises=False, doc="exp(-|x|) iv(v, x).")
kv = op("kv", special.in_double("kv"), template("kv"), _real, lambda g, y, v, x: [UNDEFINED, -g * (kv(v - 1, x) + kv(v + 1, x)) / 2],
    nin=2, cost=300.0, vectorises=False)
kve = op("kve", special.in_double("kve"), template("kve"), _real,
    lambda g, y, v, x: [UNDEFINED, g * (y - (kve(v - 1, x) + kve(v + 1, x)) / 2)],
    nin=2, cost=300.0, vectorises=False, doc="exp(x) kv(v, x).")

# -- hypergeometric ----------------------------------------------------------------------------------------------------
hyp2f1 = op("hyp2f1", special.in_double("hyp2f1"), template("hyp2f1"), upgrade_to_float,
    lambda g, y, a, b, c, z: [g * hyp2f1_da(a, b, c, z), g * hyp2f1_da(b, a, c, z), g * hyp2f1_dc(a, b, c, z), g * (a * b / c) * hyp2f1(a + 1, b + 1, c + 1, z)],
    nin=4, class_name="Hyp2F1", kinds={"c": None}, cost=500.0, vectorises=False)
hyp2f1_da = op("hyp2f1_da", hypergeometric.hyp2f1_da, "ptl_hyp2f1_by({0}, {1}, {2}, {3}, 0)", _real,
    lambda g, y, a, b, c, z: [g * hyp2f1_daa(a, b, c, z), g * hyp2f1_dab(a, b, c, z), g * hyp2f1_dac(a, b, c, z), g * (b / c) * (hyp2f1(a + 1, b + 1, c + 1, z) + a * hyp2f1_da(a + 1, b + 1, c + 1, z))],
    nin=4, cost=9000.0, vectorises=False, doc="d hyp2f1(a, b, c, z) / da.")
hyp2f1_dc = op("hyp2f1_dc", hypergeometric.hyp2f1_dc, "ptl_hyp2f1_by({0}, {1}, {2}, {3}, 1)", _real,
    lambda g, y, a, b, c, z: [g * hyp2f1_dac(a, b, c, z), g * hyp2f1_dac(b, a, c, z), g * hyp2f1_dcc(a, b, c, z), g * (a * b / c) * (hyp2f1_dc(a + 1, b + 1, c + 1, z) - hyp2f1(a + 1, b + 1, c + 1, z) / c)],
    nin=4, cost=9000.0, vectorises=False, doc="d hyp2f1(a, b, c, z) / dc.")
hyp2f1_daa = op("hyp2f1_daa", hypergeometric.hyp2f1_daa, "ptl_hyp2f1_by({0}, {1}, {2}, {3}, 2)", _real, lambda g, y, a, b, c, z: [UNDEFINED] * 4,
    nin=4, cost=9000.0, vectorises=False, doc="d² hyp2f1(a, b, c, z) / da².")
hyp2f1_dab = op("hyp2f1_dab", hypergeometric.hyp2f1_dab, "ptl_hyp2f1_by({0}, {1}, {2}, {3}, 3)", _real, lambda g, y, a, b, c, z: [UNDEFINED] * 4,
    nin=4, cost=9000.0, vectorises=False, doc="d² hyp2f1(a, b, c, z) / da db.")
hyp2f1_dac = op("hyp2f1_dac", hypergeometric.hyp2f1_dac, "ptl_hyp2f1_by({0}, {1}, {2}, {3}, 4)", _real, lambda g, y, a, b, c, z: [UNDEFINED] * 4,
    nin=4, cost=9000.0, vectorises=False, doc="d² hyp2f1(a, b, c, z) / da dc.")
hyp2f1_dcc = op("hyp2f1_dcc", hypergeometric.hyp2f1_dcc, "ptl_hyp2f1_by({0}, {1}, {2}, {3}, 5)", _real, lambda g, y, a, b, c, z: [UNDEFINED] * 4,
    nin=4, cost=9000.0, vectorises=False, doc="d² hyp2f1(a, b, c, z) / dc².")
# fmt: on


def _owens_t_rule(g: Any, y: Any, h: Any, a: Any) -> list:
    by_h = -exp(-sqr(h) / 2) * erf(a * h * like(y, constants.sqrt(0.5)))
    by_a = exp(-sqr(h) * (1 + sqr(a)) / 2) / (1 + sqr(a))
    return [
        g * by_h * like(y, 1 / (2 * constants.sqrt(2 * constants.pi))),
        g * by_a * like(y, 1 / (2 * constants.pi)),
    ]


def _betaincinv_rule(g: Any, y: Any, a: Any, b: Any) -> list:
    """The inverse function: dp = I_a da + I_b db + density dx = 0 along each parameter."""
    scale = g / _beta_density(a, b, y)
    return [-scale * betainc_da(a, b, y), -scale * betainc_db(a, b, y), scale]


# -- functions made of rows ------------------------------------------------------------------------


def betaln(a: Any, b: Any) -> Any:
    """Return the logarithm of the beta function of positive `a` and `b`."""
    return gammaln(a) + gammaln(b) - gammaln(a + b)


def chi2sf(x: Any, k: Any) -> Any:
    """Return the probability that a chi-squared variable of `k` degrees of freedom exceeds `x`."""
    return gammaincc(k / 2, x / 2)


def gammainc_grad(k: Any, x: Any) -> Any:
    """Return d gammainc(k, x) / dk."""
    return gammainc_dk(k, x)


def gammaincc_grad(k: Any, x: Any) -> Any:
    """Return d gammaincc(k, x) / dk."""
    return -gammainc_dk(k, x)


def betainc_grad(p: Any, q: Any, x: Any, wrtp: bool) -> Any:
    """Return d betainc(p, q, x) / dp if `wrtp`, else / dq."""
    return betainc_da(p, q, x) if wrtp else betainc_db(p, q, x)


def hyp2f1_grad(a: Any, b: Any, c: Any, z: Any, wrt: int) -> Any:
    """Return the derivative of hyp2f1 by a, b or c, for `wrt` 0, 1 or 2."""
    if wrt == 2:
        return hyp2f1_dc(a, b, c, z)
    return hyp2f1_da(a, b, c, z) if wrt == 0 else hyp2f1_da(b, a, c, z)


digamma = psi
expit = sigmoid


_PRIVATE = {"Any", "annotations", "constants", "hypergeometric", "incomplete", "np", "special"}
__all__ = sorted(name for name in globals() if not name.startswith("_") and name not in _PRIVATE)
