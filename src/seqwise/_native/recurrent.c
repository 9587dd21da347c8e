/* One recurrent layer over sequences of different lengths, in one or two directions: forward, and back through time.

   Sequences do not touch each other, so each task takes some of them in one direction through all their steps, without
   waiting for others; padding is never computed. Of a task's sequences, longest first, step s has those that are longer
   than s: they stand one step after the other in `seen`, a row [input, 0.., state before, 0..] each. A step is one
   product with the weights of input and state side by side, and one pass over its gates.

   All widths are padded to multiples of 16 with zeros; `inputs` and `states` below are such widths. */

#include <stdlib.h>
#include <string.h>

#include "halves.h"
#include "product.h"
#include "seqwise.h"
#include "gates.h"

enum kind { RNN, GRU, LSTM };

/* What Python hands over. Arrays of a direction stand after those of the one before. */
struct layer {
    int64_t kind, directions, chunks, halves; /* tasks = directions x chunks; halves: factors rounded to bfloat16 */
    int64_t batch, time, input, hidden, inputs, states, steps; /* steps: sum of the lengths */
    const int64_t *order, *lengths;   /* rows, longest first; how long each row is */
    const float *input_values;        /* (batch, time, input) */
    const float *weights, *biases;    /* (directions, gates, inputs + states), (directions, gates) */
    float *output;                    /* (batch, time, directions x hidden) */
    float *seen, *gates, *cells;      /* (directions, steps, ...): inputs + states, gates, states */
    const float *output_gradient;     /* as output */
    float *input_gradient;            /* (directions, batch, time, input) */
    float *weight_gradient, *bias_gradient; /* (tasks, gates, inputs + states), (tasks, gates) */
    float *failed;                    /* not 0 when memory was refused */
};

/* A block of the weights: columns of the gates that read a range of `seen`. */
struct block {
    ptrdiff_t gate, gates, from, depth;
};

struct task {
    const struct layer *layer;
    ptrdiff_t direction, chunk, rows, first, steps; /* first: of its steps among those of its direction */
    ptrdiff_t width, gates;                         /* of a row of `seen`, of gates */
    int blocks;
    struct block block[3];
    const float *weights, *biases;
    float *seen, *gate, *cells;
};

static ptrdiff_t row_of(const struct task *task, ptrdiff_t number) {
    return task->layer->order[task->chunk + number * task->layer->chunks];
}

static ptrdiff_t length_of(const struct task *task, ptrdiff_t number) {
    return task->layer->lengths[row_of(task, number)];
}

/* Where a sequence's step stands in arrays (batch, time, ...). */
static ptrdiff_t place_of(const struct task *task, ptrdiff_t number, ptrdiff_t step) {
    ptrdiff_t time = task->direction ? length_of(task, number) - 1 - step : step;
    return row_of(task, number) * task->layer->time + time;
}

static struct task task_of(const struct layer *layer, ptrdiff_t index) {
    struct task task = {.layer = layer, .direction = index / layer->chunks, .chunk = index % layer->chunks};
    ptrdiff_t s = layer->states, x = layer->inputs;
    task.width = x + s;
    task.gates = layer->kind == RNN ? s : 4 * s;
    for (ptrdiff_t i = 0; i < layer->batch; i++) {
        ptrdiff_t chunk = i % layer->chunks, length = layer->lengths[layer->order[i]];
        if (chunk < task.chunk)
            task.first += length;
        if (chunk == task.chunk && length > 0) {
            task.rows++;
            task.steps += length;
        }
    }
    if (layer->kind == GRU) { /* gates: reset, update, new from the input, new from the state */
        task.blocks = 3;
        task.block[0] = (struct block){0, 2 * s, 0, x + s};
        task.block[1] = (struct block){2 * s, s, 0, x};
        task.block[2] = (struct block){3 * s, s, x, s};
    } else {
        task.blocks = 1;
        task.block[0] = (struct block){0, task.gates, 0, x + s};
    }
    ptrdiff_t before = task.direction * layer->steps + task.first;
    task.weights = layer->weights + task.direction * task.gates * task.width;
    task.biases = layer->biases + task.direction * task.gates;
    task.seen = layer->seen + before * task.width;
    task.gate = layer->gates + before * task.gates;
    task.cells = layer->cells + before * s;
    return task;
}

