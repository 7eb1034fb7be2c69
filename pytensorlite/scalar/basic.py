"""THE OP TABLE: every elementwise operation of NumPy, declared once.

A row reads: name, NumPy implementation, C expression, dtype rule, derivative. ``g`` is the
cotangent, ``y`` the op's own output, then the inputs; None in a list is a zero term, and no rule at
all means that the derivative is zero everywhere. Rules neither broadcast nor cast: that is done
once, by `ScalarOp` and ``Elemwise``. Where C and NumPy disagree, the template calls a ``ptl_*``
function of ``include/ptl_math.h``. Functions that C99 lacks have their rows in `math`.
"""

from __future__ import annotations

import builtins
import math as constants
from typing import Any

import numpy as np

from pytensorlite.scalar import implementations as impl
from pytensorlite.scalar.cast import Cast, cast, casts
from pytensorlite.scalar.chosen import chosen
from pytensorlite.scalar.dtypes import (
    NumpyAutocaster,
    autocast_float,
    autocast_float_as,
    autocast_int,
    convert,
    discrete_dtypes,
    kind,
    upcast,
)
from pytensorlite.scalar.op import (
    BinaryBitOp,
    BinaryScalarOp,
    FixedLogicalComparison,
    LogicalComparison,
    ScalarOp,
    UnaryBitOp,
    UnaryScalarOp,
    lift,
    like,
    op,
    zeros_like,
)
from pytensorlite.scalar.rules import (
    bool_out,
    bool_out_no_complex,
    byte_out,
    complex_out,
    first_float_out,
    float_out,
    float_out_nocomplex,
    float_power_out,
    int_out,
    int_out_nocomplex,
    last_out,
    real_float_out,
    real_out,
    same_out,
    same_out_discrete,
    same_out_float_only,
    same_out_min8,
    same_out_nobool,
    same_out_nocomplex,
    same_out_signed,
    specific_out,
    true_div_out,
    unary_out_lookup,
    upcast_branches,
    upcast_discrete,
    upcast_integer,
    upcast_out,
    upcast_out_min8,
    upcast_out_no_complex,
    upcast_out_nobool,
    upgrade_to_float,
    upgrade_to_float64,
    upgrade_to_float_no_complex,
)
from pytensorlite.scalar.table import ROWS
from pytensorlite.scalar.type import (
    ScalarConstant,
    ScalarType,
    ScalarVariable,
    all_types,
    as_common_dtype,
    as_scalar,
    complex_types,
    constant,
    continuous_types,
    discrete_types,
    float_types,
    get_scalar_type,
    int_types,
    integer_types,
    uint_types,
)

LN2, LN10 = constants.log(2), constants.log(10)


def is_complex(x: Any) -> builtins.bool:
    """Whether a variable is a complex number."""
    return kind(x.type.dtype) == "c"


def _turn(re: str, im: str) -> dict:
    """Facts of an op that takes a complex number apart: it computes in its input's dtype."""
    return {"computes_in": "inputs", "holomorphic": False, "kinds": {"biuf": re, "c": im}}


_COMPARES: dict[str, Any] = {"base": LogicalComparison, "computes_in": "inputs", "cost": 0.3}
_ASKS: dict[str, Any] = {"base": FixedLogicalComparison, "computes_in": "inputs", "cost": 0.3}


# -- derivative rules of more than a line ----------------------------------------------------------


def _product_rule(g: Any, xs: tuple) -> list:
    """Multiply g by all factors but one, for each."""
    if len(xs) == 1:
        return [g]
    return [mul(g, *xs[:i], *xs[i + 1 :]) for i in range(len(xs))]


def _power_rule(g: Any, y: Any, a: Any, b: Any) -> list:
    """d(a**b): b * a**(b-1) is 0 for b = 0 even where a = 0, and a**b * log(a) is 0 where a = 0."""
    by_base = switch(eq(b, 0), zeros_like(y), b * a ** (b - 1))
    by_exponent = switch(eq(a, 0), zeros_like(y), y * log(a))
    return [g * by_base, g * by_exponent]


def _first_or_second(first: Any, g: Any) -> list:
    """Give the cotangent to the operand that was chosen; of two equal ones, to the first."""
    return [chosen(first, g), chosen(first, g, where=False)]


