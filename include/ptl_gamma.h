/* The gamma function, its logarithm and the derivatives of that.
 *
 * Branch-free, so that a loop over them becomes vectors: each range has its formula, all are computed, one is selected.
 * Where floats matter they have polynomials of their own; the others compute in double and round once.  Written by
 * benchmarks/special_coefficients.py are the polynomials.  Include ptl_math.h first.
 */
#ifndef PTL_GAMMA_H
#define PTL_GAMMA_H

#include "ptl_exponential.h"

/* -- polynomials ---------------------------------------------------------------------------------------------------
 * sin(pi r) for |r| <= 1/2. */
PTL_INLINE double ptl_sin_pi_d(double r) {
    const double v = r * r;
    return r * PTL_P9(v, 0x1.921fb54442d18p+1, -0x1.4abbce625be52p+2, 0x1.466bc6775aa7dp+1, -0x1.32d2cce627c86p-1,
        0x1.5078348551854p-4, -0x1.e3074dfaf87afp-8, 0x1.e8f3675ee37ddp-12, -0x1.6f7acdb8f6580p-16,
        0x1.9d462020fcc78p-21);
}
PTL_INLINE float ptl_sin_pi_f(float r) {
    const float v = r * r;
    return r * PTL_P5(v, 0x1.921fb5273e319p+1, -0x1.4abbc30ba0011p+2, 0x1.4668ef90b4960p+1, -0x1.32531eebf2072p-1,
        0x1.3e142039107c0p-4);
}
/* log gamma(2.5 + s) / (s + 0.5), psi(2.5 + s) and its derivative, for |s| <= 1/2. */
PTL_INLINE double ptl_gammaln_near_d(double s) {
    return PTL_P17(s, 0x1.2383e809a67e8p-1, 0x1.1200f695b0dd9p-2, -0x1.6f0ca9a1c274bp-5, 0x1.646ae6e419451p-7,
        -0x1.95b11573d663fp-9, 0x1.f7e4615efec34p-11, -0x1.4a5d12d336ae1p-12, 0x1.c135f99610f91p-14,
        -0x1.3957bfff00ca5p-15, 0x1.bd757d8269c78p-17, -0x1.413561ce0e402p-18, 0x1.d4978e156de87p-20,
        -0x1.58bf4a18c386bp-21, 0x1.f975577582fc7p-23, -0x1.78c519d546ae4p-24, 0x1.4c9be66572ba9p-25,
        -0x1.f52bd7edb7bd0p-27);
}
PTL_INLINE float ptl_gammaln_near_f(float s) {
    return PTL_P8(s, 0x1.2383e814198f5p-1, 0x1.1200f68e40302p-2, -0x1.6f0cfd24cbe14p-5, 0x1.646b5dcf90801p-7,
        -0x1.95494286101e4p-9, 0x1.f7508e8a4c4f1p-11, -0x1.5ed87bba6da83p-12, 0x1.de5ce2e4e46c7p-14);
}
PTL_INLINE double ptl_psi_near_d(double s) {
    return PTL_P17(s, 0x1.680425af12b5ep-1, 0x1.f62057f7296c3p-2, -0x1.e3bef327df0dep-4, 0x1.31b4c435a02e1p-5,
        -0x1.ac61ab99a4336p-7, 0x1.3bf9d57d13927p-8, -0x1.dfdf12afbba1fp-10, 0x1.72e00b453164cp-11,
        -0x1.21de1b4aee67fp-12, 0x1.c8719e8c27b11p-14, -0x1.6925f4566f740p-15, 0x1.1eda8defd29a3p-16,
        -0x1.c8801a079b51cp-18, 0x1.66b64cbb6d2b4p-19, -0x1.1e31ad7e73b91p-20, 0x1.1333e88c4007fp-21,
        -0x1.b7c7ffe391ffap-23);
}
PTL_INLINE float ptl_psi_near_f(float s) {
    return PTL_P9(s, 0x1.680425af12b5ep-1, 0x1.f62056de4f97ap-2, -0x1.e3bef16b37ecep-4, 0x1.31b696ea37861p-5,
        -0x1.ac648e7e16a45p-7, 0x1.3b297ce9a70b2p-8, -0x1.de953b634401dp-10, 0x1.94f55461ed452p-11,
        -0x1.3cd8145024d53p-12);
}
PTL_INLINE double ptl_trigamma_near_d(double s) {
    return PTL_P18(s, 0x1.f62057f7296c9p-2, -0x1.e3bef327df0e8p-3, 0x1.ca8f26506ce7cp-4, -0x1.ac61ab99a0a20p-5,
        0x1.8af84ae142a5ep-6, -0x1.67e74e087f8b5p-7, 0x1.44840727a382ep-8, -0x1.21de18d37f1f4p-9, 0x1.00c0a2fc263e4p-10,
        -0x1.c370bad43ed75p-12, 0x1.8a36c96118e5ap-13, -0x1.56314cef3dd39p-14, 0x1.27bb09599540dp-15,
        -0x1.fc3187abff66dp-17, 0x1.a9b3e26a13e97p-18, -0x1.6adf88c6ecf66p-19, 0x1.8185c754e176ep-20,
        -0x1.45f9031b41b07p-21);
}
PTL_INLINE float ptl_trigamma_near_f(float s) {
    return PTL_P10(s, 0x1.f62057fe19a70p-2, -0x1.e3bef32de3065p-3, 0x1.ca8f10a6e688bp-4, -0x1.ac6198d1ae351p-5,
        0x1.8b031209be036p-6, -0x1.67f0a65419bbdp-7, 0x1.42a666a04df0ep-8, -0x1.203fee69f79cbp-9, 0x1.220c7ee8cae3ap-10,
        -0x1.fd32f17da22e8p-12);
}
/* What Stirling's series leaves over from 3 on, as a polynomial of w = 1/y². */
PTL_INLINE double ptl_gammaln_rest_d(double w) {
    return PTL_P11(w, 0x1.5555555555553p-4, -0x1.6c16c16bf6282p-9, 0x1.a01a00e5622e3p-11, -0x1.3813174192ecdp-11,
        0x1.b9326a92f5e65p-11, -0x1.f3dd1d895f8ddp-10, 0x1.8f44ea0ec1548p-8, -0x1.7937174913bd7p-6,
        0x1.4d2171357754ap-4, -0x1.a820884cf6c52p-3, 0x1.0c1788f27869cp-2);
}
PTL_INLINE float ptl_gammaln_rest_f(float w) {
    return PTL_P4(w, 0x1.55555527ee2e1p-4, -0x1.6c1053fe8f04ap-9, 0x1.9b6b1f59ee1f5p-11, -0x1.dc80ac39b23c6p-12);
}
PTL_INLINE double ptl_psi_rest_d(double w) {
    return PTL_P12(w, 0x1.5555555555550p-4, -0x1.11111110f6392p-7, 0x1.041040a86fd69p-8, -0x1.1110d2d752ffdp-8,
        0x1.f065dbc02db88p-8, -0x1.5860c4749779ep-6, 0x1.4a4daa67b1da0p-4, -0x1.7f489e0c8d779p-2, 0x1.bef0e6a0c6a9cp+0,
        -0x1.ad3493ee4c517p+2, 0x1.1430ad06dab33p+4, -0x1.54c71ec749f3dp+4);
}
PTL_INLINE float ptl_psi_rest_f(float w) {
    return PTL_P4(w, 0x1.555553dcbe271p-4, -0x1.1103b855d9ac2p-7, 0x1.fe54a0f36dea9p-9, -0x1.84ce26a390389p-9);
}
PTL_INLINE double ptl_trigamma_rest_d(double w) {
    return PTL_P13(w, 0x1.555555555554cp-3, -0x1.11111110f5e6bp-5, 0x1.861861192792bp-6, -0x1.1110e5795b21fp-5,
        0x1.364457081549dp-4, -0x1.029766226fd72p-2, 0x1.2419e17e471f2p+0, -0x1.92d8788d0d900p+2, 0x1.23a939dfa9697p+5,
        -0x1.778e896e666fbp+7, 0x1.709299167555ep+9, -0x1.d1b4a9cedc719p+10, 0x1.14f3422aa8134p+11);
}
PTL_INLINE float ptl_trigamma_rest_f(float w) {
    return PTL_P5(w, 0x1.555554e5a3cb6p-3, -0x1.110df96e7f882p-5, 0x1.844847d99ccabp-6, -0x1.f004b0dad3487p-6,
        0x1.2ecf703198aa1p-5);
}

