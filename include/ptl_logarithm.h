/* Logarithms of whole vectors, with two tables in registers.
 *
 * A number is 2^e m with 3/4 <= m < 3/2, and m is brought near 1 by one of sixteen factors c, which its digits choose:
 * log x = e log 2 - log c + log(1 + r), where r = c m - 1 lies between -1/32 and 1/16.  Around 1 the factor is 1, so
 * that nothing cancels; the others are such that log c is close to a float, a thousandth of its last digit or less.
 * Processors take numbers apart so that zero, infinity, negative and subnormal ones need no care.  1.3 ULP, and no bit
 * depends on the lane.  Tables and polynomials are printed by benchmarks/special_coefficients.py.  Include ptl_math.h
 * first.
 */
#ifndef PTL_LOGARITHM_H
#define PTL_LOGARITHM_H

#include "ptl_logistic.h"
#include "ptl_vectors.h"

#if PTL_VECTOR_BYTES == 64 && defined(__AVX512DQ__)

/* c, and -log c. */
static const double ptl_factors_d[16] = {0x1p+0, 0x1.d41d4252e8f18p-1, 0x1.bacf91650d904p-1, 0x1.a41a421fae6b8p-1,
    0x1.8f9c18e3899f6p-1, 0x1.7d05f4200c24ep-1, 0x1.6c16c1d58f230p-1, 0x1.5c98828be395cp-1, 0x1.4e5e0a5ea2ef4p+0,
    0x1.41414112b2f18p+0, 0x1.3521cfc9cf4d9p+0, 0x1.29e4128e30f00p+0, 0x1.1f7047add4430p+0, 0x1.15b1e63405badp+0,
    0x1.0c97153b13d26p+0, 0x1p+0};
static const double ptl_levels_d[16] = {0, 0x1.6f0d2458e0743p-4, 0x1.29552f0ea0971p-3, 0x1.9525a774d31f9p-3,
    0x1.fb918747c291ep-3, 0x1.2e8e2b97f12ffp-2, 0x1.5d1bdaccde0a6p-2, 0x1.89a338f1279ddp-2, -0x1.1178e7e451447p-2,
    -0x1.d1037dfd8aab3p-3, -0x1.823c16ee179dfp-3, -0x1.365fca92e9736p-3, -0x1.da7273a55524bp-4,
    -0x1.4d3119515c6dep-4, -0x1.894aa8d3d7c3cp-5, 0};
static const float ptl_factors_f[16] = {0x1p+0f, 0x1.d41160p-1f, 0x1.ba90f0p-1f, 0x1.a42db0p-1f, 0x1.8f9708p-1f,
    0x1.7cdaccp-1f, 0x1.6c1380p-1f, 0x1.5caeb8p-1f, 0x1.4e77aep+0f, 0x1.41525ap+0f, 0x1.3514bcp+0f, 0x1.29e368p+0f,
    0x1.1f81eep+0f, 0x1.159aaep+0f, 0x1.0cadccp+0f, 0x1p+0f};
static const float ptl_levels_f[16] = {0, 0x1.6f7522p-4f, 0x1.2a76eep-3f, 0x1.94c6f2p-3f, 0x1.fbab7ep-3f,
    0x1.2f022ep-2f, 0x1.5d2504p-2f, 0x1.8961fep-2f, -0x1.11c76ap-2f, -0x1.d1707ap-3f, -0x1.81e572p-3f,
    -0x1.365b36p-3f, -0x1.db6deep-4f, -0x1.4bda8ep-4f, -0x1.8bff52p-5f, 0};

/* For log(1 + x), where 0 <= x <= 1: c, about 15 / (15 + j), and -log c. */
static const double ptl_near_factors_d[16] = {0x1p+0, 0x1.e0000030fb4bcp-1, 0x1.c3c3c39fd846cp-1,
    0x1.aaaaaa5510144p-1, 0x1.9435e552d0d00p-1, 0x1.8000001e20d6ap-1, 0x1.6db6dbaccf084p-1, 0x1.5d1745678e864p-1,
    0x1.4de9bcbb8beecp-1, 0x1.400000742f7d6p-1, 0x1.3333333c33f2ap-1, 0x1.276275a9a31f8p-1, 0x1.1c71c72f43296p-1,
    0x1.1249250106a86p-1, 0x1.08d3dceded5e0p-1, 0x1.00000055a7572p-1};
