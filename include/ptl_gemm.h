/* Products of large matrices, for those that BLAS takes longer for: a stand-in for gemm, and for syrk.
 *
 * A file that defines PTL_SCALAR, float or double, includes this once and exports them: they are compiled once for a
 * machine, programs get their addresses as they get those of BLAS's.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "ptl_gemm_tiles.h"
#include "ptl_host.h"

/* Set before any call: BLAS's routines for what is left to them, and who runs parts at the same time, if anybody. */
typedef void ptl_gemm_routine(const char *, const char *, const int *, const int *, const int *, const PTL_SCALAR *,
                              const PTL_SCALAR *, const int *, const PTL_SCALAR *, const int *, const PTL_SCALAR *,
                              PTL_SCALAR *, const int *);
typedef void ptl_syrk_routine(const char *, const char *, const int *, const int *, const PTL_SCALAR *,
                              const PTL_SCALAR *, const int *, const PTL_SCALAR *, PTL_SCALAR *, const int *);
ptl_gemm_routine *ptl_blas_gemm;
ptl_syrk_routine *ptl_blas_syrk;
const ptl_crew *ptl_gemm_crew;
bool ptl_is_wider; /* whether our vectors are longer than those of BLAS's kernels */

/* -- parts ------------------------------------------------------------------------------------- */

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

/* A product that is cut into parts: so many below each other, and side by side; or rows of which only what lies in a
 * triangle, 'U' or 'L', is computed, and with it whatever makes it a rectangle. */
typedef struct {
    ptl_job whole;
    int64_t down, across;
    char triangle;
} ptl_parts;

static void multiply_parts(void *task, int64_t block, int64_t from, int64_t to) {
    const ptl_parts *parts = task;
    const ptl_job *whole = &parts->whole;
    const int64_t rows = part_length(whole->rows, parts->down, ROWS);
    const int64_t width = part_length(whole->columns, parts->across, LANES);
    PTL_SCALAR *room = whole->a.across == 1 ? NULL : take_room();
    for (int64_t number = from; number < to; number++) {
        const int64_t row = number / parts->across * rows;
        const int64_t column = parts->triangle == 'U' ? row : number % parts->across * width;
        const int64_t columns = parts->triangle == 'L' ? row + rows : width;
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

static void multiply_all_parts(ptl_parts *parts, double work) {
    const int64_t count = parts->down * parts->across;
    const ptl_loop loop = {multiply_parts, parts, count, count, ptl_nanoseconds(work), false};
    if (count > 1 && ptl_gemm_crew != NULL && work >= PTL_LONG) {
        ptl_gemm_crew->run_loop(&loop);
    } else {
        multiply_parts(parts, 0, 0, count);
    }
}

/* -- what stands in for BLAS ------------------------------------------------------------------- */

/* About how many nanoseconds a product takes. */
static double nanoseconds(double rows, double columns, double depth) { return rows * columns * depth / (8 * LANES); }

/* Whether BLAS takes longer.  It does not where tiles are mostly empty, or take longer to be stored than summed up.  With
 * vectors as long as ours it does only for few rows, since it puts the right factor in order however few they are. */
static bool is_gain(int64_t rows, int64_t columns, int64_t depth) {
    const bool pays = 2 * rows >= ROWS && 2 * columns > LANES && depth > 8;
    const bool are_few = rows >= 8 && rows <= 64 && rows % ROWS == 0;
    return pays && (ptl_is_wider || are_few);
}

/* A matrix as Fortran has it, and as its transpose. */
static ptl_factor factor_of(const PTL_SCALAR *first, char order, int64_t lead) {
    return (ptl_factor){first, order == 'N' ? lead : 1, order == 'N' ? 1 : lead};
}

/* As Fortran calls gemm, whose matrices are the transposes of ours.  Factors that count for nothing are not read. */
void ptl_multiply(const char *b_order, const char *a_order, const int *columns, const int *rows, const int *depth,
                  const PTL_SCALAR *alpha, const PTL_SCALAR *b, const int *b_lead, const PTL_SCALAR *a,
                  const int *a_lead, const PTL_SCALAR *beta, PTL_SCALAR *c, const int *c_lead) {
    if (!is_gain(*rows, *columns, *depth)) {
        ptl_blas_gemm(b_order, a_order, columns, rows, depth, alpha, b, b_lead, a, a_lead, beta, c, c_lead);
        return;
    }
    const double work = nanoseconds(*rows, *columns, *depth);
    const ptl_factor left = factor_of(a, *a_order, *a_lead), right = factor_of(b, *b_order, *b_lead);
    const ptl_job whole = {*rows, *columns, *alpha == 0 ? 0 : *depth, *alpha, *beta, left, right, c, *c_lead};
    ptl_parts parts = {whole, 1, 1, 0};
    cut(&parts, work);
    multiply_all_parts(&parts, work);
}

/* As Fortran calls syrk, for a matrix and its transpose; but some of the other triangle is written over, too.  Rows are
 * cut so that this is little, and copies of the right factor serve many. */
void ptl_multiply_transposed(const char *triangle, const char *order, const int *side, const int *depth,
                             const PTL_SCALAR *alpha, const PTL_SCALAR *a, const int *a_lead, const PTL_SCALAR *beta,
                             PTL_SCALAR *c, const int *c_lead) {
    if (!is_gain(*side, *side, *depth)) {
        ptl_blas_syrk(triangle, order, side, depth, alpha, a, a_lead, beta, c, c_lead);
        return;
    }
    const ptl_factor right = factor_of(a, *order, *a_lead), left = {a, right.across, right.down};
    const ptl_job whole = {*side, *side, *alpha == 0 ? 0 : *depth, *alpha, *beta, left, right, c, *c_lead};
    const int64_t rows = ptl_max_int64(64, ptl_min_int64(*side / 8, BLOCK_ROWS));
    ptl_parts parts = {whole, (*side + rows - 1) / rows, 1, ptl_other_triangle(*triangle)};
    multiply_all_parts(&parts, nanoseconds(*side, *side, *depth) / 2);
}
