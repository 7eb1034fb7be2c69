/* Products of matrices whose rows a loop reads one by one: some rows are computed, and while they are in a near cache,
 * the loop is done for them.
 *
 * Where the product is large, it need not go out to memory and come back, which takes about 0.4 ns an element or more.
 * But each call of BLAS reads the right operand anew and puts it in order, at about 0.2 ns an element: a call for r rows
 * and a right operand of k rows pays 0.2 k/r ns for an element of the product.
 */
#ifndef PTL_ATTACHED_H
#define PTL_ATTACHED_H

#include "ptl_threads.h"

/* The most bytes of products that are computed at a time: they stay in the second-level cache, and on the stack. */
#ifndef PTL_ATTACHED_BLOCK
#define PTL_ATTACHED_BLOCK (256 << 10)
#endif

/* How many rows are computed at a time, if `bytes` are computed for each, the right operand has `depth` rows, and the
 * loop has so many nanoseconds of work; 0: all of them, before the loop. */
static inline int64_t ptl_attached(int64_t work, int64_t rows, int64_t bytes, int64_t depth) {
    if (work < PTL_LONG || bytes <= 0) return 0;
    const int64_t few = PTL_ATTACHED_BLOCK / bytes / 16 * 16; /* groups of rows are whole */
    return few > 0 && depth <= few && few < rows ? few : 0;
}

/* The same for a block of `rows` rows, in parts of about one length; `few` is what ptl_attached says. */
static inline int64_t ptl_attached_rows(int64_t few, int64_t rows) {
    if (few == 0) return rows;
    const int64_t parts = (rows + few - 1) / few;
    return ((rows + parts - 1) / parts + 15) / 16 * 16;
}

#endif
