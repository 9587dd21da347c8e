/* What the windows of a word's characters say most strongly: a convolution whose products stand in a table, and the
   maximum over the word. */

#include <math.h>

#include "seqwise.h"

enum { FEATURES = 32, WORDS_OF_TASK = 32 };

/* ids (words, length): the characters of each word from the left, then 0. A window around place i has the characters
   i - width / 2 .. i + width / 2; character c adds table (width, characters, size) at k, c to a window whose k-th it is. */
struct windows {
    const int64_t *ids;
    ptrdiff_t words, length, width, characters, size;
    const float *table, *bias;
    float *highest;
    int32_t *places;
    const float *gradient;
    float *table_gradient;
};

static ptrdiff_t characters_of(const struct windows *all, ptrdiff_t word) {
    const int64_t *ids = all->ids + word * all->length;
    ptrdiff_t count = 0;
    while (count < all->length && ids[count] > 0)
        count++;
    return count;
}

/* The row of what the k-th character of the window around a place adds, or -1 where the word has none there, or one that
   the table does not have. */
static inline ptrdiff_t row_of(const struct windows *all, ptrdiff_t word, ptrdiff_t count, ptrdiff_t place,
                               ptrdiff_t k) {
    ptrdiff_t i = place + k - all->width / 2;
    if (i < 0 || i >= count)
        return -1;
    int64_t id = all->ids[word * all->length + i];
    return id < all->characters ? k * all->characters + id : -1;
}

static void find_highest(ptrdiff_t index, void *data) {
    const struct windows *all = data;
    ptrdiff_t size = all->size, first = index * WORDS_OF_TASK;
    ptrdiff_t last = first + WORDS_OF_TASK < all->words ? first + WORDS_OF_TASK : all->words;
    for (ptrdiff_t word = first; word < last; word++) {
        float *highest = all->highest + word * size;
        int32_t *places = all->places + word * size;
        ptrdiff_t count = characters_of(all, word);
        for (ptrdiff_t from = 0; from < size; from += FEATURES) {
            ptrdiff_t features = size - from < FEATURES ? size - from : FEATURES;
            float best[FEATURES], sums[FEATURES];
            int32_t best_places[FEATURES];
            for (ptrdiff_t f = 0; f < FEATURES; f++) {
                best[f] = count ? -INFINITY : 0;
                best_places[f] = -1;
            }
            for (ptrdiff_t place = 0; place < count; place++) {
                for (ptrdiff_t f = 0; f < features; f++)
                    sums[f] = all->bias[from + f];
                for (ptrdiff_t k = 0; k < all->width; k++) {
                    ptrdiff_t row = row_of(all, word, count, place, k);
                    if (row < 0)
                        continue;
                    const float *restrict added = all->table + row * size + from;
                    for (ptrdiff_t f = 0; f < features; f++)
                        sums[f] += added[f];
                }
                for (ptrdiff_t f = 0; f < features; f++) {
                    int higher = !(sums[f] <= best[f]);
                    best[f] = higher ? sums[f] : best[f];
                    best_places[f] = higher ? (int32_t)place : best_places[f];
                }
            }
            for (ptrdiff_t f = 0; f < features; f++) {
                highest[from + f] = best[f];
                places[from + f] = best_places[f];
            }
        }
    }
}

static void add_gradient(ptrdiff_t index, void *data) {
    const struct windows *all = data;
    ptrdiff_t size = all->size, first = index * FEATURES;
    ptrdiff_t last = first + FEATURES < size ? first + FEATURES : size;
    for (ptrdiff_t word = 0; word < all->words; word++) {
        ptrdiff_t count = characters_of(all, word);
        if (!count)
            continue;
        for (ptrdiff_t f = first; f < last; f++) {
            float gradient = all->gradient[word * size + f];
            ptrdiff_t place = all->places[word * size + f];
            for (ptrdiff_t k = 0; k < all->width; k++) {
                ptrdiff_t row = row_of(all, word, count, place, k);
                if (row >= 0)
                    all->table_gradient[row * size + f] += gradient;
            }
        }
    }
}

/* highest (words, size): of each feature bias + the sum of a window, where that is highest; its place in `places`. A word
   without characters has zeros, and places of -1. Of equal windows the first counts. */
SEQWISE_API void seqwise_highest_windows_f32(const int64_t *ids, ptrdiff_t words, ptrdiff_t length, ptrdiff_t width,
                                             ptrdiff_t characters, ptrdiff_t size, const float *table,
                                             const float *bias, float *highest, int32_t *places) {
    struct windows all = {ids, words, length, width, characters, size, table, bias, highest, places, 0, 0};
    seqwise_parallel((words + WORDS_OF_TASK - 1) / WORDS_OF_TASK, find_highest, &all);
}

/* table_gradient += what each character of the highest windows gets of the gradient (words, size) of their values. */
SEQWISE_API void seqwise_highest_windows_gradient_f32(const int64_t *ids, ptrdiff_t words, ptrdiff_t length,
                                                      ptrdiff_t width, ptrdiff_t characters, ptrdiff_t size,
                                                      int32_t *places, const float *gradient, float *table_gradient) {
    struct windows all = {ids, words, length, width, characters, size, 0, 0, 0, places, gradient, table_gradient};
    seqwise_parallel((size + FEATURES - 1) / FEATURES, add_gradient, &all);
}
