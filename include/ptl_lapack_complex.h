/* LAPACK's routines for complex matrices: included by ptl_lapack.h for both precisions. */

/* A number of absolute value 1 in the same direction. */
static inline PTL_SCALAR PTL_TYPED(sign)(PTL_SCALAR value) { return value / fabs(value); }

/* Solve a x = b for `columns` right-hand sides in place of b, a being Hermitian; a is lost. */
typedef void PTL_ROUTINE(hesv)(const char *, const int *, const int *, PTL_SCALAR *, const int *,
                               int *, PTL_SCALAR *, const int *, PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(hesv)(PTL_ROUTINE(hesv) *routine, char triangle, int64_t n,
                                  int64_t columns, PTL_SCALAR *a, int32_t *pivots, PTL_SCALAR *x,
                                  PTL_SCALAR *work, int64_t length) {
    const int side = (int)n, width = (int)columns, lead = ptl_lead(n), size = ptl_lead(length);
    int info = 0;
    routine(&triangle, &side, &width, a, &lead, pivots, x, &lead, work, &size, &info);
    return info;
}

/* The columns of q that geqrf has described. */
typedef void PTL_ROUTINE(ungqr)(const int *, const int *, const int *, PTL_SCALAR *, const int *,
                                const PTL_SCALAR *, PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(ungqr)(PTL_ROUTINE(ungqr) *routine, int64_t m, int64_t n, int64_t k,
                                   PTL_SCALAR *q, const PTL_SCALAR *scales, PTL_SCALAR *work,
                                   int64_t length) {
    const int height = (int)m, width = (int)n, count = (int)k;
    const int lead = ptl_lead(m), size = ptl_lead(length);
    int info = 0;
    routine(&height, &width, &count, q, &lead, scales, work, &size, &info);
    return info;
}
