/* Error functions and Bessel functions that C99 lacks, or that its libraries have no vector version of.
 *
 * All of them are branch-free: each range has its formula, all are computed, one is selected, so that a loop over
 * them becomes vectors.  Floats compute in float where that matters, else in double, rounded at the end.  The
 * polynomials are printed by benchmarks/special_coefficients.py.  Include ptl_math.h first.
 */
#ifndef PTL_SPECIAL_H
#define PTL_SPECIAL_H

#include "ptl_exponential.h"

/* The value of `f` at x, in the precision of x. */
#define PTL_ROUNDED(f, x) PTL_LIKE(x, f(x))

/* -- error functions ----------------------------------------------------------------------------------------------
 * The inverse, by w = -log(1 - x²): times x up to 5, then of sqrt w. */
PTL_INLINE double ptl_erfinv_of_w_(double x, double w) {
    const double c = (w < 5 ? w : 2.5) - 2.5;
    const double centre = x * PTL_P23(c, 0x1.805c5cfcedef5p+0, 0x1.f91e8993f0d14p-3, -0x1.11c3c302dfe42p-8,
        -0x1.4863cdfb6175ap-10, 0x1.c9b437ed2ada5p-13, -0x1.4f47fe72ec7cfp-18, -0x1.ca9227cafa878p-19,
        0x1.01037e3783a20p-21, 0x1.ccff743241326p-27, -0x1.752fda310f5c5p-27, 0x1.f2cba3061bd1dp-31,
        0x1.0704bf9879c70p-33, -0x1.11953fd528876p-35, 0x1.009541699022cp-40, 0x1.2d890a4ff1c9dp-41,
        -0x1.56d81977413a1p-44, -0x1.9f363c3485a35p-49, 0x1.1158f64217205p-49, -0x1.3b05ba9ab6d96p-53,
        -0x1.eee6b35f994bap-56, 0x1.6a3fd44887a54p-58, 0x1.919d95d66a44fp-63, -0x1.456805d898d1fp-64);
    const double root = sqrt(w);
    const double m = (root < 4 ? root : 3.0) - 3.1;
    const double middle = PTL_P21(m, 0x1.7770e9b0e7f95p+1, 0x1.0101b3d126ad7p+0, 0x1.811ecde033104p-8,
        -0x1.8a9f371edd644p-9, 0x1.0d84c5759faccp-10, -0x1.e817ab5b7e2c2p-13, -0x1.08d5c44133c38p-18,
        0x1.3d419d6aeb194p-15, -0x1.5b0f587eba816p-16, 0x1.3a8a7ea8a5376p-18, 0x1.48d0eb6a54438p-20,
        -0x1.882a25c3f614ep-20, 0x1.0d7ea5b569410p-21, 0x1.e757f6e261b33p-27, -0x1.928486ae3473ep-24,
        0x1.6f18e5a2b5eb7p-25, -0x1.0750f6d9bbc6dp-28, -0x1.bd80a007f7b0bp-28, 0x1.c0442357ece1ep-29,
        0x1.5dd42bc318d0ap-33, -0x1.924068a6ea927p-32);
    const double o = (root < 6.1 ? root : 5.0) - 5.05;
    const double outer = PTL_P18(o, 0x1.39a07f9e1f7c1p+2, 0x1.02a209f718977p+0, -0x1.643865eefc08dp-13,
        -0x1.a414046d47a77p-13, 0x1.2ac5f9764284dp-14, -0x1.340e4f9eb6cb9p-16, 0x1.182c823dc90d5p-18,
        -0x1.daa6fd5728721p-21, 0x1.7e60f169b3475p-23, -0x1.268c850f7c0e5p-25, 0x1.ab505428ae2dfp-28,
        -0x1.0ca34e56d3c08p-30, 0x1.53bc8581523a3p-34, 0x1.3a912410ebe86p-35, -0x1.e14257f47c7edp-36,
        0x1.f0fe93962df71p-37, -0x1.a52d7c6f73fcap-38, 0x1.6bd08b15f1e83p-40);
    const double size = root < 4 ? middle : outer;
    return w < 5 ? centre : w >= 5 ? copysign(size, x) : w;
}

