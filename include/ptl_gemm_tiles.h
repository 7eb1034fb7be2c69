/* One product of two matrices in one thread.  Part of ptl_gemm.h.
 *
 * The result is cut into tiles of a few rows by a few vectors, whose sums stay in registers while the factors are
 * walked.  Tiles that stand in a column are a panel: what they share of the right factor is copied to where it is near.
 * Factors are walked in blocks, so that a block of the left one stays in the second-level cache while all panels pass.
 */
#ifndef PTL_GEMM_TILES_H
#define PTL_GEMM_TILES_H

#include "ptl_gemm_vectors.h"

enum {
    /* The sums of a tile, a row of the right factor and a number of the left one take about all registers. */
    ROWS = PTL_VECTOR_BYTES == 64 ? 8 : 4,
    VECTORS = 3,
    /* A block of the left factor is half a megabyte of doubles, a panel of the right one 50 kB. */
    BLOCK_ROWS = 256,
    BLOCK_DEPTH = 2304 / sizeof(PTL_SCALAR),
    STRIP = LANES > ROWS ? LANES : ROWS, /* copied rows of the left factor that lie together */
    LEFT_ROOM = BLOCK_ROWS * BLOCK_DEPTH,
    RIGHT_ROOM = BLOCK_DEPTH * VECTORS * LANES,
};

/* c = alpha a b + beta c. */
typedef struct {
    int64_t rows, columns, depth;
    PTL_SCALAR alpha, beta;
    ptl_factor a, b;
    PTL_SCALAR *c;
    int64_t c_down;
} ptl_job;

/* -- tiles ------------------------------------------------------------------------------------- */

/* Copy a vector or less, in pieces of half a vector, a quarter, and so on. */
ALWAYS_INLINE void copy_part(const PTL_SCALAR *from, int64_t count, PTL_SCALAR *to) {
#pragma GCC unroll 8
    for (int size = LANES; size > 0; size /= 2) {
        if (count & size) {
            __builtin_memcpy(to, from, size * sizeof(PTL_SCALAR));
            from += size;
            to += size;
        }
    }
}

/* Store the first `height` rows of a tile, and of these the columns that the panel has. */
static __attribute__((noinline)) void store_part(const ptl_lanes *sums, int vectors, const ptl_job *panel,
                                                 int64_t height, PTL_SCALAR *c) {
    for (int64_t i = 0; i < height; i++, c += panel->c_down) {
        for (int v = 0; v < vectors; v++, sums++) {
            const int64_t count = ptl_min_int64(LANES, panel->columns - v * LANES);
            PTL_SCALAR *to = c + v * LANES;
            ptl_lanes part = panel->alpha * *sums, old = {0};
            if (panel->beta != 0) {
                copy_part(to, count, (PTL_SCALAR *)&old);
                part += panel->beta * old;
            }
            copy_part((const PTL_SCALAR *)&part, count, to);
        }
    }
}

/* A tile of a panel: its `height` rows begin where a and c do.  Where it has less than ROWS, the last one is computed
 * several times.  Loops over the sums are written out whole, so that these are registers. */
ALWAYS_INLINE void multiply_tile(int vectors, const ptl_job *panel, const PTL_SCALAR *a, int64_t height,
                                 PTL_SCALAR *c) {
    const PTL_SCALAR *row[ROWS], *b = panel->b.first;
    ptl_lanes sum[ROWS][VECTORS];
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
        row[i] = a + ptl_min_int64(i, height - 1) * panel->a.down;
        for (int v = 0; v < vectors; v++) sum[i][v] = (ptl_lanes){0};
    }
    for (int64_t i = 0; panel->beta != 0 && i < ptl_min_int64(ROWS, height); i++) {
        for (int v = 0; v < vectors; v++) __builtin_prefetch(c + i * panel->c_down + v * LANES, 1);
    }
    for (int64_t k = 0; k < panel->depth; k++, b += panel->b.down) {
        ptl_lanes right[VECTORS];
        for (int v = 0; v < vectors; v++) right[v] = *(const ptl_lanes *)(b + v * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++) {
            const PTL_SCALAR factor = row[i][k * panel->a.across];
            for (int v = 0; v < vectors; v++) sum[i][v] += factor * right[v];
        }
    }
    if (height < ROWS || panel->columns < vectors * LANES) {
        ptl_lanes sums[ROWS * VECTORS] __attribute__((aligned(PTL_VECTOR_BYTES)));
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++) {
            for (int v = 0; v < vectors; v++) sums[i * vectors + v] = sum[i][v];
        }
        store_part(sums, vectors, panel, ptl_min_int64(ROWS, height), c);
        return;
    }
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++, c += panel->c_down) {
        for (int v = 0; v < vectors; v++) {
            ptl_lanes *to = (ptl_lanes *)(c + v * LANES), part = panel->alpha * sum[i][v];
            if (panel->beta != 0) part += panel->beta * *to;
            *to = part;
        }
    }
}

/* Each kind of tile is a function, so that what it needs stays in registers. */
typedef void ptl_tile(const ptl_job *panel, const PTL_SCALAR *a, int64_t height, PTL_SCALAR *c);

#define PTL_TILE(vectors)                                                                                              \
    static __attribute__((noinline)) void multiply_tile_##vectors(const ptl_job *panel, const PTL_SCALAR *a,           \
                                                                  int64_t height, PTL_SCALAR *c) {                     \
        multiply_tile(vectors, panel, a, height, c);                                                                   \
    }
PTL_TILE(1)
PTL_TILE(2)
PTL_TILE(3)

/* All tiles of a panel; `strip` is the distance between each STRIP rows of a and the next. */
static void multiply_panel(int64_t vectors, const ptl_job *panel, int64_t strip) {
    ptl_tile *const tile = vectors == 1 ? multiply_tile_1 : vectors == 2 ? multiply_tile_2 : multiply_tile_3;
    PTL_SCALAR *c = panel->c;
    for (int64_t i = 0; i < panel->rows; i += ROWS, c += ROWS * panel->c_down) {
        tile(panel, panel->a.first + i / STRIP * strip + i % STRIP * panel->a.down, panel->rows - i, c);
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
static ptl_job part_of(const ptl_job *whole, int64_t row, int64_t rows, int64_t column, int64_t columns,
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

/* A product of at most BLOCK_ROWS rows and BLOCK_DEPTH terms. */
static void multiply_block(const ptl_job *block, PTL_SCALAR *left_room, PTL_SCALAR *right_room) {
    ptl_factor a = block->a;
    int64_t strip = STRIP * a.down;
    if (a.across != 1 && left_room != NULL && block->columns > VECTORS * LANES) {
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