def _clip_rule(g: Any, y: Any, x: Any, low: Any, high: Any) -> list:
    """The bound that the value was cut to gets the cotangent, else the value."""
    below, above = x < low, x > high
    return [
        chosen(or_(below, above), g, where=False),
        chosen(and_(below, low <= high), g),
        chosen(or_(above, and_(below, low > high)), g),
    ]


def _abs_rule(g: Any, y: Any, x: Any) -> list:
    if not is_complex(x):
        return [g * sign(x)]
    return [switch(eq(y, 0), zeros_like(x), g * x / y)]


def _abs_push(tangents: list, y: Any, x: Any) -> Any:
    if not is_complex(x):
        return tangents[0] * sign(x)
    return switch(eq(y, 0), zeros_like(y), real(conj(x) * tangents[0]) / y)


def _angle_rule(g: Any, y: Any, x: Any) -> list:
    """The angle grows along i*x."""
    if not is_complex(x):
        return [None]
    scale = g / (sqr(real(x)) + sqr(imag(x)))
    return [complex(-imag(x) * scale, real(x) * scale)]


def _polar_rule(g: Any, y: Any, r: Any, theta: Any) -> list:
    return [
        real(g) * cos(theta) + imag(g) * sin(theta),
        imag(g) * real(y) - real(g) * imag(y),
    ]


def _polar_push(tangents: list, y: Any, r: Any, theta: Any) -> Any:
    by_r, by_theta = tangents
    return complex(by_r * cos(theta) - by_theta * imag(y), by_r * sin(theta) + by_theta * real(y))


# fmt: off
# ruff: noqa: E501, F401 - rows may be wide; names are re-exported for PyTensor's paths
# Rules mention rows that come later, which mypy does not follow:
# mypy: disable-error-code="has-type"
# -- arithmetic --------------------------------------------------------------------------------------------------------
add = op("add", np.add, "{0} + {1}", upcast_out, lambda g, y, *xs: [g for _ in xs],
    nin=-1, kinds={"b": "{0} | {1}", "iu": "@ptl_add({0}, {1})"}, commutative=True, associative=True, identity=0,
    cost=0.3)
mul = op("mul", np.multiply, "{0} * {1}", upcast_out, lambda g, y, *xs: _product_rule(g, xs),
    nin=-1, kinds={"b": "{0} & {1}", "iu": "@ptl_mul({0}, {1})", "c": "ptl_complex_mul({0}, {1})"}, commutative=True,
    associative=True, identity=1, cost=0.3)
sub = op("sub", np.subtract, "{0} - {1}", upcast_out_nobool, lambda g, y, a, b: [g, -g],
    kinds={"iu": "@ptl_sub({0}, {1})"}, cost=0.3)
true_div = op("true_div", np.true_divide, "{0} / {1}", true_div_out, lambda g, y, a, b: [g / b, -(g * y) / b],
    kinds={"c": "ptl_complex_div({0}, {1})"}, cost=1.0)
int_div = op("int_div", np.floor_divide, "ptl_floor_div({0}, {1})", upcast_out_no_complex,
    class_name="IntDiv", kinds={"b": "{0} & {1}", "iu": "@ptl_int_floor_div({0}, {1})"}, cost=2.0,
    doc="The floor of the quotient.")
mod = op("mod", np.mod, "ptl_mod({0}, {1})", upcast_out_no_complex, lambda g, y, a, b: [g, -g * int_div(a, b)],
    kinds={"b": "0", "iu": "@ptl_int_mod({0}, {1})"}, cost=2.0,
    doc="The remainder with the sign of the divisor.")
fmod = op("fmod", np.fmod, "ptl_fmod({0}, {1})", upcast_out_no_complex, lambda g, y, a, b: [g, -g * trunc(a / b)],
    kinds={"b": "0", "iu": "@ptl_int_fmod({0}, {1})"}, cost=1.5,
    doc="The remainder with the sign of the dividend, as C's fmod.")
pow = op("pow", impl.power, "ptl_pow({0}, {1})", upcast_out_min8, _power_rule,
    nin=2, kinds={"iu": "@ptl_int_pow({0}, {1})", "c": "ptl_complex_pow({0}, {1})"}, cost=4.0)
float_power = op("float_power", np.float_power, "ptl_pow({0}, {1})", float_power_out, _power_rule,
    kinds={"c": "ptl_complex_pow({0}, {1})"}, cost=4.0, doc="The power, in float64 or complex128 whatever comes in.")
