/* One product of two matrices in one thread.  Part of ptl_gemm.h.
 *
 * The result is cut into tiles of a few rows by a few vectors, whose sums stay in registers while the factors are
 * walked.  Tiles that stand in a column are a panel: what they share of the right factor is copied to where it is near.
 * Factors are walked in blocks, so that a block of the left one stays in the second-level cache while all panels pass.
 */
#ifndef PTL_GEMM_TILES_H
#define PTL_GEMM_TILES_H

#include "ptl_blas.h"
#include "ptl_loops.h"

#if defined(__AVX512F__)
#define PTL_VECTOR_BYTES 64
#elif defined(__AVX__)
#define PTL_VECTOR_BYTES 32
#else
#define PTL_VECTOR_BYTES 16
#endif

typedef PTL_SCALAR ptl_lanes
    __attribute__((vector_size(PTL_VECTOR_BYTES), aligned(sizeof(PTL_SCALAR)), may_alias));

enum {
    LANES = PTL_VECTOR_BYTES / sizeof(PTL_SCALAR),
    /* The sums of a tile, a row of the right factor and a number of the left one take about all registers. */
    ROWS = PTL_VECTOR_BYTES == 64 ? 8 : 4,
    FEW_ROWS = 4,
    VECTORS = 3,
    WIDTH = VECTORS * LANES,
    /* A block of the left factor is half a megabyte of doubles, a panel of the right one 48 kB. */
    BLOCK_ROWS = 256,
    BLOCK_DEPTH = 2304 / sizeof(PTL_SCALAR),
    STRIP = LANES > ROWS ? LANES : ROWS, /* copied rows of the left factor that lie together */
    LEFT_ROOM = BLOCK_ROWS * BLOCK_DEPTH,
    RIGHT_ROOM = (BLOCK_DEPTH > PTL_SMALL_DEPTH ? BLOCK_DEPTH : PTL_SMALL_DEPTH) * WIDTH,
};

/* A matrix: its first element, and the distances between rows and between columns. */
typedef struct {
    const PTL_SCALAR *first;
    int64_t down, across;
} ptl_factor;

/* c = alpha a b + beta c. */
typedef struct {
    int64_t rows, columns, depth;
    PTL_SCALAR alpha, beta;
    ptl_factor a, b;
    PTL_SCALAR *c;
    int64_t c_down;
} ptl_job;

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* -- tiles ------------------------------------------------------------------------------------- */

/* Copy less elements than a vector has, in pieces of half a vector, a quarter, and so on. */
static __attribute__((noinline)) void copy_part(const PTL_SCALAR *from, int64_t count, PTL_SCALAR *to) {
#pragma GCC unroll 8
    for (int size = LANES / 2; size > 0; size /= 2) {
        if (count & size) {
            __builtin_memcpy(to, from, size * sizeof(PTL_SCALAR));
            from += size;
            to += size;
        }
    }
}

/* A tile of a panel: its `height` rows begin where a and c do.  Where it has less than `rows`, the last one is
 * computed several times. */
ALWAYS_INLINE void multiply_tile(int rows, int vectors, const ptl_job *panel, const PTL_SCALAR *a, int64_t height,
                                 PTL_SCALAR *c) {
    const PTL_SCALAR *row[ROWS], *b = panel->b.first;
    ptl_lanes sum[ROWS][VECTORS];
    for (int i = 0; i < rows; i++) {
        row[i] = a + (i < height ? i : height - 1) * panel->a.down;
        for (int v = 0; v < vectors; v++) sum[i][v] = (ptl_lanes){0};
    }
    for (int64_t k = 0; k < panel->depth; k++, b += panel->b.down) {
        ptl_lanes right[VECTORS];
        for (int v = 0; v < vectors; v++) right[v] = *(const ptl_lanes *)(b + v * LANES);
        for (int i = 0; i < rows; i++) {
            const PTL_SCALAR factor = row[i][k * panel->a.across];
            for (int v = 0; v < vectors; v++) sum[i][v] += factor * right[v];
        }
    }
    for (int i = 0; i < rows; i++, c += panel->c_down) {
        if (i == height) return;
        for (int v = 0; v < vectors; v++) {
            const int64_t count = panel->columns - v * LANES;
            PTL_SCALAR *to = c + v * LANES;
            ptl_lanes part = panel->alpha * sum[i][v], old = {0};
            if (count >= LANES) {
                if (panel->beta != 0) part += panel->beta * *(ptl_lanes *)to;
                *(ptl_lanes *)to = part;
            } else {
                if (panel->beta != 0) {
                    copy_part(to, count, (PTL_SCALAR *)&old);
                    part += panel->beta * old;
                }
                copy_part((PTL_SCALAR *)&part, count, to);
            }
        }
    }
}

