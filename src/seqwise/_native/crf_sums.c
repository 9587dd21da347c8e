/* The sum over all paths of a linear-chain CRF, and the probabilities of classes and transitions under it.

   With M[i][j] = exp(transitions[i][j]) and E_k[j] = exp(emissions[k][j]), both relative to their largest, the forward
   recursion in probabilities is

       p_0 = start * E_0 / c_0        p_k = (p_(k-1) M) * E_k / c_k        c_k: what makes the sum of p_k 1

   and the log of the sum over paths is the sum of the logs of the c_k and of what was taken out. Backward,

       u_last = end / d_last          u_k = M (E_(k+1) * u_(k+1)) / d_k    d_k: what makes the sum of p_k * u_k 1

   and p_k * u_k are the probabilities of the classes at step k, p_k[i] M[i][j] (E_(k+1) u_(k+1))[j] / d_k those of the
   transitions to the next step. All numbers are double, positive and between the reciprocals of what double holds:
   where all transitions are allowed, what is lost from p_k by underflow has less weight than 1e-200 however the paths go
   on, since M spans less than exp(WIDEST). Where some are not allowed, a class of tiny p_k may be the only one that can go
   on: sequences with such classes are refused as WIDE.

   Several sequences are computed side by side, so that M is read once for all of them. */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crf.h"

#define WIDEST 200.0 /* in nats: the transitions, the start and the end may span this much */
#define LEAST 1e-100 /* of a probability, where not everything is allowed */
#define CHUNK 16     /* steps whose transitions are counted together */
#define PARTS 32     /* that the transitions are summed in; fixed, so that threads change no result */

#ifdef __AVX512F__
enum { ROWS_AT_ONCE = 8, WIDTH_AT_ONCE = 3, OUTER_AT_ONCE = 4 }; /* what the registers hold: 32 here, 16 elsewhere */
#else
enum { ROWS_AT_ONCE = 4, WIDTH_AT_ONCE = 3, OUTER_AT_ONCE = 3 };
#endif

struct model {
    int64_t classes, width; /* width: vectors in a row of classes */
    doubles *onward;        /* M */
    doubles *back;          /* M transposed */
    doubles *start, *end;
    double top, start_top, end_top; /* what they are relative to */
    int is_constrained;
};

struct job {
    const struct chain *chain;
    struct steps steps;
    struct model model;
    int64_t side, groups;
    int64_t places;  /* of ahead: the time, or 1 where only the losses are wanted */
    doubles *ahead;  /* p_k: (groups, places, side, width) */
    void *losses;    /* (batch,), like all arrays from here to by_ends of the emissions' type */
    atomic_int refused; /* FINE, or why the results are not: WIDE or NO_MEMORY */
    /* backward */
    const void *weights; /* (batch,): of each sequence in the sums; NULL: all 1, and what the tags have is not taken off */
    void *by_emissions;  /* (batch, time, classes) */
    int64_t parts;
    doubles *by_moves; /* (parts, classes + 3, width), of which 3 rows are no more than room; or NULL */
    doubles *by_ends;  /* (parts, 2, width): at the start and at the end */
};

/* exp(scores - top) for those that are allowed, 0 for the others; WIDE where they span too much. */
static enum status weights_of(const struct chain *chain, const void *scores, const uint8_t *allowed, int64_t rows,
                              struct model *model, doubles *weights, double *top, int *is_constrained) {
    double most = -INFINITY, least = INFINITY;
    int64_t classes = chain->classes, width = model->width;
    for (int64_t i = 0; i < rows * classes; i++) {
        double score = scores ? number_at(chain, scores, i) : 0.0;
        if (allowed && !allowed[i]) {
            *is_constrained = 1;
            continue;
        }
        most = score > most ? score : most;
        least = score < least ? score : least;
    }
    if (most - least > WIDEST)
        return WIDE;
    *top = most == -INFINITY ? 0.0 : most;
    for (int64_t row = 0; row < rows; row++) {
        double *line = (double *)(weights + row * width);
        for (int64_t i = 0; i < width * DOUBLES; i++) {
            int64_t from = row * classes + i;
            int is_there = i < classes && !(allowed && !allowed[from]);
            line[i] = !is_there ? -INFINITY : scores ? number_at(chain, scores, from) - *top : 0.0;
        }
        for (int64_t v = 0; v < width; v++)
            weights[row * width + v] = exp_of(weights[row * width + v]);
    }
    return FINE;
}

