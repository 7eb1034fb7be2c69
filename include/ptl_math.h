/* Arithmetic with NumPy's meaning.
 *
 * Templates of the op table are written for ptl_libm.h: `exp(x)` is expf for a float and cexp for a complex.  Where
 * C and NumPy differ there is a ptl_* function here, and nothing in it is undefined: integers wrap by way of
 * unsigned arithmetic.  Names choose their version by the C type of the arguments.  Everything is branch-free where
 * a loop may want to be a vector: both sides are computed, then one is selected.  More of the same, for programs
 * that need it: ptl_bits.h, ptl_division.h, ptl_integer.h, ptl_complex.h, ptl_logistic.h, ptl_gamma.h, ptl_special.h.
 */
#ifndef PTL_MATH_H
#define PTL_MATH_H

#include "ptl_libm.h"

#define PTL_INLINE static inline __attribute__((always_inline, unused))

/* A long function is compiled once in a program: gcc makes a version of it for vectors, which loops call. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define PTL_ONCE static __attribute__((noinline, unused, const, simd("notinbranch")))
#else
#define PTL_ONCE PTL_INLINE
#endif

/* -- integers ------------------------------------------------------------------------------------------------------
 * For each type T, computed in the unsigned type U of the same width, where wrapping is defined.  Narrower types are
 * computed as int and cut by the caller. */
#define PTL_WRAPPING(s, T, U)                                             \
    PTL_INLINE T ptl_add_##s(T a, T b) { return (T)((U)a + (U)b); }       \
    PTL_INLINE T ptl_sub_##s(T a, T b) { return (T)((U)a - (U)b); }       \
    PTL_INLINE T ptl_mul_##s(T a, T b) { return (T)((U)a * (U)b); }       \
    PTL_INLINE T ptl_neg_##s(T a) { return (T)((U)0 - (U)a); }            \
    PTL_INLINE T ptl_abs_##s(T a) { return a < 0 ? ptl_neg_##s(a) : a; }  \
    PTL_INLINE T ptl_max_##s(T a, T b) { return a >= b ? a : b; }         \
    PTL_INLINE T ptl_min_##s(T a, T b) { return a <= b ? a : b; }

PTL_WRAPPING(i32, int32_t, uint32_t)
PTL_WRAPPING(u32, uint32_t, uint32_t)
PTL_WRAPPING(i64, int64_t, uint64_t)
PTL_WRAPPING(u64, uint64_t, uint64_t)

/* The version for the type that C computes the arguments in; int64_t is long here, long long there. */
#define PTL_BY_WIDTH(name, x)                                                                \
    _Generic((x), unsigned: name##_u32, long: name##_i64, long long: name##_i64,             \
             unsigned long: name##_u64, unsigned long long: name##_u64, default: name##_i32)
#define ptl_add(a, b) PTL_BY_WIDTH(ptl_add, (a) + (b))(a, b)
#define ptl_sub(a, b) PTL_BY_WIDTH(ptl_sub, (a) + (b))(a, b)
#define ptl_mul(a, b) PTL_BY_WIDTH(ptl_mul, (a) + (b))(a, b)
#define ptl_neg(a) PTL_BY_WIDTH(ptl_neg, a)(a)
#define ptl_abs(a) PTL_BY_WIDTH(ptl_abs, a)(a)

/* -- floats to integers --------------------------------------------------------------------------------------------
 * What x86 gives and NumPy shows: NaN and what does not fit become the lowest integer; narrow types are cut from
 * int32, uint32 from int64; uint64 covers its own range. */
PTL_INLINE int32_t ptl_to_int32(double x) {
    const bool fits = (x > -2147483649.0) & (x < 2147483648.0);
    return fits ? (int32_t)(fits ? x : 0.0) : INT32_MIN;
}
PTL_INLINE int64_t ptl_to_int64(double x) {
    const bool fits = (x >= -0x1p63) & (x < 0x1p63);
    return fits ? (int64_t)(fits ? x : 0.0) : INT64_MIN;
}
PTL_INLINE uint64_t ptl_to_uint64(double x) {
    const bool large = x >= 0x1p63;
    return (uint64_t)ptl_to_int64(large ? x - 0x1p63 : x) ^ (large ? (uint64_t)1 << 63 : 0);
}
PTL_INLINE int8_t ptl_to_int8(double x) { return (int8_t)ptl_to_int32(x); }
PTL_INLINE int16_t ptl_to_int16(double x) { return (int16_t)ptl_to_int32(x); }
PTL_INLINE uint8_t ptl_to_uint8(double x) { return (uint8_t)ptl_to_int32(x); }
PTL_INLINE uint16_t ptl_to_uint16(double x) { return (uint16_t)ptl_to_int32(x); }
PTL_INLINE uint32_t ptl_to_uint32(double x) { return (uint32_t)ptl_to_int64(x); }

/* A function of its own in the C library is slow where the processor has no such instruction. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define PTL_MULTIPLY_ADD(x, y, z) fma(x, y, z)
#else
#define PTL_MULTIPLY_ADD(x, y, z) ((x) * (y) + (z))
#endif

/* -- floats --------------------------------------------------------------------------------------------------------
 * One set of functions for float (suffix f) and one for double (suffix d); the macros below choose. */
#define PTL_FLOAT(s, T, PI, LOG2E)                                                                                   \
    /* The larger or smaller, NaN if either is; of two zeros the first.  Spelled so that gcc 12 makes vectors of       \
     * one inside the other too. */                                                                                  \
    PTL_INLINE T ptl_max_##s(T a, T b) { return ((a < b) | (b != b)) ? b : a; }                                        \
    PTL_INLINE T ptl_min_##s(T a, T b) { return ((a > b) | (b != b)) ? b : a; }                                        \
    /* NaN only if both are. */                                                                                      \
    PTL_INLINE T ptl_fmax_##s(T a, T b) { return ((a >= b) | (b != b)) ? a : b; }                                      \
    PTL_INLINE T ptl_fmin_##s(T a, T b) { return ((a <= b) | (b != b)) ? a : b; }                                      \
    /* -1, 0, 1 or NaN; the sign of -0.0 is 0.0. */                                                                  \
    PTL_INLINE T ptl_sign_##s(T x) { return x != x ? x : (T)((x > 0) - (x < 0)); }                                   \
    PTL_INLINE T ptl_heaviside_##s(T x, T at_zero) {                                                                 \
        return x != x ? x : x == 0 ? at_zero : (T)(x > 0);                                                           \
    }                                                                                                                \
    /* Halves go away from zero, and -0.4 to -0.0. */                                                                \
    PTL_INLINE T ptl_round_half_away_##s(T x) {                                                                      \
        const T whole = trunc(x);                                                                                    \
        return copysign(fabs(whole) + (T)(fabs(x - whole) >= (T)0.5), x);                                            \
    }                                                                                                                \
    /* x * y + z with one rounding or two. */                                                                        \
    PTL_INLINE T ptl_multiply_add_##s(T x, T y, T z) { return PTL_MULTIPLY_ADD(x, y, z); }                           \
    PTL_INLINE T ptl_deg2rad_##s(T x) { return x * (PI / (T)180); }                                                  \
    PTL_INLINE T ptl_rad2deg_##s(T x) { return x * ((T)180 / PI); }                                                  \
    /* log2(2^a + 2^b); equal infinities add nothing. */                                                             \
    PTL_INLINE T ptl_logaddexp2_##s(T a, T b) {                                                                      \
        const T gap = fabs(a - b);                                                                                   \
        const T more = LOG2E * log1p(exp2(-gap));                                                                    \
        return a == b ? a + 1 : (a > b ? a : b) + more;                                                          \
    }

