/* Results that no cache holds, written past the caches.
 *
 * A processor reads each line that it is about to write, unless whole lines are stored with the hint that nobody needs
 * them soon.  Compilers make no such stores of loops.  So a loop writes a block of rows into an array of its own, in the
 * nearest cache, and from there the lines go to where they belong.
 */
#ifndef PTL_STREAM_H
#define PTL_STREAM_H

#include "ptl_loops.h"

/* How many bytes are read and written in all, at least: the last cache holds less, and what it holds stays there. */
#ifndef PTL_STREAMED_FROM
#define PTL_STREAMED_FROM (24 << 20)
#endif
/* The most bytes of a block of rows, and about how many go out together: memory is busy while more are computed. */
#define PTL_STREAMED_BLOCK 65536
#define PTL_STREAMED_PART 1024

#if defined(__AVX512F__)
#define PTL_STREAMED_PIECE 64
#elif defined(__AVX__)
#define PTL_STREAMED_PIECE 32
#else
#define PTL_STREAMED_PIECE 16
#endif
typedef long long ptl_piece __attribute__((vector_size(PTL_STREAMED_PIECE), may_alias));

#define PTL_STREAMS 1
#if defined(__clang__)
#define PTL_PUT_PIECE(to, piece) __builtin_nontemporal_store(piece, to)
#elif defined(__AVX512F__)
#define PTL_PUT_PIECE(to, piece) __builtin_ia32_movntdq512(to, piece)
#elif defined(__AVX__)
#define PTL_PUT_PIECE(to, piece) __builtin_ia32_movntdq256(to, piece)
#elif defined(__SSE2__)
#define PTL_PUT_PIECE(to, piece) __builtin_ia32_movntdq(to, piece)
#else
#undef PTL_STREAMS
#define PTL_STREAMS 0
#define PTL_PUT_PIECE(to, piece) (*(to) = (piece))
#endif

/* How many elements of a row are streamed, all or none, if `moved` bytes are read and written for each, and at most
 * `size` bytes of it belong to one array. */
static inline int64_t ptl_streamed(int64_t rows, int64_t elements, int64_t moved, int64_t size) {
    const bool fits = PTL_STREAMS && elements > 0 && elements <= PTL_STREAMED_BLOCK / size;
    return fits && rows > PTL_STREAMED_FROM / (elements * moved) ? elements : 0;
}

/* How many of `rows` rows make up a block if `bytes` of each are streamed: what the array for them holds. */
static inline int64_t ptl_rows_streamed(int64_t rows, int64_t bytes) {
    return bytes > 0 ? ptl_min_int64(rows, PTL_STREAMED_BLOCK / bytes) : rows;
}
/* How many rows go out together if nothing else is done with them, and `bytes` of each are streamed. */
static inline int64_t ptl_few_streamed(int64_t bytes) { return ptl_max_int64(1, PTL_STREAMED_PART / bytes); }

/* Copy whole lines past the caches; what is no whole line, at either end, is written like anything else. */
PTL_SELDOM static void ptl_stream(void *there, const void *here, int64_t bytes) {
    char *const to = there;
    const char *const from = here;
    const int64_t first = ptl_min_int64(bytes, -(uintptr_t)to & 63);
    const int64_t last = first + (bytes - first) / 64 * 64;
    for (int64_t k = 0; k < first; k++) to[k] = from[k];
    for (int64_t k = first; k < last; k += PTL_STREAMED_PIECE) {
        ptl_piece piece;
        __builtin_memcpy(&piece, from + k, sizeof piece);
        PTL_PUT_PIECE((ptl_piece *)(to + k), piece);
    }
    for (int64_t k = last; k < bytes; k++) to[k] = from[k];
}

/* The same as soon as rows are finished.  Parts end at addresses that are multiples of their length, so that few lines
 * are incomplete however short rows are. */
PTL_SELDOM static void ptl_stream_part(char *to, const char *from, int64_t before, int64_t after, int64_t bytes) {
    const int64_t start = (uintptr_t)to % PTL_STREAMED_PART;
    const int64_t first = ptl_max_int64(0, (start + before) / PTL_STREAMED_PART * PTL_STREAMED_PART - start);
    const int64_t whole = ptl_max_int64(0, (start + after) / PTL_STREAMED_PART * PTL_STREAMED_PART - start);
    const int64_t last = after == bytes ? bytes : whole;
    if (last > first) ptl_stream(to + first, from + first, last - first);
}

/* After row `row` of a block of `rows`, of which so many bytes are streamed. */
static inline void ptl_stream_row(void *to, const void *from, int64_t row, int64_t rows, int64_t bytes) {
    if (bytes > 0) ptl_stream_part(to, from, row * bytes, (row + 1) * bytes, rows * bytes);
}

/* Make known to all processors what has been streamed, if anything has. */
static inline void ptl_end_of_stream(int64_t streamed) {
#if defined(__SSE2__)
    if (streamed > 0) __builtin_ia32_sfence();
#else
    (void)streamed;
#endif
}

#endif
