/* Functions of whole vectors, over arrays that are as long: what processors do with a vector at once, and compilers
 * do not find in loops.
 *
 * The exponential with 512 bits looks 2^(j/16) up in registers.  What is left of x is within log(2) / 32, so that a
 * polynomial of 5 terms does the work of 10; 1.05 ULP.  No bit depends on the lane.  Include ptl_math.h first.
 */
#ifndef PTL_VECTORS_H
#define PTL_VECTORS_H

#include "ptl_exponential.h"
#include "ptl_lanes.h"

/* gcc would make a call of `memcpy` of a loop that only copies lanes to memory; nothing near it stays in a register. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

#if PTL_VECTOR_BYTES == 64 && defined(__AVX512DQ__)

typedef double ptl_double8 __attribute__((vector_size(64), aligned(8), may_alias));
typedef float ptl_float16 __attribute__((vector_size(64), aligned(4), may_alias));

/* 2^(j/16). */
static const double ptl_powers_d[16] = {0x1p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
    0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0, 0x1.6a09e667f3bcdp+0,
    0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0, 0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0,
    0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};
static const float ptl_powers_f[16] = {0x1p+0f, 0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f, 0x1.306fe0p+0f,
    0x1.3dea64p+0f, 0x1.4bfdaep+0f, 0x1.5ab07ep+0f, 0x1.6a09e6p+0f, 0x1.7a1148p+0f, 0x1.8ace54p+0f, 0x1.9c4918p+0f,
    0x1.ae89fap+0f, 0x1.c199bep+0f, 0x1.d5818ep+0f, 0x1.ea4afap+0f};

/* exp(x) = 2^k (1 + p), where |x - k log 2| <= log(2) / 32.  Adding 1.5 · 2^48 rounds to a multiple of 1/16, of which
 * j stands in the lowest bits then.  Where k is too large for that, or infinite, the result is 0 or infinite whatever
 * p is, as long as it is a number: so r is cut to [-1, 1], which also makes 1 of NaN.  A NaN x comes back by k. */
PTL_INLINE void ptl_exp_doubles(double x[PTL_DOUBLES]) {
    const double shifter = 0x1.8p48;
    double shifted[PTL_DOUBLES], k[PTL_DOUBLES], rest[PTL_DOUBLES], power[PTL_DOUBLES];
    PTL_EACH_LANE(PTL_DOUBLES) {
        shifted[lane] = PTL_FMA(x[lane], 0x1.71547652b82fep+0, shifter);
        k[lane] = shifted[lane] - shifter;
        rest[lane] = PTL_FMA(k[lane], -0x1.ef35793c76730p-45, PTL_FMA(k[lane], -0x1.62e42fefa3800p-1, x[lane]));
    }
    const ptl_double8 *const powers = (const ptl_double8 *)ptl_powers_d;
    ptl_double8 chosen = *(ptl_double8 *)shifted, r = *(ptl_double8 *)rest, y;
    __asm__("vpermi2pd %2, %1, %0" : "+v"(chosen) : "v"(powers[0]), "v"(powers[1]));
    __asm__("vrangepd $2, %1, %0, %0" : "+v"(r) : "v"((ptl_double8){1, 1, 1, 1, 1, 1, 1, 1}));
    *(ptl_double8 *)power = chosen;
    *(ptl_double8 *)rest = r;
    PTL_EACH_LANE(PTL_DOUBLES) {
        const double r = rest[lane], v = r * r;
        const double p = PTL_FMA(v, PTL_Q5(r, v, 0x1.0000000000005p-1, 0x1.555555548f717p-3, 0x1.555555545eaa2p-5,
            0x1.11123abe4253dp-7, 0x1.6c185de61d29ep-10), r);
        rest[lane] = PTL_FMA(p, power[lane], power[lane]);
    }
    __asm__("vscalefpd %2, %1, %0" : "=v"(y) : "v"(*(ptl_double8 *)rest), "v"(*(ptl_double8 *)k));
    *(ptl_double8 *)x = y;
}
PTL_INLINE void ptl_exp_floats(float x[PTL_FLOATS]) {
    const float shifter = 0x1.8p19f;
    float shifted[PTL_FLOATS], k[PTL_FLOATS], rest[PTL_FLOATS], power[PTL_FLOATS];
    PTL_EACH_LANE(PTL_FLOATS) {
        shifted[lane] = PTL_FMA(x[lane], 0x1.715476p+0f, shifter);
        k[lane] = shifted[lane] - shifter;
        rest[lane] = PTL_FMA(k[lane], -0x1.7f7d1cf79abcap-20f, PTL_FMA(k[lane], -0x1.62e4p-1f, x[lane]));
    }
    const ptl_float16 one = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    ptl_float16 chosen, r = *(ptl_float16 *)rest, y;
    __asm__("vpermps %2, %1, %0" : "=v"(chosen) : "v"(*(ptl_float16 *)shifted), "v"(*(const ptl_float16 *)ptl_powers_f));
    __asm__("vrangeps $2, %1, %0, %0" : "+v"(r) : "v"(one));
    *(ptl_float16 *)power = chosen;
    *(ptl_float16 *)rest = r;
    PTL_EACH_LANE(PTL_FLOATS) {
        const float r = rest[lane], v = r * r;
        const float p = PTL_FMA(v, PTL_FMA(r, 0x1.555736p-3f, 0x1.00021fp-1f), r);
        rest[lane] = PTL_FMA(p, power[lane], power[lane]);
    }
    __asm__("vscalefps %2, %1, %0" : "=v"(y) : "v"(*(ptl_float16 *)rest), "v"(*(ptl_float16 *)k));
    *(ptl_float16 *)x = y;
}

