/* Cross-entropy of logits and class indices, and its gradient: each in one sweep, where a position counts only.

   With z the logits of a position, y its class, e the smoothing, w the class weights and s the sample weight,

       loss      s * ((1 - e) * w[y] * (log sum - (z[y] - top)) + e / C * sum_c w[c] * (log sum - (z[c] - top)))
       gradient  u * s * (A * exp(z[c] - top) / sum - (1 - e) * w[y] * (c == y) - e / C * w[c])

   where top is the largest logit, sum = sum_c exp(z[c] - top), A = (1 - e) * w[y] + e / C * sum_c w[c], and u is the
   gradient by the loss. Positions stand in two axes and classes in one, of any strides. Classes that lie side by side
   are taken LANES at a time; else LANES positions are, in place where these lie side by side, or copied into a tile. */

#include <stdbool.h>
#include <stdlib.h>

#include "seqwise.h"
#include "floats.h"

enum { CLASSES_OF_ROWS = 24, NUMBERS_PER_TASK = 1 << 13, VECTORS_PER_SUM = 64, CLASSES_PER_SUM = 32 };

struct strides { /* in numbers */
    ptrdiff_t outer, inner, class;
};

/* What Python fills in: `Call` in losses/_kernels/cross_entropy.py has the same fields. */
struct call {
    const char *logits;
    ptrdiff_t size; /* of a number in bytes: 4 for float32, 2 for bfloat16 */
    ptrdiff_t outer, inner, classes;
    struct strides from;
    const int32_t *index;      /* the class of each position; -1 where it does not count */
    const float *class_weight; /* (outputs, classes), or NULL; the output is the last axis of positions */
    const float *class_total;  /* its sums over classes; with smoothing only */
    ptrdiff_t outputs;
    const float *sample_weight; /* one for every `span` positions, or NULL */
    ptrdiff_t span;
    float smoothing;
    float *losses, *weights; /* results at each position, 0 where it does not count */
    float *top, *sum;        /* what the gradient needs again */
    float totals[4];         /* results: the sums of losses and weights, their quotient, 1 if logits look like shares */
    const float *upstream;   /* one for every position, or, with a step of 0, the same for all */
    ptrdiff_t upstream_step;
    ptrdiff_t divides; /* whether upstream is divided by the sum of the weights; where that is 0, so is the gradient */
    char *gradient;    /* where to put it; may be the logits */
    struct strides to;
};

INLINE float times(float factor, float number) {
    return factor == 0 && isinf(number) ? 0 : factor * number;
}

INLINE const float *class_weight_at(const struct call *call, ptrdiff_t position) {
    return call->class_weight ? call->class_weight + position % call->outputs * call->classes : NULL;
}

INLINE float total_weight_at(const struct call *call, ptrdiff_t position) {
    return call->class_total ? call->class_total[position % call->outputs] : (float)call->classes;
}

INLINE float sample_weight_at(const struct call *call, ptrdiff_t position) {
    return call->sample_weight ? call->sample_weight[position / call->span] : 1;
}

/* The results at one position; `evenly` is sum_c w[c] * (z[c] - top), needed for smoothing. */
INLINE void finish(const struct call *call, ptrdiff_t position, float top, float sum, float label, float evenly) {
    const float *weight = class_weight_at(call, position);
    float own = weight ? weight[call->index[position]] : 1, sample = sample_weight_at(call, position);
    float log_sum = logf(sum), loss = (1 - call->smoothing) * times(own, log_sum - (label - top));
    if (call->smoothing) {
        loss += call->smoothing / (float)call->classes * (total_weight_at(call, position) * log_sum - evenly);
    }
    call->losses[position] = times(sample, loss);
    call->weights[position] = sample * own;
    call->top[position] = top;
    call->sum[position] = sum;
}

/* The gradient at one position is scale * exp(z - top) - even * w, and less by `label` at its class. */
struct slope {
    float scale, even, label;
};

INLINE struct slope slope_at(const struct call *call, ptrdiff_t position) {
    const float *weight = class_weight_at(call, position);
    float own = (1 - call->smoothing) * (weight ? weight[call->index[position]] : 1);
    float evenly = call->smoothing / (float)call->classes;
    float total = evenly == 0 ? 0 : total_weight_at(call, position);
    float u = call->upstream[position * call->upstream_step] * sample_weight_at(call, position);
    if (call->divides)
        u = call->totals[1] == 0 ? 0 : u / call->totals[1];
    return (struct slope){u * (own + evenly * total) / call->sum[position], u * evenly, u * own};
}