/* -- log gamma, psi, trigamma -----------------------------------------------------------------------------------------
 * Of y >= 0: below 3 a polynomial about 2.5, brought there by factors or terms; above, Stirling's series.  Negative
 * arguments are reflected, with r the distance to the nearest integer; log gamma only below -8, see there. */
/* A factor on the way of a to 2. */
#define PTL_STEP(a, k) ((a) < 2 - (k) ? (a) + (k) : 1)
#define PTL_LOG_GAMMA(s, T)                                                                                          \
    /* What Stirling's series gives. */                                                                              \
    PTL_INLINE T ptl_gammaln_large_##s(T y, T l) {                                                                   \
        const T inverse = 1 / y, series = inverse * ptl_gammaln_rest_##s(inverse * inverse);                         \
        return (y - (T)0.5) * l + ((T)0.41893853320467274178 + series);                                              \
    }                                                                                                                \
    PTL_INLINE T ptl_gammaln_positive_##s(T x) {                                                                     \
        const bool small = x < 3;                                                                                    \
        const T a = small ? fabs(x) : (T)2.5, t = a - floor(a);                                                      \
        const T factor = a < 1 ? a * (a + 1) : a < 2 ? a : (T)1;                                                     \
        /* One logarithm serves both ranges.  Of x/e it keeps the digits that log(x) - 1 would lose. */              \
        const T l = log(small ? factor : x * (T)0x1.78b56362cef38p-2);                                               \
        const T size = small ? t * ptl_gammaln_near_##s(t - (T)0.5) - l : ptl_gammaln_large_##s(x, l);               \
        return x < 0 ? (T)NAN : size;                                                                                \
    }                                                                                                                \
    /* From -8 on factors lead to the polynomial: what reflection subtracts is large near the zeros. */              \
    PTL_INLINE T ptl_gammaln_##s(T x) {                                                                              \
        const bool small = (x < 3) & (x >= -8);                                                                      \
        const T y = fabs(x), r = y - rint(y);                                                                        \
        const T a = small ? x : (T)2.5, t = a - floor(a);                                                            \
        const T f0 = PTL_STEP(a, 0) * PTL_STEP(a, 1), f1 = PTL_STEP(a, 2) * PTL_STEP(a, 3);                          \
        const T f2 = PTL_STEP(a, 4) * PTL_STEP(a, 5), f3 = PTL_STEP(a, 6) * PTL_STEP(a, 7);                          \
        const T factor = (f0 * f1) * (f2 * f3) * (PTL_STEP(a, 8) * PTL_STEP(a, 9));                                  \
        const T l = log(small ? fabs(factor) : y * (T)0x1.78b56362cef38p-2);                                         \
        const T large = ptl_gammaln_large_##s(y, l);                                                                 \
        /* gamma(-y) gamma(y) = -pi / (y sin(pi y)). */                                                              \
        const T sine = fabs(ptl_sin_pi_##s(r)) * y;                                                                  \
        const T reflected = (T)1.1447298858494001741 - log(sine) - large;                                            \
        const T left = isinf(x) ? x : sine == 0 ? (T)INFINITY : reflected;                                           \
        return small ? t * ptl_gammaln_near_##s(t - (T)0.5) - l : x < 0 ? left : large;                              \
    }                                                                                                                \
    /* psi(y); if `reflected`, psi(y) + 1/y. */                                                                      \
    PTL_INLINE T ptl_psi_size_##s(T y, bool reflected) {                                                             \
        const bool small = y < 3;                                                                                    \
        const T a = small ? y : (T)2.5, t = a - floor(a);                                                            \
        const T l = log(y);                                                                                          \
        /* The terms 1/a and 1/(a + 1) below 2, or 1/y, as one fraction. */                                          \
        const T above = a < 1 ? (reflected ? (T)-1 : -(2 * a + 1)) : (T)(reflected - (a < 2));                       \
        const T below = a < 1 ? (reflected ? a + 1 : a * (a + 1)) : y;                                               \
        const T q = (small ? above : (T)1) / below;                                                                  \
        const T large = l + ((reflected ? (T)0.5 : (T)-0.5) * q - q * q * ptl_psi_rest_##s(q * q));                  \
        return small ? ptl_psi_near_##s(t - (T)0.5) + q : large;                                                     \
    }                                                                                                                \
    PTL_INLINE T ptl_psi_positive_##s(T x) {                                                                         \
        const T size = ptl_psi_size_##s(x, false);                                                                   \
        return x < 0 ? (T)NAN : x == 0 ? -1 / x : size;                                                              \
    }                                                                                                                \
    PTL_INLINE T ptl_psi_##s(T x) {                                                                                  \
        const T y = fabs(x), r = y - rint(y);                                                                        \
        const T size = ptl_psi_size_##s(y, x < 0);                                                                   \
        const T cotangent = ptl_sin_pi_##s((T)0.5 - fabs(r)) / ptl_sin_pi_##s(r);                                    \
        const T left = r != 0 ? size + (T)3.14159265358979323846 * cotangent : (T)NAN;                               \
        return y < (T)0x1p-60 ? -1 / x : x < 0 ? left : size;                                                        \
    }                                                                                                                \
    /* trigamma(y); if `reflected`, less 1/y². */                                                                    \
    PTL_INLINE T ptl_trigamma_size_##s(T y, bool reflected) {                                                        \
        const bool small = y < 3;                                                                                    \
        const T a = small ? y : (T)2.5, t = a - floor(a), up = a + 1;                                                \
        const T terms = a < 1 ? (reflected ? (T)1 : PTL_FMA(up, up, a * a)) : (T)((a < 2) - reflected);              \
        const T root = a < 1 ? (reflected ? up : a * up) : y;                                                        \
        const T q = 1 / root, w = q * q;                                                                             \
        const T series = q + (reflected ? (T)-0.5 : (T)0.5) * w + w * q * ptl_trigamma_rest_##s(w);                  \
        return small ? ptl_trigamma_near_##s(t - (T)0.5) + terms * q * q : series;                                   \
    }                                                                                                                \
    PTL_INLINE T ptl_trigamma_##s(T x) {                                                                             \
        const T y = fabs(x), r = y - rint(y);                                                                        \
        const T size = ptl_trigamma_size_##s(y, x < 0);                                                              \
        const T cosecant = (T)3.14159265358979323846 / ptl_sin_pi_##s(r);                                            \
        return x < 0 ? (r == 0 ? (T)INFINITY : cosecant * cosecant - size) : size;                                   \
    }

