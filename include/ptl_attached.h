/* Products of matrices whose rows go with the iterations of a loop: some rows are computed, and while they are in a near
 * cache, the loop is done for them, or the other way round.
 *
 * Where an array lies in no cache, it need not go out to memory and come back, which takes about 0.4 ns an element or
 * more; in the third-level cache, a tenth of that.  But each call of BLAS puts the other matrix in order anew, or adds to a
 * matrix, at about 0.2 ns an element: a call for r rows and another matrix of k elements for each element of a row pays
 * 0.2 k/r ns for an element of the array.
 */
#ifndef PTL_ATTACHED_H
#define PTL_ATTACHED_H

#include "ptl_threads.h"

/* The most bytes of arrays that are computed at a time: they stay in the second-level cache, and on the stack. */
#ifndef PTL_ATTACHED_BLOCK
#define PTL_ATTACHED_BLOCK (256 << 10)
#endif
/* Arrays of more bytes go out to memory. */
#ifndef PTL_ATTACHED_BEYOND
#define PTL_ATTACHED_BEYOND (8 << 20)
#endif
/* Into so many blocks a loop must be cut, or as many as it is worth. */
#define PTL_ATTACHED_BLOCKS 4

/* How many rows are computed at a time, if each has so many `bytes` and the other matrix has `depth` elements for each
 * of its elements; 0: BLAS is called for all rows at once.  The loop has so many nanoseconds of `work`, in `all` with its
 * products, and a block of it has `own` sums. */
static inline int64_t ptl_attached(int64_t work, int64_t all, int64_t rows, int64_t bytes, int64_t depth, int64_t own) {
    if (work < PTL_LONG || bytes <= 0) return 0;
    const int64_t few = PTL_ATTACHED_BLOCK / bytes / 16 * 16; /* groups of rows are whole */
    const int64_t deepest = rows > PTL_ATTACHED_BEYOND / bytes ? few : few / 8;
    if (rows <= few || depth > deepest) return 0;
    const int64_t blocks = ptl_min_int64(ptl_blocks(all, rows, 0), PTL_ATTACHED_BLOCKS);
    return ptl_blocks(all, rows, own) < blocks ? 0 : few;
}

/* The same for a block of `rows` rows, in parts of about one length; `few` is what ptl_attached says. */
static inline int64_t ptl_attached_rows(int64_t few, int64_t rows) {
    if (few == 0) return rows;
    const int64_t parts = (rows + few - 1) / few;
    return ((rows + parts - 1) / parts + 15) / 16 * 16;
}

#endif