PTL_INLINE double ptl_erfinv_d(double x) {
    const double y = ptl_erfinv_of_w_(x, -log((1 - x) * (1 + x)));
    return fabs(x) == 1 ? copysign(INFINITY, x) : y;
}
/* In float sqrt w ends at 10.2, and one polynomial of 1 / sqrt w reaches there. */
PTL_INLINE float ptl_erfinv_of_w_f(float x, float w) {
    const float c = (w < 5 ? w : 2.5f) - 2.5f;
    const float centre = x * PTL_P10(c, 0x1.805c5d250add4p+0, 0x1.f91e89e353ec5p-3, -0x1.11c505c813111p-8,
        -0x1.48650b88b4c67p-10, 0x1.c9e96f22d3fa3p-13, -0x1.4db1851123b88p-18, -0x1.d0eda0a443e8cp-19,
        0x1.f6a6f712a661ep-22, 0x1.90e8ab4aaed61p-26, -0x1.32e60d3c53520p-27);
    const float root = sqrt(w), r = 1 / root - 0.27581641659311562f;
    const float outer = root * PTL_P8(r, 0x1.e8e790c8b39b8p-1, -0x1.8b469732cf633p-3, 0x1.eadf2c0e93a51p-4,
        0x1.e0052998e1374p-2, -0x1.9fde66323aedbp-1, 0x1.c08adc4dcc4c5p-3, -0x1.5221d34db593ap+1,
        0x1.750d68d28529cp+2);
    return w < 5 ? centre : w >= 5 ? copysign(outer, x) : w;
}
PTL_INLINE float ptl_erfinv_f(float x) {
    const float y = ptl_erfinv_of_w_f(x, -log((1 - x) * (1 + x)));
    return fabs(x) == 1 ? copysign(INFINITY, x) : y;
}

/* The same from the tail c = 1 - x, which may be as small as it likes. */
PTL_INLINE double ptl_erfcinv_d(double c) {
    const double x = 1 - c;
    const double w = -log(c * (2 - c));
    const double inner = ptl_erfinv_of_w_(x, w < 36 ? w : 36);
    const double root = sqrt(w > 36 ? w : 36);
    const double q = 1 / sqrt(root) - 0.29964423521954027;
    const double tail = root * PTL_P16(q, 0x1.fb43872eb867ap-1, -0x1.8c360ee5593cfp-4, -0x1.396d1f96a2d82p-2,
        -0x1.6d66b02cf1518p-4, 0x1.cc132d1a6e130p-1, 0x1.25c78db4fa62cp-1, -0x1.5bfe5ec5b387bp-1,
        -0x1.b9ec99795766bp-2, -0x1.3d5131f8a1335p+0, 0x1.50c79eb513736p+0, 0x1.e39e7c3827c5ep-1,
        0x1.6dbd092f49272p+1, -0x1.82e0b7a4d2ad4p+2, 0x1.b95aa91480b68p+1, -0x1.53d029334e9f4p+4,
        0x1.cf5cf3d7d1e06p+5);
    const double y = w > 36 ? copysign(tail, x) : w == w ? inner : w;
    return c == 0 ? INFINITY : c == 2 ? -INFINITY : y;
}

PTL_INLINE float ptl_erfcinv_f(float c) {
    const float y = ptl_erfinv_of_w_f(1 - c, -log(c * (2 - c)));
    return c == 0 ? INFINITY : c == 2 ? -INFINITY : y;
}