static void model_free(struct model *model) {
    free(model->onward);
    free(model->back);
    free(model->start);
    free(model->end);
}

static enum status model_of(const struct chain *chain, struct model *model) {
    int64_t classes = chain->classes, width = (classes + DOUBLES - 1) / DOUBLES;
    *model = (struct model){.classes = classes, .width = width};
    model->onward = vectors(classes * width);
    model->back = vectors(classes * width);
    model->start = vectors(width);
    model->end = vectors(width);
    if (!model->onward || !model->back || !model->start || !model->end)
        return NO_MEMORY;
    if (weights_of(chain, chain->transitions, chain->allowed_transitions, classes, model, model->onward, &model->top,
                   &model->is_constrained) ||
        weights_of(chain, chain->start, chain->allowed_start, 1, model, model->start, &model->start_top,
                   &model->is_constrained) ||
        weights_of(chain, chain->end, chain->allowed_end, 1, model, model->end, &model->end_top,
                   &model->is_constrained))
        return WIDE;
    transposed(classes, width, model->onward, model->back, 0.0);
    return FINE;
}

/* -- products ------------------------------------------------------------------------------------------------------ */

INLINE void product_block(const int rows, const int wide, int64_t classes, int64_t width, const doubles *restrict matrix,
                          const double *restrict left, doubles *restrict out) {
    doubles sums[8][4];
    for (int row = 0; row < rows; row++)
        for (int v = 0; v < wide; v++)
            sums[row][v] = (doubles){0};
    for (int64_t i = 0; i < classes; i++)
        for (int row = 0; row < rows; row++) {
            doubles factor = doubles_of(left[row * width * DOUBLES + i]);
            for (int v = 0; v < wide; v++)
                sums[row][v] += factor * matrix[i * width + v];
        }
    for (int row = 0; row < rows; row++)
        for (int v = 0; v < wide; v++)
            out[row * width + v] = sums[row][v];
}

INLINE void product_rows(const int rows, const struct model *model, const doubles *matrix, const doubles *left,
                         doubles *out) {
    int64_t width = model->width, v = 0;
    for (; v + WIDTH_AT_ONCE <= width; v += WIDTH_AT_ONCE)
        product_block(rows, WIDTH_AT_ONCE, model->classes, width, matrix + v, (const double *)left, out + v);
    if (width - v == 2)
        product_block(rows, 2, model->classes, width, matrix + v, (const double *)left, out + v);
    else if (width - v == 1)
        product_block(rows, 1, model->classes, width, matrix + v, (const double *)left, out + v);
}

/* out = left times the matrix, for the rows of classes of several sequences. */
static void product(int64_t rows, const struct model *model, const doubles *matrix, const doubles *left, doubles *out) {
    int64_t width = model->width;
    for (; rows >= ROWS_AT_ONCE; rows -= ROWS_AT_ONCE, left += ROWS_AT_ONCE * width, out += ROWS_AT_ONCE * width)
        product_rows(ROWS_AT_ONCE, model, matrix, left, out);
    for (; rows >= 4; rows -= 4, left += 4 * width, out += 4 * width)
        product_rows(4, model, matrix, left, out);
    for (; rows >= 2; rows -= 2, left += 2 * width, out += 2 * width)
        product_rows(2, model, matrix, left, out);
    if (rows)
        product_rows(1, model, matrix, left, out);
}

INLINE void outer_block(const int wide, int64_t rows, int64_t width, const double *restrict left,
                        const doubles *restrict right, doubles *restrict out) {
    doubles sums[4][4];
    for (int i = 0; i < 4; i++)
        for (int v = 0; v < wide; v++)
            sums[i][v] = out[i * width + v];
    for (int64_t row = 0; row < rows; row++)
        for (int i = 0; i < 4; i++) {
            doubles factor = doubles_of(left[row * width * DOUBLES + i]);
            for (int v = 0; v < wide; v++)
                sums[i][v] += factor * right[row * width + v];
        }
    for (int i = 0; i < 4; i++)
        for (int v = 0; v < wide; v++)
            out[i * width + v] = sums[i][v];
}

