/*
 * Does a loader's memory stay where it was? Resident memory after each of five epochs.
 * Usage: bench_memory CONFIG DATA THREADS [none|bytes|pixels]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "loader/pipeline.h"

enum { EPOCHS = 5 };

static double resident_mb(void)
{
    char line[256];
    double kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtod(line + 6, NULL);
    if (file)
        fclose(file);
    return kb / 1024;
}

static int run(struct pipeline *p, struct error *err)
{
    struct stream *stream;
    struct stream_options o = p->data.stream;
    o.last = LAST_KEEP;
    if (stream_open(&stream, p->index, p->recipe, p->mix, &o, err) < 0)
        return -1;
    uint64_t steps = stream_steps_per_epoch(stream);
    double first = 0;
    int rc = 0;
    for (int epoch = 1; epoch <= EPOCHS && rc == 0; epoch++) {
        struct batch batch;
        for (uint64_t i = 0; i < steps && rc == 0; i++) {
            rc = stream_next(stream, &batch, err) == 1 ? 0 : -1;
            if (rc == 0)
                stream_release(stream, &batch);
        }
        double now = resident_mb();
        first = epoch == 1 ? now : first;
        printf("epoch %d: %.2f MB resident (%+.2f %%)\n", epoch, now, 100 * (now / first - 1));
    }
    stream_close(stream);
    return rc;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct config *config = NULL;
    struct pipeline p = { 0 };
    char threads[64], cache[64];
    if (argc < 4) {
        fprintf(stderr, "usage: bench_memory CONFIG DATA THREADS [none|bytes|pixels]\n");
        return 2;
    }
    snprintf(threads, sizeof(threads), "data.threads=%s", argv[3]);
    snprintf(cache, sizeof(cache), "data.cache=%s", argc > 4 ? argv[4] : "none");
    int rc = config_open(&config, argv[1], &err);
    rc = rc == 0 ? config_set(config, threads, &err) : rc;
    rc = rc == 0 ? config_set(config, cache, &err) : rc;
    rc = rc == 0 ? pipeline_open(&p, config, argv[2], &err) : rc;
    if (rc == 0) {
        rc = run(&p, &err);
        pipeline_close(&p);
    }
    if (rc < 0)
        error_print(&err, "bench_memory");
    config_close(config);
    return rc < 0;
}