/* exp(x²) erfc(x). For negative x it is 2 exp(x²) - erfcx(-x), x² split so that its rounding does not count. */
PTL_INLINE double ptl_erfcx_d(double x) {
    const double y = fabs(x);
    const double s = (y < 2 ? y : 2) - 1;
    const double near = PTL_P23(s, 0x1.b5d8780f956b2p-2, -0x1.17c4e3f17c052p-2, 0x1.3c27283c32cc5p-3,
        -0x1.44837f8906d71p-4, 0x1.33cad0ef5e88fp-5, -0x1.10fcf1b5687bdp-6, 0x1.c8cb958c948d2p-8,
        -0x1.6af2654874d78p-9, 0x1.135262e299669p-10, -0x1.9082247f17ec8p-12, 0x1.184fc3e5c3802p-13,
        -0x1.7ab1ad26e0badp-15, 0x1.ef08ab0da996ep-17, -0x1.39c798dbee884p-18, 0x1.8278505039f6ap-20,
        -0x1.ceed66dd1ba23p-22, 0x1.0e7af8c88c693p-23, -0x1.37908b2ffee60p-25, 0x1.5ad36066bca63p-27,
        -0x1.573e14f41b820p-29, 0x1.7130ab2ca6e16p-31, -0x1.30de105b51b0fp-32, 0x1.34ca0b1b503fep-34);
    const double inverse = 1 / (y + 2), t = inverse - 0.125;
    const double far = inverse * PTL_P20(t, 0x1.7c0348489d721p-1, 0x1.c5f07a44ccb72p+0, 0x1.9f343e53abea0p+1,
        0x1.ddeff7864803fp+1, 0x1.6cebfcfa45146p-4, -0x1.0b7cdb55b31f8p+3, -0x1.23c5e9e49fae6p+3,
        0x1.365429b7d3dfap+4, 0x1.6edea94708156p+5, -0x1.e0ba692b2c570p+5, -0x1.bccef1ab7eedep+7,
        0x1.1a8c2900a7822p+8, 0x1.1f6fa90ad568bp+10, -0x1.e0071bd76ed8ep+10, -0x1.7d55455d1e67ep+12,
        0x1.e6de205ee0ce8p+13, 0x1.cd8933dee28adp+14, -0x1.dbe36149021d8p+16, -0x1.77406e1a7ee29p+16,
        0x1.356cb969b5d5cp+19);
    const double positive = y < 2 ? near : far;
    /* At -26.64 exp(x²) is still finite, twice it no longer. */
    const double clipped = x > -26.64 ? x < 0 ? x : 0 : -26.64;
    const double high = (double)(float)clipped;
    const double low = (clipped - high) * (clipped + high);
    const double coarse = exp(high * high);
    const double square = PTL_FMA(coarse, low * (1 + low * (0.5 + low * (1.0 / 6))), coarse);
    return (x < 0 ? 2 * square : 0) + (x < 0 ? -positive : positive);
}
/* In float the larger part of x has 12 bits, so that its square is exact. */
PTL_INLINE float ptl_erfcx_f(float x) {
    const float y = fabs(x), s = (y < 2 ? y : 2) - 1;
    const float near = PTL_P12(s, 0x1.b5d87768dbc71p-2, -0x1.17c4e3bd7f052p-2, 0x1.3c2785e510e19p-3,
        -0x1.4483b9f2fbcb3p-4, 0x1.33b9dbdb7f6bcp-5, -0x1.10f25d4d3c5dep-6, 0x1.cb064630e9149p-8,
        -0x1.6c56b5ce9c657p-9, 0x1.02954dd72efa6p-10, -0x1.7b93cd7c6c685p-12, 0x1.889f2985bfe32p-13,
        -0x1.03c7e4add98d6p-14);
    const float inverse = 1 / (y + 2), t = inverse - 0.125f;
    const float far = inverse * PTL_P8(t, 0x1.7c0347aa2bfd7p-1, 0x1.c5f07aad8fcb1p+0, 0x1.9f357bf4cee9dp+1,
        0x1.ddee53925751fp+1, 0x1.3aa9d4a8b83ecp-4, -0x1.0af816c269304p+3, -0x1.f48ca81fc3654p+2,
        0x1.1afbf2a3c9045p+4);
    const float positive = y < 2 ? near : far;
    const float clipped = x > -9.415f ? x < 0 ? x : 0 : -9.415f;
    const float high = (clipped + 0x1.8p15f) - 0x1.8p15f;
    const float low = (clipped - high) * (clipped + high);
    const float coarse = exp(high * high);
    const float square = PTL_FMA(coarse, low * PTL_P4(low, 1, 0.5, 1.0 / 6, 1.0 / 24), coarse);
    return (x < 0 ? 2 * square : 0) + (x < 0 ? -positive : positive);
}

#define ptl_erfinv(x) PTL_BY_PRECISION(ptl_erfinv, x)(x)
#define ptl_erfcinv(x) PTL_BY_PRECISION(ptl_erfcinv, x)(x)
#define ptl_erfcx(x) PTL_BY_PRECISION(ptl_erfcx, x)(x)

/* -- Bessel functions ---------------------------------------------------------------------------------------------
 * The series up to 8, all of whose terms are positive; above, exp(x) / sqrt(x) times a polynomial of 1/x.
 * exp(x) is taken in two halves: it overflows before the result does. */