/* out[i][j] += sum over rows of left[row][i] * right[row][j]. */
static void add_outer(int64_t rows, const struct model *model, const doubles *left, const doubles *right, doubles *out) {
    int64_t width = model->width;
    for (int64_t i = 0; i < model->classes; i += 4) {
        const double *column = (const double *)left + i;
        doubles *to = out + i * width;
        int64_t v = 0;
        for (; v + OUTER_AT_ONCE <= width; v += OUTER_AT_ONCE)
            outer_block(OUTER_AT_ONCE, rows, width, column, right + v, to + v);
        switch (width - v) {
        case 3: outer_block(3, rows, width, column, right + v, to + v); break;
        case 2: outer_block(2, rows, width, column, right + v, to + v); break;
        case 1: outer_block(1, rows, width, column, right + v, to + v); break;
        }
    }
}

/* -- one row of classes -------------------------------------------------------------------------------------------- */

/* The emissions of a step; their largest, 0 where all are -inf. */
INLINE double load(const struct chain *chain, int64_t row, int64_t step, doubles *out) {
    load_row(chain, chain->emissions, (row * chain->time + step) * chain->classes, out);
    doubles most = out[0];
    for (int64_t v = 1; v * DOUBLES < chain->classes; v++)
        most = larger(most, out[v]);
    double top = largest_of(most);
    return top == -INFINITY ? 0.0 : top;
}

/* Writes a row of classes as the emissions' type. */
INLINE void store(const struct chain *chain, void *array, int64_t row, int64_t step, const doubles *values) {
    int64_t classes = chain->classes, at = (row * chain->time + step) * classes, whole = classes / DOUBLES;
    for (int64_t v = 0; v < whole; v++) {
        if (chain->is_double)
            *(loose_doubles *)((double *)array + at + v * DOUBLES) = values[v];
        else
            *(loose_few_floats *)((float *)array + at + v * DOUBLES) =
                __builtin_convertvector(values[v], few_floats);
    }
    for (int64_t i = whole * DOUBLES; i < classes; i++) {
        double value = ((const double *)values)[i];
        if (chain->is_double)
            ((double *)array)[at + i] = value;
        else
            ((float *)array)[at + i] = (float)value;
    }
}

INLINE double sum_of_products(int64_t width, const doubles *left, const doubles *right) {
    doubles sum = left[0] * right[0];
    for (int64_t v = 1; v < width; v++)
        sum += left[v] * right[v];
    return sum_of(sum);
}

/* -- forward ------------------------------------------------------------------------------------------------------- */

/* The log of a product of many numbers: the logarithm is taken only when the product leaves the middle of double. */
struct log_product {
    double log, product;
};

INLINE void times(struct log_product *so_far, double factor) {
    so_far->product *= factor;
    if (!(so_far->product > 1e-200 && so_far->product < 1e200)) {
        so_far->log += log(so_far->product);
        so_far->product = 1.0;
    }
}

/* What the tags score at a place of a sequence by emission and by the move there, less `top` of each. */
INLINE double score_of_tag(const struct job *job, int64_t row, int64_t place, double emission_top) {
    const struct chain *chain = job->chain;
    const struct model *model = &job->model;
    int64_t step = step_at(chain, &job->steps, row, place), classes = chain->classes;
    int64_t tag = chain->tags[row * chain->time + step];
    double score = number_at(chain, chain->emissions, (row * chain->time + step) * classes + tag) - emission_top;
    if (place == 0)
        score += (chain->start ? number_at(chain, chain->start, tag) : 0.0) - model->start_top;
    else {
        int64_t before = chain->tags[row * chain->time + step_at(chain, &job->steps, row, place - 1)];
        score += number_at(chain, chain->transitions, before * classes + tag) - model->top;
    }
    if (place == job->steps.count[row] - 1)
        score += (chain->end ? number_at(chain, chain->end, tag) : 0.0) - model->end_top;
    return score;
}

/* Whether a class has less weight than what is certain to be harmless, and not none at all. */
INLINE int is_too_small(int64_t width, const doubles *ahead, const doubles *emissions, double top) {
    longs small = {0};
    for (int64_t v = 0; v < width; v++) {
        small |= (ahead[v] < LEAST) & (ahead[v] > 0.0);
        small |= (emissions[v] - top < -WIDEST) & (emissions[v] > -INFINITY);
    }
    return any_of(small);
}

