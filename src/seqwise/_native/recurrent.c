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

/* What Python hands over. Arrays of a direction stand after those of the one before; parameters are those of torch's
   layers, weights and biases of the input and of the state, four of a direction. */
struct layer {
    int64_t kind, directions, chunks, halves; /* tasks = directions x chunks; halves: see backward */
    int64_t batch, time, input, hidden, inputs, states, steps; /* steps: sum of the lengths */
    const int64_t *order, *lengths;   /* rows, longest first; how long each row is */
    const float *input_values;        /* (batch, time, input) */
    const float *const *parameters;   /* (directions, 4) */
    float *output;                    /* (batch, time, directions x hidden) */
    float *seen, *gates, *cells;      /* (directions, steps, ...): inputs + states, gates, states */
    const float *output_gradient;     /* as output */
    float *input_gradient;            /* (batch, time, input) */
    float *input_gradients;           /* (directions, batch, time, input), of each direction; no part of the result */
    float *const *gradients;          /* (tasks, 4), as parameters */
    int64_t failed;                   /* set when memory was refused */
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
    const float *const *parameters;
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
    task.parameters = layer->parameters + 4 * task.direction;
    task.seen = layer->seen + before * task.width;
    task.gate = layer->gates + before * task.gates;
    task.cells = layer->cells + before * s;
    return task;
}

enum parameter { INPUT_WEIGHTS, STATE_WEIGHTS, INPUT_BIASES, STATE_BIASES };

/* Which of the gates that torch's parameters have for the input, or for the state, one of ours is; -1 for none: the new
   state of a GRU has two, since its reset gate stands between what comes from the input and what comes from the state. */
static ptrdiff_t gate_of(const struct layer *layer, enum parameter parameter, ptrdiff_t gate) {
    if (layer->kind != GRU || gate < 2)
        return gate;
    int is_of_state = parameter == STATE_WEIGHTS || parameter == STATE_BIASES;
    return is_of_state == (gate == 3) ? 2 : -1;
}

/* A row of the weights of a task's direction, inputs + states wide, with zeros where widths are filled up. */
static void weights_of_row(const struct task *task, ptrdiff_t row, float *to) {
    const struct layer *layer = task->layer;
    ptrdiff_t gate = row / layer->states, unit = row % layer->states;
    ptrdiff_t sizes[] = {layer->input, layer->hidden}, widths[] = {layer->inputs, layer->states};
    for (int side = 0; side < 2; to += widths[side++]) {
        ptrdiff_t theirs = gate_of(layer, INPUT_WEIGHTS + side, gate), size = sizes[side];
        ptrdiff_t there = theirs < 0 || unit >= layer->hidden ? 0 : size;
        if (there)
            memcpy(to, task->parameters[INPUT_WEIGHTS + side] + (theirs * layer->hidden + unit) * size,
                   (size_t)size * sizeof(float));
        memset(to + there, 0, (size_t)(widths[side] - there) * sizeof(float));
    }
}

/* The biases of a task's direction, those of input and state in one. */
static void sum_biases(const struct task *task, float *biases) {
    const struct layer *layer = task->layer;
    memset(biases, 0, (size_t)task->gates * sizeof(float));
    for (ptrdiff_t gate = 0; gate * layer->states < task->gates; gate++)
        for (int side = 0; side < 2; side++) {
            ptrdiff_t theirs = gate_of(layer, INPUT_BIASES + side, gate);
            for (ptrdiff_t j = 0; theirs >= 0 && j < layer->hidden; j++)
                biases[gate * layer->states + j] += task->parameters[INPUT_BIASES + side][theirs * layer->hidden + j];
        }
}

