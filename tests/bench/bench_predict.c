/*
 * An evaluation against its limit: views a second of `nneval predict` (read, decode, resize, run,
 * average), beside the bare network on tensors that are ready, which is what remains when
 * everything else costs nothing; and how two threads fare against one. Weights are random: they
 * change no time. The bare network's answers are checked against those of the evaluation.
 * Interleaved, medians. Usage: bench_predict NET.yaml DATA [VIEWS] [IMAGES] [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "augment/render.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/stat.h"
#include "eval/predict.h"
#include "eval/view_store.h"
#include "model/infer.h"

enum { ROUNDS_MAX = 15, WAYS = 4 };
enum { BARE_1, PREDICT_1, BARE_2, PREDICT_2 };

struct bench {
    struct net *net;
    struct preprocess preprocess;
    struct index *index;
    struct view_policy views;
    int count, group, images;
    struct pool *pools[2];
    /* The views as the network takes them, a batch each. */
    struct view_batch *batches;
    float **tensors;
    struct infer *infers[2];
    float *logits; /* (count, group, k) */
};

static int make_tensors(struct bench *b, struct error *err)
{
    struct view_spec spec = { &b->views, &b->preprocess, 1, b->group, false };
    struct view_store *store = NULL;
    struct view_hand *hand = NULL;
    int rc = -1;
    b->batches = memory_array((size_t)b->count, sizeof(*b->batches), err);
    b->tensors = b->batches ? memory_array((size_t)b->count, sizeof(*b->tensors), err) : NULL;
    size_t logits = (size_t)b->count * (size_t)b->group * (size_t)net_classes(b->net);
    b->logits = b->tensors ? memory_array(logits, sizeof(*b->logits), err) : NULL;
    if (!b->logits || view_store_open(&store, &spec, err) < 0 ||
        view_hand_open(&hand, b->index, &spec, err) < 0)
        goto done;
    view_store_clear(store);
    for (int i = 0; i < b->images; i++)
        if (view_store_load(store, hand, (uint64_t)i, i, err) < 0)
            goto done;
    for (int v = 0; v < b->count; v++) {
        struct view_batch *batch = &b->batches[v];
        if (view_store_batch(store, hand, 0, v, batch, err) < 0)
            goto done;
        size_t floats = (size_t)batch->n * 3 * (size_t)batch->h * (size_t)batch->w;
        b->tensors[v] = memory_aligned(floats, sizeof(float), err);
        if (!b->tensors[v])
            goto done;
        memcpy(b->tensors[v], batch->x, floats * sizeof(float));
    }
    rc = 0;
done:
    view_hand_close(hand);
    view_store_close(store);
    return rc;
}

static void bare_turn(void *context, size_t v, int worker)
{
    struct bench *b = context;
    struct error err;
    const struct view_batch *batch = &b->batches[v];
    float *logits = b->logits + v * (size_t)b->group * (size_t)net_classes(b->net);
    if (batch->n &&
        infer_run(b->infers[worker], b->tensors[v], batch->n, batch->h, batch->w, logits, &err) < 0)
        exit(1);
}

/* Of all threads: on a machine that others use, too, it says more than the clock. */
static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One pass; the answers in `p`. */
static int run_way(struct bench *b, int way, struct prediction *p, struct error *err)
{
    struct pool *pool = b->pools[way >= BARE_2];
    if (way == BARE_1 || way == BARE_2) {
        pool_run(pool, (size_t)b->count, bare_turn, b);
        return 0;
    }
    struct predict_options options = {
        .views = &b->views, .kind = PREDICTION_LOGITS, .count = (uint64_t)b->images, .pool = pool
    };
    prediction_release(p);
    const struct net *net = b->net;
    return predict(b->index, &net, &b->preprocess, 1, &options, p, err);
}

/* The mean of the bare network's logits is what was predicted; every image has all views. */
static int check(const struct bench *b, const struct prediction *p)
{
    int k = net_classes(b->net);
    for (int i = 0; i < b->images; i++)
        for (int c = 0; c < k; c++) {
            double sum = 0, scale = 1;
            for (int v = 0; v < b->count; v++)
                sum +=
                    b->logits[((size_t)v * (size_t)b->group + (size_t)i) * (size_t)k + (size_t)c];
            double mean = sum / b->count, found = p->values[(size_t)i * (size_t)k + (size_t)c];
            scale += mean < 0 ? -mean : mean;
            if (found - mean > 1e-4 * scale || mean - found > 1e-4 * scale)
                return -1;
        }
    return 0;
}

