/* The best path of a linear-chain CRF (Viterbi), in float or double: crf_decode_float.c and crf_decode_double.c are this
   text with another `number`.

   The best score of a path that ends with class j at step k is

       a_0 = start + e_0        a_k[j] = max over i of (a_(k-1)[i] + transitions[i][j]) + e_k[j]

   Each a_k is kept relative to its largest, so that length costs no precision. The way back is not stored: the class
   before j is the first i whose a_(k-1)[i] + transitions[i][j] is largest, which takes one row of the transposed
   transitions to find out. What is not allowed is -inf, and so are places beyond the classes.

   Several sequences are computed side by side, so that the transitions are read once for all of them. */

#include <stdatomic.h>

#include "crf.h"

typedef number numbers __attribute__((vector_size(BYTES), may_alias));
typedef number loose_numbers __attribute__((vector_size(BYTES), aligned(sizeof(number)), may_alias));
typedef mask_number masks __attribute__((vector_size(BYTES), may_alias));
typedef mask_number loose_masks __attribute__((vector_size(BYTES), aligned(sizeof(number)), may_alias));

#define NUMBERS (BYTES / (int)sizeof(number)) /* in a vector */

#ifdef __AVX512F__
enum { ROWS_AT_ONCE = 8, WIDTH_AT_ONCE = 3 }; /* what the registers hold: 32 here, 16 elsewhere */
#else
enum { ROWS_AT_ONCE = 4, WIDTH_AT_ONCE = 3 };
#endif

struct job {
    const struct chain *chain;
    struct steps steps;
    int64_t width, side;
    numbers *transitions, *back, *start, *end; /* rows of classes; back: transitions transposed */
    int64_t fill;
    int64_t *tags; /* (batch, time) */
    void *scores;  /* (batch,) */
    atomic_int has_no_memory;
};

INLINE numbers numbers_of(number value) { return value - (numbers){0}; }

INLINE numbers larger_numbers(numbers a, numbers b) {
#if defined(__AVX512F__)
    return sizeof(number) == 4 ? (numbers)_mm512_max_ps((__m512)a, (__m512)b)
                               : (numbers)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
    return sizeof(number) == 4 ? (numbers)_mm256_max_ps((__m256)a, (__m256)b)
                               : (numbers)_mm256_max_pd((__m256d)a, (__m256d)b);
#else
    masks first = a > b;
    return (numbers)((first & (masks)a) | (~first & (masks)b));
#endif
}

INLINE number largest_number(numbers values) {
    number most[16];
    *(loose_numbers *)most = values;
#define STEP(a, b) most[a] = most[a] > most[b] ? most[a] : most[b]
    IN_HALVES(NUMBERS, STEP);
#undef STEP
    return most[0];
}

INLINE int is_any(masks mask) {
    mask_number any[16];
    *(loose_masks *)any = mask;
#define STEP(a, b) any[a] |= any[b]
    IN_HALVES(NUMBERS, STEP);
#undef STEP
    return any[0] != 0;
}

/* A row of emissions, -inf beyond the classes. */
INLINE void load_numbers(const struct chain *chain, int64_t at, numbers *out) {
    const number *row = (const number *)chain->emissions + at;
    int64_t classes = chain->classes, whole = classes / NUMBERS;
    for (int64_t v = 0; v < whole; v++)
        out[v] = *(const loose_numbers *)(row + v * NUMBERS);
    if (whole * NUMBERS < classes) {
        numbers rest = numbers_of((number)-INFINITY);
        for (int64_t i = whole * NUMBERS; i < classes; i++)
            rest[i % NUMBERS] = row[i];
        out[whole] = rest;
    }
}

static void spread(const struct chain *chain, const void *scores, const uint8_t *allowed, int64_t rows, int64_t width,
                   numbers *out) {
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < width * NUMBERS; i++) {
            int64_t from = row * chain->classes + i;
            int is_there = i < chain->classes && !(allowed && !allowed[from]);
            ((number *)out)[row * width * NUMBERS + i] =
                (number)(!is_there ? -INFINITY : scores ? number_at(chain, scores, from) : 0.0);
        }
}

