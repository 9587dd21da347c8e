/* Vectors of 64 bytes, in GCC's and Clang's own notation; processors with shorter ones take them in parts. */

#ifndef SEQWISE_VECTORS_H
#define SEQWISE_VECTORS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define DOUBLES 8 /* in a vector */
#define FLOATS 16
#define INLINE static inline __attribute__((always_inline))

typedef double doubles __attribute__((vector_size(64), may_alias));
typedef double half_doubles __attribute__((vector_size(32), may_alias));
typedef int64_t longs __attribute__((vector_size(64), may_alias));
typedef float floats __attribute__((vector_size(64), may_alias));
typedef float half_floats __attribute__((vector_size(32), may_alias));
typedef int32_t ints __attribute__((vector_size(64), may_alias));

/* The same, at any address. */
typedef double loose_doubles __attribute__((vector_size(64), aligned(8), may_alias));
typedef float loose_floats __attribute__((vector_size(64), aligned(4), may_alias));
typedef float loose_half_floats __attribute__((vector_size(32), aligned(4), may_alias));

INLINE doubles doubles_of(double value) { return value - (doubles){0}; }
INLINE floats floats_of(float value) { return value - (floats){0}; }

/* Where the mask is all ones, one value, elsewhere the other. */
INLINE doubles chosen(longs mask, doubles yes, doubles no) {
    return (doubles)((mask & (longs)yes) | (~mask & (longs)no));
}

INLINE doubles larger(doubles a, doubles b) { return chosen(a > b, a, b); }

INLINE double sum_of(doubles values) {
    double sums[4];
    for (int i = 0; i < 4; i++)
        sums[i] = values[i] + values[i + 4];
    return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

INLINE double largest_of(doubles values) {
    double most = values[0];
    for (int i = 1; i < DOUBLES; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

INLINE int any_of(longs mask) {
    int64_t any = 0;
    for (int i = 0; i < DOUBLES; i++)
        any |= mask[i];
    return any != 0;
}

/* exp for arguments up to 0; 0 below -708, where results are no longer normal; NaN for NaN. The error is below 1 unit
   in the last place: x = n log 2 + r with |r| <= log(2) / 2, the Taylor series of r to degree 13, times 2^n. */
INLINE doubles exp_of(doubles x) {
    const double round = 0x1.8p52; /* adding it leaves n in the low bits */
    doubles shifted = x * 0x1.71547652b82fep0 + round;
    doubles n = shifted - round;
    doubles r = x - n * 0x1.62e42fefa3800p-1;
    r = r - n * 0x1.ef35793c76730p-45;
    doubles y = r * (1 / 6227020800.0) + 1 / 479001600.0;
    y = y * r + 1 / 39916800.0;
    y = y * r + 1 / 3628800.0;
    y = y * r + 1 / 362880.0;
    y = y * r + 1 / 40320.0;
    y = y * r + 1 / 5040.0;
    y = y * r + 1 / 720.0;
    y = y * r + 1 / 120.0;
    y = y * r + 1 / 24.0;
    y = y * r + 1 / 6.0;
    y = y * r + 0.5;
    y = y * r + 1.0;
    y = y * r + 1.0;
    longs power = ((longs)shifted << 52) + ((longs){0} + 0x3ff0000000000000);
    return chosen(x < -708.0, (doubles){0}, y * (doubles)power);
}

#endif
