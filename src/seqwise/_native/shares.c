/* How many of a sequence's steps have a feature above each of its thresholds. */

#include "seqwise.h"

enum { FEATURES_OF_TASK = 64 };

struct shares {
    const float *states;    /* (batch, size, time) */
    const int32_t *counted; /* (batch, time), 1 where a step counts, else 0 */
    const float *thresholds; /* (size, each) */
    int32_t *counts;        /* (batch, size, each) */
    ptrdiff_t size, time, each, blocks;
};

static void count_block(ptrdiff_t index, void *data) {
    const struct shares *all = data;
    ptrdiff_t row = index / all->blocks, first = index % all->blocks * FEATURES_OF_TASK;
    ptrdiff_t last = first + FEATURES_OF_TASK < all->size ? first + FEATURES_OF_TASK : all->size;
    const int32_t *counted = all->counted + row * all->time;
    for (ptrdiff_t feature = first; feature < last; feature++) {
        const float *values = all->states + (row * all->size + feature) * all->time;
        for (ptrdiff_t number = 0; number < all->each; number++) {
            float threshold = all->thresholds[feature * all->each + number];
            int32_t count = 0;
            for (ptrdiff_t step = 0; step < all->time; step++)
                count += (values[step] > threshold) & counted[step];
            all->counts[(row * all->size + feature) * all->each + number] = count;
        }
    }
}

SEQWISE_API void seqwise_counts_above_f32(const float *states, const int32_t *counted, const float *thresholds,
                                          int32_t *counts, ptrdiff_t batch, ptrdiff_t size, ptrdiff_t time,
                                          ptrdiff_t each) {
    ptrdiff_t blocks = (size + FEATURES_OF_TASK - 1) / FEATURES_OF_TASK;
    struct shares all = {states, counted, thresholds, counts, size, time, each, blocks};
    seqwise_parallel(batch * blocks, count_block, &all);
}
