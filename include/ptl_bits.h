/* Functions of the bits of a float: neighbours, scaling by powers of two, the sign.
 *
 * The C library has them one number at a time; integer arithmetic on the bits has no branches, so that loops become
 * vectors.  Include ptl_math.h first.
 */
#ifndef PTL_BITS_H
#define PTL_BITS_H

/* For each float T the integer I of its width, and of the format: bits after the point, bias, smallest number. */
#define PTL_BITS(s, T, I, U, DIGITS, BIAS, TINIEST, UP)                                                             \
    PTL_INLINE I ptl_bits_of_##s(T x) {                                                                              \
        I bits;                                                                                                      \
        __builtin_memcpy(&bits, &x, sizeof bits);                                                                    \
        return bits;                                                                                                 \
    }                                                                                                                \
    PTL_INLINE T ptl_of_bits_##s(I bits) {                                                                           \
        T x;                                                                                                         \
        __builtin_memcpy(&x, &bits, sizeof x);                                                                       \
        return x;                                                                                                    \
    }                                                                                                                \
    PTL_INLINE bool ptl_signbit_##s(T x) { return ptl_bits_of_##s(x) < 0; }                                          \
    /* The bits of neighbours of one sign are neighbouring integers. */                                              \
    PTL_INLINE T ptl_nextafter_##s(T x, T y) {                                                                       \
        const I step = (x < y) == (x > 0) ? 1 : -1;                                                                  \
        const T moved = ptl_of_bits_##s((I)((U)ptl_bits_of_##s(x) + (U)step));                                       \
        const T next = x == 0 ? copysign((T)TINIEST, y) : moved;                                                     \
        return (x < y) | (x > y) ? next : x == y ? y : x + y;                                                        \
    }                                                                                                                \
    /* The distance to the next float away from zero, with the sign of x. */                                         \
    PTL_INLINE T ptl_spacing_##s(T x) {                                                                              \
        const T size = fabs(x), gap = ptl_of_bits_##s((I)((U)ptl_bits_of_##s(size) + 1)) - size;                      \
        return size < (T)INFINITY ? (x < 0 ? -gap : gap) : (T)NAN;                                                   \
    }                                                                                                                \
    /* 2^n for the exponents of normal numbers. */                                                                   \
    PTL_INLINE T ptl_power_of_two_##s(I n) { return ptl_of_bits_##s((I)((U)(n + BIAS) << DIGITS)); }                 \
    /* x 2^n: the digits of x with an exponent of 0 are scaled in two steps, of which the first is exact. */         \
    PTL_INLINE T ptl_ldexp_##s(T x, I n) {                                                                           \
        const bool tiny = fabs(x) < ptl_power_of_two_##s(1 - BIAS);                                                  \
        const I bits = ptl_bits_of_##s(tiny ? x * (T)UP : x);                                                        \
        const I held = (I)((U)bits >> DIGITS) & (2 * BIAS + 1), zero = (I)BIAS << DIGITS;                            \
        const T digits = ptl_of_bits_##s((bits & ~((I)(2 * BIAS + 1) << DIGITS)) | zero);                            \
        const I sum = held - BIAS - (tiny ? DIGITS : 0) + n;                                                         \
        const I exponent = sum < 2 - 2 * BIAS ? 2 - 2 * BIAS : sum > 2 * BIAS ? 2 * BIAS : sum;                      \
        const I first = exponent < 1 - BIAS ? 1 - BIAS : exponent > BIAS ? BIAS : exponent;                          \
        const T scaled = digits * ptl_power_of_two_##s(first) * ptl_power_of_two_##s(exponent - first);              \
        return (x != 0) & (fabs(x) < (T)INFINITY) ? scaled : x + x;                                                  \
    }

PTL_BITS(f, float, int32_t, uint32_t, 23, 127, 0x1p-149, 0x1p23)
PTL_BITS(d, double, int64_t, uint64_t, 52, 1023, 0x1p-1074, 0x1p52)

/* An exponent beyond which every float has become zero or infinite. */
PTL_INLINE int32_t ptl_exponent_i32(int32_t n) { return n < -5000 ? -5000 : n > 5000 ? 5000 : n; }
PTL_INLINE int32_t ptl_exponent_i64(int64_t n) { return (int32_t)(n < -5000 ? -5000 : n > 5000 ? 5000 : n); }
PTL_INLINE int32_t ptl_exponent_u32(uint32_t n) { return (int32_t)(n > 5000 ? 5000 : n); }
PTL_INLINE int32_t ptl_exponent_u64(uint64_t n) { return (int32_t)(n > 5000 ? 5000 : n); }

/* The float next to x, with the last digit odd where that is not x: rounded once more, to fewer digits, it is what x
 * would be rounded to. */
PTL_INLINE float ptl_round_to_odd(double x) {
    const float near = (float)x;
    const int32_t lower = (int32_t)(fabs((double)near) > fabs(x));
    const int32_t bits = (int32_t)((uint32_t)ptl_bits_of_f(near) - (uint32_t)lower);
    return ptl_of_bits_f(bits | (int32_t)((double)near != x));
}

#define ptl_signbit(x) PTL_BY_PRECISION(ptl_signbit, x)(x)
#define ptl_nextafter(x, y) PTL_BY_PRECISION(ptl_nextafter, x)(x, y)
#define ptl_spacing(x) PTL_BY_PRECISION(ptl_spacing, x)(x)
#define ptl_ldexp(x, n) PTL_BY_PRECISION(ptl_ldexp, x)(x, PTL_BY_WIDTH(ptl_exponent, n)(n))
/* The angle of a real number: 0 or pi. */
#define ptl_real_angle(x) PTL_BY_PRECISION(ptl_real_angle, x)(x)
PTL_INLINE float ptl_real_angle_f(float x) { return x != x ? x : ptl_signbit_f(x) ? 3.14159265358979323846f : 0; }
PTL_INLINE double ptl_real_angle_d(double x) { return x != x ? x : ptl_signbit_d(x) ? 3.14159265358979323846 : 0; }

#endif
