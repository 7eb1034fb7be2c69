/* LAPACK's routines for real matrices: included by ptl_lapack.h for float and double. */

/* 1 or -1, also for zero and NaN. */
static inline PTL_SCALAR PTL_TYPED(sign)(PTL_SCALAR value) { return value < 0 ? -1 : 1; }

/* The columns of q that geqrf has described. */
typedef void PTL_ROUTINE(orgqr)(const int *, const int *, const int *, PTL_SCALAR *, const int *,
                                const PTL_SCALAR *, PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(orgqr)(PTL_ROUTINE(orgqr) *routine, int64_t m, int64_t n, int64_t k,
                                   PTL_SCALAR *q, const PTL_SCALAR *scales, PTL_SCALAR *work,
                                   int64_t length) {
    const int height = (int)m, width = (int)n, count = (int)k;
    const int lead = ptl_lead(m), size = ptl_lead(length);
    int info = 0;
    routine(&height, &width, &count, q, &lead, scales, work, &size, &info);
    return info;
}

/* QR of the columns in an order that lets the diagonal of r fall. */
typedef void PTL_ROUTINE(geqp3)(const int *, const int *, PTL_SCALAR *, const int *, int *,
                                PTL_SCALAR *, PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(geqp3)(PTL_ROUTINE(geqp3) *routine, int64_t m, int64_t n,
                                   PTL_SCALAR *a, int32_t *order, PTL_SCALAR *scales,
                                   PTL_SCALAR *work, int64_t length) {
    const int height = (int)m, width = (int)n, lead = ptl_lead(m), size = ptl_lead(length);
    int info = 0;
    memset(order, 0, (size_t)n * sizeof *order); /* every column is free to move */
    routine(&height, &width, a, &lead, order, scales, work, &size, &info);
    return info;
}

/* Eigenvalues, ascending, and with job 'V' eigenvectors of a symmetric matrix; it is lost. */
typedef void PTL_ROUTINE(syevr)(const char *, const char *, const char *, const int *,
                                PTL_SCALAR *, const int *, const PTL_SCALAR *, const PTL_SCALAR *,
                                const int *, const int *, const PTL_SCALAR *, int *, PTL_SCALAR *,
                                PTL_SCALAR *, const int *, int *, PTL_SCALAR *, const int *, int *,
                                const int *, int *);

static inline int PTL_TYPED(syevr)(PTL_ROUTINE(syevr) *routine, char job, char triangle, int64_t n,
                                   PTL_SCALAR *a, PTL_SCALAR *values, PTL_SCALAR *vectors,
                                   int32_t *support, PTL_SCALAR *work, int64_t length,
                                   int32_t *int_work, int64_t int_length) {
    const int side = (int)n, lead = ptl_lead(n), first = 1;
    const int size = ptl_lead(length), int_size = ptl_lead(int_length);
    const PTL_SCALAR unused = 0;
    const char range = 'A';
    int found = 0, info = 0;
    routine(&job, &range, &triangle, &side, a, &lead, &unused, &unused, &first, &side, &unused,
            &found, values, vectors, &lead, support, work, &size, int_work, &int_size, &info);
    return info;
}

/* The same by divide and conquer; the eigenvectors replace the matrix. */
typedef void PTL_ROUTINE(syevd)(const char *, const char *, const int *, PTL_SCALAR *, const int *,
                                PTL_SCALAR *, PTL_SCALAR *, const int *, int *, const int *, int *);

static inline int PTL_TYPED(syevd)(PTL_ROUTINE(syevd) *routine, char job, char triangle, int64_t n,
                                   PTL_SCALAR *a, PTL_SCALAR *values, PTL_SCALAR *work,
                                   int64_t length, int32_t *int_work, int64_t int_length) {
    const int side = (int)n, lead = ptl_lead(n);
    const int size = ptl_lead(length), int_size = ptl_lead(int_length);
    int info = 0;
    routine(&job, &triangle, &side, a, &lead, values, work, &size, int_work, &int_size, &info);
    return info;
}

/* The same by QR iteration. */
typedef void PTL_ROUTINE(syev)(const char *, const char *, const int *, PTL_SCALAR *, const int *,
                               PTL_SCALAR *, PTL_SCALAR *, const int *, int *);

static inline int PTL_TYPED(syev)(PTL_ROUTINE(syev) *routine, char job, char triangle, int64_t n,
                                  PTL_SCALAR *a, PTL_SCALAR *values, PTL_SCALAR *work,
                                  int64_t length) {
    const int side = (int)n, lead = ptl_lead(n), size = ptl_lead(length);
    int info = 0;
    routine(&job, &triangle, &side, a, &lead, values, work, &size, &info);
    return info;
}

/* Singular values and, unless job is 'N', vectors: u of m by `width`, v' of `width` by n. */
typedef void PTL_ROUTINE(gesdd)(const char *, const int *, const int *, PTL_SCALAR *, const int *,
                                PTL_SCALAR *, PTL_SCALAR *, const int *, PTL_SCALAR *, const int *,
                                PTL_SCALAR *, const int *, int *, int *);

static inline int PTL_TYPED(gesdd)(PTL_ROUTINE(gesdd) *routine, char job, int64_t m, int64_t n,
                                   PTL_SCALAR *a, PTL_SCALAR *values, PTL_SCALAR *u, PTL_SCALAR *vt,
                                   int64_t vt_rows, PTL_SCALAR *work, int64_t length,
                                   int32_t *int_work) {
    const int height = (int)m, width = (int)n, lead = ptl_lead(m);
    const int vt_lead = ptl_lead(vt_rows), size = ptl_lead(length);
    int info = 0;
    routine(&job, &height, &width, a, &lead, values, u, &lead, vt, &vt_lead, work, &size, int_work,
            &info);
    return info;
}

/* -- Cholesky backwards -- */

/* One block of the function below, by columns from the last to the first. */
static inline void PTL_TYPED(cholesky_pullback_of_block)(int64_t n, const PTL_SCALAR *l,
                                                         int64_t l_lead, PTL_SCALAR *g,
                                                         int64_t g_lead) {
    for (int64_t k = n - 1; k >= 0; k--) {
        const PTL_SCALAR *l_row = l + k * l_lead, pivot = l_row[k];
        PTL_SCALAR *g_row = g + k * g_lead, total = 0;
        for (int64_t i = k + 1; i < n; i++) {
            total += l[i * l_lead + k] * g[i * g_lead + k];
        }
        const PTL_SCALAR g_pivot = (g_row[k] - total / pivot) / pivot;
        for (int64_t j = 0; j < k; j++) {
            g_row[j] -= g_pivot * l_row[j];
        }
        for (int64_t i = k + 1; i < n; i++) {
            const PTL_SCALAR *l_below = l + i * l_lead;
            PTL_SCALAR *g_below = g + i * g_lead;
            const PTL_SCALAR element = g_below[k] / pivot;
            g_below[k] = element;
            for (int64_t j = 0; j < k; j++) {
                g_row[j] -= element * l_below[j];
                g_below[j] -= element * l_row[j];
            }
        }
        g_row[k] = g_pivot / 2;
    }
}

/* The function below by blocks of `block` rows. */
static inline void PTL_TYPED(cholesky_pullback_by)(int64_t block, PTL_ROUTINE(gemm) *gemm,
                                                   PTL_ROUTINE(trsm) *trsm, int64_t n,
                                                   const PTL_SCALAR *l, int64_t l_lead,
                                                   PTL_SCALAR *g, int64_t g_lead) {
    /* A diagonal block plus its transpose. */
    PTL_SCALAR both[PTL_PULLBACK_BLOCKS * PTL_PULLBACK_BLOCKS];
    for (int64_t end = n; end > 0; end -= block) {
        const int64_t start = end > block ? end - block : 0, width = end - start, below = n - end;
        const PTL_SCALAR *l_left = l + start * l_lead, *l_diagonal = l_left + start;
        const PTL_SCALAR *l_corner = l + end * l_lead, *l_below = l_corner + start;
        PTL_SCALAR *g_left = g + start * g_lead, *g_diagonal = g_left + start;
        PTL_SCALAR *g_corner = g + end * g_lead, *g_below = g_corner + start;
        if (below > 0) {
            PTL_TYPED(trsm)(trsm, 'U', 'N', width, below, 'T', l_diagonal, l_lead, 'T', g_below,
                            g_lead);
            PTL_TYPED(gemm)(gemm, 'N', 'N', below, start, width, -1, g_below, g_lead, l_left,
                            l_lead, 1, g_corner, g_lead);
            PTL_TYPED(gemm)(gemm, 'T', 'N', width, width, below, -1, g_below, g_lead, l_below,
                            l_lead, 1, g_diagonal, g_lead);
            PTL_TYPED(gemm)(gemm, 'T', 'N', width, start, below, -1, g_below, g_lead, l_corner,
                            l_lead, 1, g_left, g_lead);
        }
        if (block > PTL_PULLBACK_BLOCK) {
            PTL_TYPED(cholesky_pullback_by)(PTL_PULLBACK_BLOCK, gemm, trsm, width, l_diagonal,
                                            l_lead, g_diagonal, g_lead);
        } else {
            PTL_TYPED(cholesky_pullback_of_block)(width, l_diagonal, l_lead, g_diagonal, g_lead);
        }
        for (int64_t i = 0; i < width; i++) {
            for (int64_t j = 0; j <= i; j++) {
                const PTL_SCALAR value = g_diagonal[i * g_lead + j];
                both[i * width + j] = both[j * width + i] = i == j ? 2 * value : value;
            }
        }
        PTL_TYPED(gemm)(gemm, 'N', 'N', width, start, width, -1, both, width, l_left, l_lead, 1,
                        g_left, g_lead);
        for (int64_t i = 0; i < width; i++) { /* products have been written above the diagonal */
            for (int64_t j = i + 1; j < width; j++) {
                g_diagonal[i * g_lead + j] = 0;
            }
        }
    }
}

/* What a matrix's lower triangle contributed to its row-major Cholesky factor l: g enters as the
 * cotangent of the factor and leaves as that of the triangle.  This is the factorisation read
 * backwards, block by block, and costs twice as much. */
static inline void PTL_TYPED(cholesky_pullback)(PTL_ROUTINE(gemm) *gemm, PTL_ROUTINE(trsm) *trsm,
                                                int64_t n, const PTL_SCALAR *l, int64_t lead,
                                                PTL_SCALAR *g) {
    const int64_t block = n > 2 * PTL_PULLBACK_BLOCKS ? PTL_PULLBACK_BLOCKS : PTL_PULLBACK_BLOCK;
    PTL_TYPED(cholesky_pullback_by)(block, gemm, trsm, n, l, lead, g, n);
}