static int open_bench(struct bench *b, char **argv, struct error *err)
{
    struct config *config;
    if (view_policy_read(&b->views, argv[3], err) < 0 ||
        index_open(&b->index, argv[2], NULL, err) < 0 || config_open(&config, argv[1], err) < 0)
        return -1;
    int rc = net_open(&b->net, config_root(config), err);
    if (rc == 0)
        rc = preprocess_read(&b->preprocess, node_get(config_root(config), "preprocess"), err);
    config_close(config);
    if (rc < 0)
        return -1;
    net_init(b->net, 1);
    b->count = view_policy_count(&b->views);
    b->group = predict_group(&b->views);
    if (b->images > b->group || (uint64_t)b->images > index_count(b->index))
        return error_set(err, ERROR_USAGE, NULL, "at most %d images, and so many of the data",
                         b->group);
    for (int t = 0; t < 2; t++)
        if (pool_open(&b->pools[t], t + 1, err) < 0 ||
            infer_open(&b->infers[t], b->net, b->group, err) < 0)
            return -1;
    return make_tensors(b, err);
}

struct times {
    double clock[WAYS][ROUNDS_MAX], processor[WAYS][ROUNDS_MAX];
};

static void print_results(const struct bench *b, char **argv, struct times *times, int rounds)
{
    static const char *const names[WAYS] = { "bare network on ready tensors, 1 thread",
                                             "nneval predict, 1 thread",
                                             "bare network on ready tensors, 2 threads",
                                             "nneval predict, 2 threads" };
    double median[WAYS], processor[WAYS];
    printf("%s, %s, %d images of %s, %s, medians of %d\n", net_name(b->net), argv[3], b->images,
           argv[2], infer_kernels(b->net), rounds);
    for (int w = 0; w < WAYS; w++) {
        median[w] = stat_quantile(times->clock[w], (size_t)rounds, 0.5);
        processor[w] = stat_quantile(times->processor[w], (size_t)rounds, 0.5);
        printf("  %-42s %8.2f views/s  %8.1f ms of processor a view\n", names[w],
               b->images * b->count / median[w], 1e3 * processor[w] / (b->images * b->count));
    }
    printf("  predict reaches %.3f of the bare network with 1 thread, %.3f with 2; by processor "
           "time %.3f and %.3f\n",
           median[BARE_1] / median[PREDICT_1], median[BARE_2] / median[PREDICT_2],
           processor[BARE_1] / processor[PREDICT_1], processor[BARE_2] / processor[PREDICT_2]);
    printf("  two threads: %.2f times one (the bare network: %.2f)\n",
           median[PREDICT_1] / median[PREDICT_2], median[BARE_1] / median[BARE_2]);
}

int main(int argc, char **argv)
{
    char *all[] = { argv[0], argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL,
                    argc > 3 ? argv[3] : "10crop" };
    if (argc < 3) {
        fprintf(stderr, "usage: bench_predict NET.yaml DATA [VIEWS] [IMAGES] [ROUNDS]\n");
        return 2;
    }
    struct bench b = { .images = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 4 };
    struct error err = { 0 };
    struct prediction p = { 0 };
    int rounds = argc > 5 ? (int)strtol(argv[5], NULL, 10) : 5, rc = 1;
    static struct times times;
    if (rounds < 1 || rounds > ROUNDS_MAX || b.images < 1 || open_bench(&b, all, &err) < 0)
        goto done;
    run_way(&b, BARE_1, &p, &err); /* warm-up */
    for (int r = 0; r < rounds; r++)
        for (int w = 0; w < WAYS; w++) {
            double clock = clock_seconds(), processor = processor_seconds();
            if (run_way(&b, w, &p, &err) < 0)
                goto done;
            times.clock[w][r] = clock_seconds() - clock;
            times.processor[w][r] = processor_seconds() - processor;
        }
    if (check(&b, &p) < 0) {
        error_set(&err, ERROR_FAILED, NULL, "the bare network gives other answers");
        goto done;
    }
    print_results(&b, all, &times, rounds);
    rc = 0;
done:
    if (rc)
        error_print(&err, "bench_predict");
    prediction_release(&p);
    for (int v = 0; b.tensors && v < b.count; v++)
        free(b.tensors[v]);
    for (int t = 0; t < 2; t++) {
        infer_close(b.infers[t]);
        pool_close(b.pools[t]);
    }
    free(b.tensors);
    free(b.batches);
    free(b.logits);
    net_close(b.net);
    index_close(b.index);
    return rc;
}