neg = op("neg", np.negative, "-{0}", same_out_nobool, lambda g, y, x: [-g], kinds={"iu": "@ptl_neg({0})"}, cost=0.2)
positive = op("positive", np.positive, "{0}", same_out_nobool, lambda g, y, x: [g], cost=0.1)
sqr = op("sqr", np.square, "{0} * {0}", same_out, lambda g, y, x: [g * x * 2],
    kinds={"b": "{0}", "iu": "@ptl_mul({0}, {0})", "c": "ptl_complex_mul({0}, {0})"}, cost=0.3)
reciprocal = op("reciprocal", np.reciprocal, "1 / {0}", upgrade_to_float, lambda g, y, x: [-g * sqr(y)],
    kinds={"c": "ptl_complex_reciprocal({0})"}, cost=1.0)
abs = op("abs", np.abs, "fabs({0})", real_out, _abs_rule,
    label="Abs", computes_in="inputs", kinds={"bu": "{0}", "i": "@ptl_abs({0})", "c": "cabs({0})"}, push=_abs_push,
    holomorphic=False, cost=0.2)
sign = op("sign", np.sign, "ptl_sign({0})", same_out_signed,
    kinds={"iu": "({0} > 0) - ({0} < 0)"}, cost=0.4, doc="-1, 0 or 1; NaN stays.")
hypot = op("hypot", np.hypot, "hypot({0}, {1})", upgrade_to_float_no_complex,
    lambda g, y, a, b: [g * a / y, g * b / y],
    commutative=True, cost=2.0)
copysign = op("copysign", np.copysign, "copysign({0}, {1})", upgrade_to_float_no_complex,
    lambda g, y, a, b: [switch(eq(signbit(a), signbit(b)), g, -g), None],
    cost=0.3)
nextafter = op("nextafter", np.nextafter, "ptl_nextafter({0}, {1})", upgrade_to_float_no_complex,
    lambda g, y, a, b: [g, None],
    computes_in="exactly", kinds={"half": None}, cost=0.4)
spacing = op("spacing", np.spacing, "ptl_spacing({0})", upgrade_to_float_no_complex,
    computes_in="exactly", kinds={"half": None}, cost=0.3,
    doc="The distance to the next float away from zero.")
ldexp = op("ldexp", impl.ldexp, "ptl_ldexp({0}, {1})", first_float_out, lambda g, y, a, b: [ldexp(g, b), None],
    nin=2, computes_in="first", cost=0.8, doc="a times two to the b.")
gcd = op("gcd", np.gcd, "@ptl_int_gcd({0}, {1})", upcast_integer,
    commutative=True, associative=True, cost=15.0, vectorises=False)
lcm = op("lcm", np.lcm, "@ptl_int_lcm({0}, {1})", upcast_integer, commutative=True, cost=17.0, vectorises=False)
heaviside = op("heaviside", np.heaviside, "ptl_heaviside({0}, {1})", upgrade_to_float_no_complex,
    lambda g, y, a, b: [None, switch(eq(a, 0), g, zeros_like(g))],
    cost=0.4)

# -- rounding: the derivative is zero ----------------------------------------------------------------------------------
floor = op("floor", np.floor, "floor({0})", upgrade_to_float_no_complex, cost=0.3)
ceil = op("ceil", np.ceil, "ceil({0})", upgrade_to_float_no_complex, cost=0.3)
trunc = op("trunc", np.trunc, "trunc({0})", upgrade_to_float_no_complex, cost=0.3)
rint = op("rint", np.rint, "rint({0})", upgrade_to_float_no_complex, cost=0.3)
round_half_to_even = op("round_half_to_even", impl.round_half_to_even, "rint({0})", same_out_nocomplex,
    nin=1, label="RoundHalfToEven", kinds={"biu": "{0}"}, cost=0.3)
round_half_away_from_zero = op("round_half_away_from_zero", impl.round_half_away_from_zero,
    "ptl_round_half_away({0})", same_out_nocomplex,
    nin=1, label="RoundHalfAwayFromZero", kinds={"biu": "{0}"}, cost=0.6)