INLINE void best_block(const int rows, const int wide, int64_t classes, int64_t width, const numbers *restrict matrix,
                       const number *restrict left, numbers *restrict out) {
    numbers best[8][4];
    for (int row = 0; row < rows; row++)
        for (int v = 0; v < wide; v++)
            best[row][v] = numbers_of(-INFINITY);
    for (int64_t i = 0; i < classes; i++)
        for (int row = 0; row < rows; row++) {
            numbers ahead = numbers_of(left[row * width * NUMBERS + i]);
            for (int v = 0; v < wide; v++)
                best[row][v] = larger_numbers(ahead + matrix[i * width + v], best[row][v]);
        }
    for (int row = 0; row < rows; row++)
        for (int v = 0; v < wide; v++)
            out[row * width + v] = best[row][v];
}

INLINE void best_rows(const int rows, int64_t classes, int64_t width, const numbers *matrix, const numbers *left,
                      numbers *out) {
    int64_t v = 0;
    for (; v + WIDTH_AT_ONCE <= width; v += WIDTH_AT_ONCE)
        best_block(rows, WIDTH_AT_ONCE, classes, width, matrix + v, (const number *)left, out + v);
    if (width - v == 2)
        best_block(rows, 2, classes, width, matrix + v, (const number *)left, out + v);
    else if (width - v == 1)
        best_block(rows, 1, classes, width, matrix + v, (const number *)left, out + v);
}

/* out[j] = max over i of (left[i] + transitions[i][j]), for the rows of classes of several sequences. */
static void best_onward(int64_t rows, const struct job *job, const numbers *left, numbers *out) {
    int64_t width = job->width, classes = job->chain->classes;
    for (; rows >= ROWS_AT_ONCE; rows -= ROWS_AT_ONCE, left += ROWS_AT_ONCE * width, out += ROWS_AT_ONCE * width)
        best_rows(ROWS_AT_ONCE, classes, width, job->transitions, left, out);
    for (; rows >= 2; rows -= 2, left += 2 * width, out += 2 * width)
        best_rows(2, classes, width, job->transitions, left, out);
    if (rows)
        best_rows(1, classes, width, job->transitions, left, out);
}

/* a_k of one sequence; whether all its emissions are numbers below infinity. */
static int forward_row(const struct job *job, int64_t row, int64_t place, const numbers *before, numbers *own) {
    const struct chain *chain = job->chain;
    int64_t step = step_at(chain, &job->steps, row, place);
    load_numbers(chain, (row * chain->time + step) * chain->classes, own);
    numbers most = numbers_of(-INFINITY);
    masks wrong = {0};
    for (int64_t v = 0; v < job->width; v++) {
        wrong |= ~(own[v] < INFINITY);
        own[v] += before[v];
        most = larger_numbers(own[v], most);
    }
    number top = largest_number(most);
    for (int64_t v = 0; top > -INFINITY && v < job->width; v++)
        own[v] -= top;
    return !is_any(wrong);
}

/* The first class of the largest sum of two rows; that sum is left in `most`. */
INLINE int64_t first_of_largest(int64_t width, const numbers *left, const numbers *right, number *most) {
    numbers so_far = left[0] + right[0];
    for (int64_t v = 1; v < width; v++)
        so_far = larger_numbers(left[v] + right[v], so_far);
    *most = largest_number(so_far);
    int64_t v = 0, i = 0;
    masks same = left[0] + right[0] == *most;
    while (!is_any(same) && ++v < width)
        same = left[v] + right[v] == *most;
    while (!same[i] && i + 1 < NUMBERS)
        i++;
    return v * NUMBERS + i;
}

static void backward_row(const struct job *job, int64_t row, int64_t place, const numbers *ahead, int64_t *tag,
                         double *score) {
    const struct chain *chain = job->chain;
    int64_t classes = chain->classes, at = row * chain->time + step_at(chain, &job->steps, row, place), after = *tag;
    number most;
    if (place == job->steps.count[row] - 1) {
        *tag = first_of_largest(job->width, ahead, job->end, &most);
        *score = most > -INFINITY ? chain->end ? number_at(chain, chain->end, *tag) : 0.0 : most;
    } else {
        *tag = first_of_largest(job->width, ahead, job->back + after * job->width, &most);
        *score += number_at(chain, chain->transitions, *tag * classes + after);
    }
    *score += number_at(chain, chain->emissions, at * classes + *tag);
    if (place == 0 && chain->start)
        *score += number_at(chain, chain->start, *tag);
    job->tags[at] = *tag;
}