/* The way back: gradients of a task's weights and biases to where those of torch's parameters stand. */
static void scatter(const struct task *task, const float *weights, const float *biases, float *const *gradients) {
    const struct layer *layer = task->layer;
    ptrdiff_t hidden = layer->hidden, states = layer->states, sizes[] = {layer->input, hidden};
    for (ptrdiff_t gate = 0; gate * states < task->gates; gate++)
        for (int side = 0; side < 2; side++) {
            ptrdiff_t theirs = gate_of(layer, INPUT_WEIGHTS + side, gate), size = sizes[side];
            if (theirs < 0)
                continue;
            float *to = gradients[INPUT_WEIGHTS + side] + theirs * hidden * size;
            const float *from = weights + gate * states * task->width + side * layer->inputs;
            for (ptrdiff_t row = 0; row < hidden; row++, from += task->width, to += size)
                memcpy(to, from, (size_t)size * sizeof(float));
            memcpy(gradients[INPUT_BIASES + side] + theirs * hidden, biases + gate * states,
                   (size_t)hidden * sizeof(float));
        }
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

/* The weights of each block, transposed, in the panels of a product; by way of `rows`, FLOATS of them. */
static void pack_transposed(const struct task *task, float *rows, float *panels, float **of_block) {
    for (int i = 0; i < task->blocks; i++) {
        struct block b = task->block[i];
        of_block[i] = panels;
        for (ptrdiff_t first = 0; first < b.gates; first += FLOATS) {
            ptrdiff_t panel = first / (PANEL * FLOATS) * (PANEL * FLOATS);
            ptrdiff_t width = b.gates - panel < PANEL * FLOATS ? b.gates - panel : PANEL * FLOATS;
            for (ptrdiff_t row = 0; row < FLOATS; row++)
                weights_of_row(task, b.gate + first + row, rows + row * task->width);
            pack_across(rows + b.from, task->width, b.depth, FLOATS, panels + panel * b.depth + first - panel, width);
        }
        panels += b.depth * b.gates;
    }
}

/* The weights of each block as they stand, in the panels of a product; by way of two rows. */
static void pack_weights(const struct task *task, float *rows, float *panels, float **of_block) {
    for (int i = 0; i < task->blocks; i++) {
        struct block b = task->block[i];
        of_block[i] = panels;
        for (ptrdiff_t row = 0; row < b.gates; row += 2) {
            weights_of_row(task, b.gate + row, rows);
            weights_of_row(task, b.gate + row + 1, rows + task->width);
            for (ptrdiff_t first = 0; first < b.depth; first += PANEL * FLOATS) {
                ptrdiff_t width = b.depth - first < PANEL * FLOATS ? b.depth - first : PANEL * FLOATS;
                const float *from = rows + b.from + first;
#if HAS_HALVES
                if (task->layer->halves) {
                    pack_pairs(from, task->width, 2, width, width, (pair *)panels + (first * b.gates + row * width) / 2);
                    continue;
                }
#endif
                float *to = panels + first * b.gates + row * width;
                memcpy(to, from, (size_t)width * sizeof(float));
                memcpy(to + width, from + task->width, (size_t)width * sizeof(float));
            }
        }
        panels += b.depth * b.gates;
    }
}

static void products_of_gates(const struct task *task, const float *seen, float **of_block, ptrdiff_t rows,
                              float *gate) {
    for (int i = 0; i < task->blocks; i++) {
        struct block b = task->block[i];
        product((struct matrix){seen + b.from, task->width, 1}, of_block[i], rows, b.depth, b.gates, gate + b.gate,
                task->gates, 0);
    }
}

static float *new_floats(ptrdiff_t count) {
    return aligned_alloc(64, (size_t)((count + FLOATS) / FLOATS * FLOATS) * sizeof(float));
}

/* Zeros for the states of a task's direction where a sequence is over. */
static void clear_padding(const struct task *task) {
    const struct layer *layer = task->layer;
    ptrdiff_t width = layer->directions * layer->hidden;
    for (ptrdiff_t i = task->chunk; i < layer->batch; i += layer->chunks) {
        ptrdiff_t row = layer->order[i];
        float *states = layer->output + row * layer->time * width + task->direction * layer->hidden;
        for (ptrdiff_t step = layer->lengths[row]; step < layer->time; step++)
            memset(states + step * width, 0, (size_t)layer->hidden * sizeof(float));
    }
}

static void forward(ptrdiff_t index, void *data) {
    const struct layer *layer = data;
    struct task task = task_of(layer, index);
    enum kind kind = (enum kind)layer->kind;
    ptrdiff_t size = layer->states, x = layer->inputs, wide = task.width, gates = task.gates;
    float *panels = new_floats((gates + FLOATS) * wide + gates + size);
    if (!panels) {
        __atomic_store_n(&((struct layer *)data)->failed, 1, __ATOMIC_RELAXED);
        return;
    }
    float *rows_of_weights = panels + gates * wide, *biases = rows_of_weights + FLOATS * wide, *state = biases + gates;
    float *of_block[3];
    sum_biases(&task, biases);
    pack_transposed(&task, rows_of_weights, panels, of_block);
    clear_padding(&task);
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
        products_of_gates(&task, seen, of_block, rows, task.gate + at * gates);
        for (ptrdiff_t i = 0; i < rows; i++) {
            memcpy(state, seen + i * wide + x, (size_t)size * sizeof(float));
            float *gate = task.gate + (at + i) * gates, *cell = task.cells + (at + i) * size;
            const float *cell_before = step ? task.cells + (before + i) * size : NULL;
            if (kind == RNN)
                gates_forward(RNN, size, biases, gate, state, NULL, NULL);
            else if (kind == GRU)
                gates_forward(GRU, size, biases, gate, state, NULL, NULL);
            else
                gates_forward(LSTM, size, biases, gate, state, cell, cell_before);
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
                                 (steps + 1) / 2, b.depth, weights + b.gate * task->width + b.from, task->width,
                                 first > 0);
                continue;
            }
#endif
            pack((struct matrix){task->seen + first * task->width + b.from, task->width, 1}, steps, b.depth, panels);
            product((struct matrix){some + b.gate, 1, task->gates}, panels, b.gates, steps, b.depth,
                    weights + b.gate * task->width + b.from, task->width, first > 0);
        }
        for (ptrdiff_t j = 0; j < task->gates; j += FLOATS) {
            floats sum = first ? floats_at(biases + j) : (floats){0};
            for (ptrdiff_t step = 0; step < steps; step++)
                sum += floats_at(some + step * task->gates + j);
            put(biases + j, sum);
        }
    }
}

