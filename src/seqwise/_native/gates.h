/* The functions of recurrent layers on vectors of 16 floats. */

#ifndef SEQWISE_GATES_H
#define SEQWISE_GATES_H

#include "doubles.h"

#define FLOATS 16 /* in a vector; processors with shorter ones take them in parts */

typedef float floats __attribute__((vector_size(64), may_alias));
typedef int32_t ints __attribute__((vector_size(64), may_alias));
typedef float loose_floats __attribute__((vector_size(64), aligned(4), may_alias)); /* the same, at any address */

INLINE floats floats_of(float value) { return value - (floats){0}; }
INLINE floats floats_at(const float *place) { return *(const loose_floats *)place; }
INLINE void put(float *place, floats values) { *(loose_floats *)place = values; }

/* Where the mask is all ones, one value, elsewhere the other. */
INLINE floats either(ints mask, floats yes, floats no) { return (floats)((mask & (ints)yes) | (~mask & (ints)no)); }

/* exp of arguments between -87 and 87, beyond which they are taken for these; NaN for NaN; to 2 units in the last
   place: x = n log 2 + r with |r| <= log(2) / 2, a polynomial in r, times 2^n. */
INLINE floats exp_of_floats(floats x) {
    const float round = 0x1.8p23f; /* adding it leaves n in the low bits */
    x = either(x < -87.0f, floats_of(-87.0f), x);
    x = either(x > 87.0f, floats_of(87.0f), x);
    floats shifted = x * 0x1.715476p0f + round;
    floats n = shifted - round;
    floats r = x - n * 0x1.62e400p-1f;
    r = r - n * 0x1.7f7d1cp-20f;
    floats y = r * (1 / 5040.0f) + 1 / 720.0f;
    y = y * r + 1 / 120.0f;
    y = y * r + 1 / 24.0f;
    y = y * r + 1 / 6.0f;
    y = y * r + 0.5f;
    y = y * r + 1.0f;
    y = y * r + 1.0f;
    return y * (floats)(((ints)shifted << 23) + ((ints){0} + 0x3f800000));
}

INLINE floats sigmoid_of(floats x) { return 1.0f / (1.0f + exp_of_floats(-x)); }

/* Near 0, where 1 - 2 / (1 + exp(2x)) would lose digits, the polynomial of Cephes (Moshier, 1992). */
INLINE floats tanh_of(floats x) {
    floats far = 1.0f - 2.0f / (1.0f + exp_of_floats(x + x));
    floats z = x * x;
    floats y = z * -5.70498872745e-3f + 2.06390887954e-2f;
    y = y * z - 5.37397155531e-2f;
    y = y * z + 1.33314422036e-1f;
    y = y * z - 3.33332819422e-1f;
    return either(z < 0.390625f, y * z * x + x, far);
}

#endif
