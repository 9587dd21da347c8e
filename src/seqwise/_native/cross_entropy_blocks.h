/* Cross-entropy and its gradient at up to LANES positions: classes side by side in rows, or positions side by side.

   Losses and gradients of a block are finished together, one position in each lane. */

#ifndef SEQWISE_CROSS_ENTROPY_BLOCKS_H
#define SEQWISE_CROSS_ENTROPY_BLOCKS_H

#include <stdbool.h>

#include "cross_entropy.h"
#include "floats.h"

enum { CLASSES_OF_ROWS = LANES, VECTORS_PER_SUM = 64, CLASSES_PER_SUM = 32 };

/* Classes side by side, LANES of them or more. The last LANES are taken together, though some were taken before. */

INLINE float row_top(const char *row, ptrdiff_t size, ptrdiff_t classes) {
    ptrdiff_t c = 0, last = classes - LANES;
    floats top[4];
    for (int k = 0; k < 4; k++)
        top[k] = load(row + last * size, size);
    for (; c + 4 * LANES <= classes; c += 4 * LANES)
        for (int k = 0; k < 4; k++)
            top[k] = larger(load(row + (c + k * LANES) * size, size), top[k]);
    for (; c < last; c += LANES)
        top[0] = larger(load(row + c * size, size), top[0]);
    return largest_of(larger(larger(top[0], top[1]), larger(top[2], top[3])));
}

/* sum_c exp(z[c] - top), collected in double now and then, so that many classes cost no digits. Exponentials are put
   `to` where that is not NULL, which may be the row. */
INLINE float row_sum(const char *row, ptrdiff_t size, ptrdiff_t classes, float top, float *to) {
    double sum = 0;
    ptrdiff_t c = 0, last = classes - LANES;
    floats rest = exponential(load(row + last * size, size) - top), part = all(0), other = all(0);
    while (c < last) {
        ptrdiff_t end = c + VECTORS_PER_SUM * LANES < last ? c + VECTORS_PER_SUM * LANES : last;
        for (; c + LANES < end; c += 2 * LANES) {
            floats one = exponential(load(row + c * size, size) - top);
            floats two = exponential(load(row + (c + LANES) * size, size) - top);
            if (to) {
                store((char *)(to + c), 4, one);
                store((char *)(to + c + LANES), 4, two);
            }
            part += one;
            other += two;
        }
        for (; c < end; c += LANES) {
            floats one = exponential(load(row + c * size, size) - top);
            if (to)
                store((char *)(to + c), 4, one);
            part += one;
        }
        if (end < last) {
            sum += sum_of(part + other);
            part = other = all(0);
        }
    }
    if (to)
        store((char *)(to + last), 4, rest);
    part += other;
    part += chosen(LANE >= (int32_t)(c - last), rest, all(0)); /* classes before c are in the sums already */
    return (float)(sum + sum_of(part));
}

/* sum_c w[c] * (z[c] - top); a weight of 0 is 0 times whatever. */
INLINE float row_evenly(const char *row, ptrdiff_t size, ptrdiff_t classes, float top, const float *weight) {
    floats sum = all(0);
    ptrdiff_t c = 0;
    for (; c + LANES <= classes; c += LANES) {
        floats w = weight ? load((const char *)(weight + c), 4) : all(1), z = load(row + c * size, size) - top;
        sum += chosen((w == 0) & (z == -INFINITY), all(0), w * z);
    }
    float rest = 0;
    for (; c < classes; c++) {
        float w = weight ? weight[c] : 1, z = number_at(row + c * size, size) - top;
        rest += w == 0 && z == -INFINITY ? 0 : w * z;
    }
    return sum_of(sum) + rest;
}

/* LANES positions at a time, or fewer. */
struct block {
    ptrdiff_t positions[LANES], count;
    ints own; /* their classes, -1 for what does not count */
};

/* What the loss of each is made of; `label` is z[y] - top, `evenly` is sum_c w[c] * (z[c] - top), for smoothing. */
struct found {
    floats top, sum, label, evenly;
};

/* The losses; the gradient is scale * exp(z - top) - even * w, and less by `less` at the label, where it is `label`. */
struct results {
    floats losses, scale, even, less, label;
};