static const double ptl_near_levels_d[16] = {0, 0x1.085989b7e9a2ap-4, 0x1.005589500d919p-3, 0x1.756502b92f6ccp-3,
    0x1.e41fcb5815deap-3, 0x1.269620c2f6278p-2, 0x1.588c2ce08931fp-2, 0x1.882f202ee1066p-2, 0x1.b5b3e3becd0cap-2,
    0x1.e148a02ea7425p-2, 0x1.058aef9910061p-1, 0x1.199fad42aafd9p-1, 0x1.2cf25f8bafd1cp-1, 0x1.3f91268389691p-1,
    0x1.5188a42984b93p-1, 0x1.62e42f4454f0dp-1};
static const float ptl_near_factors_f[16] = {0x1p+0f, 0x1.e02b1cp-1f, 0x1.c39b34p-1f, 0x1.aa7c54p-1f,
    0x1.93fd4cp-1f, 0x1.7fea98p-1f, 0x1.6d9ba8p-1f, 0x1.5d0df8p-1f, 0x1.4dd37cp-1f, 0x1.3fc56cp-1f, 0x1.335484p-1f,
    0x1.279d38p-1f, 0x1.1c3364p-1f, 0x1.1213a4p-1f, 0x1.08f524p-1f, 0x1.00040cp-1f};
static const float ptl_near_levels_f[16] = {0, 0x1.06e9bep-4f, 0x1.010d72p-3f, 0x1.76437ap-3f, 0x1.e53ea4p-3f,
    0x1.26cf38p-2f, 0x1.58d85ap-2f, 0x1.884a6ap-2f, 0x1.b5f824p-2f, 0x1.e20426p-2f, 0x1.05536cp-1f, 0x1.1939dep-1f,
    0x1.2d62b8p-1f, 0x1.3ff510p-1f, 0x1.514852p-1f, 0x1.62dc18p-1f};

/* Choose from sixteen numbers by the lowest bits of a vector's lanes. */
PTL_INLINE ptl_double8 ptl_chosen_d(ptl_double8 which, const double table[16]) {
    const ptl_double8 *const halves = (const ptl_double8 *)table;
    __asm__("vpermi2pd %2, %1, %0" : "+v"(which) : "v"(halves[0]), "v"(halves[1]));
    return which;
}
PTL_INLINE ptl_float16 ptl_chosen_f(ptl_float16 which, const float table[16]) {
    ptl_float16 result;
    __asm__("vpermps %2, %1, %0" : "=v"(result) : "v"(which), "v"(*(const ptl_float16 *)table));
    return result;
}

/* What is left of numbers within [-1, 1], where NaN and what is larger become 1 or -1. */
PTL_INLINE ptl_double8 ptl_number_d(ptl_double8 x) {
    __asm__("vrangepd $2, %1, %0, %0" : "+v"(x) : "v"((ptl_double8){0} + 1));
    return x;
}
PTL_INLINE ptl_float16 ptl_number_f(ptl_float16 x) {
    __asm__("vrangeps $2, %1, %0, %0" : "+v"(x) : "v"((ptl_float16){0} + 1));
    return x;
}

/* (log(1 + r) - r) / r². */
PTL_INLINE double ptl_log_rest_d(double r, double v) {
    return PTL_Q9(r, v, -0x1.fffffffffffffp-2, 0x1.5555555555a3ap-2, -0x1.0000000004190p-2, 0x1.999999898ca88p-3,
        -0x1.55555443d9487p-3, 0x1.2492b09e0fc2dp-3, -0x1.0009a59a92b8ep-3, 0x1.c5ea4752e2c4ep-4,
        -0x1.6a3df3a2d0318p-4);
}
PTL_INLINE float ptl_log_rest_f(float r, float v) {
    return PTL_Q4(r, v, -0x1.fffffep-2f, 0x1.55578cp-2f, -0x1.002048p-2f, 0x1.858e2ap-3f);
}

