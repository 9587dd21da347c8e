/* Vectors as long as the registers of the level that is compiled for, in GCC's and Clang's own notation. */

#ifndef SEQWISE_DOUBLES_H
#define SEQWISE_DOUBLES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define DOUBLES (BYTES / 8) /* in a vector */
#define INLINE static inline __attribute__((always_inline))

typedef double doubles __attribute__((vector_size(BYTES), may_alias));
typedef int64_t longs __attribute__((vector_size(BYTES), may_alias));
typedef uint64_t unsigned_longs __attribute__((vector_size(BYTES), may_alias)); /* of which sums may wrap around */
typedef float few_floats __attribute__((vector_size(BYTES / 2), may_alias)); /* as many as doubles in a vector */

/* The same, at any address. */
typedef double loose_doubles __attribute__((vector_size(BYTES), aligned(8), may_alias));
typedef int64_t loose_longs __attribute__((vector_size(BYTES), aligned(8), may_alias));
typedef float loose_few_floats __attribute__((vector_size(BYTES / 2), aligned(4), may_alias));

INLINE doubles doubles_of(double value) { return value - (doubles){0}; }

/* Where the mask is all ones, one value, elsewhere the other. */
INLINE doubles chosen(longs mask, doubles yes, doubles no) {
    return (doubles)((mask & (longs)yes) | (~mask & (longs)no));
}

/* a > b ? a : b; so b where one is NaN. */
INLINE doubles larger(doubles a, doubles b) {
#if defined(__AVX512F__)
    return (doubles)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
    return (doubles)_mm256_max_pd((__m256d)a, (__m256d)b);
#else
    return chosen(a > b, a, b);
#endif
}

/* Each step takes the second half of what is left of an array of up to 16 into the first; written out, since compilers
   make vector operations of these loops only one by one. */
#define IN_HALVES(size, step)             \
    for (int i = 0; size > 8 && i < 8; i++) \
        step(i, i + 8);                   \
    for (int i = 0; size > 4 && i < 4; i++) \
        step(i, i + 4);                   \
    for (int i = 0; size > 2 && i < 2; i++) \
        step(i, i + 2);                   \
    step(0, 1)

INLINE double sum_of(doubles values) {
    double sums[16];
    *(loose_doubles *)sums = values;
#define STEP(a, b) sums[a] += sums[b]
    IN_HALVES(DOUBLES, STEP);
#undef STEP
    return sums[0];
}

INLINE double largest_of(doubles values) {
    double most[16];
    *(loose_doubles *)most = values;
#define STEP(a, b) most[a] = most[a] > most[b] ? most[a] : most[b]
    IN_HALVES(DOUBLES, STEP);
#undef STEP
    return most[0];
}

INLINE int any_of(longs mask) {
    int64_t any[16];
    *(loose_longs *)any = mask;
#define STEP(a, b) any[a] |= any[b]
    IN_HALVES(DOUBLES, STEP);
#undef STEP
    return any[0] != 0;
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
    unsigned_longs power = ((unsigned_longs)shifted << 52) + ((unsigned_longs){0} + 0x3ff0000000000000);
    return chosen(x < -708.0, (doubles){0}, y * (doubles)power);
}

#endif
