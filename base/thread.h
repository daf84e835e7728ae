/*
 * A pool of threads for loops whose turns are independent. Turns are handed out one by one,
 * so a slow turn holds nobody up; what a turn computes must not depend on which worker
 * takes it.
 *
 *     static void turn(void *context, size_t i, int worker) { ... }
 *     struct pool *pool;
 *     if (pool_open(&pool, 0, &err) < 0) ...            // 0: as many as this process may use
 *     pool_run(pool, count, turn, &context);            // returns when all turns are done
 *     pool_close(pool);
 */
#ifndef TENFOLD_BASE_THREAD_H
#define TENFOLD_BASE_THREAD_H

#include <stddef.h>

#include "base/error.h"

struct pool;

/* How many threads this process may use: the affinity mask, then the cgroup's quota (v1 and v2), at
 * least 1. */
int thread_cpus(void);

/* `threads` workers including the caller of pool_run (so 1 starts none); 0: thread_cpus(). */
int pool_open(struct pool **pool, int threads, struct error *err);
int pool_threads(const struct pool *pool);

/* Call turn(context, i, worker) once for every i in 0..count-1, worker in 0..threads-1, each worker
 * on one thread at a time. One caller at a time; not from within a turn. */
void pool_run(struct pool *pool, size_t count, void (*turn)(void *context, size_t i, int worker),
              void *context);

void pool_close(struct pool *pool);

#endif