static void refuse(struct job *job, enum status status) {
    int fine = FINE; /* the first reason stays, but that there is no memory */
    if (status == NO_MEMORY)
        job->refused = status;
    else
        atomic_compare_exchange_strong(&job->refused, &fine, status);
}

/* p of one sequence at one place, from p M of the place before. */
static void forward_row(struct job *job, int64_t row, int64_t place, const doubles *before, doubles *own,
                        doubles *scores, struct log_product *sum) {
    const struct model *model = &job->model;
    int64_t width = model->width;
    double top = load(job->chain, row, step_at(job->chain, &job->steps, row, place), scores);
    doubles sums = {0};
    for (int64_t v = 0; v < width; v++) {
        own[v] = before[v] * exp_of(scores[v] - top);
        sums += own[v];
    }
    double total = sum_of(sums), scale = total == 0.0 ? 0.0 : 1.0 / total;
    for (int64_t v = 0; v < width; v++)
        own[v] *= scale;
    times(sum, total);
    if (job->chain->tags)
        sum->log -= score_of_tag(job, row, place, top);
    if (model->is_constrained && is_too_small(width, own, scores, top))
        refuse(job, WIDE);
    if (place == job->steps.count[row] - 1)
        times(sum, sum_of_products(width, own, model->end));
}

static double loss_of(const struct job *job, int64_t row, const struct log_product *sum) {
    const struct chain *chain = job->chain;
    for (int64_t place = 0; place < job->steps.count[row]; place++) {
        int64_t at = row * chain->time + step_at(chain, &job->steps, row, place);
        if (number_at(chain, chain->emissions, at * chain->classes + chain->tags[at]) == -INFINITY)
            return INFINITY;
    }
    double loss = sum->log + log(sum->product);
    return loss < 0.0 ? 0.0 : loss; /* which only rounding makes it */
}

static void forward(ptrdiff_t group, void *data) {
    struct job *job = data;
    int64_t width = job->model.width, stride = job->side * width, size = job->chain->batch - group * job->side;
    const int64_t *rows = job->steps.longest + group * job->side, *count = job->steps.count;
    doubles *ahead = job->ahead + group * job->places * stride, *onward = vectors(stride), *scores = vectors(width);
    struct log_product sums[SIDE];
    if (!onward || !scores) {
        refuse(job, NO_MEMORY);
        free(onward);
        free(scores);
        return;
    }
    size = size < job->side ? size : job->side;
    for (int64_t s = 0; s < size; s++)
        sums[s] = (struct log_product){0.0, 1.0};
    for (int64_t place = 0; place < count[rows[0]]; place++) {
        doubles *now = ahead + place % job->places * stride;
        memset(now, 0, (size_t)stride * sizeof *now);
        for (int64_t s = 0; s < size && place < count[rows[s]]; s++)
            forward_row(job, rows[s], place, place ? onward + s * width : job->model.start, now + s * width, scores,
                        &sums[s]);
        product(size, &job->model, job->model.onward, now, onward);
    }
    for (int64_t s = 0; job->chain->tags && s < size; s++)
        put_number(job->chain, job->losses, rows[s], loss_of(job, rows[s], &sums[s]));
    free(onward);
    free(scores);
}

/* -- backward ------------------------------------------------------------------------------------------------------ */

/* The probabilities of one sequence at one place. `after` is M (E u) of the place after, or the end; `moved` is E u of
   the place after, and becomes what p is to be multiplied by for the transitions; `behind` becomes E u of this place. */
static void backward_row(struct job *job, int64_t row, int64_t place, const doubles *ahead, const doubles *after,
                         doubles *moved, doubles *behind, doubles *scores, doubles *by_ends) {
    const struct chain *chain = job->chain;
    int64_t width = job->model.width, step = step_at(chain, &job->steps, row, place);
    double total = sum_of_products(width, ahead, after), scale = total == 0.0 ? 0.0 : 1.0 / total;
    double weight = job->weights ? number_at(chain, job->weights, row) : 1.0;
    double top = load(chain, row, step, scores);
    for (int64_t v = 0; v < width; v++) {
        doubles own = chosen(ahead[v] > 0.0, after[v] * scale, (doubles){0});
        behind[v] = own * exp_of(scores[v] - top);
        moved[v] *= scale * weight;
        scores[v] = ahead[v] * own * weight;
    }
    if (job->weights)
        ((double *)scores)[chain->tags[row * chain->time + step]] -= weight;
    for (int64_t v = 0; place == 0 && v < width; v++)
        by_ends[v] += scores[v];
    for (int64_t v = 0; place == job->steps.count[row] - 1 && v < width; v++)
        by_ends[width + v] += scores[v];
    store(chain, job->by_emissions, row, step, scores);
}

