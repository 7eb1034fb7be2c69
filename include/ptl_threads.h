/* Which loops are long, and into how many blocks they are cut.
 *
 * The cuts depend on the loop's length and on an estimate of its work, never on threads: each block sums what it
 * sums apart from the others, and the sums are added in the order of the blocks.  So one thread and many compute the
 * same numbers.  What a host does with a loop is in ptl_host.h.
 */
#ifndef PTL_THREADS_H
#define PTL_THREADS_H

#include "ptl_loops.h"

/* Nanoseconds of work from which a loop is cut; waking a thread takes some ten thousand. */
#ifndef PTL_LONG
#define PTL_LONG 100000
#endif
/* Nanoseconds of work for which a block is worth its while. */
#define PTL_BLOCK 50000
/* The most blocks; so many partial sums are kept. */
#define PTL_MOST_BLOCKS 64

/* An estimate of work, safe against overflow. */
static inline int64_t ptl_nanoseconds(double work) {
    return work < 9e18 ? (int64_t)work : INT64_MAX;
}

/* Into how many blocks to cut a loop of `extent` iterations, if each has `own` elements of its own.  Filling those and
 * adding them up takes about a nanosecond each, of which a small part of the work is granted. */
static inline int64_t ptl_blocks(int64_t work, int64_t extent, int64_t own) {
    if (work < PTL_LONG) return 1;
    const int64_t worthwhile = ptl_min_int64(work / PTL_BLOCK, PTL_MOST_BLOCKS);
    const int64_t affordable = own > 0 ? 1 + work / 256 / own : PTL_MOST_BLOCKS;
    return ptl_max_int64(1, ptl_min_int64(extent, ptl_min_int64(worthwhile, affordable)));
}

/* An array of which the part from `bytes` on lies in `part`, and nothing else is touched. */
static inline void *ptl_from(void *part, int64_t bytes) { return (void *)((uintptr_t)part - (uintptr_t)bytes); }

/* What is done for blocks and for the elements that they have for themselves. */
#define PTL_EACH(i, count) for (int64_t i = 0; i < (count); i++)

/* A function of its own: inlined twice, a loop would be compiled twice.  What is done seldom need not be compiled with
 * much effort: that took a quarter of the compiler's time. */
#define PTL_SELDOM __attribute__((noinline, cold))
#if defined(__clang__)
#define PTL_OUTLINED __attribute__((noinline))
#define PTL_IN_LANES
#else
#define PTL_OUTLINED __attribute__((noinline, noclone))
/* Loops over lanes are written out whole, so that the lanes are registers. */
#define PTL_IN_LANES __attribute__((optimize("peel-loops")))
#endif

#endif
