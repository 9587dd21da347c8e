/* What every C source of seqwise shares.

   Portable C11 with the vector extensions that GCC and Clang both have; no intrinsics are needed, since each file is
   compiled once for each level of processors (see _compile.py). Functions that Python calls are SEQWISE_API, return
   nothing, and have names that begin with seqwise_. */

#ifndef SEQWISE_H
#define SEQWISE_H

#include <stddef.h>
#include <stdint.h>

#define SEQWISE_API __attribute__((visibility("default")))

/* Runs task(index, data) for every index from 0 to tasks - 1, on the threads of torch, as many as torch.set_num_threads
   allows the calling thread; one after the other where torch has no OpenMP. Threads take the next index when they are
   free, so tasks may differ in length; some 5 microseconds of work each, or more, are worth it. */
void seqwise_parallel(ptrdiff_t tasks, void (*task)(ptrdiff_t index, void *data), void *data);

#endif
