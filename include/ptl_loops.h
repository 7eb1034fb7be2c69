/* What loop nests need besides arithmetic: positions, blocks, and leaving with a failure. */
#ifndef PTL_LOOPS_H
#define PTL_LOOPS_H

#include <string.h>

#include "ptl_runtime.h"

static inline int64_t ptl_min_int64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ptl_max_int64(int64_t a, int64_t b) { return a > b ? a : b; }

/* Is `index` no position of an axis of this length?  Negative positions count from the end. */
static inline bool ptl_out_of_range(int64_t index, int64_t length) {
    return (index >= length) | (index < -length);
}

/* The same for unsigned positions, which a cast to int64_t could turn into valid negative ones. */
static inline bool ptl_out_of_range_unsigned(uint64_t index, int64_t length) {
    return index >= (uint64_t)length;
}

static inline int64_t ptl_wrap_index(int64_t index, int64_t length) {
    return index < 0 ? index + length : index;
}

/* The double with these bits: how a NaN keeps its payload. */
static inline double ptl_from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Leave: `return PTL_FAIL(error, 3, index, length);` with up to six integers for the message. */
#define PTL_FAIL(error, where, ...) ptl_fail_with(error, where, (const int64_t[6]){__VA_ARGS__})

static inline int32_t ptl_fail_with(ptl_error *error, int64_t where, const int64_t detail[6]) {
    error->where = where;
    memcpy(error->detail, detail, sizeof error->detail);
    return PTL_FAILED;
}

/* Elements that fit in an int64_t as bytes: products of sizes are asked for before memory is. */
static inline int64_t ptl_product(int64_t a, int64_t b) {
    int64_t result;
    return __builtin_mul_overflow(a, b, &result) ? INT64_MAX : result;
}

#endif
