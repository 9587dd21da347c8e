/* Labels as they arrive -> the class index of every position, -1 where it does not count. */

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cross_entropy.h"

/* The class of a label: its place among the values; `classes` for what is none of them. */
static int32_t class_of(int64_t label, const int64_t *values, ptrdiff_t classes) {
    ptrdiff_t c = 0;
    while (c < classes && values[c] != label)
        c++;
    return (int32_t)c;
}

/* Positions from `begin` to `end`, all within the length. Without branches, since most calls have no values and no mask
   of wide spans, and then these are many positions at a time. */
static bool some_are_wrong(const struct call *call, ptrdiff_t begin, ptrdiff_t end) {
    const int64_t *labels = call->labels;
    int32_t *index = call->index, wrong = 0, classes = (int32_t)call->classes, ignores = call->ignores != 0;
    int64_t ignored = call->ignored;
    if (!call->values && !call->mask)
        for (ptrdiff_t i = begin; i < end; i++) {
            int32_t is_class = (uint64_t)labels[i] < (uint64_t)classes, counts = !(ignores & (labels[i] == ignored));
            index[i] = (int32_t)labels[i] | -!(is_class & counts);
            wrong |= counts & !is_class;
        }
    else
        for (ptrdiff_t i = begin; i < end; i++) {
            int32_t counts = !(ignores & (labels[i] == ignored)) && (!call->mask || call->mask[i / call->mask_span]);
            int32_t class = (uint64_t)labels[i] < (uint64_t)classes ? (int32_t)labels[i] : classes;
            if (call->values && counts)
                class = class_of(labels[i], call->values, call->classes);
            index[i] = counts && class < classes ? class : -1;
            wrong |= counts && class >= classes;
        }
    return wrong;
}

/* The sum of what counts, by its weights; and whether a sample weight that counts is no number. */
static double total_weight(const struct call *call, ptrdiff_t count, bool *is_wrong) {
    if (!call->class_weight && !call->sample_weight && !call->weights) {
        int64_t some = 0;
        for (ptrdiff_t i = 0; i < count; i++)
            some += call->index[i] >= 0;
        return (double)some;
    }
    double sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        float weight = 0;
        if (call->index[i] >= 0) {
            weight = sample_weight_at(call, i);
            *is_wrong |= !isfinite(weight);
            if (call->class_weight)
                weight *= class_weight_at(call, i)[call->index[i]];
        }
        if (call->weights)
            call->weights[i] = weight;
        sum += weight;
    }
    return sum;
}

void seqwise_class_index(struct call *call) {
    ptrdiff_t count = call->outer * call->inner;
    bool is_wrong = false;
    if (call->labels && !call->lengths) {
        is_wrong = some_are_wrong(call, 0, count);
    } else if (call->labels) {
        ptrdiff_t of_sequence = call->time * call->rest;
        for (ptrdiff_t b = 0; b < call->batch && !is_wrong; b++) {
            int64_t length = call->lengths[b];
            is_wrong = length < 0 || length > call->time;
            if (is_wrong)
                break;
            ptrdiff_t begin = b * of_sequence, end = begin + (ptrdiff_t)length * call->rest;
            is_wrong = some_are_wrong(call, begin, end);
            memset(call->index + end, 0xff, (size_t)(begin + of_sequence - end) * sizeof *call->index);
        }
    }
    for (ptrdiff_t i = 0; call->class_weight && i < call->outputs * call->classes; i++)
        is_wrong |= !isfinite(call->class_weight[i]);
    call->weight = is_wrong ? 0 : (float)total_weight(call, count, &is_wrong);
    call->wrong = is_wrong ? WRONG_VALUE : 0;
}
