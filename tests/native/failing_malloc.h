/* Memory that runs out when a test says so: included before every C source of a library that tests compile. */

#include <stdint.h>
#include <stdlib.h>

#define SHARED __attribute__((weak, visibility("default"))) /* one variable for all sources */

/* How many more allocations there is memory for; -1 for any number. */
SHARED int64_t allocations_left = -1;
/* Where in the sources the first allocation was refused since a test set this to NULL. */
SHARED const char *refused_file = 0;
SHARED int64_t refused_line = 0;

static inline int is_out_of_memory(const char *file, int64_t line) {
    if (allocations_left < 0)
        return 0;
    if (allocations_left > 0) {
        allocations_left--;
        return 0;
    }
    if (refused_file)
        return 1;
    refused_file = file;
    refused_line = line;
    return 1;
}

#define malloc(size) (is_out_of_memory(__FILE__, __LINE__) ? NULL : (malloc)(size))
#define calloc(count, size) (is_out_of_memory(__FILE__, __LINE__) ? NULL : (calloc)(count, size))
#define aligned_alloc(alignment, size) (is_out_of_memory(__FILE__, __LINE__) ? NULL : (aligned_alloc)(alignment, size))