/* Each kind of tile is a function, so that all it needs stays in registers. */
typedef void ptl_tile(const ptl_job *panel, const PTL_SCALAR *a, int64_t height, PTL_SCALAR *c);

#define TILE(name, rows, vectors)                                                                                      \
    static __attribute__((noinline)) void name(const ptl_job *panel, const PTL_SCALAR *a, int64_t height,              \
                                               PTL_SCALAR *c) {                                                        \
        multiply_tile(rows, vectors, panel, a, height, c);                                                             \
    }
#define TILES(vectors)                                                                                                 \
    TILE(high_##vectors, ROWS, vectors) TILE(low_##vectors, FEW_ROWS, vectors) TILE(single_##vectors, 1, vectors)
TILES(1)
TILES(2)
TILES(3)

/* All tiles of a panel; `strip` is the distance between each STRIP rows of a and the next. */
static void multiply_panel(int64_t vectors, const ptl_job *panel, int64_t strip) {
    static ptl_tile *const tiles[VECTORS][3] = {
        {single_1, low_1, high_1}, {single_2, low_2, high_2}, {single_3, low_3, high_3}};
    PTL_SCALAR *c = panel->c;
    for (int64_t i = 0; i < panel->rows; i += ROWS, c += ROWS * panel->c_down) {
        const int64_t height = panel->rows - i;
        const PTL_SCALAR *a = panel->a.first + i / STRIP * strip + i % STRIP * panel->a.down;
        tiles[vectors - 1][height == 1 ? 0 : height <= FEW_ROWS ? 1 : 2](panel, a, height, c);
    }
}

/* -- copies ------------------------------------------------------------------------------------ */

#if defined(__has_builtin)
#if __has_builtin(__builtin_shuffle)
#define PTL_SHUFFLE(x, y, lanes) __builtin_shuffle(x, y, lanes)
#endif
#endif

#if defined(PTL_SHUFFLE)
/* Copy as many rows as a vector has lanes, and as many columns, as columns.  The halves of the rows are shuffled like
 * cards: each time the highest bit of an element's row becomes the lowest of its column, and the other way round. */
static void transpose(ptl_factor from, int64_t down, PTL_SCALAR *to) {
    __typeof__((ptl_lanes){0} < (ptl_lanes){0}) low, high;
    ptl_lanes row[LANES], shuffled[LANES];
    for (int i = 0; i < LANES; i++) {
        low[i] = i / 2 + i % 2 * LANES;
        high[i] = low[i] + LANES / 2;
        row[i] = *(const ptl_lanes *)(from.first + i * from.down);
    }
    for (int times = 1; times < LANES; times *= 2) {
        for (int i = 0; i < LANES / 2; i++) {
            shuffled[2 * i] = PTL_SHUFFLE(row[i], row[i + LANES / 2], low);
            shuffled[2 * i + 1] = PTL_SHUFFLE(row[i], row[i + LANES / 2], high);
        }
        for (int i = 0; i < LANES; i++) row[i] = shuffled[i];
    }
    for (int i = 0; i < LANES; i++) *(ptl_lanes *)(to + i * down) = row[i];
}
#endif

/* Copy a matrix so that each `unit` rows, whole vectors of them, lie column by column, with anything behind the last
 * row. */
static void pack(ptl_factor from, int64_t rows, int64_t columns, int64_t unit, PTL_SCALAR *to) {
    const int64_t end = (columns - 1) * from.across + rows; /* of what may be read where rows are neighbours */
    for (int64_t start = 0; start < rows; start += unit, from.first += unit * from.down, to += unit * columns) {
        int64_t done = 0;
        for (; from.down == 1 && done < columns && start + done * from.across + unit <= end; done++) {
            const PTL_SCALAR *column = from.first + done * from.across;
            for (int64_t i = 0; i < unit; i += LANES) {
                *(ptl_lanes *)(to + done * unit + i) = *(const ptl_lanes *)(column + i);
            }
        }
        for (int64_t i = 0; i < unit; i += LANES) {
            const int64_t count = ptl_max_int64(0, ptl_min_int64(LANES, rows - start - i));
            const PTL_SCALAR *first = from.first + i * from.down;
            int64_t k = done;
#if defined(PTL_SHUFFLE)
            for (; from.across == 1 && count == LANES && k + LANES <= columns; k += LANES) {
                transpose((ptl_factor){first + k, from.down, 1}, unit, to + k * unit + i);
            }
#endif
            for (; k < columns; k++) {
                PTL_SCALAR *here = to + k * unit + i;
                *(ptl_lanes *)here = (ptl_lanes){0};
                if (from.down == 1 && count < LANES) {
                    copy_part(first + k * from.across, count, here);
                } else {
                    for (int64_t j = 0; j < count; j++) here[j] = first[j * from.down + k * from.across];
                }
            }
        }
    }
}

/* -- blocks ------------------------------------------------------------------------------------ */

/* The product for some rows, columns and terms of the sums. */
ALWAYS_INLINE ptl_job part_of(const ptl_job *whole, int64_t row, int64_t rows, int64_t column, int64_t columns,
                              int64_t term, int64_t depth) {
    const ptl_factor a = whole->a, b = whole->b;
    return (ptl_job){
        .rows = ptl_min_int64(rows, whole->rows - row),
        .columns = ptl_min_int64(columns, whole->columns - column),
        .depth = ptl_min_int64(depth, whole->depth - term),
        .alpha = whole->alpha,
        .beta = term > 0 ? 1 : whole->beta,
        .a = {a.first + row * a.down + term * a.across, a.down, a.across},
        .b = {b.first + term * b.down + column * b.across, b.down, b.across},
        .c = whole->c + row * whole->c_down + column,
        .c_down = whole->c_down,
    };
}

/* A product of at most BLOCK_ROWS rows and BLOCK_DEPTH terms, or of few: then there need not be room for a. */
static void multiply_block(const ptl_job *block, PTL_SCALAR *left_room, PTL_SCALAR *right_room) {
    ptl_factor a = block->a;
    int64_t strip = STRIP * a.down;
    if (a.across != 1 && left_room != NULL && block->columns > WIDTH) {
        strip = STRIP * block->depth;
        pack(a, block->rows, block->depth, STRIP, left_room);
        a = (ptl_factor){left_room, 1, STRIP};
    }
    for (int64_t column = 0, vectors; column < block->columns; column += vectors * LANES) {
        const int64_t left = (block->columns - column + LANES - 1) / LANES;
        vectors = left == 4 ? 2 : ptl_min_int64(left, VECTORS);
        const int64_t width = vectors * LANES;
        ptl_job panel = part_of(block, 0, block->rows, column, width, 0, block->depth);
        panel.a = a;
        if (panel.b.across != 1 || panel.columns < width || panel.rows > 2 * ROWS) {
            const ptl_factor turned = {panel.b.first, panel.b.across, panel.b.down};
            pack(turned, panel.columns, panel.depth, width, right_room);
            panel.b = (ptl_factor){right_room, width, 1};
        }
        multiply_panel(vectors, &panel, strip);
    }
}

/* How long equal parts are, but for the last, if each is a multiple of `unit`. */
static int64_t part_length(int64_t length, int64_t parts, int64_t unit) {
    return (length + parts * unit - 1) / (parts * unit) * unit;
}
static int64_t block_length(int64_t length, int64_t most, int64_t unit) {
    return part_length(length, ptl_max_int64(1, (length + most - 1) / most), unit);
}

/* Any product.  Without room for the left factor it is read where it lies, which takes longer. */
static void multiply(const ptl_job *whole, PTL_SCALAR *left_room) {
    PTL_SCALAR right_room[RIGHT_ROOM] __attribute__((aligned(PTL_VECTOR_BYTES)));
    const int64_t rows = block_length(whole->rows, BLOCK_ROWS, STRIP);
    const int64_t depth = block_length(whole->depth, BLOCK_DEPTH, LANES);
    int64_t term = 0;
    do {
        for (int64_t row = 0; row < whole->rows; row += rows) {
            const ptl_job block = part_of(whole, row, rows, 0, whole->columns, term, depth);
            multiply_block(&block, left_room, right_room);
        }
        term += depth;
    } while (term < whole->depth);
}

#endif