/* With halves, the factors of all products here are rounded to bfloat16; the states of forward never are, so that a model
   is trained on those that it has afterwards. */
static void backward(ptrdiff_t index, void *data) {
    enum { BLOCK = 192 };
    const struct layer *layer = data;
    struct task task = task_of(layer, index);
    enum kind kind = (enum kind)layer->kind;
    ptrdiff_t size = layer->states, x = layer->inputs, wide = task.width, gates = task.gates;
    ptrdiff_t panel = (gates > BLOCK ? gates : BLOCK) * wide;
    ptrdiff_t rounded = layer->halves ? (task.rows > BLOCK ? task.rows : BLOCK) * gates / 2 : 0;
    float *memory = new_floats(panel + gates * (wide + 1) + task.steps * gates + task.rows * (wide + 2 * size) + rounded);
    if (!memory) {
        __atomic_store_n(&((struct layer *)data)->failed, 1, __ATOMIC_RELAXED);
        return;
    }
    float *panels = memory, *weights = panels + panel, *biases = weights + gates * wide; /* their gradients */
    float *gradient = biases + gates, *of_seen = gradient + task.steps * gates;
    float *of_state = of_seen + task.rows * wide, *of_cell = of_state + task.rows * size;
    float *halves = of_cell + task.rows * size, *of_block[3];
    pack_weights(&task, weights, panels, of_block);
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
        float *inputs = layer->input_gradients + task.direction * layer->batch * layer->time * layer->input;
        for (ptrdiff_t i = 0; i < rows; i++) {
            const float *row = of_seen + i * wide;
            memcpy(inputs + place_of(&task, i, step) * layer->input, row, (size_t)layer->input * sizeof(float));
            for (ptrdiff_t j = 0; j < size; j += FLOATS)
                put(of_state + i * size + j, floats_at(of_state + i * size + j) + floats_at(row + x + j));
        }
    }
    if (task.steps == 0)
        memset(weights, 0, (size_t)(gates * (wide + 1)) * sizeof(float));
    weights_backward(&task, gradient, panels, halves, BLOCK, weights, biases);
    scatter(&task, weights, biases, layer->gradients + 4 * index);
    free(memory);
}

enum { ROWS_OF_TASK = 8 };

/* The gradient of the input of some sequences: that of all directions, and zeros where a sequence is over. */
static void sum_directions(ptrdiff_t index, void *data) {
    const struct layer *layer = data;
    ptrdiff_t size = layer->time * layer->input, last = (index + 1) * ROWS_OF_TASK;
    for (ptrdiff_t row = index * ROWS_OF_TASK; row < last && row < layer->batch; row++) {
        float *to = layer->input_gradient + row * size;
        ptrdiff_t counted = layer->lengths[row] * layer->input;
        for (ptrdiff_t direction = 0; direction < layer->directions; direction++) {
            const float *from = layer->input_gradients + (direction * layer->batch + row) * size;
            for (ptrdiff_t j = 0; j < counted; j++)
                to[j] = direction ? to[j] + from[j] : from[j];
        }
        if (size > counted) /* where there is nothing, `to` may be NULL */
            memset(to + counted, 0, (size_t)(size - counted) * sizeof(float));
    }
}

/* Whether layers may ask for halves. */
SEQWISE_API void seqwise_halves_are_there(int32_t *found) { *found = halves_are_there(); }

SEQWISE_API void seqwise_recurrent_forward(struct layer *layer) {
    seqwise_parallel(layer->directions * layer->chunks, forward, layer);
}

SEQWISE_API void seqwise_recurrent_backward(struct layer *layer) {
    seqwise_parallel(layer->directions * layer->chunks, backward, layer);
    if (!layer->failed)
        seqwise_parallel((layer->batch + ROWS_OF_TASK - 1) / ROWS_OF_TASK, sum_directions, layer);
}

/* From a mask (batch, time) that is true at the first steps of each row: the length of each row, the rows, longest first
   and else in their order, and the sum of the lengths; -1 when there is no memory. */
SEQWISE_API void seqwise_front(const uint8_t *mask, int64_t batch, int64_t time, int64_t *lengths, int64_t *order,
                               int64_t *total) {
    int64_t *next = calloc((size_t)time + 1, sizeof *next); /* by length: how many rows, then the place of the next */
    *total = -1;
    if (!next)
        return;
    *total = 0;
    for (int64_t row = 0; row < batch; row++) {
        int64_t length = 0;
        for (int64_t step = 0; step < time; step++)
            length += mask[row * time + step];
        lengths[row] = length;
        next[length]++;
        *total += length;
    }
    for (int64_t length = time, before = 0; length >= 0; length--) { /* where the first of each length goes */
        int64_t rows = next[length];
        next[length] = before;
        before += rows;
    }
    for (int64_t row = 0; row < batch; row++)
        order[next[lengths[row]]++] = row;
    free(next);
}
