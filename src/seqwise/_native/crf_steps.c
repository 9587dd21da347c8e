/* Which steps of a CRF's sequences count, and whether what arrived can be right. */

#include <stdlib.h>
#include <string.h>

#include "crf.h"

void steps_free(struct steps *steps) {
    free(steps->count);
    free(steps->steps);
    free(steps->longest);
}

/* The rows by their counts, the largest first, equal ones in their order. */
static enum status sort_rows(const struct chain *chain, struct steps *steps) {
    int64_t *begin = calloc((size_t)chain->time + 2, sizeof *begin);
    if (!begin)
        return NO_MEMORY;
    for (int64_t row = 0; row < chain->batch; row++)
        begin[chain->time - steps->count[row] + 1]++;
    for (int64_t place = 0; place <= chain->time; place++)
        begin[place + 1] += begin[place];
    for (int64_t row = 0; row < chain->batch; row++)
        steps->longest[begin[chain->time - steps->count[row]]++] = row;
    free(begin);
    return FINE;
}

enum status steps_of(const struct chain *chain, struct steps *steps) {
    size_t batch = (size_t)chain->batch;
    steps->count = malloc((batch + 1) * sizeof *steps->count);
    steps->longest = malloc((batch + 1) * sizeof *steps->longest);
    steps->steps = chain->mask ? malloc((batch * (size_t)chain->time + 1) * sizeof *steps->steps) : NULL;
    if (!steps->count || !steps->longest || (chain->mask && !steps->steps))
        return NO_MEMORY;
    for (int64_t row = 0; row < chain->batch; row++) {
        int64_t length = chain->lengths ? chain->lengths[row] : chain->time;
        if (length < 0 || length > chain->time)
            return WRONG;
        int64_t count = length;
        if (chain->mask) {
            const uint8_t *mask = chain->mask + row * chain->time;
            int32_t *counting = steps->steps + row * chain->time;
            count = 0;
            for (int64_t step = 0; step < length; step++) {
                counting[count] = (int32_t)step;
                count += mask[step] != 0;
            }
        }
        steps->count[row] = count;
    }
    return sort_rows(chain, steps);
}

static int is_finite(const struct chain *chain, const void *scores, int64_t size) {
    int wrong = 0; /* infinities and NaN are what has all bits of the exponent */
    if (scores && chain->is_double)
        for (int64_t i = 0; i < size; i++)
            wrong |= (~((const uint64_t *)scores)[i] & 0x7ff0000000000000) == 0;
    else if (scores)
        for (int64_t i = 0; i < size; i++)
            wrong |= (~((const uint32_t *)scores)[i] & 0x7f800000) == 0;
    return !wrong;
}

static int path_is_right(const struct chain *chain, const struct steps *steps, int64_t row) {
    const int64_t *tags = chain->tags + row * chain->time;
    int64_t classes = chain->classes, count = steps->count[row], before = -1;
    for (int64_t place = 0; place < count; place++) {
        int64_t tag = tags[step_at(chain, steps, row, place)];
        if (tag < 0 || tag >= classes)
            return 0;
        if (before < 0 ? chain->allowed_start && !chain->allowed_start[tag]
                       : chain->allowed_transitions && !chain->allowed_transitions[before * classes + tag])
            return 0;
        before = tag;
    }
    return count == 0 || !chain->allowed_end || chain->allowed_end[before];
}

enum status values_of(const struct chain *chain, const struct steps *steps) {
    int64_t classes = chain->classes;
    if (!is_finite(chain, chain->transitions, classes * classes) || !is_finite(chain, chain->start, classes) ||
        !is_finite(chain, chain->end, classes))
        return WRONG;
    for (int64_t row = 0; chain->tags && row < chain->batch; row++)
        if (!path_is_right(chain, steps, row))
            return WRONG;
    return FINE;
}
