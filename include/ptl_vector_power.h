/* Powers of whole vectors, with tables in registers.
 *
 * x^y = 2^(y log2 x), with the logarithm and the product in two floats, as in ptl_power.h.  log2 x is e + log2 m, where
 * the digits m, 3/4 <= m < 3/2, are multiplied by c, about 16/k, which leaves 1 + r: log2(1 + r) - log2 c.  What is
 * left of the product is looked up and scaled like an exponential.  There are two functions, one before and one after
 * the product, since so long a chain is worked on sooner in two turns.  Include ptl_math.h first.
 */
#ifndef PTL_VECTOR_POWER_H
#define PTL_VECTOR_POWER_H

#include "ptl_logarithm.h"
#include "ptl_power.h"

#if PTL_VECTOR_BYTES == 64 && defined(__AVX512DQ__)

/* 16/k and -log2 of it, in two parts, of which the first has so few digits that whole numbers are added exactly. */
static const double ptl_sixteenths_d[16] = {0x1p+0, 0x1.e1e1e1e1e1e1ep-1, 0x1.c71c71c71c71cp-1, 0x1.af286bca1af28p-1,
    0x1.999999999999ap-1, 0x1.8618618618618p-1, 0x1.745d1745d1746p-1, 0x1.642c8590b2164p-1, 0x1.5555555555554p-1,
    0x1p+0, 0x1p+0, 0x1p+0, 0x1.5555555555555p+0, 0x1.3b13b13b13b14p+0, 0x1.2492492492492p+0, 0x1.1111111111111p+0};
static const double ptl_log2_high_d[16] = {0, 0x1.663f6fac90000p-4, 0x1.5c01a39fc0000p-3, 0x1.fbc16b9028000p-3,
    0x1.49a784bcd0000p-2, 0x1.91bba891f0000p-2, 0x1.d6753e0330000p-2, 0x1.0c10500d64000p-1, 0x1.2b803473f8000p-1, 0,
    0, 0, -0x1.a8ff971810000p-2, -0x1.32bfee3710000p-2, -0x1.8a8980abf8000p-3, -0x1.7d60496d00000p-4};
static const double ptl_log2_low_d[16] = {0, 0x1.317ee20c9d519p-44, -0x1.4babedb842443p-42, -0x1.7f2f9ae39c1e8p-43,
    0x1.b898cf4b5a447p-42, 0x1.70a26072b5824p-42, -0x1.5f1ba6b7d0fccp-42, -0x1.5652ca22c62dap-43,
    -0x1.4b0a58c47e139p-43, 0, 0, 0, -0x1.4b94d870dd18bp-43, 0x1.196290940346ap-42, -0x1.e97c1e0d76c5fp-42,
    0x1.12d42864c5030p-42};
static const float ptl_sixteenths_f[16] = {0x1p+0f, 0x1.e1e1e0p-1f, 0x1.c71c70p-1f, 0x1.af286cp-1f, 0x1.999998p-1f,
    0x1.861860p-1f, 0x1.745d18p-1f, 0x1.642c84p-1f, 0x1.555554p-1f, 0x1p+0f, 0x1p+0f, 0x1p+0f, 0x1.555556p+0f,
    0x1.3b13b2p+0f, 0x1.24924ap+0f, 0x1.111112p+0f};
static const float ptl_log2_high_f[16] = {0, 0x1.664000p-4f, 0x1.5c0000p-3f, 0x1.fbc000p-3f, 0x1.49a800p-2f,
    0x1.91b800p-2f, 0x1.d67800p-2f, 0x1.0c1000p-1f, 0x1.2b8000p-1f, 0, 0, 0, -0x1.a90000p-2f, -0x1.32c000p-2f,
    -0x1.8a9000p-3f, -0x1.7d6000p-4f};
static const float ptl_log2_low_f[16] = {0, -0x1.e4f89ep-22f, 0x1.af2a62p-19f, 0x1.6a1ed2p-19f, -0x1.d5f772p-20f,
    0x1.d72ba2p-17f, -0x1.626fbep-17f, 0x1.4d3186p-19f, 0x1.bab504p-20f, 0, 0, 0, 0x1.98151ap-20f, 0x1.c5b3bep-23f,
    0x1.9dab02p-17f, -0x1.767e68p-22f};
/* What 2^(j/16) is more than its float. */
static const double ptl_powers_rest_d[16] = {0, 0x1.8a62e4adc610bp-54, -0x1.19041b9d78a76p-55, 0x1.9b07eb6c70573p-54,
    0x1.6f46ad23182e4p-55, 0x1.ada0911f09ebcp-55, 0x1.d4397afec42e2p-56, 0x1.6324c054647adp-54,
    -0x1.bdd3413b26456p-54, -0x1.41577ee04992fp-55, 0x1.6e9f156864b27p-54, 0x1.c7c46b071f2bep-56,
    0x1.7a1cd345dcc81p-54, 0x1.11065895048ddp-55, 0x1.2ed02d75b3707p-55, -0x1.e9c23179c2893p-54};
