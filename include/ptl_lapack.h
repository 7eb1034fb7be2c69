/* Linear algebra through Fortran's LAPACK, whose routines arrive as pointers.
 *
 * LAPACK works in place on matrices whose columns are contiguous, `n` elements apart.  Programs copy
 * their row-major matrices into such memory with `ptl_dcopy_matrix`; where only a triangle is read
 * they do not turn it but name the other triangle.  Each routine has a wrapper with its name
 * (`ptl_dpotrf` for dpotrf) that takes lengths by value, finds the leading dimensions itself and
 * returns LAPACK's info: 0 where all went well.
 */
#ifndef PTL_LAPACK_H
#define PTL_LAPACK_H

#include <string.h>

#include "ptl_blas.h"
#include "ptl_libm.h"

/* -- row exchanges, for any type of element -- */

/* The order in which LAPACK's row exchanges put the rows. */
static inline void ptl_order_of_rows(int64_t n, const int32_t *pivots, int32_t *order) {
    for (int64_t row = 0; row < n; row++) {
        order[row] = (int32_t)row;
    }
    for (int64_t row = 0; row < n; row++) {
        const int32_t other = pivots[row] - 1, moved = order[row];
        order[row] = order[other];
        order[other] = moved;
    }
}

static inline void ptl_inverse_order(int64_t n, const int32_t *order, int32_t *inverse) {
    for (int64_t row = 0; row < n; row++) {
        inverse[order[row]] = (int32_t)row;
    }
}

/* Fortran counts from 1, NumPy from 0. */
static inline void ptl_count_from_zero(int64_t n, int32_t *numbers) {
    for (int64_t i = 0; i < n; i++) {
        numbers[i]--;
    }
}

/* The order in which row exchanges, counted from 0, put the rows; a row that is none is found. */
static inline bool ptl_permutation(int64_t n, const int64_t *exchanges, int64_t step,
                                   int64_t *order) {
    for (int64_t row = 0; row < n; row++) {
        order[row] = row;
    }
    for (int64_t row = 0; row < n; row++) {
        const int64_t number = exchanges[row * step];
        if (number >= n || number < -n) {
            return false;
        }
        const int64_t other = number < 0 ? number + n : number, moved = order[row];
        order[row] = order[other];
        order[other] = moved;
    }
    return true;
}

static inline void ptl_inverse_permutation(int64_t n, const int64_t *order, int64_t *inverse) {
    for (int64_t row = 0; row < n; row++) {
        inverse[order[row]] = row;
    }
}

/* The rows of a block of Cholesky's pullback, and of a block of blocks: products of few rows are not worth dividing
 * among threads. */
#define PTL_PULLBACK_BLOCK 32
#define PTL_PULLBACK_BLOCKS 96

/* -- the four types of elements -- */

#define PTL_JOINED_(a, b, c) a##b##c
#define PTL_JOINED(a, b, c) PTL_JOINED_(a, b, c)
#define PTL_TYPED(name) PTL_JOINED(ptl_, PTL_LETTER, name)
#define PTL_ROUTINE(name) PTL_JOINED(ptl_, PTL_LETTER, name##_routine)

#define PTL_LETTER s
#define PTL_SCALAR float
#define PTL_REAL float
#include "ptl_matrix.h"
#include "ptl_lapack_real.h"
#include "ptl_lapack_routines.h"
#undef PTL_LETTER
#undef PTL_SCALAR
#undef PTL_REAL

#define PTL_LETTER d
#define PTL_SCALAR double
#define PTL_REAL double
#include "ptl_matrix.h"
#include "ptl_lapack_real.h"
#include "ptl_lapack_routines.h"
#undef PTL_LETTER
#undef PTL_SCALAR
#undef PTL_REAL

#define PTL_LETTER c
#define PTL_SCALAR float _Complex
#define PTL_REAL float
#include "ptl_matrix.h"
#include "ptl_lapack_complex.h"
#include "ptl_lapack_routines.h"
#undef PTL_LETTER
#undef PTL_SCALAR
#undef PTL_REAL

#define PTL_LETTER z
#define PTL_SCALAR double _Complex
#define PTL_REAL double
#include "ptl_matrix.h"
#include "ptl_lapack_complex.h"
#include "ptl_lapack_routines.h"
#undef PTL_LETTER
#undef PTL_SCALAR
#undef PTL_REAL

#endif