PTL_LOG_GAMMA(f, float)
PTL_LOG_GAMMA(d, double)

/* -- gamma ------------------------------------------------------------------------------------------------------
 * Below 8 the argument is brought to 2 + t, 0 <= t < 1, by factors; above, Stirling's formula.  gamma(2.5 + s) and
 * gamma(1 / (r + 0.0625)) without its power and exponential: */
PTL_INLINE double ptl_gamma_near_d(double s) {
    return PTL_P19(s, 0x1.544fa6d47b390p+0, 0x1.de9585f1a7093p-1, 0x1.4f224d4b7e01cp-1, 0x1.03f6d2fa4f509p-2,
        0x1.c138b89492c3ep-4, 0x1.d0a9bc4930cd3p-6, 0x1.5489cc6bad687p-7, 0x1.a55ed2172e36fp-10,
        0x1.8b8fcda4879d4p-11, 0x1.0886c5d516cc8p-18, 0x1.013c92f5859f2p-14, -0x1.ad8a6611a268ap-17,
        0x1.e6ca7ac6c8f8cp-18, -0x1.57e9b7c2d56a3p-19, 0x1.22b69ba445ed9p-20, -0x1.c094378550309p-22,
        0x1.69e0b8183d448p-23, -0x1.650430b4605f7p-24, 0x1.1df83f46b5b39p-25);
}
PTL_INLINE double ptl_gamma_near_f(double s) {
    return PTL_P9(s, 0x1.544fa6d47b390p+0, 0x1.de9585f62b550p-1, 0x1.4f224cfe0c355p-1, 0x1.03f6d13a57e5fp-2,
        0x1.c139395d02c4ep-4, 0x1.d0aafd9119648p-6, 0x1.545032fd48f8ap-7, 0x1.a53260038b4eep-10,
        0x1.9e7d92df8b9e8p-11);
}
PTL_INLINE double ptl_gamma_factor_d(double r) {
    return PTL_P13(r, 0x1.42860da249d4cp+1, 0x1.addd25c409e21p-3, 0x1.e73d73a2107a1p-8, -0x1.bcdcb3d2d6ce4p-8,
        0x1.3334dbc4b7077p-15, 0x1.f506c26d5fea0p-10, -0x1.d4d1ab4fc88cfp-12, -0x1.4d2676120f8b8p-10,
        0x1.dbe412a1f8ff3p-11, 0x1.5a92ae547c11cp-10, -0x1.292092c022539p-9, -0x1.6e24b351d22f5p-10,
        0x1.b00eefcf28600p-8);
}
PTL_INLINE double ptl_gamma_factor_f(double r) {
    return PTL_P4(r, 0x1.42860da2253fcp+1, 0x1.addd25471b2f8p-3, 0x1.e73fc0948fc6bp-8, -0x1.bc5fbac1e46d8p-8);
}
/* Stirling's power and exponential in two factors, of which neither overflows before the product does.  Of floats the
 * logarithm of both is exact enough, and infinite for doubles long after it is for floats. */
