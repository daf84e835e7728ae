/*
 * Forward and backward on random images: images a second and multiply-adds a second (three times
 * the forward count), for one thread and for all; by the clock and by the processor's. Usage:
 * bench_training NET.yaml [BATCH] [SECONDS] [fast|exact], as `train.conv` has it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/progress.h"
#include "base/rng.h"
#include "model/backprop.h"
#include "model/gemm.h"

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int measure(struct net *net, int b, int threads, double seconds, struct error *err)
{
    struct pool *pool = NULL;
    struct backprop *bp = NULL;
    struct shape s = net_input(net);
    size_t image = (size_t)s.c * (size_t)s.h * (size_t)s.w;
    float *x = memory_aligned(image * (size_t)b, sizeof(*x), err);
    int64_t *label = memory_array((size_t)b, sizeof(*label), err);
    int rc = -1;
    if (!x || !label || pool_open(&pool, threads, err) < 0 ||
        backprop_open(&bp, net, b, pool, err) < 0)
        goto done;
    struct rng rng = rng_start(rng_derive(1, "sample", "bench", 0), 0, 0);
    for (size_t i = 0; i < image * (size_t)b; i++)
        x[i] = (float)rng_range(&rng, -2, 2);
    for (int i = 0; i < b; i++)
        label[i] = i % net_classes(net);
    struct targets targets = { .label = label };
    double loss = backprop_run(bp, x, b, &targets, NULL); /* warm-up */
    int steps = 0;
    double start = clock_seconds(), used = processor_seconds(), elapsed;
    do {
        backprop_run(bp, x, b, &targets, NULL);
        steps++;
        elapsed = clock_seconds() - start;
    } while (elapsed < seconds);
    used = processor_seconds() - used;
    double rate = steps * (double)b / elapsed;
    printf("%s, batch %d, %d thread%s: %8.1f images/s %8.1f GFLOP/s %8.1f images per processor "
           "second (%s, loss %.3f)\n",
           net_name(net), b, threads, threads == 1 ? "" : "s", rate,
           rate * 6e-9 * (double)net_multiply_adds(net), steps * (double)b / used, gemm_core(),
           loss);
    rc = 0;
done:
    backprop_close(bp);
    pool_close(pool);
    free(label);
    free(x);
    return rc;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct config *config = NULL;
    struct net *net = NULL;
    int b = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 128;
    double seconds = argc > 3 ? strtod(argv[3], NULL) : 3;
    if (argc < 2 || b < 1) {
        fprintf(stderr, "usage: bench_training NET.yaml [BATCH] [SECONDS] [fast|exact]\n");
        return 2;
    }
    int rc = -1;
    if (config_open(&config, argv[1], &err) == 0 &&
        net_open(&net, config_root(config), &err) == 0) {
        net_init(net, 1);
        net_set_fast(net, argc < 5 || strcmp(argv[4], "exact") != 0);
        rc = measure(net, b, 1, seconds, &err);
        if (rc == 0 && thread_cpus() > 1)
            rc = measure(net, b, thread_cpus(), seconds, &err);
    }
    if (rc < 0)
        error_print(&err, "bench_training");
    net_close(net);
    config_close(config);
    return rc < 0;
}
