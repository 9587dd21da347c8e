/* Cross-entropy of logits and class indices, and its gradient, in one sweep over the positions that count.

   With z the logits of a position, y its class, e the smoothing, w the class weights and s the sample weight,

       loss      s * ((1 - e) * w[y] * (log sum - (z[y] - top)) + e / C * sum_c w[c] * (log sum - (z[c] - top)))
       gradient  u * s * (A * exp(z[c] - top) / sum - (1 - e) * w[y] * (c == y) - e / C * w[c])

   where top is the largest logit, sum = sum_c exp(z[c] - top), A = (1 - e) * w[y] + e / C * sum_c w[c], and u is the
   gradient by the loss. Positions stand in two axes and classes in one, of any strides. Many classes that lie side by
   side are taken LANES at a time; else LANES positions are, in place where these lie side by side, or copied into a
   tile. Each row is read from memory once: its exponentials wait in the cache, where the gradient will stand. */

#include <float.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cross_entropy_blocks.h"

#define NO_SUM -DBL_MAX

enum { NUMBERS_PER_TASK = 1 << 15, TASKS_OF_ONE_THREAD = 2, NUMBERS_PER_BLOCK = 1 << 12 };

typedef double numbers_in_double __attribute__((vector_size(8 * LANES)));

/* Where a position begins. */
INLINE ptrdiff_t place(const struct call *call, struct strides strides, ptrdiff_t position) {
    if (call->outer == 1) /* divisions take as long as some exponentials */
        return position * strides.inner * call->size;
    return (position / call->inner * strides.outer + position % call->inner * strides.inner) * call->size;
}

/* Whether LANES positions from this one on are as far from each other as positions of the inner axis. */
INLINE bool is_even(const struct call *call, ptrdiff_t position) {
    return call->outer == 1 || position % call->inner + LANES <= call->inner;
}

/* Positions of anywhere, copied into a tile as float32, and back. */
INLINE void copied_in(
    const struct call *call, const struct block *block, float *tile, ptrdiff_t size, ptrdiff_t classes
) {
    ptrdiff_t step = call->from.class * size;
    const char *from = call->logits + place(call, call->from, block->positions[0]);
    if (block->count == LANES && is_even(call, block->positions[0])) {
        ptrdiff_t next = call->from.inner * size;
        if (HAS_THREES && classes == 3 && size == 4 && step == size && next == 3 * size) {
            threes_apart((const float *)from, tile);
            return;
        }
        for (ptrdiff_t c = 0; c < classes; c++)
            for (ptrdiff_t lane = 0; lane < LANES; lane++)
                tile[c * LANES + lane] = number_at(from + lane * next + c * step, size);
        return;
    }
    for (ptrdiff_t lane = 0; lane < block->count; lane++) {
        from = call->logits + place(call, call->from, block->positions[lane]);
        for (ptrdiff_t c = 0; c < classes; c++)
            tile[c * LANES + lane] = number_at(from + c * step, size);
    }
}

INLINE void copied_out(
    const struct call *call, const struct block *block, const float *tile, ptrdiff_t size, ptrdiff_t classes
) {
    ptrdiff_t step = call->to.class * size;
    char *to = call->gradient + place(call, call->to, block->positions[0]);
    if (block->count == LANES && is_even(call, block->positions[0])) {
        ptrdiff_t next = call->to.inner * size;
        if (HAS_THREES && classes == 3 && size == 4 && step == size && next == 3 * size) {
            threes_together(tile, (float *)to);
            return;
        }
        for (ptrdiff_t lane = 0; lane < LANES; lane++)
            for (ptrdiff_t c = 0; c < classes; c++)
                put_number(to + lane * next + c * step, size, tile[c * LANES + lane]);
        return;
    }
    for (ptrdiff_t lane = 0; lane < block->count; lane++) {
        to = call->gradient + place(call, call->to, block->positions[lane]);
        for (ptrdiff_t c = 0; c < classes; c++)
            put_number(to + c * step, size, tile[c * LANES + lane]);
    }
}

/* The gradient of positions that do not count. */
static void zeros(const struct call *call, ptrdiff_t position, ptrdiff_t count) {
    if (call->losses)
        memset(call->losses + position, 0, (size_t)count * sizeof *call->losses);
    if (!call->gradient)
        return;
    bool is_whole = call->to.class == 1 && call->to.inner == call->classes &&
                    (call->outer == 1 || position % call->inner + count <= call->inner);
    if (is_whole) {
        memset(call->gradient + place(call, call->to, position), 0, (size_t)(count * call->classes * call->size));
        return;
    }
    for (; count; position++, count--) {
        char *to = call->gradient + place(call, call->to, position);
        for (ptrdiff_t c = 0; c < call->classes; c++)
            memset(to + c * call->to.class * call->size, 0, (size_t)call->size);
    }
}

INLINE double sum_in_double(floats numbers) {
    numbers_in_double wide = __builtin_convertvector(numbers, numbers_in_double);
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++)
        sum += wide[lane];
    return sum;
}

