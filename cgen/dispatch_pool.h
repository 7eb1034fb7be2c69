/* Memory of large arrays that is used again.
 *
 * Fresh memory costs page faults: for an output of 80 MB more than the arithmetic that fills it.  So what is released
 * goes to a short list, up to a limit, and the next array of about that size takes it from there.  The functions have
 * the signatures of NumPy's memory handlers: an array made with this handler owns its data like any other, and gives
 * it back here when it is freed, whenever that is.  All are called with the GIL held, which is their lock.
 */
#ifndef PTL_DISPATCH_POOL_H
#define PTL_DISPATCH_POOL_H

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define POOL_ALIGNMENT 64
#define POOL_BLOCKS 64
/* Smaller blocks are not worth keeping: the system's allocator is as fast. */
#define POOL_SMALLEST 65536
/* From here on huge pages are asked for, as NumPy does. */
#define POOL_HUGE (4u << 20)

/* Blocks of a page or more begin a page.  Writing just after the place (modulo 4096) where another array is being read makes the
 * processor suspect that they overlap: 15 % slower, measured.  NumPy's large arrays begin 16 bytes into a page. */
#define POOL_PAGE 4096

/* Stands in the 64 bytes before the data. */
typedef struct {
    size_t capacity;
    void *memory; /* what is to be freed */
} PoolHeader;

static struct {
    char *blocks[POOL_BLOCKS]; /* data pointers, the longest unused first */
    int count;
    size_t bytes;
    size_t limit;
} pool = {.limit = (size_t)256 << 20};

static inline PoolHeader *pool_header(void *data) {
    return (PoolHeader *)((char *)data - POOL_ALIGNMENT);
}

static void pool_release(char *data) {
    free(pool_header(data)->memory);
}

static char *pool_take(int position) {
    char *data = pool.blocks[position];
    pool.bytes -= pool_header(data)->capacity;
    pool.count--;
    memmove(pool.blocks + position, pool.blocks + position + 1,
            (size_t)(pool.count - position) * sizeof(char *));
    return data;
}

static void pool_shrink(size_t limit) {
    while (pool.count > 0 && pool.bytes > limit) pool_release(pool_take(0));
}

/* The smallest block that holds `size` bytes and wastes less than a quarter; -1 if there is none. */
static int pool_find(size_t size) {
    int best = -1;
    size_t best_capacity = size + size / 4 + 1;
    for (int i = pool.count - 1; i >= 0; i--) {
        size_t capacity = pool_header(pool.blocks[i])->capacity;
        if (capacity >= size && capacity < best_capacity) {
            best = i;
            best_capacity = capacity;
        }
    }
    return best;
}

static void *pool_malloc(void *context, size_t size) {
    (void)context;
    if (size >= POOL_SMALLEST) {
        int found = pool_find(size);
        if (found >= 0) return pool_take(found);
    }
    if (size > (size_t)PTRDIFF_MAX - 2 * POOL_PAGE) return NULL;
    size_t capacity = (size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT * POOL_ALIGNMENT;
    size_t before = capacity >= POOL_PAGE ? POOL_PAGE : POOL_ALIGNMENT;
    void *memory;
    if (posix_memalign(&memory, before, capacity + before) != 0) return NULL;
    char *data = (char *)memory + before;
#if defined(MADV_HUGEPAGE)
    if (capacity >= POOL_HUGE) madvise(data, capacity / POOL_PAGE * POOL_PAGE, MADV_HUGEPAGE);
#endif
    *pool_header(data) = (PoolHeader){capacity, memory};
    return data;
}

static void pool_free(void *context, void *data, size_t size) {
    (void)context;
    (void)size;
    if (data == NULL) return;
    size_t capacity = pool_header(data)->capacity;
    if (capacity < POOL_SMALLEST || capacity > pool.limit) {
        pool_release(data);
        return;
    }
    pool_shrink(pool.limit - capacity);
    if (pool.count == POOL_BLOCKS) pool_release(pool_take(0));
    pool.blocks[pool.count++] = data;
    pool.bytes += capacity;
}

static void *pool_calloc(void *context, size_t count, size_t size) {
    if (size != 0 && count > (size_t)PTRDIFF_MAX / size) return NULL;
    void *data = pool_malloc(context, count * size);
    if (data != NULL) memset(data, 0, count * size);
    return data;
}

static void *pool_realloc(void *context, void *data, size_t size) {
    void *moved = pool_malloc(context, size);
    if (moved == NULL || data == NULL) return moved;
    size_t capacity = pool_header(data)->capacity;
    memcpy(moved, data, capacity < size ? capacity : size);
    pool_free(context, data, capacity);
    return moved;
}

static PyDataMem_Handler pool_handler_table = {
    "pytensorlite_pool", 1, {NULL, pool_malloc, pool_calloc, pool_realloc, pool_free}};
static PyObject *pool_handler; /* the capsule */

#endif
