/* Sixteen floats at a time, from and to float32 or bfloat16 in memory, and their exponential. */

#ifndef SEQWISE_FLOATS_H
#define SEQWISE_FLOATS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

enum { LANES = 16 };

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));
typedef uint32_t bits __attribute__((vector_size(4 * LANES)));
typedef uint16_t halves __attribute__((vector_size(2 * LANES)));

#define INLINE static inline __attribute__((always_inline))

#define LANE ((ints){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})

/* Numbers in memory: 4 bytes are a float32, 2 are a bfloat16, the upper half of a float32. */
INLINE float number_at(const char *place, ptrdiff_t size) {
    uint32_t word = 0;
    if (size == 4)
        memcpy(&word, place, 4);
    else
        memcpy((char *)&word, place, 2), word <<= 16;
    float number;
    memcpy(&number, &word, 4);
    return number;
}

INLINE floats all(float number) {
    return number - (floats){0};
}

INLINE floats chosen(ints where, floats yes, floats no) {
    return (floats)((where & (ints)yes) | (~where & (ints)no));
}

/* a > b ? a : b; so b where one is NaN. */
INLINE floats larger(floats a, floats b) {
#if defined(__AVX512F__)
    return (floats)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return chosen(a > b, a, b);
#endif
}

INLINE floats load(const char *place, ptrdiff_t size) {
    floats numbers;
    if (size == 4) {
        memcpy(&numbers, place, sizeof numbers);
        return numbers;
    }
    halves upper;
    memcpy(&upper, place, sizeof upper);
    return (floats)(__builtin_convertvector(upper, bits) << 16);
}

/* Rounds to the nearest bfloat16, to the even one of two; what is not a number stays so. */
INLINE halves upper_halves(floats numbers) {
    bits word = (bits)numbers;
    bits rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
    bits wrong = (bits)(numbers != numbers);
    return __builtin_convertvector((wrong & 0x7fc0) | (~wrong & rounded), halves);
}

INLINE void store(char *place, ptrdiff_t size, floats numbers) {
    if (size == 4) {
        memcpy(place, &numbers, sizeof numbers);
        return;
    }
    halves upper = upper_halves(numbers);
    memcpy(place, &upper, sizeof upper);
}

/* The first `count` numbers, and `rest` in the other lanes. */
INLINE floats load_some(const char *place, ptrdiff_t size, ptrdiff_t count, float rest) {
    char whole[4 * LANES];
    store(whole, size, all(rest));
    memcpy(whole, place, (size_t)(count * size));
    return load(whole, size);
}

INLINE void store_some(char *place, ptrdiff_t size, ptrdiff_t count, floats numbers) {
    char whole[4 * LANES];
    store(whole, size, numbers);
    memcpy(place, whole, (size_t)(count * size));
}

INLINE void put_number(char *place, ptrdiff_t size, float number) {
    if (size == 4) {
        memcpy(place, &number, 4);
        return;
    }
    uint32_t word;
    memcpy(&word, &number, 4);
    uint16_t upper = (uint16_t)(number != number ? 0x7fc0 : (word + 0x7fff + ((word >> 16) & 1)) >> 16);
    memcpy(place, &upper, 2);
}

INLINE int are_all_negative(ints numbers) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask((__m512i)numbers) == 0xffff;
#else
    int32_t lanes[LANES], negative = -1;
    memcpy(lanes, &numbers, sizeof lanes);
    for (int lane = 0; lane < LANES; lane++)
        negative &= lanes[lane];
    return negative < 0;
#endif
}

#if defined(__AVX512F__)
INLINE float sum_of(floats numbers) {
    return _mm512_reduce_add_ps((__m512)numbers);
}

INLINE float largest_of(floats numbers) {
    return _mm512_reduce_max_ps((__m512)numbers);
}
#else
INLINE float sum_of(floats numbers) {
    float lanes[LANES];
    memcpy(lanes, &numbers, sizeof lanes);
    for (int half = LANES / 2; half; half /= 2)
        for (int lane = 0; lane < half; lane++)
            lanes[lane] += lanes[lane + half];
    return lanes[0];
}

INLINE float largest_of(floats numbers) {
    float lanes[LANES];
    memcpy(lanes, &numbers, sizeof lanes);
    for (int half = LANES / 2; half; half /= 2)
        for (int lane = 0; lane < half; lane++)
            lanes[lane] = lanes[lane] > lanes[lane + half] ? lanes[lane] : lanes[lane + half];
    return lanes[0];
}
#endif

/* exp(x) for x up to 88, within 1 unit in the last place; 0 below the smallest normal number; NaN of NaN.
   x = n log 2 + r with |r| <= log(2) / 2; 2^n is made from its bits, exp(r) is a polynomial. */
INLINE floats exponential(floats x) {
    const float shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, which stands in the low bits */
    floats shifted = x * 1.44269504088896341f + shift;
    floats n = shifted - shift;
    floats r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    floats p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * r) * r + r + 1.0f;
    floats power = (floats)(((ints)shifted + 127) << 23);
    ints tiny = x < -87.33f;
    return (floats)(~tiny & (ints)(p * power));
}

/* log(x) of normal numbers, within 1 unit in the last place; others stay as they are.
   x = 2^n m with m from sqrt(1/2) to sqrt(2); log(m) is the polynomial of Cephes (Moshier, 1992) in m - 1. */
INLINE floats logarithm(floats x) {
    ints word = (ints)x - 0x3f3504f3; /* the bits of sqrt(1/2) */
    ints n = word >> 23;
    floats r = (floats)((word & 0x7fffff) + 0x3f3504f3) - 1.0f, e = __builtin_convertvector(n, floats);
    floats z = r * r;
    floats p = 7.0376836292e-2f * r - 1.1514610310e-1f;
    p = p * r + 1.1676998740e-1f;
    p = p * r - 1.2420140846e-1f;
    p = p * r + 1.4249322787e-1f;
    p = p * r - 1.6668057665e-1f;
    p = p * r + 2.0000714765e-1f;
    p = p * r - 2.4999993993e-1f;
    p = p * r + 3.3333331174e-1f;
    p = p * r * z + e * -2.12194440e-4f;
    floats result = (p - 0.5f * z) + r + e * 0.693359375f;
    return chosen((x >= 1.17549435e-38f) & (x < INFINITY), result, x);
}

#endif