PTL_INLINE double ptl_gamma_power_d(double b, double *half) {
    *half = pow(b, 0.5 * b - 0.25);
    return *half * exp(-b);
}
PTL_INLINE double ptl_gamma_power_f(double b, double *half) {
    *half = 1;
    return exp((b - 0.5) * log(b) - b);
}
/* Both compute in double; floats are done with shorter polynomials and, from 64 on, with infinity. */
#define PTL_GAMMA(s, MOST)                                                                                           \
    PTL_INLINE double ptl_gamma_of_##s(double x) {                                                                   \
        const double y = fabs(x);                                                                                    \
        const bool small = y < 8;                                                                                    \
        const double a = small ? y : 2.5;                                                                            \
        const double near = ptl_gamma_near_##s(a - floor(a) - 0.5);                                                  \
        const double above = (a >= 3 ? a - 1 : 1) * (a >= 4 ? a - 2 : 1) * (a >= 5 ? a - 3 : 1) *                    \
                             (a >= 6 ? a - 4 : 1) * (a >= 7 ? a - 5 : 1);                                            \
        /* For -1 < x < 1 the reflection formula wants y gamma(y). */                                                \
        const double below = a < 1 ? (x < 0 ? a + 1 : a * (a + 1)) : a < 2 ? a : 1;                                  \
        double power;                                                                                                \
        const double b = small ? 8 : y < MOST ? y : MOST, shrunk = ptl_gamma_power_##s(b, &power);                   \
        const double half = small ? 1 : power;                                                                       \
        /* One quotient serves all: above / below, and its reflection -pi / (y sin(pi y) gamma(y)). */               \
        const double up = small ? near * above : shrunk * ptl_gamma_factor_##s(1 / b - 0.0625);                      \
        const double down = small ? below : 1;                                                                       \
        const double n = rint(y), q = y - n, sine = ptl_sin_pi_d(q) * (a < 1 ? 1 : y);                               \
        const double side = 0.5 * n == rint(0.5 * n) ? -3.14159265358979323846 : 3.14159265358979323846;             \
        const double quotient = (x < 0 ? side * down : up) / (x < 0 ? sine * up : down);                             \
        const double pole = x == 0 ? 1 / x : (double)NAN, positive = y < MOST ? quotient * half : y * INFINITY;      \
        return ((q == 0) & (x <= 0)) ? pole : x < 0 ? quotient / half : positive;                                    \
    }