/* The same, for |r| <= 1/30. */
PTL_INLINE double ptl_log_near_rest_d(double r, double v) {
    return PTL_Q8(r, v, -0x1.fffffffffffebp-2, 0x1.5555555555542p-2, -0x1.0000000097199p-2, 0x1.9999999aac55cp-3,
        -0x1.555540960e60ap-3, 0x1.2492364803866p-3, -0x1.0074a82d7cd81p-3, 0x1.c7f08d58cfe55p-4);
}
PTL_INLINE float ptl_log_near_rest_f(float r, float v) {
    return PTL_Q4(r, v, -0x1.fffffep-2f, 0x1.555554p-2f, -0x1.003094p-2f, 0x1.99ece2p-3f);
}

#define PTL_LOGARITHM_ALONE(name, s, numbers, T, N)                                                                  \
    PTL_ALONE T ptl_##name##_alone_##s(T x) {                                                                        \
        T lanes[N];                                                                                                  \
        PTL_EACH_LANE(N) lanes[lane] = x;                                                                            \
        ptl_##name##_##numbers(lanes);                                                                               \
        return lanes[0];                                                                                             \
    }

/* T: float or double, of which V is a vector of N lanes; PS: how its instructions end; the four highest digits of a
 * number become the lowest by SHIFT; adding SHIFTER rounds to whole numbers; log 2 in two parts. */
#define PTL_LOGARITHMS(s, numbers, T, V, N, PS, SHIFT, SHIFTER, LOG2, LOG2_REST)                                     \
    /* m and -e of x, and c and -log c for m; NaN where x is negative. */                                            \
    PTL_INLINE void ptl_take_apart_##s(const T x[N], T m[N], T minus_e[N], T c[N], T level[N]) {                     \
        V digits, down, below, which;                                                                                \
        __asm__("vgetmant" PS " $11, %1, %0" : "=v"(digits) : "v"(*(const V *)x));                                   \
        __asm__("vgetexp" PS " %1, %0" : "=v"(down) : "v"(*(const V *)x));                                           \
        __asm__("vgetexp" PS " %1, %0" : "=v"(below) : "v"(digits));                                                 \
        __asm__(SHIFT ", %1, %0" : "=v"(which) : "v"(digits));                                                       \
        *(V *)m = digits;                                                                                            \
        *(V *)minus_e = below - down;                                                                                \
        *(V *)c = ptl_chosen_##s(which, ptl_factors_##s);                                                            \
        *(V *)level = ptl_chosen_##s(which, ptl_levels_##s);                                                         \
    }                                                                                                                \
    /* log x, of its parts. */                                                                                       \
    PTL_INLINE T ptl_log_of_##s(T minus_e, T level, T r) {                                                           \
        const T v = r * r, rest = PTL_FMA(v, ptl_log_rest_##s(r, v), minus_e * -(T)LOG2_REST);                       \
        return PTL_FMA(minus_e, -(T)LOG2, level) + (r + rest);                                                       \
    }                                                                                                                \
    PTL_INLINE void ptl_log_##numbers(T x[N]) {                                                                      \
        T m[N], minus_e[N], c[N], level[N];                                                                          \
        ptl_take_apart_##s(x, m, minus_e, c, level);                                                                 \
        PTL_EACH_LANE(N) x[lane] = ptl_log_of_##s(minus_e[lane], level[lane], PTL_FMA(c[lane], m[lane], (T)-1));     \
    }                                                                                                                \
    /* What 1 + x loses of x is added to r.  Where that is no number, e is infinite; so is the result. */            \
    PTL_INLINE void ptl_log1p_##numbers(T x[N]) {                                                                    \
        T more[N], lost[N], m[N], minus_e[N], c[N], level[N];                                                        \
        PTL_EACH_LANE(N) {                                                                                           \
            more[lane] = 1 + x[lane];                                                                                \
            lost[lane] = x[lane] - (more[lane] - 1);                                                                 \
        }                                                                                                            \
        ptl_take_apart_##s(more, m, minus_e, c, level);                                                              \
        V scaled;                                                                                                    \
        __asm__("vscalef" PS " %2, %1, %0" : "=v"(scaled) : "v"(*(V *)lost), "v"(*(V *)minus_e));                    \
        *(V *)lost = ptl_number_##s(scaled);                                                                         \
        PTL_EACH_LANE(N) {                                                                                           \
            const T r = PTL_FMA(c[lane], lost[lane], PTL_FMA(c[lane], m[lane], (T)-1));                              \
            x[lane] = copysign(ptl_log_of_##s(minus_e[lane], level[lane], r), x[lane]);                              \
        }                                                                                                            \
    }                                                                                                                \
    /* log(1 + x), where 0 <= x <= 1; c - 1 is exact. */                                                             \
    PTL_INLINE void ptl_log1p_near_##numbers(T x[N]) {                                                               \
        T shifted[N], c[N], level[N];                                                                                \
        PTL_EACH_LANE(N) shifted[lane] = PTL_FMA(x[lane], (T)15, (T)SHIFTER);                                        \
        *(V *)c = ptl_chosen_##s(*(V *)shifted, ptl_near_factors_##s);                                               \
        *(V *)level = ptl_chosen_##s(*(V *)shifted, ptl_near_levels_##s);                                            \
        PTL_EACH_LANE(N) {                                                                                           \
            const T r = PTL_FMA(c[lane], x[lane], c[lane] - 1), v = r * r;                                           \
            x[lane] = level[lane] + PTL_FMA(v, ptl_log_near_rest_##s(r, v), r);                                      \
        }                                                                                                            \
    }                                                                                                                \
    PTL_LOGARITHM_ALONE(log, s, numbers, T, N)                                                                       \
    PTL_LOGARITHM_ALONE(log1p, s, numbers, T, N)                                                                     \
    PTL_LOGARITHM_ALONE(log1p_near, s, numbers, T, N)

