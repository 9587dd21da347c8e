/* Adam's step on many parameters in one call, dense ones and rows of tables, and the norm of their gradients.

   Arrays are cut into pieces of some thousand numbers, which the threads share out. */

#include <math.h>
#include <stdlib.h>

#include "gates.h"
#include "seqwise.h"

enum { PIECE = 8192, BLOCK = 2048 };

/* A parameter and its gradient: of all numbers, in one row, or of some rows of a table, each once. */
struct stepped {
    float *values, *gradient, *means, *squares;
    float *steps;        /* how often it was stepped */
    const int64_t *rows; /* those of the gradient; NULL: the gradient is that of all numbers */
    int64_t count, size; /* rows of the gradient, numbers of each */
    double decay;        /* of the weights, per unit of step size */
    int64_t table;       /* how many rows the parameter has */
    int64_t first;       /* number of its first piece; set here */
};

struct all {
    struct stepped *arrays;
    int64_t count;
    double rate, beta1, beta2, epsilon, factor;
    double *sums;
};

/* How much of a gradient a piece has: of rows, whole ones. */
static int64_t size_of_piece(const struct stepped *array) {
    if (!array->rows || array->size == 0)
        return PIECE;
    return array->size < PIECE ? PIECE / array->size * array->size : array->size;
}

static int64_t number_pieces(struct all *all) {
    int64_t pieces = 0;
    for (int64_t i = 0; i < all->count; i++) {
        int64_t size = size_of_piece(all->arrays + i);
        all->arrays[i].first = pieces;
        pieces += (all->arrays[i].count * all->arrays[i].size + size - 1) / size;
    }
    return pieces;
}

/* The numbers from..to of a gradient. */
struct piece {
    const struct stepped *array;
    int64_t from, to;
};

static struct piece piece_of(const struct all *all, int64_t number) {
    int64_t low = 0, high = all->count;
    while (high - low > 1) { /* the last array that begins at or before this piece; empty ones have none */
        int64_t middle = (low + high) / 2;
        *(all->arrays[middle].first <= number ? &low : &high) = middle;
    }
    const struct stepped *array = all->arrays + low;
    int64_t end = array->count * array->size, size = size_of_piece(array), from = (number - array->first) * size;
    return (struct piece){array, from, from + size < end ? from + size : end};
}

static void add_squares(ptrdiff_t index, void *data) {
    const struct all *all = data;
    struct piece piece = piece_of(all, index);
    double total = 0;
    for (int64_t from = piece.from; from < piece.to; from += BLOCK) {
        const float *g = piece.array->gradient + from;
        int64_t count = piece.to - from < BLOCK ? piece.to - from : BLOCK, j = 0;
        floats sums[4] = {{0}};
        for (; j + 4 * FLOATS <= count; j += 4 * FLOATS)
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++)
                sums[k] += floats_at(g + j + k * FLOATS) * floats_at(g + j + k * FLOATS);
        for (; j < count; j++)
            total += (double)g[j] * g[j];
        sums[0] += sums[1] + (sums[2] + sums[3]);
        for (int k = 0; k < FLOATS; k++)
            total += sums[0][k];
    }
    all->sums[index] = total;
}

static void scale(ptrdiff_t index, void *data) {
    const struct all *all = data;
    struct piece piece = piece_of(all, index);
    float factor = (float)all->factor;
    for (int64_t j = piece.from; j < piece.to; j++)
        piece.array->gradient[j] *= factor;
}

/* The norm of gradients, -1 when there is no memory. They are scaled down to `largest` where it is larger. */
SEQWISE_API void seqwise_clip(float *const *gradients, const int64_t *sizes, int64_t count, double largest,
                              double *norm) {
    struct all all = {.arrays = malloc((size_t)(count + 1) * sizeof(struct stepped)), .count = count};
    *norm = -1;
    if (!all.arrays)
        return;
    for (int64_t i = 0; i < count; i++)
        all.arrays[i] = (struct stepped){.gradient = gradients[i], .count = 1, .size = sizes[i]};
    int64_t pieces = number_pieces(&all);
    all.sums = malloc((size_t)(pieces + 1) * sizeof(double));
    if (all.sums) {
        seqwise_parallel(pieces, add_squares, &all);
        double total = 0;
        for (int64_t i = 0; i < pieces; i++)
            total += all.sums[i];
        *norm = sqrt(total);
        all.factor = largest / (*norm + 1e-6);
        if (*norm > largest)
            seqwise_parallel(pieces, scale, &all);
    }
    free(all.sums);
    free(all.arrays);
}

/* One step on numbers that stand together: `rate` and `unit`, by which the root of the squares is multiplied, have the
   bias corrections in them. */
INLINE void step_numbers(float *restrict value, const float *restrict gradient, float *restrict mean,
                         float *restrict square, int64_t count, const struct all *all, float kept, float rate,
                         float unit) {
    float beta1 = (float)all->beta1, beta2 = (float)all->beta2, epsilon = (float)all->epsilon;
    float fresh1 = (float)(1 - all->beta1), fresh2 = (float)(1 - all->beta2);
    for (int64_t j = 0; j < count; j++) {
        float g = gradient[j];
        mean[j] = beta1 * mean[j] + fresh1 * g;
        square[j] = beta2 * square[j] + fresh2 * g * g;
        value[j] = kept * value[j] - rate * mean[j] / (sqrtf(square[j]) * unit + epsilon);
    }
}

static void step(ptrdiff_t index, void *data) {
    const struct all *all = data;
    struct piece piece = piece_of(all, index);
    const struct stepped *array = piece.array;
    double steps = *array->steps, root = sqrt(1 - pow(all->beta2, steps)), rate = all->rate / (1 - pow(all->beta1, steps));
    if (!array->rows) {
        int64_t at = piece.from;
        step_numbers(array->values + at, array->gradient + at, array->means + at, array->squares + at, piece.to - at,
                     all, (float)(1 - all->rate * array->decay), (float)rate, (float)(1 / root));
        return;
    }
    int64_t size = array->size;
    for (int64_t at = piece.from; at < piece.to; at += size) {
        int64_t place = array->rows[at / size] * size;
        step_numbers(array->values + place, array->gradient + at, array->means + place, array->squares + place, size,
                     all, 1, (float)(rate * root), 1);
    }
}

/* The number of the first array whose gradient has a row that its table does not have, or -1. */
static int64_t find_wrong(const struct stepped *arrays, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; arrays[i].rows && j < arrays[i].count; j++)
            if (arrays[i].rows[j] < 0 || arrays[i].rows[j] >= arrays[i].table)
                return i;
    return -1;
}

/* One step of Adam with decay of the weights (Loshchilov and Hutter, 2019); of rows, without decay, and with epsilon
   beside the root that is not corrected, as torch.optim.SparseAdam has it. The gradient of each array is given beside
   it. Nothing is written where a row is not there: `wrong` is then the number of its array, and -1 otherwise. */
SEQWISE_API void seqwise_adam(struct stepped *arrays, float *const *gradients, int64_t count, double rate, double beta1,
                              double beta2, double epsilon, int64_t *wrong) {
    struct all all = {.arrays = arrays, .count = count, .rate = rate, .beta1 = beta1, .beta2 = beta2, .epsilon = epsilon};
    *wrong = find_wrong(arrays, count);
    if (*wrong >= 0)
        return;
    for (int64_t i = 0; i < count; i++) {
        arrays[i].gradient = gradients[i];
        *arrays[i].steps += 1;
    }
    seqwise_parallel(number_pieces(&all), step, &all);
}
