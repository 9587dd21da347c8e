/* A batch of sequences for a linear-chain CRF, as Python hands it over, and what the recursions need of it. */

#ifndef SEQWISE_CRF_H
#define SEQWISE_CRF_H

#include <stdlib.h>
#include <string.h>

#include "seqwise.h"
#include "doubles.h"

/* The arguments of crf_nll and the others: all arrays contiguous, absent ones NULL. The same fields in the same order
   stand in seqwise.losses.torch._crf_native. */
struct chain {
    const void *emissions;   /* (batch, time, classes), float or double */
    const void *transitions; /* (classes, classes), and the next two (classes,), of the emissions' type */
    const void *start;
    const void *end;
    const int64_t *tags;    /* (batch, time) */
    const uint8_t *mask;    /* (batch, time) booleans, like those that follow */
    const int64_t *lengths; /* (batch,) */
    const uint8_t *allowed_transitions;
    const uint8_t *allowed_start;
    const uint8_t *allowed_end;
    int64_t batch, time, classes;
    int64_t is_double;
};

enum status {
    FINE = 0,
    WRONG = 1, /* a value cannot be right: Python looks for it and says which */
    WIDE = 2,  /* scores are too far apart for this way to compute: the plain path is for them */
    NO_MEMORY = 3
};

/* The steps that count: those of sequence b are its first `count[b]` of `steps`, or 0, 1, ... where steps is NULL. */
struct steps {
    int64_t *count;   /* (batch,) */
    int32_t *steps;   /* (batch, time) */
    int64_t *longest; /* (batch,), sequences by length, the longest first */
};

/* Allocates; `steps_free` frees. WRONG where a length is below 0 or beyond the time, or NO_MEMORY. */
enum status steps_of(const struct chain *chain, struct steps *steps);
void steps_free(struct steps *steps);

INLINE int64_t step_at(const struct chain *chain, const struct steps *steps, int64_t row, int64_t place) {
    return steps->steps ? steps->steps[row * chain->time + place] : place;
}

INLINE double number_at(const struct chain *chain, const void *array, int64_t index) {
    return chain->is_double ? ((const double *)array)[index] : ((const float *)array)[index];
}

INLINE void put_number(const struct chain *chain, void *array, int64_t index, double value) {
    if (chain->is_double)
        ((double *)array)[index] = value;
    else
        ((float *)array)[index] = (float)value;
}

/* Room for so many vectors, with anything in it; for free() to give back. NULL when there is no memory. */
INLINE doubles *room(int64_t count) { return aligned_alloc(64, ((size_t)count * sizeof(doubles) + 127) / 64 * 64); }

/* The same, all 0. */
INLINE doubles *vectors(int64_t count) {
    doubles *found = room(count);
    return found ? memset(found, 0, (size_t)count * sizeof(doubles)) : NULL;
}

#define SIDE 8 /* sequences that are computed side by side, at most; fewer where that leaves threads without any */

INLINE int64_t side_by_side(const struct chain *chain) {
    return chain->batch >= 2 * SIDE ? SIDE : chain->batch >= 8 ? 4 : chain->batch >= 4 ? 2 : 1;
}

/* A row of classes from a place of an array, as doubles in vectors, with -inf beyond the classes. */
INLINE void load_row(const struct chain *chain, const void *array, int64_t at, doubles *out) {
    int64_t classes = chain->classes, whole = classes / DOUBLES;
    for (int64_t v = 0; v < whole; v++) {
        if (chain->is_double)
            out[v] = *(const loose_doubles *)((const double *)array + at + v * DOUBLES);
        else
            out[v] = __builtin_convertvector(*(const loose_few_floats *)((const float *)array + at + v * DOUBLES), doubles);
    }
    if (whole * DOUBLES < classes) {
        doubles rest = doubles_of(-INFINITY);
        for (int64_t i = whole * DOUBLES; i < classes; i++)
            rest[i % DOUBLES] = number_at(chain, array, at + i);
        out[whole] = rest;
    }
}

/* The transposed of a square of classes in rows of vectors; `beyond` the classes. */
INLINE void transposed(int64_t classes, int64_t width, const doubles *square, doubles *out, double beyond) {
    for (int64_t j = 0; j < classes; j++)
        for (int64_t i = 0; i < width * DOUBLES; i++)
            ((double *)out)[j * width * DOUBLES + i] =
                i < classes ? ((const double *)square)[i * width * DOUBLES + j] : beyond;
}

/* Whether transitions, start and end are finite, and all tags that count are classes and allowed. */
enum status values_of(const struct chain *chain, const struct steps *steps);

#endif
