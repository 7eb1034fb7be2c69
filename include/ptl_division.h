/* Remainders and quotients rounded down, of floats.
 *
 * The C library's fmod goes bit by bit through the quotient, with branches that no processor foresees.  Where the
 * quotient is not too large to be told from the next whole number, one division and one fused multiply-add are exact:
 * the rounded quotient may be one too large, which the sign of the remainder shows.  Include ptl_math.h first.
 */
#ifndef PTL_DIVISION_H
#define PTL_DIVISION_H

#include "ptl_polynomial.h"

#ifdef PTL_FUSES
#define PTL_SMALL_QUOTIENT(ratio, most) (fabs(ratio) < (most))
#else
#define PTL_SMALL_QUOTIENT(ratio, most) false
#endif

/* MOST: up to there quotients are known to less than one half. */
#define PTL_DIVISION(s, T, MOST)                                                                                     \
    /* What has been found, unless that is NaN: a loop that may call fmod itself would be no vector. */              \
    PTL_ONCE T ptl_remainder_##s(T r, T a, T b) { return __builtin_expect(r == r, 1) ? r : fmod(a, b); }           \
    PTL_ONCE T ptl_quotient_##s(T quotient, T a, T b) {                                                            \
        if (__builtin_expect(quotient == quotient, 1)) return quotient;                                              \
        if (b == 0) return a / b;                                                                                    \
        const T r = fmod(a, b), whole = (a - r) / b - (T)((r != 0) & ((r < 0) != (b < 0)));                          \
        const T down = floor(whole), rounded = whole - down > (T)0.5 ? down + 1 : down;                              \
        return whole == 0 ? copysign((T)0, a / b) : rounded;                                                         \
    }                                                                                                                \
    /* The remainder with the sign of a and the quotient without its fraction, where that is small. */               \
    PTL_INLINE T ptl_divide_##s(T a, T b, T ratio, T *quotient) {                                                    \
        const T whole = trunc(ratio), r = whole == 0 ? a : PTL_FMA(-whole, b, a);                                    \
        const bool past = (r != 0) & ((r < 0) != (a < 0));                                                           \
        *quotient = past ? whole - copysign((T)1, ratio) : whole;                                                    \
        return copysign(past ? r + copysign(b, a) : r, a);                                                           \
    }                                                                                                                \
    PTL_INLINE T ptl_fmod_##s(T a, T b) {                                                                            \
        const T ratio = a / b;                                                                                       \
        T quotient;                                                                                                  \
        const T r = ptl_divide_##s(a, b, ratio, &quotient);                                                          \
        return ptl_remainder_##s(PTL_SMALL_QUOTIENT(ratio, MOST) ? r : (T)NAN, a, b);                                \
    }                                                                                                                \
    /* Remainder with the sign of b, a zero too. */                                                                  \
    PTL_INLINE T ptl_mod_##s(T a, T b) {                                                                             \
        const T r = ptl_fmod_##s(a, b), turned = (r < 0) != (b < 0) ? r + b : r;                                     \
        return b == 0 ? r : r == 0 ? copysign((T)0, b) : turned;                                                     \
    }                                                                                                                \
    /* Quotient rounded down, consistent with the remainder: (a - a mod b) / b is nearly whole. */                   \
    PTL_INLINE T ptl_floor_div_##s(T a, T b) {                                                                       \
        const T ratio = a / b;                                                                                       \
        T quotient;                                                                                                  \
        const T r = ptl_divide_##s(a, b, ratio, &quotient);                                                          \
        const T less = quotient - (T)((r != 0) & ((r < 0) != (b < 0)));                                              \
        const T down = less == 0 ? copysign((T)0, ratio) : less;                                                     \
        return ptl_quotient_##s(PTL_SMALL_QUOTIENT(ratio, MOST) ? down : (T)NAN, a, b);                              \
    }

PTL_DIVISION(f, float, 0x1p21f)
PTL_DIVISION(d, double, 0x1p50)

#define ptl_fmod(a, b) PTL_BY_PRECISION(ptl_fmod, a)(a, b)
#define ptl_mod(a, b) PTL_BY_PRECISION(ptl_mod, a)(a, b)
#define ptl_floor_div(a, b) PTL_BY_PRECISION(ptl_floor_div, a)(a, b)

#endif