/* Classes side by side. */

INLINE float row_top(const char *row, ptrdiff_t size, ptrdiff_t classes) {
    ptrdiff_t c = 0;
    floats top[4];
    for (int k = 0; k < 4; k++)
        top[k] = all(-INFINITY);
    for (; c + 4 * LANES <= classes; c += 4 * LANES)
        for (int k = 0; k < 4; k++)
            top[k] = larger(load(row + (c + k * LANES) * size, size), top[k]);
    for (; c + LANES <= classes; c += LANES)
        top[0] = larger(load(row + c * size, size), top[0]);
    if (c < classes)
        top[1] = larger(load_some(row + c * size, size, classes - c, -INFINITY), top[1]);
    return largest_of(larger(larger(top[0], top[1]), larger(top[2], top[3])));
}

/* sum_c exp(z[c] - top), collected in double now and then, so that many classes cost no digits. */
INLINE float row_sum(const char *row, ptrdiff_t size, ptrdiff_t classes, float top) {
    double sum = 0;
    ptrdiff_t c = 0;
    while (c + LANES <= classes) {
        floats part = all(0), other = all(0);
        ptrdiff_t end = c + VECTORS_PER_SUM * LANES < classes ? c + VECTORS_PER_SUM * LANES : classes;
        for (; c + 2 * LANES <= end; c += 2 * LANES) {
            part += exponential(load(row + c * size, size) - top);
            other += exponential(load(row + (c + LANES) * size, size) - top);
        }
        for (; c + LANES <= end; c += LANES)
            part += exponential(load(row + c * size, size) - top);
        sum += sum_of(part + other);
    }
    if (c < classes)
        sum += sum_of(exponential(load_some(row + c * size, size, classes - c, -INFINITY) - top));
    return (float)sum;
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
    for (; c < classes; c++)
        rest += times(weight ? weight[c] : 1, number_at(row + c * size, size) - top);
    return sum_of(sum) + rest;
}

INLINE void row_forward(const struct call *call, ptrdiff_t position, const char *row, ptrdiff_t size) {
    ptrdiff_t classes = call->classes;
    float top = row_top(row, size, classes), sum = row_sum(row, size, classes, top), evenly = 0;
    if (call->smoothing)
        evenly = row_evenly(row, size, classes, top, class_weight_at(call, position));
    finish(call, position, top, sum, number_at(row + call->index[position] * size, size), evenly);
}

INLINE floats row_slope(struct slope slope, const float *weight, float top, floats z) {
    floats result = slope.scale * exponential(z - top);
    if (slope.even != 0)
        result -= slope.even * (weight ? load((const char *)weight, 4) : all(1));
    return result;
}

INLINE void row_gradient(const struct call *call, ptrdiff_t position, const char *row, char *to, ptrdiff_t size) {
    struct slope slope = slope_at(call, position);
    const float *weight = class_weight_at(call, position);
    float top = call->top[position];
    ptrdiff_t c = 0, classes = call->classes, own = call->index[position];
    floats at_label = slope.scale * exponential(all(number_at(row + own * size, size) - top));
    float label = at_label[0] - slope.label - slope.even * (weight ? weight[own] : 1);
    for (; c + LANES <= classes; c += LANES)
        store(to + c * size, size, row_slope(slope, weight ? weight + c : NULL, top, load(row + c * size, size)));
    if (c < classes) {
        float rest[LANES] = {0};
        if (weight)
            memcpy(rest, weight + c, (size_t)(classes - c) * 4);
        floats z = load_some(row + c * size, size, classes - c, 0);
        store_some(to + c * size, size, classes - c, row_slope(slope, weight ? rest : NULL, top, z));
    }
    store_some(to + own * size, size, 1, all(label));
}

/* LANES positions side by side: number `lane` of class c stands at `tile + c * step + lane * size`. */

struct block {
    ptrdiff_t positions[LANES], count;
};

INLINE floats lane_weights(const struct call *call, const struct block *block, ptrdiff_t c) {
    if (!call->class_weight)
        return all(1);
    if (call->outputs == 1)
        return all(call->class_weight[c]);
    floats weights = all(0);
    for (ptrdiff_t lane = 0; lane < block->count; lane++)
        weights[lane] = class_weight_at(call, block->positions[lane])[c];
    return weights;
}

