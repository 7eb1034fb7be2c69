/* What products of small and of large matrices are written in.  A file that includes this defines PTL_SCALAR, float or
 * double. */
#ifndef PTL_GEMM_VECTORS_H
#define PTL_GEMM_VECTORS_H

#include "ptl_blas.h"
#include "ptl_loops.h"

typedef PTL_SCALAR ptl_lanes
    __attribute__((vector_size(PTL_VECTOR_BYTES), aligned(sizeof(PTL_SCALAR)), may_alias));

enum { LANES = PTL_VECTOR_BYTES / sizeof(PTL_SCALAR) };

/* A matrix: its first element, and the distances between rows and between columns. */
typedef struct {
    const PTL_SCALAR *first;
    int64_t down, across;
} ptl_factor;

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
