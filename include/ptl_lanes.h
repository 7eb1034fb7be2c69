/* Sums in lanes: a vector of partial sums, which is as long as the processor's, and their total. */
#ifndef PTL_LANES_H
#define PTL_LANES_H

#if defined(__AVX512F__)
#define PTL_VECTOR_BYTES 64
#elif defined(__AVX__)
#define PTL_VECTOR_BYTES 32
#else
#define PTL_VECTOR_BYTES 16
#endif

/* How many numbers are in a vector. */
#define PTL_DOUBLES (PTL_VECTOR_BYTES / 8)
#define PTL_FLOATS (PTL_VECTOR_BYTES / 4)

/* Stands in loops over less than a vector, which compilers would otherwise make vectors of in vain. */
#define PTL_ONE_BY_ONE __asm__("")

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

#endif