# -- exponentials and logarithms ---------------------------------------------------------------------------------------
exp = op("exp", np.exp, "exp({0})", upgrade_to_float, lambda g, y, x: [g * y], cost=1.5)
exp_term = op("exp_term", np.exp, "ptl_exp_term({0})", upgrade_to_float_no_complex, lambda g, y, x: [g * y], cost=1.5,
    doc="exp(x), which errs by |x| units of its last place: what `exp` becomes where it is only added to exp(0), and no x is larger.")
exp2 = op("exp2", np.exp2, "exp2({0})", upgrade_to_float, lambda g, y, x: [g * y * like(y, LN2)],
    kinds={"c": "ptl_complex_exp2({0})"}, cost=1.5)
expm1 = op("expm1", np.expm1, "expm1({0})", upgrade_to_float, lambda g, y, x: [g * exp(x)],
    kinds={"c": "ptl_complex_expm1({0})"}, cost=2.5)
log = op("log", np.log, "log({0})", upgrade_to_float, lambda g, y, x: [g / x], cost=1.5)
log2 = op("log2", np.log2, "log2({0})", upgrade_to_float, lambda g, y, x: [g / (x * like(y, LN2))],
    kinds={"c": "ptl_complex_log2({0})"}, cost=1.5)
log10 = op("log10", np.log10, "log10({0})", upgrade_to_float, lambda g, y, x: [g / (x * like(y, LN10))],
    kinds={"c": "ptl_complex_log10({0})"}, cost=1.5)
log1p = op("log1p", np.log1p, "log1p({0})", upgrade_to_float, lambda g, y, x: [g / (1 + x)],
    kinds={"c": "ptl_complex_log1p({0})"}, cost=2.0)
logaddexp = op("logaddexp", np.logaddexp, "ptl_logaddexp({0}, {1})", upgrade_to_float_no_complex,
    lambda g, y, a, b: [g * exp(a - y), g * exp(b - y)],
    commutative=True, associative=True, identity=-np.inf, cost=4.0)
logaddexp2 = op("logaddexp2", np.logaddexp2, "ptl_logaddexp2({0}, {1})", upgrade_to_float_no_complex,
    lambda g, y, a, b: [g * exp2(a - y), g * exp2(b - y)],
    commutative=True, associative=True, identity=-np.inf, cost=4.0)
sqrt = op("sqrt", np.sqrt, "sqrt({0})", upgrade_to_float, lambda g, y, x: [g / (2 * y)], cost=1.5)
cbrt = op("cbrt", np.cbrt, "cbrt({0})", upgrade_to_float_no_complex, lambda g, y, x: [g / (3 * sqr(y))], cost=3.0)

# -- trigonometry ------------------------------------------------------------------------------------------------------
sin = op("sin", np.sin, "sin({0})", upgrade_to_float, lambda g, y, x: [g * cos(x)], cost=2.0)
cos = op("cos", np.cos, "cos({0})", upgrade_to_float, lambda g, y, x: [-g * sin(x)], cost=2.0)
tan = op("tan", np.tan, "tan({0})", upgrade_to_float, lambda g, y, x: [g * (1 + sqr(y))], cost=3.0)
arcsin = op("arcsin", np.arcsin, "asin({0})", upgrade_to_float, lambda g, y, x: [g / sqrt(1 - sqr(x))],
    class_name="ArcSin", cost=3.0)
arccos = op("arccos", np.arccos, "acos({0})", upgrade_to_float, lambda g, y, x: [-g / sqrt(1 - sqr(x))],
    class_name="ArcCos", cost=3.0)
arctan = op("arctan", np.arctan, "atan({0})", upgrade_to_float, lambda g, y, x: [g / (1 + sqr(x))],
    class_name="ArcTan", cost=3.0)
arctan2 = op("arctan2", np.arctan2, "atan2({0}, {1})", upgrade_to_float_no_complex,
    lambda g, y, a, b: [g * b / (sqr(a) + sqr(b)), -g * a / (sqr(a) + sqr(b))],
    class_name="ArcTan2", cost=4.0)
sinh = op("sinh", np.sinh, "sinh({0})", upgrade_to_float, lambda g, y, x: [g * cosh(x)], cost=3.0)
cosh = op("cosh", np.cosh, "cosh({0})", upgrade_to_float, lambda g, y, x: [g * sinh(x)], cost=3.0)
tanh = op("tanh", np.tanh, "ptl_tanh({0})", upgrade_to_float, lambda g, y, x: [g * (1 - sqr(y))],
    kinds={"c": "tanh({0})"}, cost=2.0)