INLINE void lanes_forward(
    const struct call *call, const struct block *block, const char *tile, ptrdiff_t step, ptrdiff_t size
) {
    floats top = load(tile, size), sum = all(0), part, evenly = all(0);
    for (ptrdiff_t c = 1; c < call->classes; c++)
        top = larger(load(tile + c * step, size), top);
    for (ptrdiff_t c = 0, end; c < call->classes; sum += part) { /* sums of sums, so that no digits are lost */
        part = all(0);
        for (end = c + CLASSES_PER_SUM < call->classes ? c + CLASSES_PER_SUM : call->classes; c < end; c++)
            part += exponential(load(tile + c * step, size) - top);
    }
    for (ptrdiff_t c = 0; c < call->classes && call->smoothing; c++) {
        floats w = lane_weights(call, block, c), z = load(tile + c * step, size) - top;
        evenly += chosen((w == 0) & (z == -INFINITY), all(0), w * z);
    }
    for (ptrdiff_t lane = 0; lane < block->count; lane++) {
        ptrdiff_t position = block->positions[lane], own = call->index[position];
        if (own >= 0)
            finish(
                call, position, top[lane], sum[lane], number_at(tile + own * step + lane * size, size), evenly[lane]
            );
    }
}

INLINE void lanes_gradient(
    const struct call *call, const struct block *block, const char *tile, ptrdiff_t step, char *to, ptrdiff_t to_step,
    ptrdiff_t size
) {
    floats top = all(0), scale = all(0), even = all(0), label = all(0), at_label = all(0);
    ints counts = {0};
    for (ptrdiff_t lane = 0; lane < block->count; lane++) {
        ptrdiff_t position = block->positions[lane], own = call->index[position];
        if (own < 0)
            continue;
        struct slope slope = slope_at(call, position);
        const float *weight = class_weight_at(call, position);
        counts[lane] = -1;
        top[lane] = call->top[position];
        scale[lane] = slope.scale;
        even[lane] = slope.even;
        label[lane] = slope.label + slope.even * (weight ? weight[own] : 1);
        at_label[lane] = number_at(tile + own * step + lane * size, size);
    }
    label = scale * exponential(at_label - top) - label;
    for (ptrdiff_t c = 0; c < call->classes; c++) {
        floats result = scale * exponential(load(tile + c * step, size) - top);
        if (call->smoothing)
            result -= even * lane_weights(call, block, c);
        store(to + c * to_step, size, (floats)(counts & (ints)result));
    }
    for (ptrdiff_t lane = 0; lane < block->count; lane++)
        if (counts[lane])
            store_some(to + call->index[block->positions[lane]] * to_step + lane * size, size, 1, all(label[lane]));
}

/* Positions of anywhere, copied into a tile and back. */

INLINE ptrdiff_t place(const struct call *call, struct strides strides, ptrdiff_t position) {
    return (position / call->inner * strides.outer + position % call->inner * strides.inner) * call->size;
}

INLINE void copied(const struct call *call, const struct block *block, char *tile, ptrdiff_t size, bool back) {
    struct strides strides = back ? call->to : call->from;
    for (ptrdiff_t lane = 0; lane < block->count; lane++) {
        ptrdiff_t start = place(call, strides, block->positions[lane]);
        for (ptrdiff_t c = 0; c < call->classes; c++) {
            char *here = tile + (c * LANES + lane) * size;
            if (back)
                memcpy(call->gradient + start + c * strides.class * size, here, (size_t)size);
            else
                memcpy(here, call->logits + start + c * strides.class * size, (size_t)size);
        }
    }
}

INLINE void flush(const struct call *call, struct block *block, char *tile, ptrdiff_t size) {
    if (!block->count)
        return;
    copied(call, block, tile, size, false);
    if (call->gradient) {
        lanes_gradient(call, block, tile, LANES * size, tile, LANES * size, size);
        copied(call, block, tile, size, true);
    } else {
        lanes_forward(call, block, tile, LANES * size, size);
    }
    block->count = 0;
}

INLINE void left_out(const struct call *call, ptrdiff_t position, ptrdiff_t size) {
    if (!call->gradient) {
        call->losses[position] = call->weights[position] = 0;
        return;
    }
    char *to = call->gradient + place(call, call->to, position);
    if (call->to.class == 1)
        memset(to, 0, (size_t)(call->classes * size));
    else
        for (ptrdiff_t c = 0; c < call->classes; c++)
            memset(to + c * call->to.class * size, 0, (size_t)size);
}

