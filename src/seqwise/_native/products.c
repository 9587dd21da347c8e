/* Products of float32 matrices of any size, on all threads of torch: C = A B, or C += A B.

   Tasks are blocks of C. A task takes some of the depth at a time: it packs its part of B into panels (see product.h),
   and reads its part of A where it stands, or copied side by side if that stands column by column. Each element of C is
   summed in the order of depth, in parts of DEPTH, whatever the blocks and the number of threads. */

#include <stdatomic.h>
#include <stdlib.h>

#include "product.h"

enum { DEPTH = 256, MOST_ROWS = 768, MOST_COLUMNS = 512, UNIT = ROWS * FLOATS }; /* a unit is whole tiles and vectors */

/* What Python fills in: `Product` in _products.py has the same fields. */
struct call {
    struct matrix a, b;
    float *c;
    ptrdiff_t row; /* from one row of C to the next */
    ptrdiff_t rows, depth, columns;
    const float *bias; /* what to add to each row of C, or NULL */
    ptrdiff_t adds;    /* whether to add to what C is; without a bias */
    ptrdiff_t tasks;   /* how many there should be at least, if the matrices are large enough */
    atomic_int failed; /* result: set when there was no memory, so that C is incomplete */
};

struct blocks {
    struct call *call;
    ptrdiff_t rows, columns, across; /* of a block of C; how many blocks are side by side */
};

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

/* The last panel, whose columns fill no whole vectors: by way of a tile that does. */
static void last_panel(
    struct matrix a, const float *b, ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t columns, float *c, ptrdiff_t row, int add
) {
    float some[ROWS * PANEL * FLOATS];
    ptrdiff_t width = (columns + FLOATS - 1) / FLOATS * FLOATS;
    for (ptrdiff_t i = 0; i < rows; i += ROWS) {
        ptrdiff_t count = least(ROWS, rows - i);
        struct matrix from = {a.values + i * a.row, a.row, a.column};
        product(from, b, count, depth, width, some, width, 0);
        for (ptrdiff_t k = 0; k < count; k++)
            for (ptrdiff_t j = 0; j < columns; j++)
                c[(i + k) * row + j] = some[k * width + j] + (add ? c[(i + k) * row + j] : 0);
    }
}

/* The columns of that panel of B, with zeros up to a whole vector. */
static void pack_last(struct matrix b, ptrdiff_t depth, ptrdiff_t columns, float *panel) {
    ptrdiff_t width = (columns + FLOATS - 1) / FLOATS * FLOATS;
    for (ptrdiff_t k = 0; k < depth; k++)
        for (ptrdiff_t j = 0; j < width; j++)
            panel[k * width + j] = j < columns ? b.values[k * b.row + j * b.column] : 0;
}

/* A (rows x depth), whose columns stand side by side, copied so that nothing is between them. */
static struct matrix copied(struct matrix a, ptrdiff_t rows, ptrdiff_t depth, float *to) {
    for (ptrdiff_t k = 0; k < depth; k++)
        for (ptrdiff_t i = 0; i < rows; i++)
            to[k * rows + i] = a.values[k * a.column + i * a.row];
    return (struct matrix){to, 1, rows};
}

static void task(ptrdiff_t number, void *data) {
    const struct blocks *blocks = data;
    struct call *call = blocks->call;
    ptrdiff_t first_row = number / blocks->across * blocks->rows, first = number % blocks->across * blocks->columns;
    ptrdiff_t rows = least(blocks->rows, call->rows - first_row), columns = least(blocks->columns, call->columns - first);
    ptrdiff_t whole = columns % FLOATS ? columns / (PANEL * FLOATS) * (PANEL * FLOATS) : columns;
    ptrdiff_t copy = call->a.column == 1 ? 0 : rows, padded = (columns + FLOATS - 1) / FLOATS * FLOATS;
    ptrdiff_t most = least(DEPTH, call->depth);
    float *panels = aligned_alloc(64, (size_t)(most * (padded + copy) + FLOATS - 1) / FLOATS * FLOATS * sizeof *panels);
    if (!panels) {
        atomic_store_explicit(&call->failed, 1, memory_order_relaxed);
        return;
    }
    float *c = call->c + first_row * call->row + first;
    for (ptrdiff_t k = 0; k < call->depth; k += DEPTH) {
        ptrdiff_t depth = least(DEPTH, call->depth - k);
        struct matrix a = {call->a.values + first_row * call->a.row + k * call->a.column, call->a.row, call->a.column};
        struct matrix b = {call->b.values + k * call->b.row + first * call->b.column, call->b.row, call->b.column};
        struct matrix rest = {b.values + whole * b.column, b.row, b.column};
        int add = call->adds || call->bias || k;
        for (ptrdiff_t i = 0; call->bias && !k && i < rows; i++)
            memcpy(c + i * call->row, call->bias + first, (size_t)columns * sizeof *c);
        if (a.column != 1)
            a = copied(a, rows, depth, panels + most * padded);
        pack(b, depth, whole, panels);
        product(a, panels, rows, depth, whole, c, call->row, add);
        if (whole == columns)
            continue;
        pack_last(rest, depth, columns - whole, panels);
        last_panel(a, panels, rows, depth, columns - whole, c + whole, call->row, add);
    }
    free(panels);
}

/* Whether this is quicker than MKL, the library that torch multiplies with on x86: so it is on AMD's processors with
   AVX-512, half of whose speed MKL leaves unused. */
SEQWISE_API void seqwise_products_are_quick(int *are_quick) {
#if defined(__AVX512F__) && defined(__x86_64__)
    __builtin_cpu_init();
    *are_quick = __builtin_cpu_is("amd") != 0;
#else
    *are_quick = 0;
#endif
}

/* Half of so many rows or columns, in whole units; no less than before where that is one unit. */
static ptrdiff_t half_of(ptrdiff_t count) {
    return (count + 2 * UNIT - 1) / (2 * UNIT) * UNIT;
}

/* C (rows x columns), in blocks with about as many rows each, which are halved until there are as many as asked for:
   mostly across the columns, since each block packs the part of B for its columns. */
SEQWISE_API void seqwise_product(struct call *call) {
    ptrdiff_t parts = (call->rows + MOST_ROWS - 1) / MOST_ROWS, rows = parts ? (call->rows + parts - 1) / parts : 0;
    struct blocks blocks = {call, (rows + ROWS - 1) / ROWS * ROWS, least(MOST_COLUMNS, call->columns), 0};
    for (;;) {
        blocks.across = (call->columns + blocks.columns - 1) / blocks.columns;
        ptrdiff_t tasks = blocks.rows ? (call->rows + blocks.rows - 1) / blocks.rows * blocks.across : 0;
        ptrdiff_t rows_of_half = half_of(blocks.rows), columns_of_half = half_of(blocks.columns);
        int can_rows = rows_of_half < blocks.rows, can_columns = columns_of_half < blocks.columns;
        if (tasks >= call->tasks || (!can_rows && !can_columns)) {
            seqwise_parallel(tasks, task, &blocks);
            return;
        }
        if (can_columns && (!can_rows || blocks.rows < 8 * blocks.columns))
            blocks.columns = columns_of_half;
        else
            blocks.rows = rows_of_half;
    }
}
