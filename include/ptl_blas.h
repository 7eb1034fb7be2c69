/* Row-major matrix products and triangular systems through Fortran's BLAS, whose routines arrive as
 * pointers.
 *
 * Fortran reads a row-major matrix as its transpose, so that C = A B is asked for as C' = B' A'.
 * An operand's order says which of its elements are neighbours in memory: 'N' those of a row, 'T'
 * those of a column.  Its leading dimension is the distance between rows, or that between columns.
 */
#ifndef PTL_BLAS_H
#define PTL_BLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A leading dimension as BLAS wants it: at least 1, also for matrices without elements. */
static inline int ptl_lead(int64_t length) { return length < 1 ? 1 : (int)length; }

/* The same triangle of the transposed matrix. */
static inline char ptl_other_triangle(char triangle) { return triangle == 'L' ? 'U' : 'L'; }

/* c = alpha a b + beta c, where a is m by k and b is k by n. */
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
        const int lda = ptl_lead(a_lead), ldb = ptl_lead(b_lead), ldc = ptl_lead(c_lead);          \
        routine(&b_order, &a_order, &columns, &rows, &depth, &alpha, b, &ldb, a, &lda, &beta, c,   \
                &ldc);                                                                             \
    }

PTL_GEMM(sgemm, float)
PTL_GEMM(dgemm, double)
PTL_GEMM(cgemm, _Complex float)
PTL_GEMM(zgemm, _Complex double)

/* The same, by a routine of ours where the matrices are small; NULL where there is none.  What is
 * small is less where BLAS may know instructions that our compiler was not told of. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
enum { PTL_SMALL_DEPTH = 256, PTL_SMALL_WORK = 1 << 18 };
#else
enum { PTL_SMALL_DEPTH = 256, PTL_SMALL_WORK = 1 << 9 };
#endif

static inline bool ptl_is_small(int64_t m, int64_t n, int64_t k) {
    const double columns = n < 8 ? 8 : (double)n; /* a vector is the least that is computed */
    return k <= PTL_SMALL_DEPTH && (double)m * columns * (double)k <= PTL_SMALL_WORK;
}

#define PTL_SMALL_OR_GEMM(name, type)                                                              \
    typedef void ptl_small_##name##_routine(char, char, int64_t, int64_t, int64_t, type,           \
                                            const type *, int64_t, const type *, int64_t, type,    \
                                            type *, int64_t);                                      \
    static inline void ptl_small_or_##name(                                                        \
        ptl_small_##name##_routine *small, ptl_##name##_routine *routine, char a_order,            \
        char b_order, int64_t m, int64_t n, int64_t k, type alpha, const type *a, int64_t a_lead,  \
        const type *b, int64_t b_lead, type beta, type *c, int64_t c_lead) {                       \
        if (small != NULL && ptl_is_small(m, n, k)) {                                              \
            small(a_order, b_order, m, n, k, alpha, a, a_lead, b, b_lead, beta, c, c_lead);        \
        } else {                                                                                   \
            ptl_##name(routine, a_order, b_order, m, n, k, alpha, a, a_lead, b, b_lead, beta, c,   \
                       c_lead);                                                                    \
        }                                                                                          \
    }

PTL_SMALL_OR_GEMM(sgemm, float)
PTL_SMALL_OR_GEMM(dgemm, double)

/* c = alpha a a', where a is n by k: half the work of a product, then the other triangle is copied.
 * That pays only where there is work; less is done as a product. */
enum { PTL_LITTLE_WORK = 1 << 19 };