/* Add exp(x) to sums that have a term exp(0), and no x is larger.  t = x / log(2) is rounded and all else goes by that:
 * an error of |x| units of a result's last place is less than half a unit of the sum's, since |x| exp(x) < 0.37.
 * t = k + j/16 + r, rounded down.  What a processor says is left of an infinity is 0, and it scales by the whole part
 * of whatever t is, so nothing has bounds.  A multiply-add at the end does not mind subnormal terms. */
PTL_INLINE void ptl_add_exps_doubles(double sums[PTL_DOUBLES], const double x[PTL_DOUBLES]) {
    double t[PTL_DOUBLES], shifter[PTL_DOUBLES], rest[PTL_DOUBLES], power[PTL_DOUBLES];
    PTL_EACH_LANE(PTL_DOUBLES) {
        t[lane] = x[lane] * 0x1.71547652b82fep+0;
        shifter[lane] = 0x1.8p48;
    }
    const ptl_double8 *const powers = (const ptl_double8 *)ptl_powers_d;
    ptl_double8 chosen, r;
    __asm__("vaddpd %{rd-sae%}, %2, %1, %0" : "=v"(chosen) : "v"(*(ptl_double8 *)t), "v"(*(ptl_double8 *)shifter));
    __asm__("vpermi2pd %2, %1, %0" : "+v"(chosen) : "v"(powers[0]), "v"(powers[1]));
    __asm__("vscalefpd %1, %0, %0" : "+v"(chosen) : "v"(*(ptl_double8 *)t));
    __asm__("vreducepd $0x41, %1, %0" : "=v"(r) : "v"(*(ptl_double8 *)t));
    *(ptl_double8 *)power = chosen;
    *(ptl_double8 *)rest = r;
    PTL_EACH_LANE(PTL_DOUBLES) {
        const double r = rest[lane];
        double p = PTL_FMA(r, 0x1.4a1d24b02c370p-13, 0x1.5d74749104586p-10);
        p = PTL_FMA(r, p, 0x1.3b2ad1acaab40p-7);
        p = PTL_FMA(r, p, 0x1.c6b08d4ae254fp-5);
        p = PTL_FMA(r, p, 0x1.ebfbdff8454c5p-3);
        p = PTL_FMA(r, p, 0x1.62e42fefa398bp-1);
        p = PTL_FMA(r, p, 0x1.0000000000000p+0);
        sums[lane] = PTL_FMA(p, power[lane], sums[lane]);
    }
}
/* To turn floats into doubles takes as long as half of the exponential: those of two vectors are added first. */
PTL_INLINE ptl_float16 ptl_fma_floats(ptl_float16 a, ptl_float16 b, ptl_float16 c) {
    __asm__("vfmadd213ps %2, %1, %0" : "+v"(a) : "v"(b), "v"(c));
    return a;
}
#define PTL_ALL(x) ((x) - (ptl_float16){0})
#define PTL_EACH_OF(vectors) _Pragma("GCC unroll 2") for (int v = 0; v < vectors; v++)
PTL_INLINE void ptl_add_exps_of_floats(double sums[PTL_FLOATS], const float *x, const int vectors) {
    const ptl_float16 *const given = (const ptl_float16 *)x, *const powers = (const ptl_float16 *)ptl_powers_f;
    ptl_float16 t[2], power[2], r[2], p[2];
    float total[PTL_FLOATS];
    PTL_EACH_OF(vectors) t[v] = given[v] * PTL_ALL(0x1.715476p+0f);
    PTL_EACH_OF(vectors) __asm__("vaddps %{rd-sae%}, %2, %1, %0" : "=v"(power[v]) : "v"(t[v]), "v"(PTL_ALL(0x1.8p19f)));
    PTL_EACH_OF(vectors) __asm__("vpermps %1, %0, %0" : "+v"(power[v]) : "v"(*powers));
    PTL_EACH_OF(vectors) __asm__("vscalefps %1, %0, %0" : "+v"(power[v]) : "v"(t[v]));
    PTL_EACH_OF(vectors) __asm__("vreduceps $0x41, %1, %0" : "=v"(r[v]) : "v"(t[v]));
    PTL_EACH_OF(vectors) p[v] = ptl_fma_floats(r[v], PTL_ALL(0x1.d0a82ep-5f), PTL_ALL(0x1.ebe2dep-3f));
    PTL_EACH_OF(vectors) p[v] = ptl_fma_floats(r[v], p[v], PTL_ALL(0x1.62e444p-1f));
    PTL_EACH_OF(vectors) p[v] = ptl_fma_floats(r[v], p[v], PTL_ALL(0x1p+0f));
    *(ptl_float16 *)total = p[0] * power[0];
    if (vectors == 2) *(ptl_float16 *)total = ptl_fma_floats(p[1], power[1], *(ptl_float16 *)total);
    PTL_EACH_LANE(PTL_FLOATS) sums[lane] += (double)total[lane];
}
PTL_INLINE void ptl_add_exps_floats(double sums[PTL_FLOATS], const float x[PTL_FLOATS]) {
    ptl_add_exps_of_floats(sums, x, 1);
}
PTL_INLINE void ptl_add_exps_float_pairs(double sums[PTL_FLOATS], const float x[2 * PTL_FLOATS]) {
    ptl_add_exps_of_floats(sums, x, 2);
}

