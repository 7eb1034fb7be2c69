/* What a host does with a long loop, for those who call programs; programs themselves do not include it. */
#ifndef PTL_HOST_H
#define PTL_HOST_H

#include "ptl_threads.h"

/* Nanoseconds of work after which a block looks up: is it to stop? */
#define PTL_STEP 2000000

/* How a loop is run: blocks in any order and at the same time, the steps of a block one after the other. */
typedef struct {
    const ptl_loop *loop;
    int64_t blocks, steps;
} ptl_cuts;

static inline ptl_cuts ptl_cut_loop(const ptl_loop *loop) {
    const int64_t blocks = loop->blocks > 0 ? loop->blocks : ptl_blocks(loop->work, loop->extent, 0);
    const int64_t steps = ptl_min_int64(loop->work / blocks / PTL_STEP, loop->extent / blocks);
    return (ptl_cuts){loop, blocks, ptl_max_int64(1, steps)};
}

/* Where part `number` begins when `length` iterations are cut into `parts`: parts of many iterations begin at multiples
 * of 64, so that vectors and strips are full, and those of fewer at multiples of 16, so that groups of rows are. */
static inline int64_t ptl_cut(int64_t length, int64_t parts, int64_t number) {
    const int64_t part = length / parts;
    const int64_t start = part * number + ptl_min_int64(number, length % parts);
    const int64_t unit = part < 64 ? 1 : part < 512 ? 16 : 64;
    return ptl_min_int64(length, (start + unit - 1) / unit * unit);
}

/* Run one step of a block. */
static inline void ptl_run_step(const ptl_cuts *cuts, int64_t block, int64_t step) {
    const ptl_loop *loop = cuts->loop;
    const int64_t start = ptl_cut(loop->extent, cuts->blocks, block);
    const int64_t length = ptl_cut(loop->extent, cuts->blocks, block + 1) - start;
    const int64_t from = start + ptl_cut(length, cuts->steps, step);
    const int64_t to = start + ptl_cut(length, cuts->steps, step + 1);
    if (from < to) loop->run_step(loop->task, block, from, to);
}

/* Who runs loops for libraries that programs call, which know no host: how many threads would work on one that began
 * now, and all of its blocks.  Such a loop is not interrupted. */
typedef struct {
    int (*threads)(void);
    void (*run_loop)(const ptl_loop *loop);
} ptl_crew;

/* The simplest host: one thread, no interruption. */
static inline int32_t ptl_run_serially(ptl_host *host, const ptl_loop *loop) {
    (void)host;
    const ptl_cuts cuts = ptl_cut_loop(loop);
    for (int64_t block = 0; block < cuts.blocks; block++)
        for (int64_t step = 0; step < cuts.steps; step++) ptl_run_step(&cuts, block, step);
    return PTL_OK;
}

#endif
