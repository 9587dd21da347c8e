/* Memory that runs out when a test says so: included before every C source of a library that tests compile. */

#include <stdint.h>
#include <stdlib.h>

/* How many more allocations there is memory for; -1 for any number. One variable for all sources. */
__attribute__((weak, visibility("default"))) int64_t allocations_left = -1;

static inline int is_out_of_memory(void) {
    if (allocations_left < 0)
        return 0;
    return allocations_left == 0 ? 1 : (allocations_left--, 0);
}

static inline void *some_malloc(size_t size) { return is_out_of_memory() ? NULL : malloc(size); }
static inline void *some_calloc(size_t count, size_t size) { return is_out_of_memory() ? NULL : calloc(count, size); }
static inline void *some_aligned_alloc(size_t alignment, size_t size) {
    return is_out_of_memory() ? NULL : aligned_alloc(alignment, size);
}

#define malloc some_malloc
#define calloc some_calloc
#define aligned_alloc some_aligned_alloc
