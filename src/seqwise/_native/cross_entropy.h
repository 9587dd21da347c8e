/* A call of the cross-entropy, as Python fills it in. */

#ifndef SEQWISE_CROSS_ENTROPY_H
#define SEQWISE_CROSS_ENTROPY_H

#include "seqwise.h"

#define INLINE static inline __attribute__((always_inline))

struct strides { /* in numbers */
    ptrdiff_t outer, inner, class;
};

/* `Call` in losses/_kernels/cross_entropy.py has the same fields. */
struct call {
    const char *logits;
    ptrdiff_t size; /* of a number in bytes: 4 for float32, 2 for bfloat16 */
    ptrdiff_t outer, inner, classes;
    struct strides from;

    const int64_t *labels;          /* one for each of batch x time x rest positions; NULL where index is there already */
    ptrdiff_t batch, time, rest;
    const uint8_t *mask;            /* one for every `mask_span` positions, or NULL; 0 = does not count */
    ptrdiff_t mask_span;
    const int64_t *lengths;         /* how many steps of each sequence count, or NULL */
    ptrdiff_t ignores;              /* whether labels that are `ignored` do not count */
    int64_t ignored;
    const int64_t *values;          /* the label of each class, or NULL for 0, 1, 2 and so on */
    int32_t *index;                 /* the class of each position; -1 where it does not count */

    const float *class_weight;      /* (outputs, classes), or NULL; the output is the last axis of positions */
    const float *class_total;       /* its sums over classes; with smoothing only */
    ptrdiff_t outputs;
    const float *sample_weight;     /* one for every `span` positions, or NULL */
    ptrdiff_t span;
    float smoothing;

    float *losses, *weights; /* results at each position, 0 where it does not count; may be NULL */
    float *result;           /* result: one number, the sum of the losses or their mean; may be NULL */
    float total, weight;     /* results: the sums of losses and weights */
    ptrdiff_t wrong;         /* result: what may be wrong, so that nothing else was computed: see below; or 0 */
    ptrdiff_t divides;       /* whether the result is divided by the sum of the weights; 0 where that is 0 */
    const float *upstream;   /* the gradient by each loss; NULL where that is `factor` for all */
    float factor;            /* the gradient by the result */
    char *gradient;          /* where to put the gradient by the logits, which may be the logits; NULL for no gradient */
    struct strides to;
};

enum { WRONG_VALUE = 1, LOOKS_LIKE_PROBABILITIES = 2, NO_MEMORY = 3 }; /* the last: results are incomplete */

/* Fills in the index if there are labels, and the sum of the weights; what is wrong where a label, length or weight
   cannot be right. */
void seqwise_class_index(struct call *call);

INLINE float sample_weight_at(const struct call *call, ptrdiff_t position) {
    return call->sample_weight ? call->sample_weight[position / call->span] : 1;
}

INLINE const float *class_weight_at(const struct call *call, ptrdiff_t position) {
    return call->class_weight ? call->class_weight + position % call->outputs * call->classes : NULL;
}

#endif
