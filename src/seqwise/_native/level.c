/* The level of processors that this one belongs to, and of which sources this was compiled. */

#include "seqwise.h"

#ifndef SEQWISE_SOURCES
#define SEQWISE_SOURCES 0
#endif

/* The digest of the sources that _compile.py gives; 0 when it was compiled in another way. */
SEQWISE_API int64_t seqwise_sources(void) { return SEQWISE_SOURCES; }

/* 4: AVX-512 as in x86-64-v4; 3: AVX2 and FMA as in x86-64-v3; 0: anything else. */
SEQWISE_API int seqwise_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    int v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
    return v3 && v4 ? 4 : v3 ? 3 : 0;
#else
    return 0;
#endif
}