/* 0 for the steps that do not count, or for all. */
static void clear(const struct job *job, int64_t row, int all) {
    const struct chain *chain = job->chain;
    int64_t count = all ? 0 : job->steps.count[row], next = 0;
    size_t size = (size_t)chain->classes * (chain->is_double ? sizeof(double) : sizeof(float));
    char *array = (char *)job->by_emissions + (size_t)(row * chain->time) * size;
    for (int64_t place = 0; place <= count; place++) {
        int64_t step = place < count ? step_at(chain, &job->steps, row, place) : chain->time;
        memset(array + (size_t)next * size, 0, (size_t)(step - next) * size);
        next = step + 1;
    }
}

static void backward_group(struct job *job, int64_t group, doubles *by_moves, doubles *by_ends, doubles *space) {
    const struct model *model = &job->model;
    int64_t width = model->width, stride = job->side * width, size = job->chain->batch - group * job->side;
    const int64_t *rows = job->steps.longest + group * job->side, *count = job->steps.count;
    const doubles *ahead = job->ahead + group * job->places * stride;
    doubles *behind = space, *after = behind + stride, *moves = after + stride, *scores = moves + stride * CHUNK;
    int is_impossible[SIDE];
    size = size < job->side ? size : job->side;
    for (int64_t s = 0; s < size; s++) {
        is_impossible[s] = job->weights && number_at(job->chain, job->losses, rows[s]) == INFINITY;
        clear(job, rows[s], is_impossible[s]);
    }
    for (int64_t place = count[rows[0]] - 1; place >= 0; place--) {
        doubles *moved = moves + place % CHUNK * stride; /* beside the p of this place */
        memcpy(moved, behind, (size_t)stride * sizeof *moved);
        product(size, model, model->back, moved, after);
        for (int64_t s = 0; s < size && place < count[rows[s]]; s++)
            if (!is_impossible[s])
                backward_row(job, rows[s], place, ahead + place * stride + s * width,
                             place < count[rows[s]] - 1 ? after + s * width : model->end, moved + s * width,
                             behind + s * width, scores, by_ends);
        if (place % CHUNK == 0 && by_moves) {
            int64_t chunk = count[rows[0]] - place < CHUNK ? count[rows[0]] - place : CHUNK;
            add_outer(chunk * job->side, model, ahead + place * stride, moves, by_moves);
        }
    }
}

static void backward(ptrdiff_t part, void *data) {
    struct job *job = data;
    int64_t width = job->model.width, count = job->side * width * (CHUNK + 2) + width;
    doubles *space = room(count);
    if (!space) {
        refuse(job, NO_MEMORY);
        return;
    }
    doubles *by_moves = job->by_moves ? job->by_moves + part * (job->model.classes + 3) * width : NULL;
    for (int64_t group = part; group < job->groups; group += job->parts) {
        memset(space, 0, (size_t)count * sizeof *space);
        backward_group(job, group, by_moves, job->by_ends + part * 2 * width, space);
    }
    free(space);
}

/* The sums of all parts: transitions are p M (E u), less those of the tags. */
static void add_parts(struct job *job, void *by_transitions, void *by_start, void *by_end) {
    const struct chain *chain = job->chain;
    int64_t classes = chain->classes, width = job->model.width, long_width = width * DOUBLES, size = (classes + 3) * width;
    for (int64_t part = 1; part < job->parts; part++) {
        for (int64_t v = 0; v < classes * width; v++)
            job->by_moves[v] += job->by_moves[part * size + v];
        for (int64_t v = 0; v < 2 * width; v++)
            job->by_ends[v] += job->by_ends[part * 2 * width + v];
    }
    for (int64_t v = 0; v < classes * width; v++)
        job->by_moves[v] *= job->model.onward[v];
    double *moves = (double *)job->by_moves, *ends = (double *)job->by_ends;
    for (int64_t row = 0; row < chain->batch; row++) {
        const int64_t *tags = chain->tags + row * chain->time;
        double weight = number_at(chain, job->weights, row);
        for (int64_t place = 1; place < job->steps.count[row]; place++)
            if (number_at(chain, job->losses, row) != INFINITY)
                moves[tags[step_at(chain, &job->steps, row, place - 1)] * long_width +
                      tags[step_at(chain, &job->steps, row, place)]] -= weight;
    }
    for (int64_t i = 0; i < classes; i++) {
        for (int64_t j = 0; j < classes; j++)
            put_number(chain, by_transitions, i * classes + j, moves[i * long_width + j]);
        put_number(chain, by_start, i, ends[i]);
        put_number(chain, by_end, i, ends[long_width + i]);
    }
}