/* The same bits for a number that is alone, by a function that stands once in a program. */
#define PTL_ALONE static __attribute__((noinline, unused))
PTL_ALONE double ptl_exp_alone_d(double x) {
    double lanes[PTL_DOUBLES];
    PTL_EACH_LANE(PTL_DOUBLES) lanes[lane] = x;
    ptl_exp_doubles(lanes);
    return lanes[0];
}
PTL_ALONE float ptl_exp_alone_f(float x) {
    float lanes[PTL_FLOATS];
    PTL_EACH_LANE(PTL_FLOATS) lanes[lane] = x;
    ptl_exp_floats(lanes);
    return lanes[0];
}
#define ptl_exp_alone(x) PTL_BY_PRECISION(ptl_exp_alone, x)(x)

#else

PTL_INLINE void ptl_exp_doubles(double x[PTL_DOUBLES]) { PTL_EACH_LANE(PTL_DOUBLES) x[lane] = exp(x[lane]); }
PTL_INLINE void ptl_exp_floats(float x[PTL_FLOATS]) { PTL_EACH_LANE(PTL_FLOATS) x[lane] = exp(x[lane]); }
#define ptl_exp_alone(x) exp(x)
PTL_INLINE void ptl_add_exps_doubles(double sums[PTL_DOUBLES], const double x[PTL_DOUBLES]) {
    PTL_EACH_LANE(PTL_DOUBLES) sums[lane] += exp(x[lane]);
}
PTL_INLINE void ptl_add_exps_floats(double sums[PTL_FLOATS], const float x[PTL_FLOATS]) {
    PTL_EACH_LANE(PTL_FLOATS) sums[lane] += (double)exp(x[lane]);
}
PTL_INLINE void ptl_add_exps_float_pairs(double sums[PTL_FLOATS], const float x[2 * PTL_FLOATS]) {
    PTL_EACH_LANE(PTL_FLOATS) sums[lane] += (double)(exp(x[lane]) + exp(x[lane + PTL_FLOATS]));
}

#endif

#endif
