/* The best path of a linear-chain CRF (Viterbi).

   The best score of a path that ends with class j at step k is

       a_0 = start + e_0        a_k[j] = max over i of (a_(k-1)[i] + transitions[i][j]) + e_k[j]

   Each a_k is kept relative to its largest, so that length costs no precision. The way back is not stored: the class
   before j is the first i whose a_(k-1)[i] + transitions[i][j] is largest, which takes one row of the transposed
   transitions to find out. What is not allowed is -inf, and so are places beyond the classes.

   Several sequences are computed side by side, so that the transitions are read once for all of them. */

#include <stdlib.h>
#include <string.h>

#include "crf.h"

#ifdef __AVX512F__
enum { ROWS_AT_ONCE = 8, WIDTH_AT_ONCE = 3 }; /* what the registers hold: 32 here, 16 elsewhere */
#else
enum { ROWS_AT_ONCE = 4, WIDTH_AT_ONCE = 2 };
#endif

struct job {
    const struct chain *chain;
    struct steps steps;
    int64_t width, side;
    doubles *transitions, *back, *start, *end; /* rows of classes; back: transitions transposed */
    int64_t fill;
    int64_t *tags; /* (batch, time) */
    void *scores;  /* (batch,) */
};

static void spread(const struct chain *chain, const void *scores, const uint8_t *allowed, int64_t rows, int64_t width,
                   doubles *out) {
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < width * DOUBLES; i++) {
            int64_t from = row * chain->classes + i;
            int is_there = i < chain->classes && !(allowed && !allowed[from]);
            ((double *)out)[row * width * DOUBLES + i] =
                !is_there ? -INFINITY : scores ? number_at(chain, scores, from) : 0.0;
        }
}

INLINE void best_block(const int rows, const int wide, int64_t classes, int64_t width, const doubles *restrict matrix,
                       const double *restrict left, doubles *restrict out) {
    doubles best[8][4];
    for (int row = 0; row < rows; row++)
        for (int v = 0; v < wide; v++)
            best[row][v] = doubles_of(-INFINITY);
    for (int64_t i = 0; i < classes; i++)
        for (int row = 0; row < rows; row++) {
            doubles ahead = doubles_of(left[row * width * DOUBLES + i]);
            for (int v = 0; v < wide; v++)
                best[row][v] = larger(ahead + matrix[i * width + v], best[row][v]);
        }
    for (int row = 0; row < rows; row++)
        for (int v = 0; v < wide; v++)
            out[row * width + v] = best[row][v];
}

INLINE void best_rows(const int rows, int64_t classes, int64_t width, const doubles *matrix, const doubles *left,
                      doubles *out) {
    int64_t v = 0;
    for (; v + WIDTH_AT_ONCE <= width; v += WIDTH_AT_ONCE)
        best_block(rows, WIDTH_AT_ONCE, classes, width, matrix + v, (const double *)left, out + v);
    for (; v < width; v++)
        best_block(rows, 1, classes, width, matrix + v, (const double *)left, out + v);
}

/* out[j] = max over i of (left[i] + transitions[i][j]), for the rows of classes of several sequences. */
static void best_onward(int64_t rows, const struct job *job, const doubles *left, doubles *out) {
    int64_t width = job->width, classes = job->chain->classes;
    for (; rows >= ROWS_AT_ONCE; rows -= ROWS_AT_ONCE, left += ROWS_AT_ONCE * width, out += ROWS_AT_ONCE * width)
        best_rows(ROWS_AT_ONCE, classes, width, job->transitions, left, out);
    for (; rows >= 2; rows -= 2, left += 2 * width, out += 2 * width)
        best_rows(2, classes, width, job->transitions, left, out);
    if (rows)
        best_rows(1, classes, width, job->transitions, left, out);
}

/* a_k of one sequence; whether all its emissions are numbers below infinity. */
static int forward_row(const struct job *job, int64_t row, int64_t place, const doubles *before, doubles *own) {
    const struct chain *chain = job->chain;
    int64_t step = step_at(chain, &job->steps, row, place);
    load_row(chain, chain->emissions, (row * chain->time + step) * chain->classes, own);
    doubles most = doubles_of(-INFINITY);
    longs wrong = {0};
    for (int64_t v = 0; v < job->width; v++) {
        wrong |= ~(own[v] < INFINITY);
        own[v] += before[v];
        most = larger(own[v], most);
    }
    double top = largest_of(most);
    for (int64_t v = 0; top > -INFINITY && v < job->width; v++)
        own[v] -= top;
    return !any_of(wrong);
}

/* The first class of the largest sum of two rows; that sum is left in `most`. */
INLINE int64_t first_of_largest(int64_t width, const doubles *left, const doubles *right, double *most) {
    doubles so_far = left[0] + right[0];
    for (int64_t v = 1; v < width; v++)
        so_far = larger(left[v] + right[v], so_far);
    *most = largest_of(so_far);
    int64_t v = 0, i = 0;
    longs same = left[0] + right[0] == *most;
    while (!any_of(same) && ++v < width)
        same = left[v] + right[v] == *most;
    while (!same[i] && i + 1 < DOUBLES)
        i++;
    return v * DOUBLES + i;
}

static void backward_row(const struct job *job, int64_t row, int64_t place, const doubles *ahead, int64_t *tag,
                         double *score) {
    const struct chain *chain = job->chain;
    int64_t classes = chain->classes, at = row * chain->time + step_at(chain, &job->steps, row, place), after = *tag;
    double most;
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
    const struct job *job = data;
    int64_t width = job->width, stride = job->side * width, size = job->chain->batch - group * job->side;
    const int64_t *rows = job->steps.longest + group * job->side, *count = job->steps.count;
    int64_t longest = count[rows[0]];
    doubles *ahead = vectors(longest * stride), *onward = vectors(stride);
    int is_wrong[SIDE] = {0};
    int64_t tags[SIDE] = {0};
    double scores[SIDE] = {0};
    size = size < job->side ? size : job->side;
    for (int64_t place = 0; place < longest; place++) {
        doubles *now = ahead + place * stride;
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

/* Tags (batch, time), `fill` where a step does not count or no path can be, and what they score (batch,). */
SEQWISE_API void seqwise_crf_decode(const struct chain *chain, int64_t fill, int64_t *tags, void *scores,
                                    int64_t *status) {
    int64_t classes = chain->classes, width = (classes + DOUBLES - 1) / DOUBLES;
    struct job job = {.chain = chain, .width = width, .fill = fill, .tags = tags, .scores = scores};
    *status = steps_of(chain, &job.steps);
    if (*status == FINE)
        *status = values_of(chain, &job.steps);
    if (*status == FINE) {
        job.side = side_by_side(chain);
        job.transitions = vectors(classes * width);
        job.back = vectors(classes * width);
        job.start = vectors(width);
        job.end = vectors(width);
        spread(chain, chain->transitions, chain->allowed_transitions, classes, width, job.transitions);
        spread(chain, chain->start, chain->allowed_start, 1, width, job.start);
        spread(chain, chain->end, chain->allowed_end, 1, width, job.end);
        transposed(classes, width, job.transitions, job.back, -INFINITY);
        seqwise_parallel((chain->batch + job.side - 1) / job.side, decode, &job);
        free(job.transitions);
        free(job.back);
        free(job.start);
        free(job.end);
    }
    steps_free(&job.steps);
}
