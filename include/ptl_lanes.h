/* Sums in lanes: a vector of partial sums, which is as long as the processor's, and their total. */
#ifndef PTL_LANES_H
#define PTL_LANES_H

#include "ptl_loops.h"

/* How many numbers are in a vector. */
#define PTL_DOUBLES (PTL_VECTOR_BYTES / 8)
#define PTL_FLOATS (PTL_VECTOR_BYTES / 4)

#define PTL_EACH_LANE(count) _Pragma("omp simd") for (int64_t lane = 0; lane < count; lane++)

/* A loop goes by whole vectors, whose elements stand in one lane each, and by what is left over.  Of that compilers
 * would make vectors in vain, were there not an `asm` in its loop; it yields no instruction. */
#define PTL_EACH_VECTOR(group, from, to, lanes) \
    for (int64_t group = from; group + (lanes) <= (to); group += lanes)
#define PTL_IN_VECTOR(element, group, lanes) \
    _Pragma("omp simd") for (int64_t element = group; element < (group) + (lanes); element++)
#define PTL_EACH_LEFT_OVER(element, from, to, lanes) \
    for (int64_t element = ptl_whole(from, to, lanes); element < (to); ({ __asm__(""); element++; }))

/* Where the last vector of `length` elements begins, which is all or part of one; without a branch, for the vectors. */
static inline int64_t ptl_last(int64_t length, int64_t lanes) { return ptl_max_int64(length - 1, 0) & -lanes; }

#define PTL_PART_OF_VECTOR(group, from, to, lanes) \
    for (int64_t group = ptl_whole(from, to, lanes); group < (to); group += lanes)

/* Lanes that begin as what changes nothing: those of sums as -0.0, which loses no sign of a zero. */
#define PTL_LANES(type, name, lanes, neutral) \
    type name[lanes];                         \
    PTL_EACH_LANE(lanes) name[lane] = neutral

/* Ask for what comes some rows, or a part of a long row, after what is summed now. */
#define PTL_SOON 4096
static inline void ptl_fetch_soon(const void *now) { __builtin_prefetch((const char *)now + PTL_SOON); }

/* Halves are added to each other.  Compilers add one lane after the other, which takes longer than a short row.
 * They need not align local arrays as vectors are. */
#define PTL_HALF(type, bytes) type __attribute__((vector_size(bytes), aligned(sizeof(type)), may_alias))
typedef PTL_HALF(double, 16) ptl_double2;
typedef PTL_HALF(double, 32) ptl_double4;
typedef PTL_HALF(float, 16) ptl_float4;
typedef PTL_HALF(float, 32) ptl_float8;

static inline double ptl_sum_double2(ptl_double2 x) { return x[0] + x[1]; }

static inline double ptl_sum_double4(ptl_double4 x) {
    return ptl_sum_double2((ptl_double2){x[0], x[1]} + (ptl_double2){x[2], x[3]});
}

static inline float ptl_sum_float4(ptl_float4 x) { return (x[0] + x[2]) + (x[1] + x[3]); }

static inline float ptl_sum_float8(ptl_float8 x) {
    return ptl_sum_float4((ptl_float4){x[0], x[1], x[2], x[3]} + (ptl_float4){x[4], x[5], x[6], x[7]});
}

static inline double ptl_sum_doubles(const double lanes[PTL_DOUBLES]) {
#if PTL_VECTOR_BYTES == 64
    return ptl_sum_double4(*(const ptl_double4 *)lanes + *(const ptl_double4 *)(lanes + 4));
#elif PTL_VECTOR_BYTES == 32
    return ptl_sum_double4(*(const ptl_double4 *)lanes);
#else
    return ptl_sum_double2(*(const ptl_double2 *)lanes);
#endif
}

/* Two vectors of doubles, where elements are floats. */
static inline double ptl_sum_wide(const double lanes[PTL_FLOATS]) {
    return ptl_sum_doubles(lanes) + ptl_sum_doubles(lanes + PTL_DOUBLES);
}

static inline float ptl_sum_floats(const float lanes[PTL_FLOATS]) {
#if PTL_VECTOR_BYTES == 64
    return ptl_sum_float8(*(const ptl_float8 *)lanes + *(const ptl_float8 *)(lanes + 8));
#elif PTL_VECTOR_BYTES == 32
    return ptl_sum_float8(*(const ptl_float8 *)lanes);
#else
    return ptl_sum_float4(*(const ptl_float4 *)lanes);
#endif
}

#define PTL_LARGER(x, so_far) ((x) > (so_far) ? (x) : (so_far))
#define PTL_SMALLER(x, so_far) ((x) < (so_far) ? (x) : (so_far))
#define PTL_EITHER(x, so_far) ((x) | (so_far))

/* Fold four vectors of lanes into the first of them. */
#define PTL_JOIN_FOUR(lanes, count, fold)                                                           \
    PTL_EACH_LANE(count) {                                                                          \
        const __typeof__(*(lanes)) first = fold(lanes[lane + 1 * (count)], lanes[lane]);            \
        const __typeof__(*(lanes)) second = fold(lanes[lane + 3 * (count)], lanes[lane + 2 * (count)]); \
        lanes[lane] = fold(second, first);                                                          \
    }