static const float ptl_powers_rest_f[16] = {0, 0x1.9f3122p-25f, -0x1.c15742p-27f, 0x1.ceac48p-25f, 0x1.4636e2p-25f,
    0x1.824684p-25f, -0x1.593abcp-25f, -0x1.5bd5ecp-27f, 0x1.9fcef4p-26f, -0x1.829fd0p-25f, 0x1.15506ep-27f,
    0x1.51f848p-27f, -0x1.a94b14p-26f, -0x1.3d56b2p-27f, -0x1.822dbcp-27f, 0x1.52486cp-27f};

/* (log2(1 + r) - r / log 2 + r² / log 4) / r³ for |r| <= 1/24, of r and r²; and 2^r for |r| <= 1/32. */
PTL_INLINE double ptl_log2_cubic_d(double r, double v) {
    return PTL_Q9(r, v, 0x1.ec709dc3a03fdp-2, -0x1.71547652b8048p-2, 0x1.2776c50ef997ep-2, -0x1.ec709dcdca960p-3,
        0x1.a61762b1102bdp-3, -0x1.71542402279a7p-3, 0x1.484ac7db847e9p-3, -0x1.286d8a5598e08p-3,
        0x1.0d7e4fd6f5ebap-3);
}
PTL_INLINE float ptl_log2_cubic_f(float r, float v) {
    return PTL_Q4(r, v, 0x1.ec7098p-2f, -0x1.715472p-2f, 0x1.27d4aep-2f, -0x1.ed14f6p-3f);
}
PTL_INLINE double ptl_exp2_of_d(double r) {
    return PTL_P6(r, 0x1.62e42fefa39f3p-1, 0x1.ebfbdff82c590p-3, 0x1.c6b08d6f2a289p-5, 0x1.3b2ab6fb41213p-7,
        0x1.5d897e525c216p-10, 0x1.430a1d08ec681p-13);
}
PTL_INLINE float ptl_exp2_of_f(float r) {
    return PTL_P3(r, 0x1.62e430p-1f, 0x1.ebff92p-3f, 0x1.c6b29ap-5f);
}

/* T: float or double, of which V is a vector of N lanes; PS: how its instructions end; adding SHIFTER rounds to a
 * multiple of 1/16, whose last four bits choose; 1 / log 2 in two parts. */