#define PTL_SMALL_OR_SYRK(letter, type)                                                            \
    typedef void ptl_##letter##syrk_routine(const char *, const char *, const int *, const int *,  \
                                            const type *, const type *, const int *, const type *, \
                                            type *, const int *);                                  \
    static inline void ptl_small_or_##letter##syrk(                                                \
        ptl_small_##letter##gemm_routine *small, ptl_##letter##gemm_routine *gemm,                 \
        ptl_##letter##syrk_routine *routine, char a_order, int64_t n, int64_t k, type alpha,       \
        const type *a, int64_t a_lead, type *c, int64_t c_lead) {                                  \
        const char other_order = a_order == 'N' ? 'T' : 'N', triangle = 'L';                       \
        if ((double)n * (double)n * (double)k <= PTL_LITTLE_WORK) {                                \
            ptl_small_or_##letter##gemm(small, gemm, a_order, other_order, n, n, k, alpha, a,      \
                                        a_lead, a, a_lead, 0, c, c_lead);                          \
            return;                                                                                \
        }                                                                                          \
        const int side = (int)n, depth = (int)k, lda = ptl_lead(a_lead), ldc = ptl_lead(c_lead);   \
        const type zero = 0;                                                                       \
        routine(&triangle, &other_order, &side, &depth, &alpha, a, &lda, &zero, c, &ldc);          \
        enum { BLOCK = 16 }; /* what is read and written of a block stays in the cache */          \
        for (int64_t i_block = 0; i_block < n; i_block += BLOCK) {                                 \
            for (int64_t j_block = 0; j_block <= i_block; j_block += BLOCK) {                      \
                for (int64_t i = i_block; i < n && i < i_block + BLOCK; i++) {                     \
                    for (int64_t j = j_block; j < i && j < j_block + BLOCK; j++) {                 \
                        c[i * c_lead + j] = c[j * c_lead + i];                                     \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

PTL_SMALL_OR_SYRK(s, float)
PTL_SMALL_OR_SYRK(d, double)

/* Solve a x = b in place of b, where `triangle` of a is read ('L' or 'U') and its diagonal, too,
 * unless it is 'U', for unit.  x has m rows and n columns. */
#define PTL_TRSM(name, type)                                                                       \
    typedef void ptl_##name##_routine(const char *, const char *, const char *, const char *,      \
                                      const int *, const int *, const type *, const type *,        \
                                      const int *, type *, const int *);                           \
    static inline void ptl_##name(ptl_##name##_routine *routine, char triangle, char diagonal,     \
                                  int64_t m, int64_t n, char a_order, const type *a,               \
                                  int64_t a_lead, char x_order, type *x, int64_t x_lead) {         \
        /* Row-major x is x' to Fortran: x' a' = b'. */                                            \
        const char side = x_order == 'N' ? 'R' : 'L', turned = a_order == x_order ? 'N' : 'T';     \
        const char stored = a_order == 'N' ? ptl_other_triangle(triangle) : triangle;              \
        const int height = (int)(x_order == 'N' ? n : m), width = (int)(x_order == 'N' ? m : n);   \
        const int lda = ptl_lead(a_lead), ldx = ptl_lead(x_lead);                                  \
        const type one = 1;                                                                        \
        routine(&side, &stored, &turned, &diagonal, &height, &width, &one, a, &lda, x, &ldx);      \
    }

PTL_TRSM(strsm, float)
PTL_TRSM(dtrsm, double)
PTL_TRSM(ctrsm, _Complex float)
PTL_TRSM(ztrsm, _Complex double)

/* The same for one right-hand side of neighbouring elements. */
#define PTL_TRSV(name, type)                                                                       \
    typedef void ptl_##name##_routine(const char *, const char *, const char *, const int *,       \
                                      const type *, const int *, type *, const int *);             \
    static inline void ptl_##name(ptl_##name##_routine *routine, char triangle, char diagonal,     \
                                  int64_t n, char a_order, const type *a, int64_t a_lead,          \
                                  type *x) {                                                       \
        const char turned = a_order == 'N' ? 'T' : 'N';                                            \
        const char stored = a_order == 'N' ? ptl_other_triangle(triangle) : triangle;              \
        const int side = (int)n, lda = ptl_lead(a_lead), step = 1;                                 \
        routine(&stored, &turned, &diagonal, &side, a, &lda, x, &step);                            \
    }

PTL_TRSV(strsv, float)
PTL_TRSV(dtrsv, double)
PTL_TRSV(ctrsv, _Complex float)
PTL_TRSV(ztrsv, _Complex double)

#endif
