/* Products of float matrices whose column counts are multiples of 16.

   C (rows x columns) = A (rows x depth) B (depth x columns), in tiles that stay in registers. B is packed beforehand
   into panels of up to PANEL vectors side by side, each row of a panel after the other, so that it is read in the order
   in which it stands. A is read where it stands, at any stride, so also transposed. Each element is summed in the
   order of depth: a row of C does not depend on how many other rows there are. */

#ifndef SEQWISE_PRODUCT_H
#define SEQWISE_PRODUCT_H

#include <string.h>

#include "seqwise.h"
#include "gates.h"

/* A tile of ROWS x PANEL vectors, with a row of B and a value of A beside it, fits the registers. */
#if defined(__AVX512F__)
#define ROWS 6
#define PANEL 4
#elif defined(__AVX2__)
#define ROWS 6
#define PANEL 1
#else
#define ROWS 2
#define PANEL 1
#endif

struct matrix {
    const float *values;
    ptrdiff_t row, column; /* from one row to the next, from one column to the next */
};

/* As much of a vector as the processor has registers for: sums of longer ones would wait in memory. */
#define PARTS (64 / BYTES)
typedef float registers __attribute__((vector_size(BYTES), may_alias));
typedef float loose_registers __attribute__((vector_size(BYTES), aligned(4), may_alias));

INLINE void tile(int rows, int vectors, struct matrix a, const float *b, ptrdiff_t depth, float *c, ptrdiff_t row,
                 int add) {
    registers sums[ROWS][PANEL * PARTS];
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int j = 0; j < vectors * PARTS; j++)
            sums[i][j] = (registers){0};
    for (ptrdiff_t k = 0; k < depth; k++, b += vectors * FLOATS, a.values += a.column) {
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            registers value = a.values[i * a.row] - (registers){0};
#pragma GCC unroll 8
            for (int j = 0; j < vectors * PARTS; j++)
                sums[i][j] += value * ((const loose_registers *)b)[j];
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int j = 0; j < vectors * PARTS; j++) {
            loose_registers *place = (loose_registers *)(c + i * row) + j;
            if (add)
                sums[i][j] += *place;
            *place = sums[i][j];
        }
}

INLINE void column_of_tiles(int vectors, struct matrix a, const float *b, ptrdiff_t rows, ptrdiff_t depth, float *c,
                            ptrdiff_t row, int add) {
    for (; rows >= ROWS; rows -= ROWS, a.values += ROWS * a.row, c += ROWS * row)
        tile(ROWS, vectors, a, b, depth, c, row, add);
    for (; rows >= ROWS / 2; rows -= ROWS / 2, a.values += ROWS / 2 * a.row, c += ROWS / 2 * row)
        tile(ROWS / 2, vectors, a, b, depth, c, row, add);
    for (; rows > 0; rows--, a.values += a.row, c += row)
        tile(1, vectors, a, b, depth, c, row, add);
}

/* C = A B, or C += A B; B packed by `pack`, from one row of C to the next it is `row` floats. */
static inline void product(struct matrix a, const float *b, ptrdiff_t rows, ptrdiff_t depth, ptrdiff_t columns, float *c,
                           ptrdiff_t row, int add) {
    for (; columns >= PANEL * FLOATS; columns -= PANEL * FLOATS, b += depth * PANEL * FLOATS, c += PANEL * FLOATS)
        column_of_tiles(PANEL, a, b, rows, depth, c, row, add);
    switch (columns / FLOATS) {
    case 3:
        column_of_tiles(3 < PANEL ? 3 : 1, a, b, rows, depth, c, row, add);
        break;
    case 2:
        column_of_tiles(2 < PANEL ? 2 : 1, a, b, rows, depth, c, row, add);
        break;
    case 1:
        column_of_tiles(1, a, b, rows, depth, c, row, add);
        break;
    }
}

/* The transpose of 16 x 16 floats: the indices of row and column, 4 bits each, are turned round bit by bit. */
#if defined(__clang__) || __GNUC__ >= 12
#define HAS_TRANSPOSE 1
INLINE void transpose(floats rows[FLOATS]) {
#pragma GCC unroll 4
    for (int round = 0; round < 4; round++) {
        floats next[FLOATS];
#pragma GCC unroll 8
        for (int i = 0; i < FLOATS / 2; i++) {
            floats a = rows[i], b = rows[i + FLOATS / 2];
            next[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            next[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
#pragma GCC unroll 16
        for (int i = 0; i < FLOATS; i++)
            rows[i] = next[i];
    }
}
#else
#define HAS_TRANSPOSE 0
#endif

/* Rows of B^T that stand `column` apart (B's columns), `width` of them, as columns of a panel whose rows stand `row` apart:
   16 of each at a time where that is quick. */
static inline void pack_across(const float *from, ptrdiff_t column, ptrdiff_t depth, ptrdiff_t width, float *panel,
                               ptrdiff_t row) {
    ptrdiff_t k = 0;
#if HAS_TRANSPOSE
    for (; k + FLOATS <= depth; k += FLOATS)
        for (ptrdiff_t j = 0; j < width; j += FLOATS) {
            floats rows[FLOATS];
#pragma GCC unroll 16
            for (int i = 0; i < FLOATS; i++)
                rows[i] = floats_at(from + (j + i) * column + k);
            transpose(rows);
#pragma GCC unroll 16
            for (int i = 0; i < FLOATS; i++)
                put(panel + (k + i) * row + j, rows[i]);
        }
#endif
    for (ptrdiff_t j = 0; j < width; j++)
        for (ptrdiff_t rest = k; rest < depth; rest++)
            panel[rest * row + j] = from[j * column + rest];
}

/* B (depth x columns) in panels, as many floats as B has. */
static inline void pack(struct matrix b, ptrdiff_t depth, ptrdiff_t columns, float *panels) {
    for (ptrdiff_t first = 0; first < columns; first += PANEL * FLOATS) {
        ptrdiff_t width = columns - first < PANEL * FLOATS ? columns - first : PANEL * FLOATS;
        const float *from = b.values + first * b.column;
        if (b.column == 1)
            for (ptrdiff_t k = 0; k < depth; k++)
                memcpy(panels + k * width, from + k * b.row, (size_t)width * sizeof(float));
        else if (b.row == 1)
            pack_across(from, b.column, depth, width, panels, width);
        else
            for (ptrdiff_t j = 0; j < width; j++)
                for (ptrdiff_t k = 0; k < depth; k++)
                    panels[k * width + j] = from[k * b.row + j * b.column];
        panels += depth * width;
    }
}

#endif
