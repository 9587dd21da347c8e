/* Products of bfloat16 factors, summed in float32: twice the speed of float32 where the processor has AVX512-BF16.

   As product.h, but two neighbours along the depth stand together in 32 bits, the first in the low half, since the
   processor multiplies them as a pair. Rounding is to nearest, ties to even. */

#ifndef SEQWISE_HALVES_H
#define SEQWISE_HALVES_H

#include "product.h"

#if defined(__AVX512F__) && defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 10)
#define HAS_HALVES 1
#include <immintrin.h>
#define WITH_HALVES __attribute__((target("avx512bf16")))

typedef uint32_t pair __attribute__((may_alias));

struct pairs {
    const pair *values;
    ptrdiff_t row, column;
};

static int halves_are_there(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") != 0;
}

/* count floats, a multiple of 16, as bfloat16 in the same order. */
WITH_HALVES static void round_to_halves(const float *from, ptrdiff_t count, pair *to) {
    for (ptrdiff_t i = 0; i < count; i += FLOATS)
        _mm256_storeu_si256((__m256i *)(to + i / 2), (__m256i)_mm512_cvtneps_pbh((__m512)floats_at(from + i)));
}

/* B (depth x columns), whose rows stand at `row`, as pairs in panels of `panel` columns; an odd depth gets zeros. */
WITH_HALVES static void pack_pairs(const float *b, ptrdiff_t row, ptrdiff_t depth, ptrdiff_t columns, ptrdiff_t panel,
                                   pair *panels) {
    for (ptrdiff_t first = 0; first < columns; first += panel) {
        ptrdiff_t width = columns - first < panel ? columns - first : panel;
        for (ptrdiff_t k = 0; k < depth; k += 2)
            for (ptrdiff_t j = 0; j < width; j += FLOATS, panels += FLOATS) {
                const float *at = b + k * row + first + j;
                __m256i low = (__m256i)_mm512_cvtneps_pbh((__m512)floats_at(at)), high = _mm256_setzero_si256();
                if (k + 1 < depth)
                    high = (__m256i)_mm512_cvtneps_pbh((__m512)floats_at(at + row));
                __m512i both = _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16);
                _mm512_storeu_si512(panels, _mm512_or_si512(both, _mm512_cvtepu16_epi32(low)));
            }
    }
}

WITH_HALVES INLINE void tile_of_pairs(int rows, int vectors, struct pairs a, const pair *b, ptrdiff_t depth, float *c,
                                      ptrdiff_t row, int add) {
    __m512 sums[ROWS][PANEL];
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int j = 0; j < vectors; j++)
            sums[i][j] = _mm512_setzero_ps();
    for (ptrdiff_t k = 0; k < depth; k++, b += vectors * FLOATS, a.values += a.column) {
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            __m512bh value = (__m512bh)_mm512_set1_epi32((int)a.values[i * a.row]);
#pragma GCC unroll 8
            for (int j = 0; j < vectors; j++)
                sums[i][j] = _mm512_dpbf16_ps(sums[i][j], value, (__m512bh)_mm512_loadu_si512(b + j * FLOATS));
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int j = 0; j < vectors; j++) {
            float *place = c + i * row + j * FLOATS;
            _mm512_storeu_ps(place, add ? _mm512_add_ps(_mm512_loadu_ps(place), sums[i][j]) : sums[i][j]);
        }
}

WITH_HALVES INLINE void column_of_pairs(int vectors, struct pairs a, const pair *b, ptrdiff_t rows, ptrdiff_t depth,
                                        float *c, ptrdiff_t row, int add) {
    for (; rows >= ROWS; rows -= ROWS, a.values += ROWS * a.row, c += ROWS * row)
        tile_of_pairs(ROWS, vectors, a, b, depth, c, row, add);
    for (; rows >= ROWS / 2; rows -= ROWS / 2, a.values += ROWS / 2 * a.row, c += ROWS / 2 * row)
        tile_of_pairs(ROWS / 2, vectors, a, b, depth, c, row, add);
    for (; rows > 0; rows--, a.values += a.row, c += row)
        tile_of_pairs(1, vectors, a, b, depth, c, row, add);
}

/* C = A B, or C += A B; depth in pairs. */
WITH_HALVES static void product_of_pairs(struct pairs a, const pair *b, ptrdiff_t rows, ptrdiff_t depth,
                                         ptrdiff_t columns, float *c, ptrdiff_t row, int add) {
    for (; columns >= PANEL * FLOATS; columns -= PANEL * FLOATS, b += depth * PANEL * FLOATS, c += PANEL * FLOATS)
        column_of_pairs(PANEL, a, b, rows, depth, c, row, add);
    if (columns == 3 * FLOATS)
        column_of_pairs(3, a, b, rows, depth, c, row, add);
    else if (columns == 2 * FLOATS)
        column_of_pairs(2, a, b, rows, depth, c, row, add);
    else if (columns == FLOATS)
        column_of_pairs(1, a, b, rows, depth, c, row, add);
}

#else
#define HAS_HALVES 0
static int halves_are_there(void) { return 0; }
#endif

#endif
