/* The product of two small matrices, for which BLAS would take longer to be called than to work.
 *
 * A file that defines PTL_SCALAR, float or double, and PTL_NAME includes this once and exports that
 * function: it is compiled once for a machine, programs get its address as they get those of BLAS.
 * The product is cut into tiles of four rows by two vectors, whose sums stay in registers while the
 * factors are walked.
 */
#include "ptl_gemm_vectors.h"

enum { WIDE = 2 * LANES, ROWS = 4 };

/* to = part + beta to for the first elements of a vector. */
static __attribute__((noinline)) void store_part(const PTL_SCALAR *part, int64_t count,
                                                 PTL_SCALAR beta, PTL_SCALAR *to) {
    for (int64_t j = 0; j < count; j++) {
        to[j] = beta == 0 ? part[j] : part[j] + beta * to[j];
    }
}

/* c = alpha a b + beta c for a few rows, and for columns that fill one or two vectors, or leave the
 * last one unfilled; columns of b are neighbours, with zeros behind them. */
ALWAYS_INLINE void multiply_tile(int rows, int vectors, int64_t unfilled, int64_t depth,
                                 PTL_SCALAR alpha, ptl_factor a, ptl_factor b, PTL_SCALAR beta,
                                 PTL_SCALAR *c, int64_t c_down) {
    ptl_lanes sum[ROWS][2];
    for (int i = 0; i < rows; i++) {
        sum[i][0] = sum[i][1] = (ptl_lanes){0};
    }
    for (int64_t k = 0; k < depth; k++) {
        const PTL_SCALAR *row = b.first + k * b.down;
        const ptl_lanes left = *(const ptl_lanes *)row;
        const ptl_lanes right = *(const ptl_lanes *)(vectors == 2 ? row + LANES : row);
        for (int i = 0; i < rows; i++) {
            const PTL_SCALAR factor = a.first[i * a.down + k * a.across];
            sum[i][0] += factor * left;
            if (vectors == 2) sum[i][1] += factor * right;
        }
    }
    for (int i = 0; i < rows; i++, c += c_down) {
        for (int v = 0; v < vectors; v++) {
            ptl_lanes *to = (ptl_lanes *)(c + v * LANES), part = alpha * sum[i][v];
            if (unfilled && v == vectors - 1) {
                store_part((const PTL_SCALAR *)&part, LANES - unfilled, beta, (PTL_SCALAR *)to);
            } else {
                if (beta != 0) part += beta * *to;
                *to = part;
            }
        }
    }
}

/* The same for any number of rows. */
ALWAYS_INLINE void multiply_panel(int vectors, int64_t unfilled, int64_t rows, int64_t depth,
                                  PTL_SCALAR alpha, ptl_factor a, ptl_factor b, PTL_SCALAR beta,
                                  PTL_SCALAR *c, int64_t c_down) {
    for (; rows >= ROWS; rows -= ROWS, a.first += ROWS * a.down, c += ROWS * c_down) {
        multiply_tile(ROWS, vectors, unfilled, depth, alpha, a, b, beta, c, c_down);
    }
    for (; rows > 0; rows--, a.first += a.down, c += c_down) {
        multiply_tile(1, vectors, unfilled, depth, alpha, a, b, beta, c, c_down);
    }
}

/* Copy columns of b so that they are neighbours and fill whole vectors. */
static ptl_factor packed(ptl_factor b, int64_t depth, int64_t columns, PTL_SCALAR *to) {
    const ptl_factor result = {to, columns > LANES ? WIDE : LANES, 1};
    for (int64_t k = 0; k < depth; k++, to += result.down) {
        for (int64_t j = 0; j < result.down; j += LANES) {
            *(ptl_lanes *)(to + j) = (ptl_lanes){0};
        }
        for (int64_t j = 0; j < columns; j++) {
            to[j] = b.first[k * b.down + j * b.across];
        }
    }
    return result;
}

/* c = alpha a b + beta c, as PTL_GEMM of ptl_blas.h says it; k is at most PTL_SMALL_DEPTH. */
void PTL_NAME(char a_order, char b_order, int64_t m, int64_t n, int64_t k, PTL_SCALAR alpha,
              const PTL_SCALAR *a, int64_t a_lead, const PTL_SCALAR *b, int64_t b_lead,
              PTL_SCALAR beta, PTL_SCALAR *c, int64_t c_lead) {
    const ptl_factor left = {a, a_order == 'N' ? a_lead : 1, a_order == 'N' ? 1 : a_lead};
    ptl_factor right = {b, b_order == 'N' ? b_lead : 1, b_order == 'N' ? 1 : b_lead};
    PTL_SCALAR room[PTL_SMALL_DEPTH * WIDE];
    if (alpha == 0) k = 0; /* factors that count for nothing are not read */
    for (int64_t j = 0; j < n; j += WIDE, right.first = b + j * right.across, c += WIDE) {
        const int64_t columns = n - j < WIDE ? n - j : WIDE;
        const bool fits = right.across == 1 && columns % LANES == 0;
        const ptl_factor panel = fits ? right : packed(right, k, columns, room);
        const int64_t unfilled = (LANES - columns % LANES) % LANES;
        if (unfilled && columns > LANES) {
            multiply_panel(2, unfilled, m, k, alpha, left, panel, beta, c, c_lead);
        } else if (unfilled) {
            multiply_panel(1, unfilled, m, k, alpha, left, panel, beta, c, c_lead);
        } else if (columns > LANES) {
            multiply_panel(2, 0, m, k, alpha, left, panel, beta, c, c_lead);
        } else {
            multiply_panel(1, 0, m, k, alpha, left, panel, beta, c, c_lead);
        }
    }
}