arcsinh = op("arcsinh", np.arcsinh, "asinh({0})", upgrade_to_float, lambda g, y, x: [g / sqrt(sqr(x) + 1)],
    class_name="ArcSinh", cost=4.0)
arccosh = op("arccosh", np.arccosh, "ptl_arccosh({0})", upgrade_to_float, lambda g, y, x: [g / (sqrt(x - 1) * sqrt(x + 1))],
    class_name="ArcCosh", kinds={"c": "acosh({0})"}, cost=3.0)
arctanh = op("arctanh", np.arctanh, "atanh({0})", upgrade_to_float, lambda g, y, x: [g / (1 - sqr(x))],
    class_name="ArcTanh", cost=4.0)
deg2rad = op("deg2rad", np.deg2rad, "ptl_deg2rad({0})", upgrade_to_float_no_complex,
    lambda g, y, x: [g * like(y, constants.pi / 180)],
    class_name="Deg2Rad", cost=0.3)
rad2deg = op("rad2deg", np.rad2deg, "ptl_rad2deg({0})", upgrade_to_float_no_complex,
    lambda g, y, x: [g * like(y, 180 / constants.pi)],
    class_name="Rad2Deg", cost=0.3)

# -- comparisons: the answer is bool, the derivative zero --------------------------------------------------------------
lt = op("lt", np.less, "{0} < {1}", bool_out,
    **_COMPARES, class_name="LT", label="LT",
    kinds={"c": "ptl_complex_lt({0}, {1})", "mixed": "(__int128){0} < (__int128){1}"})
gt = op("gt", np.greater, "{0} > {1}", bool_out,
    **_COMPARES, class_name="GT", label="GT",
    kinds={"c": "ptl_complex_lt({1}, {0})", "mixed": "(__int128){0} > (__int128){1}"})
le = op("le", np.less_equal, "{0} <= {1}", bool_out,
    **_COMPARES, class_name="LE", label="LE",
    kinds={"c": "ptl_complex_le({0}, {1})", "mixed": "(__int128){0} <= (__int128){1}"})
ge = op("ge", np.greater_equal, "{0} >= {1}", bool_out,
    **_COMPARES, class_name="GE", label="GE",
    kinds={"c": "ptl_complex_le({1}, {0})", "mixed": "(__int128){0} >= (__int128){1}"})
eq = op("eq", np.equal, "{0} == {1}", bool_out,
    **_COMPARES, class_name="EQ", label="EQ", kinds={"mixed": "(__int128){0} == (__int128){1}"}, commutative=True)
neq = op("neq", np.not_equal, "{0} != {1}", bool_out,
    **_COMPARES, class_name="NEQ", label="NEQ", kinds={"mixed": "(__int128){0} != (__int128){1}"}, commutative=True)
isnan = op("isnan", np.isnan, "isnan({0})", bool_out,
    **_ASKS, class_name="IsNan", label="IsNan", kinds={"biu": "0", "c": "isnan(creal({0})) || isnan(cimag({0}))"})
isinf = op("isinf", np.isinf, "isinf({0}) != 0", bool_out,
    **_ASKS, class_name="IsInf", label="IsInf", kinds={"biu": "0", "c": "isinf(creal({0})) || isinf(cimag({0}))"})
isfinite = op("isfinite", np.isfinite, "isfinite({0})", bool_out,
    **_ASKS, class_name="IsFinite", label="IsFinite",
    kinds={"biu": "1", "c": "isfinite(creal({0})) && isfinite(cimag({0}))"})
signbit = op("signbit", impl.signbit, "ptl_signbit({0})", bool_out_no_complex,
    **_ASKS, nin=1, kinds={"bu": "0", "i": "{0} < 0"})

# -- logic and bits ----------------------------------------------------------------------------------------------------
logical_and = op("logical_and", np.logical_and, "({0} != 0) & ({1} != 0)", bool_out,
    **_COMPARES, commutative=True, associative=True, identity=True)
logical_or = op("logical_or", np.logical_or, "({0} != 0) | ({1} != 0)", bool_out,
    **_COMPARES, commutative=True, associative=True, identity=False)