/* The gates of one row: what the product gave becomes what backward needs; `state` becomes the new state. */
INLINE void gates_forward(enum kind kind, ptrdiff_t size, const float *bias, float *gate, float *state, float *cell,
                          const float *cell_before) {
    for (ptrdiff_t j = 0; j < size; j += FLOATS) {
        const float *b = bias + j;
        float *g = gate + j;
        if (kind == RNN) {
            put(g, tanh_of(floats_at(g) + floats_at(b)));
            put(state + j, floats_at(g));
        } else if (kind == GRU) {
            floats reset = sigmoid_of(floats_at(g) + floats_at(b));
            floats update = sigmoid_of(floats_at(g + size) + floats_at(b + size));
            floats hidden = floats_at(g + 3 * size) + floats_at(b + 3 * size);
            floats fresh = tanh_of(floats_at(g + 2 * size) + floats_at(b + 2 * size) + reset * hidden);
            put(g, reset);
            put(g + size, update);
            put(g + 2 * size, fresh);
            put(g + 3 * size, hidden);
            put(state + j, fresh + update * (floats_at(state + j) - fresh));
        } else {
            floats in = sigmoid_of(floats_at(g) + floats_at(b));
            floats forget = sigmoid_of(floats_at(g + size) + floats_at(b + size));
            floats fresh = tanh_of(floats_at(g + 2 * size) + floats_at(b + 2 * size));
            floats out = sigmoid_of(floats_at(g + 3 * size) + floats_at(b + 3 * size));
            floats before = cell_before ? floats_at(cell_before + j) : (floats){0};
            floats now = forget * before + in * fresh;
            put(g, in);
            put(g + size, forget);
            put(g + 2 * size, fresh);
            put(g + 3 * size, out);
            put(cell + j, now);
            put(state + j, out * tanh_of(now));
        }
    }
}

/* The gradient of the gates of one row, and of the state and cell before, from those after it in `state` and `cell`;
   for the state before, the part that does not go through the gates. */
INLINE void gates_backward(enum kind kind, ptrdiff_t size, const float *gate, float *gradient, float *state,
                           const float *state_before, float *cell, const float *cell_now, const float *cell_before) {
    for (ptrdiff_t j = 0; j < size; j += FLOATS) {
        const float *g = gate + j;
        float *d = gradient + j;
        floats of_state = floats_at(state + j), zero = {0};
        if (kind == RNN) {
            put(d, of_state * (1.0f - floats_at(g) * floats_at(g)));
            put(state + j, zero);
        } else if (kind == GRU) {
            floats reset = floats_at(g), update = floats_at(g + size), fresh = floats_at(g + 2 * size);
            floats of_fresh = of_state * (1.0f - update) * (1.0f - fresh * fresh);
            put(d, of_fresh * floats_at(g + 3 * size) * reset * (1.0f - reset));
            put(d + size, of_state * (floats_at(state_before + j) - fresh) * update * (1.0f - update));
            put(d + 2 * size, of_fresh);
            put(d + 3 * size, of_fresh * reset);
            put(state + j, of_state * update);
        } else {
            floats in = floats_at(g), forget = floats_at(g + size), fresh = floats_at(g + 2 * size);
            floats out = floats_at(g + 3 * size), squashed = tanh_of(floats_at(cell_now + j));
            floats before = cell_before ? floats_at(cell_before + j) : zero;
            floats of_cell = floats_at(cell + j) + of_state * out * (1.0f - squashed * squashed);
            put(d, of_cell * fresh * in * (1.0f - in));
            put(d + size, of_cell * before * forget * (1.0f - forget));
            put(d + 2 * size, of_cell * in * (1.0f - fresh * fresh));
            put(d + 3 * size, of_state * squashed * out * (1.0f - out));
            put(cell + j, of_cell * forget);
            put(state + j, zero);
        }
    }
}