/* The sum of the losses of positions in rows of classes side by side. */
INLINE double in_rows(const struct call *call, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t size) {
    ptrdiff_t most = NUMBERS_PER_BLOCK / call->classes;
    most = most < 1 ? 1 : most > LANES ? LANES : most;
    struct block block = {.count = 0};
    const char *from[LANES];
    char *to[LANES];
    double sum = 0;
    for (ptrdiff_t position = begin, next; position < end; position = next) {
        next = position + 1;
        if (call->index[position] < 0) {
            while (next < end && call->index[next] < 0)
                next++;
            zeros(call, position, next - position);
        } else {
            from[block.count] = call->logits + place(call, call->from, position);
            to[block.count] = call->gradient ? call->gradient + place(call, call->to, position) : NULL;
            block.own[block.count] = call->index[position];
            block.positions[block.count++] = position;
        }
        if (!block.count || (block.count < most && next < end))
            continue;
        for (ptrdiff_t r = block.count; r < LANES; r++)
            block.own[r] = -1;
        floats losses = rows(call, &block, from, to, size);
        for (ptrdiff_t r = 0; call->losses && r < block.count; r++)
            call->losses[block.positions[r]] = losses[r];
        sum += sum_in_double(losses);
        block.count = 0;
    }
    return sum;
}

/* The same, LANES positions at a time; NO_SUM where there is no memory. */
INLINE double in_lanes(const struct call *call, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t size, ptrdiff_t classes) {
    bool side_by_side = size == 4 && call->from.inner == 1 && (call->to.inner == 1 || !call->gradient);
    float small[CLASSES_OF_ROWS * LANES] = {0}, *tile = small;
    if (classes > CLASSES_OF_ROWS)
        tile = calloc((size_t)(classes * LANES), sizeof *tile);
    if (!tile)
        return NO_SUM;
    numbers_in_double sums = {0};
    for (ptrdiff_t position = begin; position < end; position += LANES) {
        struct block block = {.count = end - position < LANES ? end - position : LANES};
        block.own -= 1;
        memcpy(&block.own, call->index + position, (size_t)block.count * sizeof *call->index);
        if (are_all_negative(block.own)) {
            zeros(call, position, block.count);
            continue;
        }
        for (ptrdiff_t lane = 0; lane < LANES; lane++)
            block.positions[lane] = position + lane;
        floats losses;
        if (side_by_side && block.count == LANES && is_even(call, position)) {
            float *to = call->gradient ? (float *)(call->gradient + place(call, call->to, position)) : NULL;
            const float *z = (const float *)(call->logits + place(call, call->from, position));
            losses = lanes(call, &block, z, call->from.class, to, call->to.class, classes);
        } else {
            copied_in(call, &block, tile, size, classes);
            losses = lanes(call, &block, tile, LANES, call->gradient ? tile : NULL, LANES, classes);
            if (call->gradient)
                copied_out(call, &block, tile, size, classes);
        }
        if (call->losses)
            store_some((char *)(call->losses + position), 4, block.count, losses);
        sums += __builtin_convertvector(losses, numbers_in_double);
    }
    if (tile != small)
        free(tile);
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}

INLINE double positions(const struct call *call, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t size) {
    ptrdiff_t classes = call->classes;
    if (call->from.class == 1 && (call->to.class == 1 || !call->gradient) && classes >= CLASSES_OF_ROWS)
        return in_rows(call, begin, end, size);
    if (classes == 2) /* the most usual few, whose loops then are none */
        return in_lanes(call, begin, end, size, 2);
    return classes == 3 ? in_lanes(call, begin, end, size, 3) : in_lanes(call, begin, end, size, classes);
}

struct part {
    const struct call *call;
    ptrdiff_t positions, of_task;
    double *sums;
};

static void task(ptrdiff_t number, void *data) {
    const struct part *part = data;
    ptrdiff_t begin = number * part->of_task, end = begin + part->of_task;
    end = end < part->positions ? end : part->positions;
    part->sums[number] =
        part->call->size == 4 ? positions(part->call, begin, end, 4) : positions(part->call, begin, end, 2);
}

/* The sum of the losses, or NO_SUM; it does not depend on how many threads there are. */
static double run(const struct call *call) {
    ptrdiff_t count = call->outer * call->inner, of_task = NUMBERS_PER_TASK / call->classes / LANES * LANES;
    of_task = of_task ? of_task : LANES;
    double few[TASKS_OF_ONE_THREAD], *sums = few, sum = 0;
    ptrdiff_t tasks = (count + of_task - 1) / of_task;
    if (tasks > TASKS_OF_ONE_THREAD)
        sums = calloc((size_t)tasks, sizeof *sums);
    if (!sums)
        return NO_SUM;
    struct part part = {call, count, of_task, sums};
    if (tasks > TASKS_OF_ONE_THREAD)
        seqwise_parallel(tasks, task, &part);
    else
        for (ptrdiff_t number = 0; number < tasks; number++)
            task(number, &part);
    for (ptrdiff_t number = 0; number < tasks; number++)
        sum = sum == NO_SUM || sums[number] == NO_SUM ? NO_SUM : sum + sums[number];
    if (sums != few)
        free(sums);
    return sum;
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

/* Fills in the index if there are labels, losses and weights, the result, the totals, and the gradient: what of them
   is not NULL. */
SEQWISE_API void seqwise_class_losses(struct call *call) {
    seqwise_class_index(call);
    if (!call->wrong && call->labels && looks_like_probabilities(call))
        call->wrong = LOOKS_LIKE_PROBABILITIES;
    if (call->wrong)
        return;
    float factor = call->factor;
    if (call->divides)
        call->factor = call->weight == 0 ? 0 : factor / call->weight;
    double total = run(call);
    call->factor = factor;
    if (total == NO_SUM) {
        call->wrong = NO_MEMORY;
        return;
    }
    call->total = (float)total;
    float mean = call->weight == 0 ? 0 : call->total / call->weight;
    if (call->result)
        *call->result = call->divides ? mean : call->total;
}
