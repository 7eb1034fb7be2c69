/* Row-major matrix products through Fortran's BLAS, whose routines arrive as pointers.
 *
 * Fortran reads a row-major matrix as its transpose, so that C = A B is asked for as C' = B' A'.
 * A transposed operand is one whose columns are contiguous; its leading dimension is the distance
 * between columns, else that between rows.
 */
#ifndef PTL_BLAS_H
#define PTL_BLAS_H

#include <stdint.h>

#define PTL_GEMM(name, type)                                                                       \
    typedef void ptl_##name##_routine(const char *, const char *, const int *, const int *,        \
                                      const int *, const type *, const type *, const int *,        \
                                      const type *, const int *, const type *, type *,             \
                                      const int *);                                                \
    static inline void ptl_##name(ptl_##name##_routine *routine, char a_order, char b_order,       \
                                  int64_t m, int64_t n, int64_t k, type alpha, const type *a,      \
                                  int64_t a_lead, const type *b, int64_t b_lead, type beta,        \
                                  type *c, int64_t c_lead) {                                       \
        const int rows = (int)m, columns = (int)n, depth = (int)k;                                 \
        const int lda = a_lead < 1 ? 1 : (int)a_lead, ldb = b_lead < 1 ? 1 : (int)b_lead;          \
        const int ldc = c_lead < 1 ? 1 : (int)c_lead;                                              \
        routine(&b_order, &a_order, &columns, &rows, &depth, &alpha, b, &ldb, a, &lda, &beta, c,   \
                &ldc);                                                                             \
    }

PTL_GEMM(sgemm, float)
PTL_GEMM(dgemm, double)
PTL_GEMM(cgemm, _Complex float)
PTL_GEMM(zgemm, _Complex double)

#endif
