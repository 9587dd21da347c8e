/* Tables of vectors of which a batch uses few rows: sums of rows, and their gradient without a pass over the table. */

#include <stdlib.h>
#include <string.h>

#include "seqwise.h"

enum { COLUMNS = 32, VECTORS = 64 };

/* Sums of rows of a table (rows, size): vector i of the result is the sum of those with the `parts` ids from ids[i *
   stride] on, times scale[i / group], and zeros where it does not count. */
struct sums {
    const float *table, *scale; /* scale: (count / group, size), or NULL for 1 */
    const int64_t *ids;
    const uint8_t *counted; /* (count); NULL: all count */
    float *vectors;         /* (count, size) */
    int64_t rows, size, count, parts, stride, group;
    int64_t wrong; /* set when an id that counts is outside the table */
    const int32_t *places;
    float *gradient;
};

static void sum_vectors(ptrdiff_t index, void *data) {
    struct sums *all = data;
    ptrdiff_t size = all->size, last = (index + 1) * VECTORS < all->count ? (index + 1) * VECTORS : all->count;
    for (ptrdiff_t i = index * VECTORS; i < last; i++) {
        float *restrict to = all->vectors + i * size;
        int begun = 0;
        for (ptrdiff_t part = 0; part < all->parts && (!all->counted || all->counted[i]); part++) {
            int64_t id = all->ids[i * all->stride + part];
            if (id < 0 || id >= all->rows) {
                __atomic_store_n(&all->wrong, 1, __ATOMIC_RELAXED);
                break;
            }
            const float *restrict row = all->table + id * size;
            for (ptrdiff_t j = 0; j < size; j++)
                to[j] = begun ? to[j] + row[j] : row[j];
            begun = 1;
        }
        if (!begun)
            memset(to, 0, (size_t)size * sizeof *to);
        else if (all->scale)
            for (ptrdiff_t j = 0; j < size; j++)
                to[j] *= all->scale[i / all->group * size + j];
    }
}

SEQWISE_API void seqwise_sum_rows_f32(struct sums *all) {
    seqwise_parallel((all->count + VECTORS - 1) / VECTORS, sum_vectors, all);
}

/* The distinct ids that count, but `padding`, ascending, in rows[0..*found); places[i * parts + p] is where part p of
   vector i stands among them, -1 for padding and what does not count. *found is -1 when there is no memory, or when
   `wrong` is set. */
SEQWISE_API void seqwise_distinct_rows(struct sums *all, int64_t padding, int64_t *rows, int32_t *places,
                                       int64_t *found) {
    ptrdiff_t table = all->rows, parts = all->parts;
    int32_t *place = calloc((size_t)table, sizeof *place);
    *found = -1;
    if (!place)
        return;
    for (ptrdiff_t i = 0; i < all->count; i++)
        for (ptrdiff_t part = 0; part < parts && (!all->counted || all->counted[i]); part++) {
            int64_t id = all->ids[i * all->stride + part];
            if (id < 0 || id >= table)
                all->wrong = 1;
            else
                place[id] = 1;
        }
    if (all->wrong) {
        free(place);
        return;
    }
    if (padding >= 0 && padding < table)
        place[padding] = 0;
    int32_t next = 0;
    for (ptrdiff_t row = 0; row < table; row++)
        if (place[row]) {
            rows[next] = row;
            place[row] = ++next;
        }
    for (ptrdiff_t i = 0; i < all->count; i++)
        for (ptrdiff_t part = 0; part < parts; part++)
            places[i * parts + part] =
                !all->counted || all->counted[i] ? place[all->ids[i * all->stride + part]] - 1 : -1;
    *found = next;
    free(place);
}

static void add_columns(ptrdiff_t index, void *data) {
    const struct sums *all = data;
    ptrdiff_t first = index * COLUMNS, last = first + COLUMNS < all->size ? first + COLUMNS : all->size;
    const int32_t *places = all->places;
    for (ptrdiff_t i = 0; i < all->count; i++)
        for (ptrdiff_t part = 0; part < all->parts; part++) {
            int32_t place = *places++;
            if (place < 0)
                continue;
            float *restrict sum = all->gradient + place * all->size;
            const float *restrict vector = all->vectors + i * all->size;
            const float *scale = all->scale ? all->scale + i / all->group * all->size : NULL;
            for (ptrdiff_t j = first; j < last; j++)
                sum[j] += scale ? scale[j] * vector[j] : vector[j];
        }
}

/* The gradient of the rows, from that of the vectors, which stands there: added to it, by the places of each vector. */
SEQWISE_API void seqwise_add_to_rows_f32(struct sums *all) {
    seqwise_parallel((all->size + COLUMNS - 1) / COLUMNS, add_columns, all);
}