/* The largest or smallest of `so_far` and the lanes.  Of two numbers, one of which is NaN, the second is taken, as by
 * processors and by `a > b ? a : b`; whether there was NaN is found out apart. */
typedef PTL_HALF(int64_t, 16) ptl_long2;
typedef PTL_HALF(int64_t, 32) ptl_long4;
typedef PTL_HALF(int32_t, 16) ptl_int4;
typedef PTL_HALF(int32_t, 32) ptl_int8;

/* Names are put together before they are handed on: to some compilers `max` is a macro, see ptl_math.h. */
#if defined(__AVX__)
#define PTL_PICK(name, instruction, than, type, mask) \
    static inline type name(type a, type b) { return (type)instruction(a, b); }
#else
#define PTL_PICK(name, instruction, than, type, mask)        \
    static inline type name(type a, type b) {                \
        const mask first = a than b;                         \
        return (type)((first & (mask)a) | (~first & (mask)b)); \
    }
#endif
#define PTL_EXTREMES(word, than)                                                                                       \
    PTL_PICK(ptl_##word##_ptl_double2, __builtin_ia32_##word##pd, than, ptl_double2, ptl_long2)                        \
    PTL_PICK(ptl_##word##_ptl_double4, __builtin_ia32_##word##pd256, than, ptl_double4, ptl_long4)                     \
    PTL_PICK(ptl_##word##_ptl_float4, __builtin_ia32_##word##ps, than, ptl_float4, ptl_int4)                           \
    PTL_PICK(ptl_##word##_ptl_float8, __builtin_ia32_##word##ps256, than, ptl_float8, ptl_int8)                        \
    static inline double ptl_##word##_doubles(const double lanes[PTL_DOUBLES], double so_far) {                        \
        const ptl_double2 *const halves = (const ptl_double2 *)lanes;                                                  \
        ptl_double2 x = halves[0];                                                                                     \
        if (PTL_DOUBLES == 4) x = ptl_##word##_ptl_double2(x, halves[1]);                                              \
        if (PTL_DOUBLES == 8) {                                                                                        \
            const ptl_double4 y = ptl_##word##_ptl_double4(*(const ptl_double4 *)lanes,                                \
                                                           *(const ptl_double4 *)(halves + PTL_DOUBLES / 4));          \
            x = ptl_##word##_ptl_double2((ptl_double2){y[0], y[1]}, (ptl_double2){y[2], y[3]});                        \
        }                                                                                                              \
        const double best = x[0] than x[1] ? x[0] : x[1];                                                              \
        return best than so_far ? best : so_far;                                                                       \
    }                                                                                                                  \
    static inline float ptl_##word##_floats(const float lanes[PTL_FLOATS], float so_far) {                             \
        const ptl_float4 *const quarters = (const ptl_float4 *)lanes;                                                  \
        ptl_float4 x = quarters[0];                                                                                    \
        if (PTL_FLOATS == 8) x = ptl_##word##_ptl_float4(x, quarters[1]);                                              \
        if (PTL_FLOATS == 16) {                                                                                        \
            const ptl_float8 y = ptl_##word##_ptl_float8(*(const ptl_float8 *)lanes,                                   \
                                                         *(const ptl_float8 *)(quarters + PTL_FLOATS / 8));            \
            x = ptl_##word##_ptl_float4((ptl_float4){y[0], y[1], y[2], y[3]}, (ptl_float4){y[4], y[5], y[6], y[7]});   \
        }                                                                                                              \
        const float a = x[0] than x[2] ? x[0] : x[2], b = x[1] than x[3] ? x[1] : x[3];                                \
        const float best = a than b ? a : b;                                                                           \
        return best than so_far ? best : so_far;                                                                       \
    }
PTL_EXTREMES(max, >)
PTL_EXTREMES(min, <)

/* Whether a flag of any lane is set; flags are as many bytes as the numbers that they tell of. */
static inline int64_t ptl_any_bytes(const char lanes[PTL_VECTOR_BYTES]) {
#if PTL_VECTOR_BYTES == 16
    const ptl_long2 x = *(const ptl_long2 *)lanes;
#else
    const ptl_long4 y = *(const ptl_long4 *)lanes | *(const ptl_long4 *)(lanes + PTL_VECTOR_BYTES - 32);
    const ptl_long2 x = (ptl_long2){y[0], y[1]} | (ptl_long2){y[2], y[3]};
#endif
    return (x[0] | x[1]) != 0;
}
#define ptl_any(lanes) ptl_any_bytes((const char *)(lanes))

/* A vector that every row reads, where each load of it takes one line of the cache, not two: copied into `room` if it
 * lies otherwise, unless that would save little or take long. */
static inline const void *ptl_aligned(const void *vector, void *room, int64_t bytes) {
    const bool stays = (uintptr_t)vector % 64 == 0 || bytes < 512 || bytes > 131072;
    return stays ? vector : __builtin_memmove(room, vector, bytes);
}

#endif