/* The weights of each block, transposed, in the panels of a product. */
static void pack_weights(const struct task *task, float *panels, float **of_block) {
    ptrdiff_t wide = task->width;
#if HAS_HALVES
    pair *rounded = (pair *)panels + task->gates * wide / 2, *next = (pair *)panels;
    if (task->layer->halves)
        round_to_halves(task->weights, task->gates * wide, rounded);
#endif
    for (int i = 0; i < task->blocks; i++) {
        struct block b = task->block[i];
#if HAS_HALVES
        if (task->layer->halves) {
            of_block[i] = (float *)next;
            pack_transposed(rounded + (b.gate * wide + b.from) / 2, wide / 2, b.depth / 2, b.gates, next);
            next += b.depth / 2 * b.gates;
            continue;
        }
#endif
        of_block[i] = panels;
        pack((struct matrix){task->weights + b.gate * wide + b.from, 1, wide}, b.depth, b.gates, panels);
        panels += b.depth * b.gates;
    }
}

static void products_of_gates(const struct task *task, const float *seen, float *halves, float **of_block,
                              ptrdiff_t rows, float *gate) {
    ptrdiff_t wide = task->width;
#if HAS_HALVES
    if (task->layer->halves)
        round_to_halves(seen, rows * wide, (pair *)halves);
#else
    (void)halves;
#endif
    for (int i = 0; i < task->blocks; i++) {
        struct block b = task->block[i];
#if HAS_HALVES
        if (task->layer->halves) {
            product_of_pairs((struct pairs){(pair *)halves + b.from / 2, wide / 2, 1}, (pair *)of_block[i], rows,
                             b.depth / 2, b.gates, gate + b.gate, task->gates, 0);
            continue;
        }
#endif
        product((struct matrix){seen + b.from, wide, 1}, of_block[i], rows, b.depth, b.gates, gate + b.gate,
                task->gates, 0);
    }
}

static void forward(ptrdiff_t index, void *data) {
    const struct layer *layer = data;
    struct task task = task_of(layer, index);
    enum kind kind = (enum kind)layer->kind;
    ptrdiff_t size = layer->states, x = layer->inputs, wide = task.width, gates = task.gates;
    ptrdiff_t rounded = layer->halves ? task.rows * wide / 2 : 0;
    float *panels = aligned_alloc(64, (size_t)(gates * wide + size + rounded + FLOATS) / FLOATS * FLOATS * sizeof(float));
    if (!panels) {
        *layer->failed = 1;
        return;
    }
    float *state = panels + gates * wide, *halves = state + size;
    float *of_block[3];
    pack_weights(&task, panels, of_block);
    ptrdiff_t at = 0, before = 0;
    for (ptrdiff_t step = 0, rows = task.rows; rows > 0; step++) {
        while (rows > 0 && length_of(&task, rows - 1) <= step)
            rows--;
        float *seen = task.seen + at * wide;
        for (ptrdiff_t i = 0; i < rows; i++) {
            float *row = seen + i * wide;
            memcpy(row, layer->input_values + place_of(&task, i, step) * layer->input,
                   (size_t)layer->input * sizeof(float));
            memset(row + layer->input, 0, (size_t)(x - layer->input) * sizeof(float));
            if (step == 0)
                memset(row + x, 0, (size_t)size * sizeof(float));
        }
        products_of_gates(&task, seen, halves, of_block, rows, task.gate + at * gates);
        for (ptrdiff_t i = 0; i < rows; i++) {
            memcpy(state, seen + i * wide + x, (size_t)size * sizeof(float));
            float *gate = task.gate + (at + i) * gates, *cell = task.cells + (at + i) * size;
            const float *cell_before = step ? task.cells + (before + i) * size : NULL;
            if (kind == RNN)
                gates_forward(RNN, size, task.biases, gate, state, NULL, NULL);
            else if (kind == GRU)
                gates_forward(GRU, size, task.biases, gate, state, NULL, NULL);
            else
                gates_forward(LSTM, size, task.biases, gate, state, cell, cell_before);
            ptrdiff_t place = place_of(&task, i, step) * layer->directions + task.direction;
            memcpy(layer->output + place * layer->hidden, state, (size_t)layer->hidden * sizeof(float));
            if (length_of(&task, i) > step + 1)
                memcpy(seen + (rows + i) * wide + x, state, (size_t)size * sizeof(float));
        }
        before = at;
        at += rows;
    }
    free(panels);
}

