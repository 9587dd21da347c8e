/* Runs independent tasks on the threads that torch already has. */

#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "seqwise.h"

/* torch runs its own loops with OpenMP. Its library has this function, which calls run(data) once on each of so many
   threads, 0 for as many as the calling thread may use; GCC has compiled `omp parallel` to it since 2014, and the OpenMP
   libraries of LLVM and Intel have it too. It is looked up in what is already loaded, rather than linked, so that there
   can be no second OpenMP with a second pool of threads. */
typedef void gomp_parallel(void (*run)(void *), void *data, unsigned threads, unsigned flags);

struct work {
    ptrdiff_t tasks;
    void (*task)(ptrdiff_t, void *);
    void *data;
    atomic_ptrdiff_t next;
};

static void run(void *argument) {
    struct work *work = argument;
    ptrdiff_t index;
    while ((index = atomic_fetch_add_explicit(&work->next, 1, memory_order_relaxed)) < work->tasks)
        work->task(index, work->data);
}

static gomp_parallel *threads_of_torch(void) {
    static _Atomic(gomp_parallel *) found;
    gomp_parallel *known = atomic_load_explicit(&found, memory_order_relaxed);
    if (!known) { /* looked for again as long as torch is not loaded */
        void *symbol = dlsym(RTLD_DEFAULT, "GOMP_parallel");
        known = *(gomp_parallel **)&symbol;
        atomic_store_explicit(&found, known, memory_order_relaxed);
    }
    return known;
}

void seqwise_parallel(ptrdiff_t tasks, void (*task)(ptrdiff_t index, void *data), void *data) {
    struct work work = {tasks, task, data, 0};
    gomp_parallel *parallel = tasks > 1 ? threads_of_torch() : NULL;
    if (parallel)
        parallel(run, &work, 0, 0);
    else
        run(&work);
}

/* 1 where tasks run on the threads of torch, 0 where they run one after the other. */
SEQWISE_API int seqwise_has_threads(void) { return threads_of_torch() != NULL; }

/* For tests: which threads tasks run on. Each task waits until all have begun, 20 seconds at most, so that each needs a
   thread of its own; marks[index] tells its thread from the others. */
struct meeting {
    void **marks;
    ptrdiff_t tasks;
    atomic_ptrdiff_t begun;
};

static void meet(ptrdiff_t index, void *data) {
    static _Thread_local char here;
    struct meeting *meeting = data;
    time_t begin = time(NULL);
    meeting->marks[index] = &here;
    atomic_fetch_add(&meeting->begun, 1);
    while (atomic_load(&meeting->begun) < meeting->tasks && time(NULL) < begin + 20)
        sched_yield();
}

SEQWISE_API void seqwise_threads_of_tasks(void **marks, ptrdiff_t tasks) {
    struct meeting meeting = {marks, tasks, 0};
    seqwise_parallel(tasks, meet, &meeting);
}