logical_xor = op("logical_xor", np.logical_xor, "({0} != 0) ^ ({1} != 0)", bool_out,
    **_COMPARES, commutative=True, associative=True, identity=False)
logical_not = op("logical_not", np.logical_not, "{0} == 0", bool_out, **_ASKS)
and_ = op("and_", np.bitwise_and, "{0} & {1}", upcast_discrete,
    base=BinaryBitOp, class_name="AND", label="AND", commutative=True, associative=True, identity=-1, cost=0.2)
or_ = op("or_", np.bitwise_or, "{0} | {1}", upcast_discrete,
    base=BinaryBitOp, class_name="OR", label="OR", commutative=True, associative=True, identity=0, cost=0.2)
xor = op("xor", np.bitwise_xor, "{0} ^ {1}", upcast_discrete,
    base=BinaryBitOp, class_name="XOR", label="XOR", commutative=True, associative=True, identity=0, cost=0.2)
invert = op("invert", np.invert, "@ptl_int_invert({0})", same_out_discrete,
    base=UnaryBitOp, label="Invert", kinds={"b": "!{0}"}, cost=0.2)
left_shift = op("left_shift", np.left_shift, "@ptl_int_left_shift({0}, {1})", upcast_integer,
    base=BinaryBitOp, cost=0.5)
right_shift = op("right_shift", np.right_shift, "@ptl_int_right_shift({0}, {1})", upcast_integer,
    base=BinaryBitOp, cost=0.5)
bit_count = op("bit_count", impl.bit_count, "@ptl_int_bit_count({0})", byte_out,
    nin=1, base=UnaryBitOp, computes_in="inputs", cost=1.0,
    doc="The number of ones in the binary form of the absolute value.")

# -- selection ---------------------------------------------------------------------------------------------------------
switch = op("switch", impl.where, "{0} ? {1} : {2}", upcast_branches,
    lambda g, y, c, a, b: [None, chosen(c, g), chosen(c, g, where=False)],
    push=lambda t, y, c, a, b: switch(c, t[1], t[2]), nin=3, label="Switch", computes_in="branches", cost=0.4,
    doc="The second input where the first is true, else the third.")
maximum = op("maximum", np.maximum, "ptl_max({0}, {1})", upcast_out, lambda g, y, a, b: _first_or_second(a >= b, g),
    label="Maximum", kinds={"b": "{0} | {1}", "c": None}, commutative=True, associative=True, identity=-np.inf,
    cost=0.4, doc="The larger number, NaN if either is NaN.")
minimum = op("minimum", np.minimum, "ptl_min({0}, {1})", upcast_out, lambda g, y, a, b: _first_or_second(a <= b, g),
    label="Minimum", kinds={"b": "{0} & {1}", "c": None}, commutative=True, associative=True, identity=np.inf,
    cost=0.4, doc="The smaller number, NaN if either is NaN.")
fmax = op("fmax", np.fmax, "ptl_fmax({0}, {1})", upcast_out_no_complex,
    lambda g, y, a, b: _first_or_second(or_(a >= b, isnan(b)), g),
    kinds={"b": "{0} | {1}", "iu": "ptl_max({0}, {1})"}, commutative=True, associative=True, identity=-np.inf,
    cost=0.4, doc="The larger number; NaN only if both are NaN.")
fmin = op("fmin", np.fmin, "ptl_fmin({0}, {1})", upcast_out_no_complex,
    lambda g, y, a, b: _first_or_second(or_(a <= b, isnan(b)), g),
    kinds={"b": "{0} & {1}", "iu": "ptl_min({0}, {1})"}, commutative=True, associative=True, identity=np.inf,
    cost=0.4, doc="The smaller number; NaN only if both are NaN.")
clip = op("clip", np.clip, "ptl_min(ptl_max({0}, {1}), {2})", upcast_out_no_complex, _clip_rule,
    nin=3, kinds={"b": "({0} | {1}) & {2}"}, cost=0.7)
identity = op("identity", impl.same, "{0}", same_out, lambda g, y, x: [g], nin=1, cost=0.0)
second = op("second", impl.last, "{1}", last_out, lambda g, y, a, b: [None, g],
    nin=2, computes_in="as_is", connected=(False, True), cost=0.0, doc="The second input, in the shape of both.")