PTL_LOGARITHMS(d, doubles, double, ptl_double8, PTL_DOUBLES, "pd", "vpsrlq $48", 0x1.8p52, 0x1.62e42fefa3800p-1,
               0x1.ef35793c76730p-45)
PTL_LOGARITHMS(f, floats, float, ptl_float16, PTL_FLOATS, "ps", "vpsrld $19", 0x1.8p23f, 0x1.62e4p-1f, 0x1.7f7d1cp-20f)
#define ptl_log_alone(x) PTL_BY_PRECISION(ptl_log_alone, x)(x)
#define ptl_log1p_alone(x) PTL_BY_PRECISION(ptl_log1p_alone, x)(x)
#define ptl_log1p_near_alone(x) PTL_BY_PRECISION(ptl_log1p_near_alone, x)(x)

#else

#define PTL_LOGARITHM(name, call)                                                                                    \
    PTL_INLINE void ptl_##name##_doubles(double x[PTL_DOUBLES]) {                                                    \
        PTL_EACH_LANE(PTL_DOUBLES) x[lane] = call(x[lane]);                                                          \
    }                                                                                                                \
    PTL_INLINE void ptl_##name##_floats(float x[PTL_FLOATS]) {                                                       \
        PTL_EACH_LANE(PTL_FLOATS) x[lane] = call(x[lane]);                                                           \
    }
PTL_LOGARITHM(log, log) PTL_LOGARITHM(log1p, log1p) PTL_LOGARITHM(log1p_near, ptl_log1p_near)
#define ptl_log_alone(x) log(x)
#define ptl_log1p_alone(x) log1p(x)
#define ptl_log1p_near_alone(x) ptl_log1p_near(x)

#endif

#endif