#define PTL_POWERS(s, numbers, T, V, N, PS, SHIFTER, K, K_REST)                                                      \
    /* Of x and y: y log2 |x| in two parts. */                                                                       \
    PTL_INLINE void ptl_power_log_##numbers(T x[N], T y[N]) {                                                        \
        T m[N], minus_e[N], shifted[N], c[N], high[N], low[N], log[N], rest[N];                                      \
        V digits, down, below;                                                                                       \
        __asm__("vgetmant" PS " $7, %1, %0" : "=v"(digits) : "v"(*(V *)x));                                          \
        __asm__("vgetexp" PS " %1, %0" : "=v"(down) : "v"(*(V *)x));                                                 \
        __asm__("vgetexp" PS " %1, %0" : "=v"(below) : "v"(digits));                                                 \
        *(V *)m = digits;                                                                                            \
        *(V *)minus_e = below - down;                                                                                \
        PTL_EACH_LANE(N) shifted[lane] = m[lane] + (T)SHIFTER;                                                       \
        *(V *)c = ptl_chosen_##s(*(V *)shifted, ptl_sixteenths_##s);                                                 \
        *(V *)high = ptl_chosen_##s(*(V *)shifted, ptl_log2_high_##s);                                               \
        *(V *)low = ptl_chosen_##s(*(V *)shifted, ptl_log2_low_##s);                                                 \
        PTL_EACH_LANE(N) {                                                                                           \
            const T scaled = c[lane] * m[lane], lost = PTL_FMA(c[lane], m[lane], -scaled), r = scaled - 1;           \
            const T v = r * r, v_lost = PTL_FMA(r, r, -v);                                                           \
            /* r and -r²/2, divided by log 2; and of both what is lost, that of r over 1 + r. */                     \
            const T a = r * (T)K, b = v * (T)(-K / 2);                                                               \
            T less = PTL_FMA(r, (T)K_REST, PTL_FMA(r, (T)K, -a));                                                    \
            less = PTL_FMA(lost, PTL_FMA(v - r, (T)K, (T)K), less);                                                  \
            less += PTL_FMA(v, (T)(-K_REST / 2), PTL_FMA(v_lost, (T)(-K / 2), PTL_FMA(v, (T)(-K / 2), -b)));         \
            const T whole = high[lane] - minus_e[lane], first = whole + a, second = first + b;                       \
            const T more = ((whole - first) + a) + ((first - second) + b);                                           \
            log[lane] = second;                                                                                      \
            rest[lane] = more + (PTL_FMA(v * r, ptl_log2_cubic_##s(r, v), low[lane]) + less);                        \
        }                                                                                                            \
        *(V *)rest = ptl_number_##s(*(V *)rest);                                                                     \
        PTL_EACH_LANE(N) {                                                                                           \
            const T all = log[lane] + rest[lane], left = (log[lane] - all) + rest[lane], product = y[lane] * all;    \
            x[lane] = product;                                                                                       \
            y[lane] = PTL_FMA(y[lane], left, PTL_FMA(y[lane], all, -product));                                       \
        }                                                                                                            \
    }                                                                                                                \
    /* 2^(high + low), left in `high`. */                                                                            \
    PTL_INLINE void ptl_power_##numbers(T high[N], T low[N]) {                                                       \
        T shifted[N], k[N], rest[N], power[N], rounded[N];                                                           \
        PTL_EACH_LANE(N) {                                                                                           \
            shifted[lane] = high[lane] + (T)SHIFTER;                                                                 \
            k[lane] = shifted[lane] - (T)SHIFTER;                                                                    \
            rest[lane] = (high[lane] - k[lane]) + low[lane];                                                         \
        }                                                                                                            \
        *(V *)power = ptl_chosen_##s(*(V *)shifted, ptl_powers_##s);                                                 \
        *(V *)rounded = ptl_chosen_##s(*(V *)shifted, ptl_powers_rest_##s);                                          \
        *(V *)rest = ptl_number_##s(*(V *)rest);                                                                     \
        PTL_EACH_LANE(N) {                                                                                           \
            const T more = rest[lane] * ptl_exp2_of_##s(rest[lane]);                                                 \
            rest[lane] = power[lane] + PTL_FMA(more, power[lane], rounded[lane]);                                    \
        }                                                                                                            \
        V y;                                                                                                         \
        __asm__("vscalef" PS " %2, %1, %0" : "=v"(y) : "v"(*(V *)rest), "v"(*(V *)k));                               \
        *(V *)high = y;                                                                                              \
    }                                                                                                                \
    /* x^y, of |x|^y: 1 to any power and anything to 0 is 1, also infinity and NaN. */                               \
    PTL_INLINE T ptl_power_of_##s(T x, T y, T power) {                                                               \
        const T size = fabs(x), half = (T)0.5 * y, known = size == 1 ? (T)1 : power;                                 \
        const T sign = rint(half) == half ? (T)1 : x;                                                                \
        const T unsettled = (x < 0) & (size < (T)INFINITY) ? (T)NAN : known;                                         \
        const T result = rint(y) == y ? copysign(known, sign) : unsettled;                                           \
        return (y == 0) | (x == 1) ? (T)1 : result;                                                                  \
    }                                                                                                                \
    PTL_ALONE T ptl_power_alone_##s(T x, T y) {                                                                      \
        T first[N], second[N];                                                                                       \
        PTL_EACH_LANE(N) {                                                                                           \
            first[lane] = x;                                                                                         \
            second[lane] = y;                                                                                        \
        }                                                                                                            \
        ptl_power_log_##numbers(first, second);                                                                      \
        ptl_power_##numbers(first, second);                                                                          \
        return first[0];                                                                                             \
    }

PTL_POWERS(d, doubles, double, ptl_double8, PTL_DOUBLES, "pd", 0x1.8p48, 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56)
PTL_POWERS(f, floats, float, ptl_float16, PTL_FLOATS, "ps", 0x1.8p19f, 0x1.715476p+0f, 0x1.4ae0c0p-26f)
#define ptl_power_of(x, y, power) PTL_BY_PRECISION(ptl_power_of, x)(x, y, power)
#define ptl_power_alone(x, y) PTL_BY_PRECISION(ptl_power_alone, x)(x, y)

#else

PTL_INLINE void ptl_power_log_doubles(double x[PTL_DOUBLES], double y[PTL_DOUBLES]) {}
PTL_INLINE void ptl_power_log_floats(float x[PTL_FLOATS], float y[PTL_FLOATS]) {}
PTL_INLINE void ptl_power_doubles(double x[PTL_DOUBLES], const double y[PTL_DOUBLES]) {
    PTL_EACH_LANE(PTL_DOUBLES) x[lane] = ptl_pow(x[lane], y[lane]);
}
PTL_INLINE void ptl_power_floats(float x[PTL_FLOATS], const float y[PTL_FLOATS]) {
    PTL_EACH_LANE(PTL_FLOATS) x[lane] = ptl_pow(x[lane], y[lane]);
}
#define ptl_power_of(x, y, power) (power)
#define ptl_power_alone(x, y) ptl_pow(x, y)

#endif

#endif