/* LANES positions in place; those that do not count get their zeros as well. */
INLINE void in_place(const struct call *call, ptrdiff_t position, ptrdiff_t size) {
    struct block block = {.count = LANES};
    bool some = false;
    for (ptrdiff_t lane = 0; lane < LANES; lane++) {
        block.positions[lane] = position + lane;
        some |= call->index[position + lane] >= 0;
        if (!call->gradient && call->index[position + lane] < 0)
            left_out(call, position + lane, size);
    }
    const char *tile = call->logits + place(call, call->from, position);
    if (call->gradient)
        lanes_gradient(
            call, &block, tile, call->from.class * size, call->gradient + place(call, call->to, position),
            call->to.class * size, size
        );
    else if (some)
        lanes_forward(call, &block, tile, call->from.class * size, size);
}

INLINE void positions(const struct call *call, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t size) {
    bool is_row = call->from.class == 1 && (call->to.class == 1 || !call->gradient) && call->classes >= CLASSES_OF_ROWS;
    bool is_side_by_side = call->from.inner == 1 && (call->to.inner == 1 || !call->gradient);
    char *tile = is_row ? NULL : calloc((size_t)(call->classes * LANES), (size_t)size);
    struct block block = {.count = 0};
    for (ptrdiff_t position = begin; position < end; position++) {
        if (!is_row && is_side_by_side && position % call->inner + LANES <= call->inner && position + LANES <= end) {
            in_place(call, position, size);
            position += LANES - 1;
        } else if (call->index[position] < 0) {
            left_out(call, position, size);
        } else if (is_row) {
            const char *row = call->logits + place(call, call->from, position);
            if (call->gradient)
                row_gradient(call, position, row, call->gradient + place(call, call->to, position), size);
            else
                row_forward(call, position, row, size);
        } else {
            block.positions[block.count++] = position;
            if (block.count == LANES)
                flush(call, &block, tile, size);
        }
    }
    if (!is_row)
        flush(call, &block, tile, size);
    free(tile);
}

struct part {
    const struct call *call;
    ptrdiff_t positions, of_task;
};

static void task(ptrdiff_t number, void *data) {
    const struct part *part = data;
    ptrdiff_t begin = number * part->of_task, end = begin + part->of_task;
    end = end < part->positions ? end : part->positions;
    if (part->call->size == 4)
        positions(part->call, begin, end, 4);
    else
        positions(part->call, begin, end, 2);
}

static void run(const struct call *call) {
    ptrdiff_t count = call->outer * call->inner, of_task = NUMBERS_PER_TASK / call->classes / LANES * LANES;
    struct part part = {call, count, of_task ? of_task : LANES};
    seqwise_parallel((count + part.of_task - 1) / part.of_task, task, &part);
}

/* Whether the first position that counts has numbers from 0 to 1 with sum 1: softmax may have been applied already. */
static bool looks_like_probabilities(const struct call *call) {
    ptrdiff_t position = 0, count = call->outer * call->inner;
    while (position < count && call->index[position] < 0)
        position++;
    if (position == count || call->classes < 2)
        return false;
    const char *logits = call->logits + place(call, call->from, position);
    double sum = 0;
    for (ptrdiff_t c = 0; c < call->classes; c++) {
        float z = number_at(logits + c * call->from.class * call->size, call->size);
        if (!(z >= 0 && z <= 1))
            return false;
        sum += z;
    }
    return fabs(sum - 1) <= 0.016;
}

/* Fills in losses, weights, top, sum and totals. */
SEQWISE_API void seqwise_cross_entropy(struct call *call) {
    double sum = 0, weight = 0;
    call->gradient = NULL;
    run(call);
    for (ptrdiff_t position = 0; position < call->outer * call->inner; position++) {
        sum += call->losses[position];
        weight += call->weights[position];
    }
    float *totals = call->totals;
    totals[0] = (float)sum;
    totals[1] = (float)weight;
    totals[2] = totals[1] == 0 ? 0 : totals[0] / totals[1];
    totals[3] = looks_like_probabilities(call);
}

/* Fills in the gradient by the logits, after `seqwise_cross_entropy`. */
SEQWISE_API void seqwise_cross_entropy_gradient(const struct call *call) {
    run(call);
}
