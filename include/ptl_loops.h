/* What loop nests need besides arithmetic: positions, blocks, and leaving with a failure. */
#ifndef PTL_LOOPS_H
#define PTL_LOOPS_H

#include "ptl_runtime.h"

/* How long a processor's vectors are, as far as the compiler was told. */
#if defined(__AVX512F__)
#define PTL_VECTOR_BYTES 64
#elif defined(__AVX__)
#define PTL_VECTOR_BYTES 32
#else
#define PTL_VECTOR_BYTES 16
#endif

/* Programs are linked without the C library, and to them `memcpy` is its oldest version, which knows
 * no vectors; gcc calls it for loops that copy.  `memmove` has one version, and is as fast. */
#if defined(__GLIBC__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__asm__(".set memcpy, memmove");
#endif

static inline int64_t ptl_min_int64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ptl_max_int64(int64_t a, int64_t b) { return a > b ? a : b; }

/* How many rows of `elements` elements, at most `most`, go through several loops together: as many as stay in the
 * first-level cache meanwhile, or at least 16 where the second-level cache holds so many; vectors of them if possible. */
static inline int64_t ptl_block_rows(int64_t most, int64_t elements) {
    const int64_t row = ptl_max_int64(elements, 1);
    const int64_t fit = ptl_min_int64(16384 / row, ptl_max_int64(16, 4096 / row));
    return ptl_min_int64(most, fit < 8 ? ptl_max_int64(fit, 1) : fit < 16 ? 8 : fit / 16 * 16);
}

/* A matrix of more bytes lies in no cache; the hardware fetches a row of so many by itself. */
#define PTL_BEYOND_CACHES (64 << 20)
#define PTL_LONG_ROW 4096
/* How many bytes lie between what is read and what is fetched. */
#define PTL_AHEAD 8192

/* How many elements of a row to fetch before they are needed: all or none. */
static inline int64_t ptl_fetched(int64_t rows, int64_t elements, int64_t size) {
    const int64_t bytes = elements * size;
    return bytes > 0 && bytes < PTL_LONG_ROW && rows > PTL_BEYOND_CACHES / bytes ? elements : 0;
}

/* How many of `rows` rows make up a block if that many elements of `size` bytes of each are fetched ahead: what is
 * fetched meanwhile, and whole vectors. */
static inline int64_t ptl_rows_ahead(int64_t rows, int64_t fetched, int64_t size) {
    if (fetched == 0) return rows;
    const int64_t vector = 64 / size;
    return ptl_min_int64(rows, ptl_max_int64(1, PTL_AHEAD / (fetched * size * vector)) * vector);
}

static inline void ptl_fetch(const void *from, int64_t bytes) {
    for (int64_t k = 0; k < bytes; k += 64) __builtin_prefetch((const char *)from + k);
}
static inline void ptl_fetch_ahead(const void *row, int64_t bytes) {
    ptl_fetch((const char *)row + PTL_AHEAD, bytes);
}

/* A matrix of more bytes does not lie in a core's own caches. */
#define PTL_BEYOND_CORE (1 << 20)

/* How many elements further on the same place of the next block's rows lies; 0 where all lies near. */
static inline int64_t ptl_meanwhile(int64_t rows, int64_t elements, int64_t size, int64_t block) {
    const int64_t bytes = elements * size;
    return bytes > 0 && rows > PTL_BEYOND_CORE / bytes ? block * elements : 0;
}
static inline int64_t ptl_strip(int64_t fetched, int64_t elements) { return fetched > 0 ? fetched : elements; }

/* The same for rows side by side, of which each is long enough to be fetched by itself: strips are short, and what is
 * fetched lies further on, but not so far that the same lines of the cache are taken again. */