/* -- what Python calls --------------------------------------------------------------------------------------------- */

static void job_free(struct job *job) {
    steps_free(&job->steps);
    model_free(&job->model);
}

static enum status job_of(const struct chain *chain, struct job *job) {
    *job = (struct job){.chain = chain};
    enum status status = steps_of(chain, &job->steps);
    if (!status)
        status = values_of(chain, &job->steps);
    if (!status)
        status = model_of(chain, &job->model);
    job->side = side_by_side(chain);
    job->groups = (chain->batch + job->side - 1) / job->side;
    job->places = chain->time;
    return status;
}

/* The losses of tags and how many steps count, both (batch,); `ahead` is what the gradients need, and has room for
   (batch + 7) * time * (classes + 7) doubles at an address divisible by 64; NULL where there will be none. */
SEQWISE_API void seqwise_crf_losses(const struct chain *chain, void *losses, void *counts, void *ahead,
                                    int64_t *status) {
    struct job job;
    *status = job_of(chain, &job);
    if (*status == FINE) {
        job.places = ahead ? chain->time : 1;
        job.losses = losses;
        job.ahead = ahead ? ahead : room(job.groups * job.side * job.model.width);
        if (job.ahead)
            seqwise_parallel(job.groups, forward, &job);
        for (int64_t row = 0; row < chain->batch; row++)
            put_number(chain, counts, row, (double)job.steps.count[row]);
        *status = job.ahead ? job.refused : NO_MEMORY;
        if (!ahead)
            free(job.ahead);
    }
    job_free(&job);
}

/* The gradients of the sum of weights * losses, after `seqwise_crf_losses` with the same chain. */
SEQWISE_API void seqwise_crf_gradients(const struct chain *chain, void *losses, void *ahead, const void *weights,
                                       void *by_emissions, void *by_transitions, void *by_start, void *by_end,
                                       int64_t *status) {
    struct job job;
    *status = job_of(chain, &job);
    if (*status == FINE) {
        int64_t width = job.model.width, size = (job.model.classes + 3) * width, most = (1 << 24) / (size * BYTES) + 4;
        job.losses = losses;
        job.ahead = ahead;
        job.weights = weights;
        job.by_emissions = by_emissions;
        job.parts = job.groups < PARTS ? job.groups : PARTS;
        job.parts = job.parts < most ? job.parts : most; /* some 16 MB in all, or 4 parts */
        job.by_moves = vectors(job.parts * size);
        job.by_ends = vectors(job.parts * 2 * width);
        int is_room = job.by_moves && job.by_ends;
        if (is_room)
            seqwise_parallel(job.parts, backward, &job);
        *status = is_room ? job.refused : NO_MEMORY;
        if (*status == FINE)
            add_parts(&job, by_transitions, by_start, by_end);
        free(job.by_moves);
        free(job.by_ends);
    }
    job_free(&job);
}

/* The probability of each class at each step, (batch, time, classes). */
SEQWISE_API void seqwise_crf_marginals(const struct chain *chain, void *marginals, int64_t *status) {
    struct job job;
    *status = job_of(chain, &job);
    if (*status == FINE) {
        job.ahead = room(job.groups * job.side * chain->time * job.model.width);
        job.by_emissions = marginals;
        job.parts = job.groups;
        job.by_ends = vectors(job.parts * 2 * job.model.width);
        int is_room = job.ahead && job.by_ends;
        if (is_room)
            seqwise_parallel(job.groups, forward, &job);
        if (is_room && !job.refused)
            seqwise_parallel(job.parts, backward, &job);
        *status = is_room ? job.refused : NO_MEMORY;
        free(job.ahead);
        free(job.by_ends);
    }
    job_free(&job);
}
