/* Labels as they arrive -> the class index of every position, -1 where it does not count. */

#include <math.h>
#include <stdbool.h>

#include "seqwise.h"

/* The class of a label: its place among the values, if there are any; `classes` for what is no class. */
static int32_t class_of(int64_t label, const int64_t *values, ptrdiff_t classes) {
    if (!values)
        return label >= 0 && label < classes ? (int32_t)label : (int32_t)classes;
    ptrdiff_t c = 0;
    while (c < classes && values[c] != label)
        c++;
    return (int32_t)c;
}

/* Writes the index of each of batch x time x rest positions. A position counts when its mask is true, of which there is
   one for every `mask_span` positions, its step is below the length of its sequence, and its label is not `ignored`.
   `*wrong` becomes 1 where a length, or a label or sample weight that counts, or a class weight cannot be right. mask, lengths, values, ignored and both weights may be NULL. */
SEQWISE_API void seqwise_class_index(
    const int64_t *labels, ptrdiff_t batch, ptrdiff_t time, ptrdiff_t rest, const uint8_t *mask, ptrdiff_t mask_span,
    const int64_t *lengths, const int64_t *ignored, const int64_t *values, ptrdiff_t classes,
    const float *class_weight, ptrdiff_t class_weights, const float *sample_weight, ptrdiff_t span, int32_t *index,
    int64_t *wrong
) {
    ptrdiff_t position = 0;
    bool is_wrong = false;
    for (ptrdiff_t b = 0; b < batch; b++) {
        int64_t length = lengths ? lengths[b] : time;
        is_wrong |= length < 0 || length > time;
        for (ptrdiff_t t = 0; t < time; t++)
            for (ptrdiff_t r = 0; r < rest; r++, position++) {
                index[position] = -1;
                if (t >= length || (mask && !mask[position / mask_span]) || (ignored && labels[position] == *ignored))
                    continue;
                int32_t class = class_of(labels[position], values, classes);
                is_wrong |= class == classes || (sample_weight && !isfinite(sample_weight[position / span]));
                index[position] = class == classes ? -1 : class;
            }
    }
    for (ptrdiff_t c = 0; c < class_weights; c++)
        is_wrong |= !isfinite(class_weight[c]);
    *wrong = is_wrong;
}