#define PTL_COLUMNS_AHEAD 1024
static inline int64_t ptl_ahead(int64_t rows, int64_t elements, int64_t size) {
    const int64_t bytes = elements * size;
    return bytes >= 2 * PTL_LONG_ROW && rows > PTL_BEYOND_CACHES / bytes ? PTL_COLUMNS_AHEAD / 4 / size : 0;
}
static inline void ptl_fetch_rows(const void *from, int64_t rows, int64_t pitch, int64_t bytes) {
    for (int64_t row = 0; row < rows; row++) {
        ptl_fetch((const char *)from + row * pitch + PTL_COLUMNS_AHEAD, bytes);
    }
}

/* A number that the compiler must not know: see cgen/steps.py. */
static inline int64_t ptl_hidden(int64_t number) {
    __asm__("" : "+r"(number));
    return number;
}

/* Where the last whole group of `count` iterations ends. */
static inline int64_t ptl_whole(int64_t from, int64_t to, int64_t count) {
    return to > from ? from + (to - from) / count * count : from;
}

/* Is `index` no position of an axis of this length?  Negative positions count from the end; what
 * lies below them all, or wraps around, is a large unsigned number. */
static inline bool ptl_out_of_range(int64_t index, int64_t length) {
    return (uint64_t)index + (uint64_t)length >= 2 * (uint64_t)length;
}

/* The same for unsigned positions, which a cast to int64_t could turn into valid negative ones. */
static inline bool ptl_out_of_range_unsigned(uint64_t index, int64_t length) {
    return index >= (uint64_t)length;
}

static inline int64_t ptl_wrap_index(int64_t index, int64_t length) {
    return index < 0 ? index + length : index;
}

/* A bound of a slice with positive step, cut to [0, length]. */
static inline int64_t ptl_slice_bound(int64_t bound, int64_t length) {
    const int64_t wrapped = bound < 0 ? ptl_max_int64(bound, -length) + length : bound;
    return ptl_min_int64(wrapped, length);
}

/* A bound of a slice with negative step, cut to [-1, length - 1]. */
static inline int64_t ptl_slice_bound_down(int64_t bound, int64_t length) {
    const int64_t wrapped = bound < 0 ? ptl_max_int64(bound, -length - 1) + length : bound;
    return ptl_min_int64(wrapped, length - 1);
}

/* How many elements range(start, stop, step) has. */
static inline int64_t ptl_slice_length(int64_t start, int64_t stop, int64_t step) {
    if (step > 0) {
        return start < stop ? (stop - start - 1) / step + 1 : 0;
    }
    return start > stop ? (start - stop - 1) / -step + 1 : 0;
}

/* The double with these bits: how a NaN keeps its payload. */
static inline double ptl_from_bits(uint64_t bits) {
    double value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

/* Leave: `return PTL_FAIL(error, 3, index, length);` with up to six integers for the message. */
#define PTL_FAIL(error, where, ...) ptl_fail_with(error, where, (const int64_t[6]){__VA_ARGS__})

static inline int32_t ptl_fail_with(ptl_error *error, int64_t where, const int64_t detail[6]) {
    error->where = where;
    __builtin_memcpy(error->detail, detail, sizeof error->detail);
    return PTL_FAILED;
}

/* Counting bytes: what does not fit stays at INT64_MAX, which no allocator grants. */
static inline int64_t ptl_product(int64_t a, int64_t b) {
    int64_t result;
    return __builtin_mul_overflow(a, b, &result) ? INT64_MAX : result;
}

static inline int64_t ptl_sum(int64_t a, int64_t b) {
    int64_t result;
    return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result;
}

/* Where the next array of the workspace begins, after `bytes` more.  Arrays of a page or more begin at different places
 * of their pages: of what lies a multiple of 4096 bytes apart the first-level cache holds few lines. */
#define PTL_PAGE 4096
#define PTL_APART 640
static inline int64_t ptl_reserve(int64_t offset, int64_t bytes) {
    const int64_t end = ptl_sum(offset, bytes);
    if (end > INT64_MAX - 2 * PTL_PAGE) return INT64_MAX;
    const int64_t next = ptl_round_up(end);
    return bytes < PTL_PAGE ? next : next + ((offset + PTL_APART - next) & (PTL_PAGE - 1));
}

#endif
