/* Powers of floats, with the special cases of IEEE 754.
 *
 * x^y = 2^(y log2 x), with the logarithm and the product in two floats, the second for what the first rounds off: half
 * a unit of 2^1000 is 2^-64 of its logarithm.  That takes fused multiply-adds; without them it is the C library's
 * function.  Branch-free, with a version each for float and double, so that zeros and negative numbers take no longer
 * than others.  The polynomials are printed by benchmarks/special_coefficients.py.  Include ptl_math.h first.
 */
#ifndef PTL_POWER_H
#define PTL_POWER_H

#include "ptl_bits.h"
#include "ptl_polynomial.h"

#ifdef PTL_FUSES

/* 2 / log(2) (atanh(q) - q) / q³ as a polynomial of v = q², for |q| <= 0.0587; and 2^r, for |r| <= 1/2. */
PTL_INLINE double ptl_log2_rest_d(double v) {
    return PTL_P6(v, 0x1.ec709dc3a03fdp-1, 0x1.2776c50ef9c1dp-1, 0x1.a61762a77c54bp-2, 0x1.484b14c73de89p-2,
        0x1.0c987a17f6526p-2, 0x1.caa9238a19d3fp-3);
}
PTL_INLINE float ptl_log2_rest_f(float v) {
    return PTL_P3(v, 0x1.ec709dc72cc80p-1f, 0x1.27767cbd9b23cp-1f, 0x1.a7cbb18c0a896p-2f);
}
PTL_INLINE double ptl_exp2_near_d(double r) {
    return PTL_FMA(r, PTL_P11(r, 0x1.62e42fefa39efp-1, 0x1.ebfbdff82c598p-3, 0x1.c6b08d704a0c2p-5,
        0x1.3b2ab6fba1ddap-7, 0x1.5d87fe78a5276p-10, 0x1.430913096fd9fp-13, 0x1.ffcbfc670dcd4p-17,
        0x1.62bfd47773353p-20, 0x1.b524fae627834p-24, 0x1.e6063f7217bc6p-28, 0x1.e9d3fe3952179p-32), 1.0);
}
PTL_INLINE float ptl_exp2_near_f(float r) {
    return PTL_FMA(r, PTL_P6(r, 0x1.62e4302fc626ep-1f, 0x1.ebfbe00e63baep-3f, 0x1.c6af6cdbbdcc7p-5f,
        0x1.3b2a53045179ap-7f, 0x1.5f0890162a90ap-10f, 0x1.4413896e1ad27p-13f), 1.0f);
}

/* For each float its integers, its format, the number that shifts whole numbers to the lowest bits, and 2 / log(2) in
 * two parts.  BELOW is 2^-LESS, ABOVE is 2^MORE, to more digits than a float has: by one of them or 1, c, the digits m
 * of a number, 0.705 <= m < 1.41, are divided before q = (m - c) / (m + c) gives the logarithm.  MOST: where 2^z is 0
 * or infinite, for certain. */
