/* Moving and filling matrices of one type: included by ptl_lapack.h once for each.
 *
 * `down` is the distance between the rows of a matrix and `across` that between its columns, both
 * counted in elements.
 */

/* to[i, j] = from[i, j]; a transposition goes by blocks that stay in the cache. */
static inline void PTL_TYPED(copy_matrix)(int64_t rows, int64_t columns, const PTL_SCALAR *from,
                                          int64_t down, int64_t across, PTL_SCALAR *to,
                                          int64_t to_down, int64_t to_across) {
    enum { BLOCK = 16 };
    if (to_across != 1) { /* let the columns of `to` be contiguous rows */
        const int64_t length = rows, step = down, to_step = to_down;
        rows = columns, columns = length;
        down = across, across = step;
        to_down = to_across, to_across = to_step;
    }
    if (across == 1 && to_across == 1 && columns > 0) {
        for (int64_t i = 0; i < rows; i++) {
            memcpy(to + i * to_down, from + i * down, (size_t)columns * sizeof *to);
        }
        return;
    }
    for (int64_t i_block = 0; i_block < rows; i_block += BLOCK) {
        const int64_t i_end = i_block + BLOCK < rows ? i_block + BLOCK : rows;
        for (int64_t j_block = 0; j_block < columns; j_block += BLOCK) {
            const int64_t j_end = j_block + BLOCK < columns ? j_block + BLOCK : columns;
            for (int64_t i = i_block; i < i_end; i++) {
                for (int64_t j = j_block; j < j_end; j++) {
                    to[i * to_down + j * to_across] = from[i * down + j * across];
                }
            }
        }
    }
}

/* One triangle ('L' or 'U') of a matrix, zeros in the other one; `to` is row-major. */
static inline void PTL_TYPED(copy_triangle)(char triangle, int64_t rows, int64_t columns,
                                            const PTL_SCALAR *from, int64_t down, int64_t across,
                                            PTL_SCALAR *to) {
    for (int64_t i = 0; i < rows; i++) {
        const int64_t diagonal = i < columns ? i : columns;
        const int64_t begin = triangle == 'L' ? 0 : diagonal;
        const int64_t end = triangle == 'U' ? columns : i < columns ? i + 1 : columns;
        PTL_SCALAR *row = to + i * columns;
        for (int64_t j = 0; j < begin; j++) {
            row[j] = 0;
        }
        for (int64_t j = begin; j < end; j++) {
            row[j] = from[i * down + j * across];
        }
        for (int64_t j = end; j < columns; j++) {
            row[j] = 0;
        }
    }
}

static inline void PTL_TYPED(fill)(int64_t count, PTL_SCALAR value, PTL_SCALAR *to) {
    for (int64_t i = 0; i < count; i++) {
        to[i] = value;
    }
}

static inline void PTL_TYPED(fill_diagonal)(int64_t n, PTL_SCALAR value, PTL_SCALAR *to) {
    for (int64_t i = 0; i < n; i++) {
        to[i * (n + 1)] = value;
    }
}

static inline void PTL_TYPED(identity)(int64_t n, PTL_SCALAR *to) {
    PTL_TYPED(fill)(n * n, 0, to);
    PTL_TYPED(fill_diagonal)(n, 1, to);
}

static inline bool PTL_TYPED(all_finite)(int64_t count, const PTL_SCALAR *values) {
    const PTL_REAL *parts = (const PTL_REAL *)values;
    bool finite = true;
    for (int64_t i = 0; i < count * (int64_t)(sizeof *values / sizeof *parts); i++) {
        finite &= isfinite(parts[i]) != 0;
    }
    return finite;
}

/* Whether one of `n` elements, `step` apart, is zero: then a triangular matrix is singular. */
static inline bool PTL_TYPED(any_zero)(int64_t n, const PTL_SCALAR *values, int64_t step) {
    bool found = false;
    for (int64_t i = 0; i < n; i++) {
        found |= values[i * step] == 0;
    }
    return found;
}

/* -- rows in another order -- */

/* to[order[i]] = from[i] for rows of n elements. */
static inline void PTL_TYPED(scatter_rows)(int64_t n, const int32_t *order, const PTL_SCALAR *from,
                                           PTL_SCALAR *to) {
    for (int64_t i = 0; i < n; i++) {
        memcpy(to + order[i] * n, from + i * n, (size_t)n * sizeof *to);
    }
}

/* The matrix that puts row i where `order` says: ones at [order[i], i]. */
static inline void PTL_TYPED(permutation_matrix)(int64_t n, const int32_t *order, PTL_SCALAR *to) {
    PTL_TYPED(fill)(n * n, 0, to);
    for (int64_t i = 0; i < n; i++) {
        to[order[i] * n + i] = 1;
    }
}