PTL_INLINE double ptl_i0_(double x) {
    const double y = fabs(x);
    const double small = y < 8 ? y : 8, v = small * small;
    const double near = PTL_P25(v, 0x1.0000000000000p+0, 0x1.0000000000000p-2, 0x1.0000000000000p-6,
        0x1.c71c71c71c71cp-12, 0x1.c71c71c71c71cp-18, 0x1.23456789abcdfp-24, 0x1.02e85c0898b71p-31,
        0x1.522a43f65486ap-39, 0x1.522a43f65486ap-47, 0x1.0b313289be0b9p-55, 0x1.5601885e63e5dp-64,
        0x1.69ca9cf3b7f54p-73, 0x1.4197a7f5154bcp-82, 0x1.e725594ee52e9p-92, 0x1.3e22d70ef3b5fp-101,
        0x1.69f7da8510bcdp-111, 0x1.69f7da8510bcdp-121, 0x1.40a2dc2460523p-131, 0x1.faaf2fa1c79e5p-142,
        0x1.674f8e46c208cp-152, 0x1.cbeaf38dc529fp-163, 0x1.0afb53e9cec0bp-173, 0x1.1a6d4e307528fp-184,
        0x1.1159d2b18fe1fp-195, 0x1.e5f504c9e358cp-207);
    const double large = y > 8 ? y : 8, r = 1 / large - 0.0625;
    const double half = exp(0.5 * large);
    const double far = PTL_P23(r, 0x1.9bd428ad249a5p-2, 0x1.b87969bb93a48p-5, 0x1.1daa72b5e2366p-5,
        0x1.75e5ee7822f78p-5, 0x1.8e513accc76a3p-4, 0x1.3f49933733f90p-2, 0x1.7d0e5f25bc841p+0, 0x1.51d5f84cd03f6p+3,
        0x1.7257db9ed6674p+6, 0x1.02cf9254e7670p+9, -0x1.d3b411548af05p+12, -0x1.c9aa2ffce2ca1p+17,
        -0x1.62c3f99ada19fp+20, 0x1.f7410b7f70fd0p+24, 0x1.d29741886cb2dp+28, -0x1.ac9afa081a33ep+31,
        -0x1.4d2b550bd6e76p+36, 0x1.2c4a86bc0bfefp+38, 0x1.499ae7b4d59c2p+43, -0x1.2e287745e1a2ep+44,
        -0x1.9ae1031554e04p+49, 0x1.36172c123f453p+49, 0x1.de985e80c26e1p+54) / sqrt(large) * half * half;
    return y <= 8 ? near : y < INFINITY ? far : y;
}

PTL_INLINE double ptl_i1_(double x) {
    const double y = fabs(x);
    const double small = y < 8 ? y : 8, v = small * small;
    const double near = small * PTL_P25(v, 0x1.0000000000000p-1, 0x1.0000000000000p-4, 0x1.5555555555555p-9,
        0x1.c71c71c71c71cp-15, 0x1.6c16c16c16c17p-21, 0x1.845c8a0ce5129p-28, 0x1.27e4fb7789f5cp-35,
        0x1.522a43f65486ap-43, 0x1.2c9758daf5cd0p-51, 0x1.ab81ea75fcdf4p-60, 0x1.f17697cf1cf13p-69,
        0x1.e2637bef9ff1ap-78, 0x1.8bce58901a35ep-87, 0x1.165e7c2d153f3p-96, 0x1.53585cdcbfb10p-106,
        0x1.69f7da8510bcdp-116, 0x1.54ad09e6a6575p-126, 0x1.1d028acb00491p-136, 0x1.aaae78f4066a6p-147,
        0x1.1f72d8389b3a3p-157, 0x1.5e69de22df5cep-168, 0x1.84564b82a1184p-179, 0x1.88f11edf3ed4cp-190,
        0x1.6c77c3976a829p-201, 0x1.37033643c4b3bp-212);
    const double large = y > 8 ? y : 8, r = 1 / large - 0.0625;
    const double half = exp(0.5 * large);
    const double far = PTL_P23(r, 0x1.8ebe783a84030p-2, -0x1.3f796198ee5e3p-3, -0x1.cbc54df1e8a30p-5,
        -0x1.f89c230c1c6c7p-5, -0x1.ec8e10cda9622p-4, -0x1.76136c8d9dbb3p-2, -0x1.ad8c9576be72ap+0,
        -0x1.7280f7124367dp+3, -0x1.91b62a0449ae7p+6, -0x1.20dfa102cdc55p+9, 0x1.d2f43270388f8p+12,
        0x1.df68969b0012bp+17, 0x1.89426861550d7p+20, -0x1.fec28b5e30e16p+24, -0x1.f053fd33757dcp+28,
        0x1.a62d3a5241febp+31, 0x1.5e0ee1eae723fp+36, -0x1.1ff732137576bp+38, -0x1.5873a50ddf275p+43,
        0x1.1be99bbf474cep+44, 0x1.ac4bf6a87bc29p+49, -0x1.1f6f8a3689d3bp+49,
        -0x1.f23ff1f27dca9p+54) / sqrt(large) * half * half;
    return copysign(y <= 8 ? near : y < INFINITY ? far : y, x);
}

#define ptl_i0(x) PTL_ROUNDED(ptl_i0_, x)
#define ptl_i1(x) PTL_ROUNDED(ptl_i1_, x)

#endif
