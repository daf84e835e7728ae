#include "eval/bootstrap.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "base/simd.h"
#include "eval/row.h"

struct run {
    uint64_t n, seed;
    uint16_t *count; /* (threads, n) */
    void (*measure)(void *context, const uint16_t *count, int round, int worker);
    void *context;
};

/* A sample's count is Poisson-like of mean 1: 65,535 of one is out of reach. */
void bootstrap_draw(uint64_t n, uint64_t seed, int round, uint16_t *count)
{
    struct rng rng = rng_start(rng_derive(seed, "sample", "bootstrap", 0), (uint64_t)round, 0);
    memset(count, 0, (size_t)n * sizeof(*count));
    for (uint64_t i = 0; i < n; i++)
        count[rng_below(&rng, n)]++;
}

static void turn(void *context, size_t round, int worker)
{
    struct run *run = context;
    uint16_t *count = run->count + (size_t)worker * (size_t)run->n;
    bootstrap_draw(run->n, run->seed, (int)round, count);
    run->measure(run->context, count, (int)round, worker);
}

int bootstrap_run(uint64_t n, int rounds, uint64_t seed, struct pool *pool,
                  void (*measure)(void *context, const uint16_t *count, int round, int worker),
                  void *context, struct error *err)
{
    struct run run = { n, seed, NULL, measure, context };
    size_t all;
    if (!size_mul((size_t)n, (size_t)pool_threads(pool), &all))
        return error_set(err, ERROR_FAILED, NULL, "no memory for the bootstrap");
    run.count = memory_array(all, sizeof(*run.count), err);
    if (!run.count)
        return -1;
    pool_run(pool, (size_t)rounds, turn, &run);
    free(run.count);
    return 0;
}

VECTOR_CLONES static void add_counted(const uint16_t *count, const double *x, uint64_t size,
                                      double *lane)
{
    for (uint64_t i = 0; i < size; i += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++)
            lane[j] += count[i + (uint64_t)j] * x[i + (uint64_t)j];
}

double bootstrap_sum(const uint16_t *count, const double *x, uint64_t n)
{
    double lane[ROW_LANES] = { 0 }, sum = 0;
    uint64_t whole = n / ROW_LANES * ROW_LANES;
    add_counted(count, x, whole, lane);
    for (int j = 0; j < ROW_LANES; j++)
        sum += lane[j];
    for (uint64_t i = whole; i < n; i++)
        sum += count[i] * x[i];
    return sum;
}