PTL_GAMMA(f, 64)
PTL_GAMMA(d, 200)

/* The sum of (q + k)^-s over k = 0, 1, ... for whole s > 1: terms up to where Euler and Maclaurin's formula
 * holds, then its integral and its corrections, Bernoulli numbers over factorials.  A loop over it is no vector. */
static __attribute__((unused)) double ptl_hurwitz_zeta_(double s, double q) {
    static const double bernoulli[10] = {1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 1.0 / 47900160,
        -691.0 / 1307674368000, 1.0 / 74724249600, -3617.0 / 10670622842880000, 43867.0 / 5109094217170944000,
        -174611.0 / 802857662698291200000.0};
    double sum = 0;
    for (; q < s + 8; q += 1) {
        const double term = pow(q, -s);
        sum += term;
        if (q > 0 && !(term > fabs(sum) * 1e-18)) return sum; /* also when it is NaN, infinities having met */
    }
    const double rest = pow(q, 1 - s), w = 1 / q;
    double factor = rest * w * w * s;
    sum += rest * (1 / (s - 1) + 0.5 * w);
    for (int j = 0; j < 10; j++) {
        sum += factor * bernoulli[j];
        factor *= (s + 2 * j + 1) * w * ((s + 2 * j + 2) * w);
    }
    return sum;
}