/* What the losses of a block are multiplied by: weights of their classes, sums of weights, weights of samples. */
struct weights {
    floats own, total, sample;
};

static __attribute__((noinline)) void block_weights(
    const struct call *call, const struct block *block, struct weights *weights
) {
    for (ptrdiff_t lane = 0; call->class_weight && lane < block->count; lane++) {
        if (block->own[lane] >= 0)
            weights->own[lane] = class_weight_at(call, block->positions[lane])[block->own[lane]];
        weights->total[lane] = call->class_total ? call->class_total[block->positions[lane] % call->outputs] : 0;
    }
    for (ptrdiff_t lane = 0; call->sample_weight && lane < block->count; lane++)
        weights->sample[lane] = sample_weight_at(call, block->positions[lane]);
}

INLINE floats times(floats factor, floats number) {
    return chosen((factor == 0) & ((number == INFINITY) | (number == -INFINITY)), all(0), factor * number);
}

INLINE struct results finish(const struct call *call, const struct block *block, struct found found) {
    struct weights weights = {all(1), all((float)call->classes), all(1)};
    if (call->class_weight || call->sample_weight)
        block_weights(call, block, &weights);
    float kept = 1 - call->smoothing, share = call->smoothing / (float)call->classes;
    floats log_sum = logarithm(found.sum), losses = kept * times(weights.own, log_sum - found.label);
    floats upstream = all(call->factor), slope = kept * weights.own;
    if (share != 0) {
        losses += share * (weights.total * log_sum - found.evenly);
        slope += share * weights.total;
    }
    for (ptrdiff_t lane = 0; call->upstream && lane < block->count; lane++)
        upstream[lane] = call->upstream[block->positions[lane]];
    upstream *= weights.sample;
    struct results results = {
        .losses = chosen(block->own >= 0, times(weights.sample, losses), all(0)),
        .scale = upstream * slope / found.sum,
        .even = upstream * share,
        .less = upstream * kept * weights.own,
    };
    results.label = results.scale * exponential(found.label) - results.less - results.even * weights.own;
    return results;
}

INLINE const float *weight_in(const struct call *call, ptrdiff_t position) {
    return call->class_weight ? class_weight_at(call, position) : NULL;
}

INLINE void row_gradient(
    const char *row, char *to, ptrdiff_t size, ptrdiff_t classes, float top, float scale, float even,
    const float *weight
) {
    const char *from = size == 4 ? to : row; /* exponentials, or what they are made of */
    ptrdiff_t last = classes - LANES;
    floats rest = load(from + last * size, size);
    for (ptrdiff_t c = 0; c < classes; c += LANES) {
        bool is_last = c >= last;
        c = is_last ? last : c;
        floats result = is_last ? rest : load(from + c * size, size);
        result = scale * (size == 4 ? result : exponential(result - top));
        if (even != 0)
            result -= even * (weight ? load((const char *)(weight + c), 4) : all(1));
        store(to + c * size, size, result);
    }
}

/* Rows of classes side by side, one step of the way for all of them after the other. */
INLINE floats rows(
    const struct call *call, const struct block *block, const char *const *from, char *const *to, ptrdiff_t size
) {
    ptrdiff_t classes = call->classes;
    struct found found = {all(0), all(1), all(0), all(0)};
    for (ptrdiff_t r = 0; r < block->count; r++)
        found.top[r] = row_top(from[r], size, classes);
    for (ptrdiff_t r = 0; r < block->count; r++) {
        found.label[r] = number_at(from[r] + block->own[r] * size, size) - found.top[r];
        if (call->smoothing)
            found.evenly[r] =
                row_evenly(from[r], size, classes, found.top[r], weight_in(call, block->positions[r]));
        float *exponentials = call->gradient && size == 4 ? (float *)to[r] : NULL;
        found.sum[r] = row_sum(from[r], size, classes, found.top[r], exponentials);
    }
    struct results results = finish(call, block, found);
    for (ptrdiff_t r = 0; call->gradient && r < block->count; r++) {
        const float *weight = results.even[r] != 0 ? weight_in(call, block->positions[r]) : NULL;
        row_gradient(from[r], to[r], size, classes, found.top[r], results.scale[r], results.even[r], weight);
        put_number(to[r] + block->own[r] * size, size, results.label[r]);
    }
    return results.losses;
}