PTL_FLOAT(f, float, 3.14159265358979323846f, 1.44269504088896340736f)
PTL_FLOAT(d, double, 3.14159265358979323846, 1.44269504088896340736)

/* A double, or a complex of doubles, in the precision of x. */
#define PTL_LIKE(x, value) \
    _Generic((x), float: (float)(value), float complex: (float complex)(value), default: (value))
#define PTL_BY_PRECISION(name, x) _Generic((x), float: name##_f, default: name##_d)
#define PTL_BY_TYPE(name, x)                                                                            \
    _Generic((x), float: name##_f, double: name##_d, unsigned: name##_u32, long: name##_i64,            \
             long long: name##_i64, unsigned long: name##_u64, unsigned long long: name##_u64, default: name##_i32)
#define ptl_max(a, b) PTL_BY_TYPE(ptl_max, (a) + (b))(a, b)
#define ptl_min(a, b) PTL_BY_TYPE(ptl_min, (a) + (b))(a, b)
#define ptl_fmax(a, b) PTL_BY_PRECISION(ptl_fmax, a)(a, b)
#define ptl_fmin(a, b) PTL_BY_PRECISION(ptl_fmin, a)(a, b)
#define ptl_sign(x) PTL_BY_PRECISION(ptl_sign, x)(x)
#define ptl_heaviside(x, h) PTL_BY_PRECISION(ptl_heaviside, x)(x, h)
#define ptl_round_half_away(x) PTL_BY_PRECISION(ptl_round_half_away, x)(x)
#define ptl_multiply_add(x, y, z) PTL_BY_PRECISION(ptl_multiply_add, z)(x, y, z)
#define ptl_deg2rad(x) PTL_BY_PRECISION(ptl_deg2rad, x)(x)
#define ptl_rad2deg(x) PTL_BY_PRECISION(ptl_rad2deg, x)(x)
#define ptl_logaddexp2(a, b) PTL_BY_PRECISION(ptl_logaddexp2, a)(a, b)

/* Reductions by these functions, for `#pragma omp simd reduction(ptl_max: acc)`. */
#pragma omp declare reduction(ptl_max : float, double, int32_t, int64_t, uint32_t, uint64_t, int8_t, int16_t, uint8_t, \
                              uint16_t : omp_out = ptl_max(omp_out, omp_in)) initializer(omp_priv = omp_orig)
#pragma omp declare reduction(ptl_min : float, double, int32_t, int64_t, uint32_t, uint64_t, int8_t, int16_t, uint8_t, \
                              uint16_t : omp_out = ptl_min(omp_out, omp_in)) initializer(omp_priv = omp_orig)

/* clang's own `reduction(max: acc)` begins with the largest finite number, which is not neutral among infinities. */
#ifdef __clang__
#pragma omp declare reduction(ptl_largest : float, double, int32_t, int64_t, uint32_t, uint64_t, int8_t, int16_t, \
                              uint8_t, uint16_t : omp_out = omp_in > omp_out ? omp_in : omp_out) \
    initializer(omp_priv = omp_orig)
#pragma omp declare reduction(ptl_smallest : float, double, int32_t, int64_t, uint32_t, uint64_t, int8_t, int16_t, \
                              uint8_t, uint16_t : omp_out = omp_in < omp_out ? omp_in : omp_out) \
    initializer(omp_priv = omp_orig)
#define max ptl_largest
#define min ptl_smallest
#endif

#endif