# -- complex numbers ---------------------------------------------------------------------------------------------------
real = op("real", np.real, "{0}", real_out, lambda g, y, x: [complex(g, zeros_like(g)) if is_complex(x) else g],
    **_turn("{0}", "creal({0})"), nin=1, push=lambda t, y, x: real(t[0]), cost=0.2)
imag = op("imag", np.imag, "0", real_out, lambda g, y, x: [complex(zeros_like(g), g) if is_complex(x) else None],
    **_turn("0", "cimag({0})"), nin=1, push=lambda t, y, x: imag(t[0]), cost=0.2)
angle = op("angle", impl.angle, "ptl_real_angle({0})", real_float_out, _angle_rule,
    **_turn("ptl_real_angle({0})", "atan2(cimag({0}), creal({0}))"), nin=1, push=lambda t, y, x: imag(conj(x) * t[0]) / sqr(abs(x)),
    cost=0.3)
conj = op("conj", np.conj, "{0}", same_out_min8, lambda g, y, x: [conj(g)],
    kinds={"c": "conj({0})"}, push=lambda t, y, x: conj(t[0]), holomorphic=False, cost=0.2)
complex = op("complex", impl.complex_number, "ptl_complex({0}, {1})", complex_out,
    lambda g, y, a, b: [real(g), imag(g)],
    nin=2, computes_in="parts", push=lambda t, y, a, b: complex(t[0], t[1]), holomorphic=False, cost=0.2)
complex_from_polar = op("complex_from_polar", impl.complex_from_polar, "ptl_complex_from_polar({0}, {1})",
    complex_out, _polar_rule,
    nin=2, computes_in="parts", push=_polar_push, holomorphic=False, cost=6.0)
# fmt: on

# -- other names -----------------------------------------------------------------------------------
floor_div = int_div
scalar_abs = abs
scalar_maximum, scalar_minimum = maximum, minimum
convert_to_bool = casts["bool"]
convert_to_int8, convert_to_int16 = casts["int8"], casts["int16"]
convert_to_int32, convert_to_int64 = casts["int32"], casts["int64"]
convert_to_uint8, convert_to_uint16 = casts["uint8"], casts["uint16"]
convert_to_uint32, convert_to_uint64 = casts["uint32"], casts["uint64"]
convert_to_float16, convert_to_float32 = casts["float16"], casts["float32"]
convert_to_float64 = casts["float64"]
convert_to_complex64, convert_to_complex128 = casts["complex64"], casts["complex128"]

# -- types -----------------------------------------------------------------------------------------
bool = get_scalar_type("bool")
int8, int16, int32, int64 = int_types
uint8, uint16, uint32, uint64 = uint_types
float16, float32, float64 = float_types
complex64, complex128 = complex_types


class ComplexError(NotImplementedError):
    """An operation that is not defined for complex numbers."""


class IntegerDivisionError(Exception):
    """Kept for programs that catch it: dividing integers gives a float here."""


def mod_check(x: Any, y: Any) -> Any:
    """Return the remainder of two real numbers; complex ones have none."""
    if is_complex(as_scalar(x)) or is_complex(as_scalar(y)):
        raise ComplexError("expected real numbers for %, got complex ones, which have no remainder")
    return mod(x, y)


def floats(*names: str) -> Any:
    """Return variables of ``config.floatX``, one per name."""
    return _named("floatX", names)


def ints(*names: str) -> Any:
    """Return int64 variables, one per name."""
    return _named("int64", names)


def complexs(*names: str) -> Any:
    """Return complex128 variables, one per name."""
    return _named("complex128", names)


def _named(dtype: str, names: tuple[str, ...]) -> Any:
    type = ScalarType(dtype)
    variables = tuple(type(name) for name in names)
    return variables[0] if len(variables) == 1 else variables


_CLASS_ALIASES = {"ScalarMaximum": "Maximum", "ScalarMinimum": "Minimum"}


def __getattr__(name: str) -> Any:
    """Find the class of a row: ``isinstance(op, basic.Exp)``."""
    wanted = _CLASS_ALIASES.get(name, name)
    for row in ROWS.values():
        if type(row).__name__ == wanted:
            return type(row)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_PRIVATE = {"Any", "annotations", "builtins", "constants", "impl", "np"}
__all__ = sorted(name for name in globals() if not name.startswith("_") and name not in _PRIVATE)
