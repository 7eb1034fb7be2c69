/* Products of large matrices, where our vectors are longer than those of BLAS's kernels: a stand-in for gemm.
 *
 * A file that defines PTL_SCALAR, float or double, includes this once and exports it: it is compiled once for a machine,
 * programs get its address as they get that of BLAS's.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "ptl_gemm_tiles.h"
#include "ptl_host.h"

/* -- parts for threads ------------------------------------------------------------------------- */

/* Set before any call: BLAS's routine for what is left to it, and who runs parts at the same time, if anybody does. */
typedef void ptl_fortran_gemm(const char *, const char *, const int *, const int *, const int *, const PTL_SCALAR *,
                              const PTL_SCALAR *, const int *, const PTL_SCALAR *, const int *, const PTL_SCALAR *,
                              PTL_SCALAR *, const int *);
ptl_fortran_gemm *ptl_blas_gemm;
const ptl_crew *ptl_gemm_crew;

/* Rooms that nobody uses at the moment: what is new to a process takes long to be written to. */
enum { SPARE_ROOMS = 8 };
static _Atomic(PTL_SCALAR *) spare_rooms[SPARE_ROOMS];

static PTL_SCALAR *take_room(void) {
    for (int i = 0; i < SPARE_ROOMS; i++) {
        PTL_SCALAR *room = atomic_exchange(&spare_rooms[i], NULL);
        if (room != NULL) return room;
    }
    return aligned_alloc(64, LEFT_ROOM * sizeof(PTL_SCALAR));
}

static void give_back(PTL_SCALAR *room) {
    for (int i = 0; i < SPARE_ROOMS && room != NULL; i++) room = atomic_exchange(&spare_rooms[i], room);
    free(room);
}

/* A product that is cut into parts: so many below each other, and side by side. */
typedef struct {
    ptl_job whole;
    int64_t down, across;
} ptl_parts;

static void multiply_parts(void *task, int64_t block, int64_t from, int64_t to) {
    const ptl_parts *parts = task;
    const ptl_job *whole = &parts->whole;
    const int64_t rows = part_length(whole->rows, parts->down, ROWS);
    const int64_t columns = part_length(whole->columns, parts->across, LANES);
    PTL_SCALAR *room = whole->a.across == 1 ? NULL : take_room();
    for (int64_t number = from; number < to; number++) {
        const int64_t row = number / parts->across * rows, column = number % parts->across * columns;
        if (row < whole->rows && column < whole->columns) {
            const ptl_job part = part_of(whole, row, rows, column, columns, 0, whole->depth);
            multiply(&part, room);
        }
    }
    give_back(room);
    (void)block;
}

/* Cut a product for threads, along what is longer.  Each element is one sum in one order, however that is done. */
static void cut(ptl_parts *parts, double work) {
    const int64_t threads = ptl_gemm_crew == NULL || work < PTL_LONG ? 1 : ptl_gemm_crew->threads();
    const int64_t wanted = threads == 1 ? 1 : ptl_min_int64(2 * threads, ptl_nanoseconds(work / PTL_BLOCK));
    while (parts->down * parts->across < wanted) {
        if (parts->whole.rows * parts->across > parts->whole.columns * parts->down) {
            parts->down++;
        } else {
            parts->across++;
        }
    }
}

/* Whether BLAS takes longer.  It does not where tiles are mostly empty, or take longer to be stored than summed up. */
static bool is_gain(int64_t rows, int64_t columns, int64_t depth) {
    return 2 * rows >= ROWS && 2 * columns > LANES && depth > 8;
}

/* As Fortran calls gemm, whose matrices are the transposes of ours. */
void ptl_multiply(const char *b_order, const char *a_order, const int *columns, const int *rows, const int *depth,
                  const PTL_SCALAR *alpha, const PTL_SCALAR *b, const int *b_lead, const PTL_SCALAR *a,
                  const int *a_lead, const PTL_SCALAR *beta, PTL_SCALAR *c, const int *c_lead) {
    if (!is_gain(*rows, *columns, *depth)) {
        ptl_blas_gemm(b_order, a_order, columns, rows, depth, alpha, b, b_lead, a, a_lead, beta, c, c_lead);
        return;
    }
    const double nanoseconds = (double)*rows * *columns * *depth / (8 * LANES);
    const ptl_factor left = {a, *a_order == 'N' ? *a_lead : 1, *a_order == 'N' ? 1 : *a_lead};
    const ptl_factor right = {b, *b_order == 'N' ? *b_lead : 1, *b_order == 'N' ? 1 : *b_lead};
    const int64_t terms = *alpha == 0 ? 0 : *depth; /* factors that count for nothing are not read */
    ptl_parts parts = {{*rows, *columns, terms, *alpha, *beta, left, right, c, *c_lead}, 1, 1};
    cut(&parts, nanoseconds);
    const int64_t count = parts.down * parts.across;
    const ptl_loop loop = {multiply_parts, &parts, count, count, ptl_nanoseconds(nanoseconds), false};
    if (count > 1) {
        ptl_gemm_crew->run_loop(&loop);
    } else {
        multiply_parts(&parts, 0, 0, 1);
    }
}
