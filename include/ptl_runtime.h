/* The boundary between a compiled program and whoever calls it.
 *
 * A program is plain C: it never touches Python, allocates nothing and keeps no state, so it may run without
 * the GIL and in many threads at once.  It exports two functions with one fixed pair of prototypes:
 *
 *     int32_t NAME_sizes(const ptl_array *in, int64_t *sizes, ptl_error *error);
 *     int32_t NAME_run(const ptl_array *in, void *const *out, const int64_t *sizes, char *workspace,
 *                      ptl_error *error, ptl_host *host);
 *
 * NAME_sizes checks the inputs' shapes against each other and fills `sizes`; sizes[0] is the number of bytes
 * of workspace, the others are the lengths from which the caller takes the outputs' shapes.  NAME_run computes.
 * Both return PTL_OK or PTL_FAILED; after a failure `error` says which of the program's possible failures it was,
 * and the caller finds the words in a table.
 *
 * Long loops are handed to the `host`, which may run their blocks in several threads and may stop them; NAME_run
 * then returns PTL_FAILED, and the host knows why.  The simplest host is {ptl_run_serially}, of ptl_host.h.  Results
 * are the same bit for bit with any: how a loop is cut depends on sizes alone.
 *
 * `in` holds the inputs, then the constants: C-contiguous, aligned, native byte order; a program may be made for inputs
 * in rows that stand apart, and then reads their strides.  `out` holds fresh C-contiguous memory.  `workspace` is aligned to PTL_ALIGNMENT and may be reused from call to call.
 */
#ifndef PTL_RUNTIME_H
#define PTL_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of the key of every compiled file: raise it when the types or prototypes below change. */
#define PTL_ABI_VERSION 4

#define PTL_ALIGNMENT 64

enum { PTL_OK = 0, PTL_FAILED = 1 };

typedef struct {
    void *data;
    const int64_t *shape;
    const int64_t *strides; /* in bytes */
} ptl_array;

typedef struct {
    int64_t where; /* index in the program's table of failures */
    int64_t detail[6];
} ptl_error;

/* A loop whose iterations may run in any order.  It is cut into `blocks` blocks (0: as many as its work is worth), which
 * may run at the same time, and each block into steps, which follow each other.  `run_step` runs the iterations from
 * `from` up to `to`; by the block's number it finds what the block has for itself. */
typedef struct {
    void (*run_step)(void *task, int64_t block, int64_t from, int64_t to);
    void *task;
    int64_t extent, blocks;
    int64_t work;    /* about how many nanoseconds it takes */
    bool calls_blas; /* which is to start no threads of its own */
} ptl_loop;

/* What a program may ask of its caller: to run all blocks of a loop.  PTL_FAILED: the loop was interrupted.  From when
 * a program writes over what must not be left half done, it must not be interrupted any more. */
typedef struct ptl_host ptl_host;
struct ptl_host {
    int32_t (*run_loop)(ptl_host *host, const ptl_loop *loop);
    bool must_finish;
};

typedef int32_t (*ptl_sizes_function)(const ptl_array *in, int64_t *sizes, ptl_error *error);
typedef int32_t (*ptl_run_function)(const ptl_array *in, void *const *out, const int64_t *sizes,
                                    char *workspace, ptl_error *error, ptl_host *host);

/* The branch hints and the promise of alignment that every supported compiler (gcc, clang, zig) understands. */
#define PTL_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define PTL_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define PTL_ALIGNED(pointer) __builtin_assume_aligned((pointer), PTL_ALIGNMENT)

/* Record the failure and leave: `return ptl_fail(error, 3, index, axis, length, 0, 0, 0);` */
static inline int32_t ptl_fail(ptl_error *error, int64_t where, int64_t a, int64_t b, int64_t c,
                               int64_t d, int64_t e, int64_t f) {
    error->where = where;
    error->detail[0] = a;
    error->detail[1] = b;
    error->detail[2] = c;
    error->detail[3] = d;
    error->detail[4] = e;
    error->detail[5] = f;
    return PTL_FAILED;
}

/* product *= factor for sizes, neither negative; false when the product does not fit in an int64.
 * A program asks for each output and each workspace array, so that an impossible size becomes an error, not a
 * short allocation. */
static inline bool ptl_size_multiply(int64_t *product, int64_t factor) {
    return !__builtin_mul_overflow(*product, factor, product);
}

/* The next multiple of PTL_ALIGNMENT, for offsets in the workspace. */
static inline int64_t ptl_round_up(int64_t bytes) {
    return (bytes + (PTL_ALIGNMENT - 1)) & ~(int64_t)(PTL_ALIGNMENT - 1);
}

#endif