/* Derivative n + 1 of log gamma, n >= 0.  Left of 0 the sum has more terms; when they are many,
 * they are two sums, of which one is counted backwards. */
static __attribute__((unused)) double ptl_polygamma_(double n, double x) {
    if (n == 0) return ptl_psi_d(x);
    if (n < 0) return NAN;
    const bool odd = fmod(n, 2) != 0;
    const double scale = (odd ? 1 : -1) * ptl_gamma_of_d(n + 1), s = n + 1;
    if (x <= 0 && x == floor(x)) return scale * INFINITY;
    if (!(x < -100)) return scale * ptl_hurwitz_zeta_(s, x);
    const double f = -x - floor(-x), left = ptl_hurwitz_zeta_(s, f) - ptl_hurwitz_zeta_(s, 1 - x);
    return scale * ((odd ? left : -left) + ptl_hurwitz_zeta_(s, 1 - f));
}

#define ptl_gammaln(x) PTL_BY_PRECISION(ptl_gammaln, x)(x)
#define ptl_gammaln_positive(x) PTL_BY_PRECISION(ptl_gammaln_positive, x)(x)
#define ptl_psi(x) PTL_BY_PRECISION(ptl_psi, x)(x)
#define ptl_psi_positive(x) PTL_BY_PRECISION(ptl_psi_positive, x)(x)
#define ptl_trigamma(x) PTL_BY_PRECISION(ptl_trigamma, x)(x)
#define ptl_gamma(x) PTL_LIKE(x, PTL_BY_PRECISION(ptl_gamma_of, x)(x))
#define ptl_polygamma(n, x) PTL_LIKE(x, ptl_polygamma_(n, x))

#endif