static void decode(ptrdiff_t group, void *data) {
    struct job *job = data;
    int64_t width = job->width, stride = job->side * width, size = job->chain->batch - group * job->side;
    const int64_t *rows = job->steps.longest + group * job->side, *count = job->steps.count;
    int64_t longest = count[rows[0]];
    numbers *ahead = (numbers *)room(longest * stride), *onward = (numbers *)room(stride);
    if (!ahead || !onward) {
        job->has_no_memory = 1;
        free(ahead);
        free(onward);
        return;
    }
    int is_wrong[SIDE] = {0};
    int64_t tags[SIDE] = {0};
    double scores[SIDE] = {0};
    size = size < job->side ? size : job->side;
    for (int64_t place = 0; place < longest; place++) {
        numbers *now = ahead + place * stride;
        for (int64_t s = 0; s < size && place < count[rows[s]]; s++)
            is_wrong[s] |= !forward_row(job, rows[s], place, place ? onward + s * width : job->start, now + s * width);
        best_onward(size, job, now, onward);
    }
    for (int64_t s = 0; s < size; s++)
        for (int64_t step = 0; step < job->chain->time; step++)
            job->tags[rows[s] * job->chain->time + step] = job->fill;
    for (int64_t place = longest - 1; place >= 0; place--)
        for (int64_t s = 0; s < size && place < count[rows[s]]; s++)
            if (!is_wrong[s] && scores[s] > -INFINITY) {
                backward_row(job, rows[s], place, ahead + place * stride + s * width, &tags[s], &scores[s]);
                if (scores[s] == -INFINITY) /* no path can be */
                    job->tags[rows[s] * job->chain->time + step_at(job->chain, &job->steps, rows[s], place)] = job->fill;
            }
    for (int64_t s = 0; s < size; s++)
        put_number(job->chain, job->scores, rows[s], is_wrong[s] ? NAN : scores[s]);
    free(ahead);
    free(onward);
}

/* The scores as all sequences read them, and then the paths. */
static enum status with_room(struct job *job) {
    const struct chain *chain = job->chain;
    int64_t classes = chain->classes, width = job->width;
    job->side = side_by_side(chain);
    numbers *all = (numbers *)room(2 * (classes + 1) * width);
    if (!all)
        return NO_MEMORY;
    job->transitions = all;
    job->back = job->transitions + classes * width;
    job->start = job->back + classes * width;
    job->end = job->start + width;
    spread(chain, chain->transitions, chain->allowed_transitions, classes, width, job->transitions);
    spread(chain, chain->start, chain->allowed_start, 1, width, job->start);
    spread(chain, chain->end, chain->allowed_end, 1, width, job->end);
    for (int64_t j = 0; j < classes; j++)
        for (int64_t i = 0; i < width * NUMBERS; i++)
            ((number *)job->back)[j * width * NUMBERS + i] =
                i < classes ? ((number *)job->transitions)[i * width * NUMBERS + j] : (number)-INFINITY;
    seqwise_parallel((chain->batch + job->side - 1) / job->side, decode, job);
    free(all);
    return job->has_no_memory ? NO_MEMORY : FINE;
}

/* Tags (batch, time), `fill` where a step does not count or no path can be, and what they score (batch,). */
SEQWISE_API void DECODE(const struct chain *chain, int64_t fill, int64_t *tags, void *scores,
                                    int64_t *status) {
    int64_t classes = chain->classes, width = (classes + NUMBERS - 1) / NUMBERS;
    struct job job = {.chain = chain, .width = width, .fill = fill, .tags = tags, .scores = scores};
    *status = steps_of(chain, &job.steps);
    if (*status == FINE)
        *status = values_of(chain, &job.steps);
    if (*status == FINE)
        *status = with_room(&job);
    steps_free(&job.steps);
}
