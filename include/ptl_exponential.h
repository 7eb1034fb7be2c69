/* The exponential, in line.
 *
 * A call of the vector library saves what a loop keeps in vectors, its sums and constants, and brings it back.  With
 * fused multiply-adds this is faster, and closer to the truth: 1.05 ULP.  Include ptl_math.h first.
 */
#ifndef PTL_EXPONENTIAL_H
#define PTL_EXPONENTIAL_H

#include "ptl_polynomial.h"

/* A bound is a variable that might change: gcc 12 makes a comparison and a selection of `x < 1 ? 1 : x`, but one
 * instruction of `x < bound ? bound : x`. */
#define PTL_BOUND(T, name, value) static T name __attribute__((used)) = value;
#define PTL_AT_LEAST(bound, x) ((x) < (bound) ? (bound) : (x))
#define PTL_AT_MOST(bound, x) ((bound) < (x) ? (bound) : (x))
#define PTL_WITHIN(least, x, most) PTL_AT_MOST(most, PTL_AT_LEAST(least, x))

/* exp(x) = 2^k (1 + p), where |x - k log 2| <= log(2) / 2, so that p, returned, is exp(x) - 1 itself near 0.
 * Adding 1.5 · 2^52 rounds to a whole number, which then stands in the lowest bits: k plus a bias. */
PTL_INLINE double ptl_exp_parts_d(double x, int bias, uint64_t *biased) {
    const double shifter = 0x1.8p52 + bias;
    const double shifted = PTL_FMA(x, 0x1.71547652b82fep+0, shifter), k = shifted - shifter;
    const double r = PTL_FMA(k, -0x1.ef35793c76730p-45, PTL_FMA(k, -0x1.62e42fefa3800p-1, x)), v = r * r;
    __builtin_memcpy(biased, &shifted, sizeof shifted);
    return PTL_FMA(v, PTL_Q10(r, v, 0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.5555555553d68p-5,
        0x1.11111111109b5p-7, 0x1.6c16c17889ef1p-10, 0x1.a01a01a7c2efep-13, 0x1.a019b9149a41cp-16,
        0x1.71de0db2f6b19p-19, 0x1.28917c89a43a7p-22, 0x1.af389ecfc4b9cp-26), r);
}
PTL_INLINE float ptl_exp_parts_f(float x, int bias, uint32_t *biased) {
    const float shifter = 0x1.8p23f + (float)bias;
    const float shifted = PTL_FMA(x, 0x1.715476p+0f, shifter), k = shifted - shifter;
    const float r = PTL_FMA(k, -0x1.7f7d1cf79abcap-20f, PTL_FMA(k, -0x1.62e4p-1f, x)), v = r * r;
    __builtin_memcpy(biased, &shifted, sizeof shifted);
    return PTL_FMA(v, PTL_Q5(r, v, 0x1.0000000000000p-1f, 0x1.5554dd04e58bep-3f, 0x1.55551933893e6p-5f,
        0x1.120b616c43f75p-7f, 0x1.6d10fc65baf1cp-10f), r);
}

/* 2^k from k plus the bias of the format: shifted, it is the exponent of a float. */
PTL_INLINE double ptl_power_d(uint64_t biased) {
    double power;
    biased <<= 52;
    __builtin_memcpy(&power, &biased, sizeof power);
    return power;
}
PTL_INLINE float ptl_power_f(uint32_t biased) {
    float power;
    biased <<= 23;
    __builtin_memcpy(&power, &biased, sizeof power);
    return power;
}

/* 2^k (1 + p), where the bias is twice that of the format: the product of two powers of half the exponent each
 * overflows, and underflows bit by bit, where it should. */
PTL_INLINE double ptl_exp_whole_d(double p, uint64_t biased) {
    const double power = ptl_power_d(biased >> 1);
    return PTL_FMA(p, power, power) * ptl_power_d(biased - (biased >> 1));
}
PTL_INLINE float ptl_exp_whole_f(float p, uint32_t biased) {
    const float power = ptl_power_f(biased >> 1);
    return PTL_FMA(p, power, power) * ptl_power_f(biased - (biased >> 1));
}

/* At the lower bounds k plus the bias is 0 and so are the powers: no product underflows there, which takes long. */
PTL_BOUND(double, ptl_exp_least_d, -1418) PTL_BOUND(double, ptl_exp_most_d, 1418)
PTL_BOUND(float, ptl_exp_least_f, -176) PTL_BOUND(float, ptl_exp_most_f, 176)
PTL_INLINE double ptl_exp_d(double x) {
    uint64_t biased;
    const double p = ptl_exp_parts_d(PTL_WITHIN(ptl_exp_least_d, x, ptl_exp_most_d), 2 * 1023, &biased);
    return ptl_exp_whole_d(p, biased);
}
PTL_INLINE float ptl_exp_f(float x) {
    uint32_t biased;
    const float p = ptl_exp_parts_f(PTL_WITHIN(ptl_exp_least_f, x, ptl_exp_most_f), 2 * 127, &biased);
    return ptl_exp_whole_f(p, biased);
}

/* exp(x) - 1: the 1 is taken away between the two powers, divided by the second. */
PTL_BOUND(double, ptl_expm1_least_d, -64) PTL_BOUND(float, ptl_expm1_least_f, -32)
PTL_INLINE double ptl_expm1_d(double x) {
    uint64_t biased;
    const double p = ptl_exp_parts_d(PTL_WITHIN(ptl_expm1_least_d, x, ptl_exp_most_d), 2 * 1023, &biased);
    const uint64_t half = biased >> 1, rest = biased - half;
    const double power = ptl_power_d(half), one = ptl_power_d(2 * 1023 - rest);
    return copysign(PTL_FMA(p, power, power - one) * ptl_power_d(rest), x);
}
PTL_INLINE float ptl_expm1_f(float x) {
    uint32_t biased;
    const float p = ptl_exp_parts_f(PTL_WITHIN(ptl_expm1_least_f, x, ptl_exp_most_f), 2 * 127, &biased);
    const uint32_t half = biased >> 1, rest = biased - half;
    const float power = ptl_power_f(half), one = ptl_power_f(2 * 127 - rest);
    return copysign(PTL_FMA(p, power, power - one) * ptl_power_f(rest), x);
}

/* With 256 bits the library's exponential of doubles is no slower. */
#if defined(PTL_VECTOR_LIBRARY) && !defined(__AVX512F__)
#define PTL_EXP_D exp
#define PTL_EXPM1_D expm1
#else
#define PTL_EXP_D ptl_exp_d
#define PTL_EXPM1_D ptl_expm1_d
#endif
#ifdef PTL_FUSES
#undef exp
#define exp(x) \
    _Generic((x), float: ptl_exp_f, float complex: cexpf, double complex: cexp, default: PTL_EXP_D)(x)
#undef expm1
#define expm1(x) _Generic((x), float: ptl_expm1_f, default: PTL_EXPM1_D)(x)
#endif

/* Of what is only added to exp(0), where nobody knows a shorter way (ptl_vectors.h). */
#define ptl_exp_term(x) exp(x)

#endif