/* The gradient of the weights and biases, from that of all gates; in blocks of steps that fit the cache. */
static void weights_backward(const struct task *task, const float *gradient, float *panels, float *halves,
                             ptrdiff_t block_steps, float *weights, float *biases) {
    (void)halves;
    for (ptrdiff_t first = 0; first < task->steps; first += block_steps) {
        ptrdiff_t steps = task->steps - first < block_steps ? task->steps - first : block_steps;
        const float *some = gradient + first * task->gates;
#if HAS_HALVES
        if (task->layer->halves)
            pack_pairs(some, task->gates, steps, task->gates, task->gates, (pair *)halves);
#endif
        for (int i = 0; i < task->blocks; i++) {
            struct block b = task->block[i];
#if HAS_HALVES
            if (task->layer->halves) {
                pack_pairs(task->seen + first * task->width + b.from, task->width, steps, b.depth, PANEL * FLOATS,
                           (pair *)panels);
                product_of_pairs((struct pairs){(pair *)halves + b.gate, 1, task->gates}, (pair *)panels, b.gates,
                                 (steps + 1) / 2, b.depth, weights + b.gate * task->width + b.from, task->width, 1);
                continue;
            }
#endif
            pack((struct matrix){task->seen + first * task->width + b.from, task->width, 1}, steps, b.depth, panels);
            product((struct matrix){some + b.gate, 1, task->gates}, panels, b.gates, steps, b.depth,
                    weights + b.gate * task->width + b.from, task->width, 1);
        }
        for (ptrdiff_t j = 0; j < task->gates; j += FLOATS) {
            floats sum = floats_at(biases + j);
            for (ptrdiff_t step = 0; step < steps; step++)
                sum += floats_at(some + step * task->gates + j);
            put(biases + j, sum);
        }
    }
}

