/* Tables of vectors of which a batch uses few rows: their gradient without a pass over the table. */

#include <stdlib.h>

#include "seqwise.h"

/* The distinct ids but `padding`, ascending, in rows[0..*found); places[i] is where ids[i] stands among them, -1 for
   padding. 0 <= ids < table. *found is -1 when there is no memory. */
SEQWISE_API void seqwise_distinct_rows(const int64_t *ids, ptrdiff_t count, ptrdiff_t table, int64_t padding,
                                       int64_t *rows, int32_t *places, int64_t *found) {
    int32_t *place = calloc((size_t)table, sizeof *place);
    *found = -1;
    if (!place)
        return;
    for (ptrdiff_t i = 0; i < count; i++)
        place[ids[i]] = 1;
    if (padding >= 0 && padding < table)
        place[padding] = 0;
    int32_t next = 0;
    for (ptrdiff_t row = 0; row < table; row++)
        if (place[row]) {
            rows[next] = row;
            place[row] = ++next;
        }
    for (ptrdiff_t i = 0; i < count; i++)
        places[i] = place[ids[i]] - 1;
    *found = next;
    free(place);
}

enum { COLUMNS = 32 };

struct sums {
    float *sums;
    const float *vectors;
    const int32_t *places;
    ptrdiff_t count, parts, size;
};

static void add_columns(ptrdiff_t index, void *data) {
    const struct sums *all = data;
    ptrdiff_t first = index * COLUMNS, last = first + COLUMNS < all->size ? first + COLUMNS : all->size;
    const int32_t *places = all->places;
    for (ptrdiff_t i = 0; i < all->count; i++)
        for (ptrdiff_t part = 0; part < all->parts; part++) {
            int32_t place = *places++;
            if (place < 0)
                continue;
            float *restrict sum = all->sums + place * all->size;
            const float *restrict vector = all->vectors + i * all->size;
            for (ptrdiff_t j = first; j < last; j++)
                sum[j] += vector[j];
        }
}

/* sums (rows, size) += for each of count vectors (size), the vector at each of its `parts` places; -1 is none. */
SEQWISE_API void seqwise_add_to_rows_f32(float *sums, const float *vectors, const int32_t *places, ptrdiff_t count,
                                         ptrdiff_t parts, ptrdiff_t size) {
    struct sums all = {sums, vectors, places, count, parts, size};
    seqwise_parallel((size + COLUMNS - 1) / COLUMNS, add_columns, &all);
}
