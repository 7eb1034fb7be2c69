/* Division, powers and bits of integers with NumPy's meaning.
 *
 * For each type T, computed in the unsigned type U of the same width, where wrapping is defined; nothing traps.
 * Narrower types are computed as int and cut by the caller.  Include ptl_math.h first.
 */
#ifndef PTL_INTEGER_H
#define PTL_INTEGER_H

/* The quotient without its fraction.  Doubles hold all integers of 32 bits, the nearest to their quotient is on the
 * right side of every whole number, and of divisions of doubles there are vectors. */
#define PTL_THROUGH_DOUBLE(T, a, b) ((T)((double)(a) / (double)(b)))
#define PTL_AS_THEY_ARE(T, a, b) ((T)((a) / (b)))

#define PTL_INTEGER(s, T, U, DIVIDED)                                                                                       \
    PTL_INLINE T ptl_int_invert_##s(T a) { return (T)~a; }                                                         \
    PTL_INLINE U ptl_int_magnitude_##s(T a) { return a < 0 ? (U)0 - (U)a : (U)a; }                                 \
    /* What is left of a / b, with the sign of a; x % 0 and x % -1, which would trap, are 0. */                    \
    PTL_INLINE T ptl_int_fmod_##s(T a, T b) {                                                                      \
        const bool traps = (b == 0) | (((T)-1 < 0) & (b == (T)-1));                                                \
        const T divisor = traps ? (T)1 : b;                                                                        \
        return (T)(a - DIVIDED(T, a, divisor) * divisor);                                                          \
    }                                                                                                              \
    /* The same with the sign of b. */                                                                             \
    PTL_INLINE T ptl_int_mod_##s(T a, T b) {                                                                       \
        const T r = ptl_int_fmod_##s(a, b), turns = (T)((r != 0) & ((r < 0) != (b < 0)));                          \
        return (T)(r + (b & -turns));                                                                              \
    }                                                                                                              \
    /* a / b rounded down; x // 0 is 0, and the lowest integer // -1 wraps to itself. */                           \
    PTL_INLINE T ptl_int_floor_div_##s(T a, T b) {                                                                 \
        const bool negates = ((T)-1 < 0) & (b == (T)-1);                                                           \
        const T divisor = ((b == 0) | negates) ? (T)1 : b;                                                          \
        const T quotient = DIVIDED(T, a, divisor), r = (T)(a - quotient * divisor);                                \
        const T down = (T)(quotient - (T)((r != 0) & ((r < 0) != (b < 0))));                                       \
        return b == 0 ? (T)0 : negates ? ptl_neg_##s(a) : down;                                                    \
    }                                                                                                              \
    /* a**b, wrapping; 1 / a**|b| is cut towards zero, so only 1 and -1 leave anything. */                         \
    PTL_INLINE T ptl_int_pow_##s(T a, T b) {                                                                       \
        if (b < 0) return a == 1 ? (T)1 : a == (T)-1 ? ((b & 1) ? a : (T)1) : (T)0;                                \
        U base = (U)a, result = 1;                                                                                 \
        for (U n = (U)b; n != 0; n >>= 1, base *= base) result *= (n & 1) ? base : 1;                              \
        return (T)result;                                                                                          \
    }                                                                                                              \
    /* A shift by the width or more, or by a negative number, shifts everything out. */                            \
    PTL_INLINE T ptl_int_left_shift_##s(T a, T b) {                                                                \
        const bool inside = (U)b < 8 * sizeof(T);                                                                  \
        return inside ? (T)((U)a << (inside ? b : 0)) : (T)0;                                                      \
    }                                                                                                              \
    PTL_INLINE T ptl_int_right_shift_##s(T a, T b) {                                                               \
        const bool inside = (U)b < 8 * sizeof(T);                                                                  \
        return inside ? a >> (inside ? b : 0) : a < 0 ? (T)-1 : (T)0;                                              \
    }                                                                                                              \
    /* By twos: the difference of two odd numbers is even, and shifts and subtractions foresee what divisions do not. */ \
    PTL_INLINE U ptl_int_gcd_##s(T a, T b) {                                                                       \
        U x = ptl_int_magnitude_##s(a), y = ptl_int_magnitude_##s(b);                                              \
        if (x == 0 || y == 0) return x | y;                                                                        \
        const int twos = __builtin_ctzll(x | y);                                                                   \
        x >>= __builtin_ctzll(x);                                                                                  \
        do {                                                                                                       \
            y >>= __builtin_ctzll(y);                                                                              \
            const U less = x < y ? x : y;                                                                          \
            y = (x < y ? y : x) - less, x = less;                                                                  \
        } while (y != 0);                                                                                          \
        return x << twos;                                                                                          \
    }                                                                                                              \
    PTL_INLINE U ptl_int_lcm_##s(T a, T b) {                                                                       \
        const U divisor = ptl_int_gcd_##s(a, b);                                                                   \
        return divisor == 0 ? 0 : ptl_int_magnitude_##s(a) / divisor * ptl_int_magnitude_##s(b);                   \
    }                                                                                                              \
    PTL_INLINE uint8_t ptl_int_bit_count_##s(T a) {                                                                \
        return (uint8_t)__builtin_popcountll(ptl_int_magnitude_##s(a));                                            \
    }

PTL_INTEGER(i32, int32_t, uint32_t, PTL_THROUGH_DOUBLE)
PTL_INTEGER(u32, uint32_t, uint32_t, PTL_THROUGH_DOUBLE)
PTL_INTEGER(i64, int64_t, uint64_t, PTL_AS_THEY_ARE)
PTL_INTEGER(u64, uint64_t, uint64_t, PTL_AS_THEY_ARE)

#define ptl_int_invert(a) PTL_BY_WIDTH(ptl_int_invert, a)(a)
#define ptl_int_fmod(a, b) PTL_BY_WIDTH(ptl_int_fmod, (a) + (b))(a, b)
#define ptl_int_mod(a, b) PTL_BY_WIDTH(ptl_int_mod, (a) + (b))(a, b)
#define ptl_int_floor_div(a, b) PTL_BY_WIDTH(ptl_int_floor_div, (a) + (b))(a, b)
#define ptl_int_pow(a, b) PTL_BY_WIDTH(ptl_int_pow, (a) + (b))(a, b)
#define ptl_int_left_shift(a, b) PTL_BY_WIDTH(ptl_int_left_shift, (a) + (b))(a, b)
#define ptl_int_right_shift(a, b) PTL_BY_WIDTH(ptl_int_right_shift, (a) + (b))(a, b)
#define ptl_int_gcd(a, b) PTL_BY_WIDTH(ptl_int_gcd, (a) + (b))(a, b)
#define ptl_int_lcm(a, b) PTL_BY_WIDTH(ptl_int_lcm, (a) + (b))(a, b)
#define ptl_int_bit_count(a) PTL_BY_WIDTH(ptl_int_bit_count, a)(a)

#endif