#define PTL_POWER(s, T, I, U, DIGITS, BIAS, SHIFTER, K, K_REST, BELOW, LESS, ABOVE, MORE, MOST)                      \
    /* log2 x of a positive number, in two parts. */                                                                 \
    PTL_INLINE T ptl_log2_parts_##s(T x, T *low) {                                                                   \
        const bool normal = x >= ptl_power_of_two_##s(1 - BIAS);                                                     \
        const U start = (U)ptl_bits_of_##s((T)0.705), mask = ((U)1 << DIGITS) - 1;                                   \
        const T scaled = x * (normal ? (T)1 : (T)2 * (mask + 1));                                                    \
        const U bits = (U)ptl_bits_of_##s(scaled) + (2 * BIAS * (mask + 1) - start);                                 \
        const T m = ptl_of_bits_##s((I)((bits & mask) + start));                                                     \
        /* The exponent, put into the digits of a number that it is then subtracted from. */                         \
        const T e = ptl_of_bits_##s((I)((bits >> DIGITS) | (U)ptl_bits_of_##s(SHIFTER))) -                           \
                    (normal ? SHIFTER + 2 * BIAS : SHIFTER + 2 * BIAS + DIGITS + 1);                                 \
        const T c = m < (T)0.889 ? (T)BELOW : m < (T)1.121 ? (T)1 : (T)ABOVE;                                        \
        const T whole = e + (m < (T)0.889 ? -(T)LESS : m < (T)1.121 ? (T)0 : (T)MORE);                               \
        const T over = m - c, under = m + c, lost = m - (under - c), inverse = 1 / under;                            \
        const T q = over * inverse, rest = PTL_FMA(-q, lost, PTL_FMA(-q, under, over)) * inverse, v = q * q;         \
        const T head = q * K, more = PTL_FMA(v, ptl_log2_rest_##s(v), (T)K_REST);                                    \
        const T tail = PTL_FMA(q, more, PTL_FMA(rest, K, PTL_FMA(q, K, -head)));                                     \
        const T high = whole + head, finite = x == 0 ? -(T)INFINITY : high;                                          \
        *low = (whole - high + head) + tail;                                                                         \
        return x < (T)INFINITY ? finite : x;                                                                         \
    }                                                                                                                \
    /* 2^(high + low).  The scale is two factors: the result may be subnormal, what is scaled must not. */           \
    PTL_INLINE T ptl_exp2_parts_##s(T high, T low) {                                                                 \
        const bool beyond = fabs(high) > MOST, small = high < 0;                                                     \
        const T z = beyond ? copysign((T)MOST, high) : high, rest = beyond ? (T)0 : low;                             \
        const T shifted = (z + rest) + SHIFTER, r = (z - (shifted - SHIFTER)) + rest;                                \
        const U exponent = (U)ptl_bits_of_##s(shifted) + (small ? BIAS + 64 : BIAS - 64);                            \
        const T scale = ptl_of_bits_##s((I)(exponent << DIGITS));                                                    \
        return ptl_exp2_near_##s(r) * scale * (small ? (T)0x1p-64 : (T)0x1p64);                                      \
    }                                                                                                                \
    PTL_ONCE T ptl_pow_##s(T x, T y) {                                                                               \
        const T size = fabs(x), half = (T)0.5 * y;                                                                   \
        T low;                                                                                                       \
        /* 1 to any power is 1, also to infinity and NaN. */                                                         \
        const T high = ptl_log2_parts_##s(size, &low), z = high == 0 ? (T)0 : y, product = z * high;                 \
        const T power = ptl_exp2_parts_##s(product, PTL_FMA(z, low, PTL_FMA(z, high, -product)));                    \
        const T sign = rint(half) == half ? (T)1 : x;                                                                \
        const T unsettled = (x < 0) & (size < (T)INFINITY) ? (T)NAN : power;                                         \
        const T known = rint(y) == y ? copysign(power, sign) : unsettled;                                            \
        return y == 0 ? (T)1 : known;                                                                                \
    }

PTL_POWER(f, float, int32_t, uint32_t, 23, 127, 0x1.8p23f, 0x1.715476p+1f, 0x1.4ae0c0p-25f, 0x1.94c47cp-1f,
          0x1.5b3p-2f, 0x1.446c7ep+0f, 0x1.5dfp-2f, 180)
PTL_POWER(d, double, int64_t, uint64_t, 52, 1023, 0x1.8p52, 0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55,
          0x1.950b559c89c04p-1, 0x1.5a2d8p-2, 0x1.41b39cd2237fap+0, 0x1.517d4p-2, 1080)

#define ptl_pow(x, y) PTL_BY_PRECISION(ptl_pow, (x) + (y))(x, y)
#else
#define ptl_pow(x, y) pow(x, y)
#endif

#endif