static void backward(ptrdiff_t index, void *data) {
    enum { BLOCK = 192 };
    const struct layer *layer = data;
    struct task task = task_of(layer, index);
    enum kind kind = (enum kind)layer->kind;
    ptrdiff_t size = layer->states, x = layer->inputs, wide = task.width, gates = task.gates;
    ptrdiff_t panel = (gates > BLOCK ? gates : BLOCK) * wide;
    ptrdiff_t rounded = layer->halves ? (task.rows > BLOCK ? task.rows : BLOCK) * gates / 2 : 0;
    float *memory = aligned_alloc(
        64, (size_t)(panel + task.steps * gates + task.rows * (wide + 2 * size) + rounded) * sizeof(float));
    if (!memory) {
        *layer->failed = 1;
        return;
    }
    float *panels = memory, *gradient = panels + panel, *of_seen = gradient + task.steps * gates;
    float *of_state = of_seen + task.rows * wide, *of_cell = of_state + task.rows * size;
    float *halves = of_cell + task.rows * size;
    float *of_block[3], *next_panels = panels;
    for (int i = 0; i < task.blocks; i++) {
        struct block b = task.block[i];
        const float *weights = task.weights + b.gate * wide + b.from;
        of_block[i] = next_panels;
        next_panels += b.depth * b.gates;
#if HAS_HALVES
        if (layer->halves) {
            pack_pairs(weights, wide, b.gates, b.depth, PANEL * FLOATS, (pair *)of_block[i]);
            continue;
        }
#endif
        pack((struct matrix){weights, wide, 1}, b.gates, b.depth, of_block[i]);
    }
    memset(of_state, 0, (size_t)(task.rows * 2 * size) * sizeof(float));
    ptrdiff_t at = task.steps, rows = 0;
    for (ptrdiff_t step = task.rows ? length_of(&task, 0) - 1 : -1; step >= 0; step--) {
        while (rows < task.rows && length_of(&task, rows) > step)
            rows++;
        at -= rows;
        /* the step before has at least as many rows */
        ptrdiff_t before = rows;
        while (step && before < task.rows && length_of(&task, before) > step - 1)
            before++;
        for (ptrdiff_t i = 0; i < rows; i++) {
            const float *gate = task.gate + (at + i) * gates, *seen = task.seen + (at + i) * wide;
            const float *cell = task.cells + (at + i) * size;
            const float *cell_before = step ? task.cells + (at - before + i) * size : NULL;
            float *d = gradient + (at + i) * gates, *state = of_state + i * size, *cells = of_cell + i * size;
            ptrdiff_t place = place_of(&task, i, step) * layer->directions + task.direction;
            const float *from = layer->output_gradient + place * layer->hidden;
            for (ptrdiff_t j = 0; j < layer->hidden; j++)
                state[j] += from[j];
            if (kind == RNN)
                gates_backward(RNN, size, gate, d, state, seen + x, NULL, NULL, NULL);
            else if (kind == GRU)
                gates_backward(GRU, size, gate, d, state, seen + x, NULL, NULL, NULL);
            else
                gates_backward(LSTM, size, gate, d, state, seen + x, cells, cell, cell_before);
        }
#if HAS_HALVES
        if (layer->halves)
            round_to_halves(gradient + at * gates, rows * gates, (pair *)halves);
#endif
        for (int i = 0; i < task.blocks; i++) {
            struct block b = task.block[i];
#if HAS_HALVES
            if (layer->halves) {
                product_of_pairs((struct pairs){(pair *)halves + b.gate / 2, gates / 2, 1}, (pair *)of_block[i], rows,
                                 b.gates / 2, b.depth, of_seen + b.from, wide, i > 0);
                continue;
            }
#endif
            product((struct matrix){gradient + at * gates + b.gate, gates, 1}, of_block[i], rows, b.gates, b.depth,
                    of_seen + b.from, wide, i > 0);
        }
        float *inputs = layer->input_gradient + task.direction * layer->batch * layer->time * layer->input;
        for (ptrdiff_t i = 0; i < rows; i++) {
            const float *row = of_seen + i * wide;
            memcpy(inputs + place_of(&task, i, step) * layer->input, row, (size_t)layer->input * sizeof(float));
            for (ptrdiff_t j = 0; j < size; j += FLOATS)
                put(of_state + i * size + j, floats_at(of_state + i * size + j) + floats_at(row + x + j));
        }
    }
    weights_backward(&task, gradient, panels, halves, BLOCK, layer->weight_gradient + index * gates * wide,
                     layer->bias_gradient + index * gates);
    free(memory);
}

/* Whether layers may ask for halves. */
SEQWISE_API void seqwise_halves_are_there(int32_t *found) { *found = halves_are_there(); }

SEQWISE_API void seqwise_recurrent_forward(struct layer *layer) {
    seqwise_parallel(layer->directions * layer->chunks, forward, layer);
}

SEQWISE_API void seqwise_recurrent_backward(struct layer *layer) {
    seqwise_parallel(layer->directions * layer->chunks, backward, layer);
}
