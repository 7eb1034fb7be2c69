/* The clock of profiled programs. */
#ifndef PTL_CLOCK_H
#define PTL_CLOCK_H

#include <time.h>

/* What a profiled program reads before and after each step. */
static inline double ptl_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