/* LANES positions side by side: number `lane` of class c stands at `z + c * step + lane`. */

static __attribute__((noinline)) floats lane_weights(const struct call *call, const struct block *block, ptrdiff_t c) {
    floats weights = all(0);
    for (ptrdiff_t lane = 0; lane < block->count; lane++)
        weights[lane] = call->class_weight ? class_weight_at(call, block->positions[lane])[c] : 1;
    return weights;
}

/* The losses of a block, and the gradient in `to`, which may be z; exponentials wait there. */
INLINE floats lanes(
    const struct call *call, const struct block *block, const float *z, ptrdiff_t step, float *to, ptrdiff_t to_step,
    ptrdiff_t classes
) {
    floats top = load((const char *)z, 4), label = top, sum = all(0), part, evenly = all(0);
    for (ptrdiff_t c = 1; c < classes; c++) {
        floats own = load((const char *)(z + c * step), 4);
        top = larger(own, top);
        label = chosen(block->own == (int32_t)c, own, label);
    }
    for (ptrdiff_t c = 0; c < classes && call->smoothing; c++) {
        floats w = lane_weights(call, block, c), own = load((const char *)(z + c * step), 4) - top;
        evenly += chosen((w == 0) & (own == -INFINITY), all(0), w * own);
    }
    for (ptrdiff_t c = 0, end; c < classes; sum += part) { /* sums of sums, so that no digits are lost */
        part = all(0);
        for (end = c + CLASSES_PER_SUM < classes ? c + CLASSES_PER_SUM : classes; c < end; c++) {
            floats one = exponential(load((const char *)(z + c * step), 4) - top);
            if (to)
                store((char *)(to + c * to_step), 4, one);
            part += one;
        }
    }
    struct results results = finish(call, block, (struct found){top, sum, label - top, evenly});
    for (ptrdiff_t c = 0; c < classes && to; c++) {
        floats result = results.scale * load((const char *)(to + c * to_step), 4);
        if (call->smoothing)
            result -= results.even * lane_weights(call, block, c);
        result = chosen(block->own == (int32_t)c, result - results.less, result);
        store((char *)(to + c * to_step), 4, chosen(block->own >= 0, result, all(0)));
    }
    return results.losses;
}

#if defined(__AVX512F__) && (defined(__clang__) || __GNUC__ >= 12)
#define HAS_THREES 1
#define MIXED __builtin_shufflevector

/* LANES rows of three classes -> their first, second and third classes. */
INLINE void threes_apart(const float *rows, float *classes) {
    floats a = load((const char *)rows, 4), b = load((const char *)(rows + LANES), 4);
    floats c = load((const char *)(rows + 2 * LANES), 4);
    floats of_0 = MIXED(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    of_0 = MIXED(of_0, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
    store((char *)(classes + 0 * LANES), 4, of_0);
    floats of_1 = MIXED(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
    of_1 = MIXED(of_1, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
    store((char *)(classes + 1 * LANES), 4, of_1);
    floats of_2 = MIXED(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
    of_2 = MIXED(of_2, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
    store((char *)(classes + 2 * LANES), 4, of_2);
}

/* The way back. */
INLINE void threes_together(const float *classes, float *rows) {
    floats a = load((const char *)classes, 4), b = load((const char *)(classes + LANES), 4);
    floats c = load((const char *)(classes + 2 * LANES), 4);
    floats part_0 = MIXED(a, b, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
    part_0 = MIXED(part_0, c, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15);
    store((char *)(rows + 0 * LANES), 4, part_0);
    floats part_1 = MIXED(a, b, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
    part_1 = MIXED(part_1, c, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15);
    store((char *)(rows + 1 * LANES), 4, part_1);
    floats part_2 = MIXED(a, b, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
    part_2 = MIXED(part_2, c, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31);
    store((char *)(rows + 2 * LANES), 4, part_2);
}
#else
#define HAS_THREES 0
INLINE void threes_apart(const float *rows, float *classes) {
    (void)rows, (void)classes;
}
INLINE void threes_together(const float *classes, float *rows) {
    (void)classes, (void)rows;
}
#endif

#endif
