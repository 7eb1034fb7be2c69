/* LAPACK's routines that real and complex matrices share: included by ptl_lapack.h for each type. */

/* Cholesky: the factor replaces one triangle; not 0 where the matrix is not positive definite. */
typedef void PTL_ROUTINE(potrf)(const char *, const int *, PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(potrf)(PTL_ROUTINE(potrf) *routine, char triangle, int64_t n,
                                   PTL_SCALAR *a) {
    const int side = (int)n, lead = ptl_lead(n);
    int info = 0;
    routine(&triangle, &side, a, &lead, &info);
    return info;
}

/* LU: both factors replace the matrix; not 0 where the upper one is singular. */
typedef void PTL_ROUTINE(getrf)(const int *, const int *, PTL_SCALAR *, const int *, int *, int *);

static inline int PTL_TYPED(getrf)(PTL_ROUTINE(getrf) *routine, int64_t n, PTL_SCALAR *a,
                                   int32_t *pivots) {
    const int side = (int)n, lead = ptl_lead(n);
    int info = 0;
    routine(&side, &side, a, &lead, pivots, &info);
    return info;
}

/* The inverse replaces what getrf has left. */
typedef void PTL_ROUTINE(getri)(const int *, PTL_SCALAR *, const int *, const int *, PTL_SCALAR *,
                                const int *, int *);

static inline int PTL_TYPED(getri)(PTL_ROUTINE(getri) *routine, int64_t n, PTL_SCALAR *a,
                                   const int32_t *pivots, PTL_SCALAR *work, int64_t length) {
    const int side = (int)n, lead = ptl_lead(n), size = ptl_lead(length);
    int info = 0;
    routine(&side, a, &lead, pivots, work, &size, &info);
    return info;
}

/* Solve a x = b for `columns` right-hand sides in place of b; a is lost. */
typedef void PTL_ROUTINE(gesv)(const int *, const int *, PTL_SCALAR *, const int *, int *,
                               PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(gesv)(PTL_ROUTINE(gesv) *routine, int64_t n, int64_t columns,
                                  PTL_SCALAR *a, int32_t *pivots, PTL_SCALAR *x) {
    const int side = (int)n, width = (int)columns, lead = ptl_lead(n);
    int info = 0;
    routine(&side, &width, a, &lead, pivots, x, &lead, &info);
    return info;
}

/* The same where a is positive definite. */
typedef void PTL_ROUTINE(posv)(const char *, const int *, const int *, PTL_SCALAR *, const int *,
                               PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(posv)(PTL_ROUTINE(posv) *routine, char triangle, int64_t n,
                                  int64_t columns, PTL_SCALAR *a, PTL_SCALAR *x) {
    const int side = (int)n, width = (int)columns, lead = ptl_lead(n);
    int info = 0;
    routine(&triangle, &side, &width, a, &lead, x, &lead, &info);
    return info;
}

/* The same where a is symmetric. */
typedef void PTL_ROUTINE(sysv)(const char *, const int *, const int *, PTL_SCALAR *, const int *,
                               int *, PTL_SCALAR *, const int *, PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(sysv)(PTL_ROUTINE(sysv) *routine, char triangle, int64_t n,
                                  int64_t columns, PTL_SCALAR *a, int32_t *pivots, PTL_SCALAR *x,
                                  PTL_SCALAR *work, int64_t length) {
    const int side = (int)n, width = (int)columns, lead = ptl_lead(n), size = ptl_lead(length);
    int info = 0;
    routine(&triangle, &side, &width, a, &lead, pivots, x, &lead, work, &size, &info);
    return info;
}

/* The same where a has three diagonals, each given by itself. */
typedef void PTL_ROUTINE(gtsv)(const int *, const int *, PTL_SCALAR *, PTL_SCALAR *, PTL_SCALAR *,
                               PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(gtsv)(PTL_ROUTINE(gtsv) *routine, int64_t n, int64_t columns,
                                  PTL_SCALAR *below, PTL_SCALAR *diagonal, PTL_SCALAR *above,
                                  PTL_SCALAR *x) {
    const int side = (int)n, width = (int)columns, lead = ptl_lead(n);
    int info = 0;
    routine(&side, &width, below, diagonal, above, x, &lead, &info);
    return info;
}

/* QR: r replaces the upper triangle, below it and in `scales` stands what makes q. */
typedef void PTL_ROUTINE(geqrf)(const int *, const int *, PTL_SCALAR *, const int *, PTL_SCALAR *,
                                PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(geqrf)(PTL_ROUTINE(geqrf) *routine, int64_t m, int64_t n,
                                   PTL_SCALAR *a, PTL_SCALAR *scales, PTL_SCALAR *work,
                                   int64_t length) {
    const int height = (int)m, width = (int)n, lead = ptl_lead(m), size = ptl_lead(length);
    int info = 0;
    routine(&height, &width, a, &lead, scales, work, &size, &info);
    return info;
}

/* -- what is computed of factors -- */

/* Sign and logarithm of the absolute value of a determinant; the matrix is lost. */
static inline void PTL_TYPED(slogdet)(PTL_ROUTINE(getrf) *routine, int64_t n, PTL_SCALAR *a,
                                      int32_t *pivots, PTL_SCALAR *sign, PTL_REAL *logarithm) {
    if (PTL_TYPED(getrf)(routine, n, a, pivots) != 0) {
        *sign = 0, *logarithm = -INFINITY;
        return;
    }
    *sign = 1, *logarithm = 0;
    for (int64_t i = 0; i < n; i++) {
        const PTL_SCALAR pivot = a[i * (n + 1)];
        const PTL_SCALAR turn = PTL_TYPED(sign)(pivot);
        *sign *= pivots[i] == i + 1 ? turn : -turn;
        *logarithm += log(fabs(pivot));
    }
}

/* The determinant, which may over- or underflow; the matrix is lost. */
static inline PTL_SCALAR PTL_TYPED(det)(PTL_ROUTINE(getrf) *routine, int64_t n, PTL_SCALAR *a,
                                        int32_t *pivots) {
    PTL_SCALAR sign;
    PTL_REAL logarithm;
    PTL_TYPED(slogdet)(routine, n, a, pivots, &sign, &logarithm);
    return sign * exp(logarithm);
}

/* The diagonals of a matrix with three, each into an array by itself. */
static inline void PTL_TYPED(three_diagonals)(int64_t n, const PTL_SCALAR *a, int64_t down,
                                              int64_t across, PTL_SCALAR *below,
                                              PTL_SCALAR *diagonal, PTL_SCALAR *above) {
    for (int64_t i = 0; i < n; i++) {
        diagonal[i] = a[i * (down + across)];
    }
    for (int64_t i = 0; i + 1 < n; i++) {
        below[i] = a[i * (down + across) + down];
        above[i] = a[i * (down + across) + across];
    }
}
