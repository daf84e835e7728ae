/*
 * Claim: layers that draw do so as their papers say: both forms of dropout and DropConnect have the
 * same expectation in training and in evaluation; stochastic depth's branches survive with their
 * linearly decaying rates, by image or by batch; fractional pooling's regions are one or two pixels
 * wide in the right ratio and cover the row. And a draw depends on seed, layer, image and sample
 * alone: not on threads, company or place in the batch.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "model/backprop.h"
#include "model/fractional.h"
#include "model/infer.h"
#include "model/layer.h"
#include "model/trial.h"
#include "tests/suite.h"

static void open_trial(struct trial *t, const char *kind, const char *values, struct shape in,
                       int b)
{
    struct config *config;
    union value v[LAYER_PARAMS];
    struct error err = { 0 };
    int k = 0;
    while (strcmp(layers[k]->name, kind) != 0)
        k++;
    ck_assert_int_eq(config_parse(&config, values, strlen(values), "test", &err), 0);
    ck_assert_int_eq(param_read(layers[k]->params, config_root(config), v, &err), 0);
    ck_assert_int_eq(trial_open(t, kind, v, &in, 1, b, &err), 0);
    config_close(config);
}

static void run(struct trial *t)
{
    struct error err = { 0 };
    ck_assert_int_eq(trial_run(t, TRIAL_PRODUCTION, &err), 0);
}

/* The mean of training's outputs over many images that are all the same is evaluation's output, and
 * so is the mean of evaluation with noise. */
START_TEST(expectations)
{
    static const struct {
        const char *kind, *values;
    } rows[] = {
        { "dropout", "{p: 0.3}" },
        { "dropout", "{p: 0.3, form: vanilla}" },
        { "dropconnect", "{out: 4, p: 0.4}" },
        { "stochastic_depth", "{p: 0.3}" },
        { "stochastic_depth", "{p: 0.3, form: vanilla}" },
    };
    enum { IMAGES = 20000 };
    struct shape in = { 4, 1, 1 };
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct trial t;
        double expected[4];
        open_trial(&t, rows[r].kind, rows[r].values, in, IMAGES);
        for (int i = 0; i < IMAGES * 4; i++)
            t.x[0][i] = 1 + i % 4;
        for (size_t i = 0; t.weights > 0 && i < t.size[0]; i++)
            t.w[0][i] = 0.25 * ((double)(i * 7 % 5) - 2);
        t.evaluation = true;
        run(&t);
        memcpy(expected, t.y, sizeof(expected));
        for (int noisy = 0; noisy < 2; noisy++) {
            t.evaluation = t.noise = noisy;
            run(&t);
            for (int c = 0; c < 4; c++) {
                double sum = 0, squares = 0;
                for (int i = 0; i < IMAGES; i++) {
                    sum += t.y[i * 4 + c];
                    squares += t.y[i * 4 + c] * t.y[i * 4 + c];
                }
                double mean = sum / IMAGES, error = sqrt((squares / IMAGES - mean * mean) / IMAGES);
                ck_assert_msg(error > 0, "%s %s draws nothing", rows[r].kind, rows[r].values);
                ck_assert_msg(fabs(mean - expected[c]) < 4 * error,
                              "%s %s: mean %g +- %g, evaluation gives %g", rows[r].kind,
                              rows[r].values, mean, error, expected[c]);
            }
        }
        trial_close(&t);
    }
}
END_TEST

START_TEST(dropout_share)
{
    struct trial t;
    struct shape in = { 10, 10, 10 };
    open_trial(&t, "dropout", "{p: 0.2}", in, 50);
    for (int i = 0; i < 50000; i++)
        t.x[0][i] = 1;
    run(&t);
    int zeros = 0;
    for (int i = 0; i < 50000; i++) {
        ck_assert(t.y[i] == 0 || fabs(t.y[i] - 1.25) < 1e-6);
        zeros += t.y[i] == 0;
    }
    ck_assert_int_lt(abs(zeros - 10000), 4 * 90); /* sqrt(50000 * 0.2 * 0.8) = 89 */
    trial_close(&t);
}
END_TEST

/* The l-th of 5 branches is left out with probability 0.5 l / 5. */
START_TEST(survival)
{
    enum { IMAGES = 20000, DEPTH = 5 };
    struct shape in = { 1, 1, 1 };
    for (int batch = 0; batch < 2; batch++)
        for (int l = 1; l <= DEPTH; l++) {
            struct trial t;
            open_trial(&t, "stochastic_depth", batch ? "{p: 0.5, mode: batch}" : "{p: 0.5}", in,
                       IMAGES);
            t.nth = l;
            t.of = DEPTH;
            for (int i = 0; i < IMAGES; i++)
                t.x[0][i] = 1;
            double drop = 0.5 * l / DEPTH;
            int survivors = 0;
            run(&t);
            for (int i = 0; i < IMAGES; i++) {
                ck_assert(t.y[i] == 0 || fabs(t.y[i] - 1 / (1 - drop)) < 1e-6);
                survivors += t.y[i] > 0;
            }
            if (batch)
                ck_assert(survivors == 0 || survivors == IMAGES);
            else
                ck_assert_double_lt(fabs(survivors - IMAGES * (1 - drop)),
                                    4 * sqrt(IMAGES * drop * (1 - drop)));
            trial_close(&t);
        }
}
END_TEST

/* In a network each layer knows its number: four of them at p = 1/2 drop 1/8, 1/4, 3/8 and 1/2 of
 * the time, so that noise in evaluation leaves out different ones. */
static struct net *open_net(const char *text)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s", err.message);
    config_close(config);
    net_init(net, 1);
    return net;
}

START_TEST(numbered)
{
    struct net *net = open_net(
        "{name: deep, input: [1, 1, 1], classes: 4, layers: ["
        "{stochastic_depth: {name: a, in: input}}, {stochastic_depth: {name: b, in: input}}, "
        "{stochastic_depth: {name: c, in: input}}, {stochastic_depth: {name: d, in: input}}, "
        "{concat: {in: [a, b, c, d]}}]}");
    enum { DRAWS = 8000 };
    struct infer *infer;
    struct error err = { 0 };
    float x = 1, y[4];
    int dropped[4] = { 0 };
    ck_assert_int_eq(infer_open(&infer, net, 1, &err), 0);
    for (uint32_t s = 0; s < DRAWS; s++) {
        infer_chance(infer, &(struct infer_chance){ .seed = 3, .sample = s, .noise = true });
        ck_assert_int_eq(infer_run(infer, &x, 1, 1, 1, y, &err), 0);
        for (int l = 0; l < 4; l++)
            dropped[l] += y[l] == 0;
    }
    for (int l = 0; l < 4; l++) {
        double p = 0.5 * (l + 1) / 4;
        ck_assert_double_lt(fabs(dropped[l] - DRAWS * p), 4 * sqrt(DRAWS * p * (1 - p)));
    }
    infer_close(infer);
    net_close(net);
}
END_TEST

START_TEST(regions)
{
    enum { DRAWS = 300, MOST = 40 };
    for (int pseudo = 0; pseudo < 2; pseudo++)
        for (int overlapping = 0; overlapping < 2; overlapping++)
            for (int size = 2; size <= MOST; size++)
                for (double ratio = 1; ratio <= 2; ratio += 0.1) {
                    int outputs = fractional_outputs(size, ratio, overlapping), begin[MOST + 1];
                    int span = overlapping ? size - 1 : size, second[MOST] = { 0 };
                    ck_assert(outputs >= 1 && outputs <= span && 2 * outputs >= span);
                    for (int d = 0; d < DRAWS; d++) {
                        struct rng rng =
                            rng_start(rng_derive(1, "sample", "regions", 0), (uint64_t)d, 0);
                        int twos = 0;
                        fractional_regions(size, outputs, overlapping, pseudo, &rng, begin);
                        ck_assert_int_eq(begin[0], 0);
                        ck_assert_int_eq(begin[outputs], span);
                        for (int o = 0; o < outputs; o++) {
                            int width = begin[o + 1] - begin[o];
                            ck_assert(width == 1 || width == 2);
                            twos += width == 2;
                            second[o] += width == 2;
                        }
                        ck_assert_int_eq(twos, span - outputs);
                    }
                    /* Every region is as often two wide as any other. */
                    double p = (double)(span - outputs) / outputs;
                    for (int o = 0; o < outputs; o++)
                        ck_assert_msg(fabs(second[o] - DRAWS * p) <=
                                          5 * sqrt(DRAWS * p * (1 - p)) + 1,
                                      "region %d of %d over %d: %d of %d", o, outputs, size,
                                      second[o], DRAWS);
                }
}
END_TEST

/* Pseudo-random regions are as even as can be: between 2 and 3 increments never lie two ones and
 * two twos in a row where the ratio is 3/2. */
START_TEST(even)
{
    int begin[21];
    for (int d = 0; d < 50; d++) {
        struct rng rng = rng_start(rng_derive(2, "sample", "regions", 0), (uint64_t)d, 0);
        fractional_regions(30, 20, false, true, &rng, begin);
        for (int o = 1; o < 20; o++)
            ck_assert_int_eq(begin[o + 1] - begin[o - 1], 3);
    }
}
END_TEST

static const char noisy[] =
    "{name: noisy, input: [2, 9, 9], classes: 3, layers: [{conv: {name: a, out: 4, padding: 1}}, "
    "{fractional_maxpool: {name: f, regions: random}}, {dropout: {name: d, p: 0.3}}, "
    "{stochastic_depth: {name: s, p: 0.3}}, relu, {dropconnect: {name: c, out: 8}}, "
    "{linear: {name: z, out: 3}}]}";
enum { N = 12, IMAGE = 2 * 9 * 9 };

static void images(float *x)
{
    for (int i = 0; i < N * IMAGE; i++)
        x[i] = (float)(i * 7919 % 1009) / 1009 - 0.5f;
}

/* One step's gradients with so many threads, the first image at `position`. */
static float *gradients(int threads, uint64_t seed, uint64_t position, size_t *n)
{
    struct net *net = open_net(noisy);
    struct pool *pool;
    struct backprop *bp;
    struct error err = { 0 };
    float x[N * IMAGE];
    int64_t label[N];
    images(x);
    for (int i = 0; i < N; i++)
        label[i] = i % 3;
    ck_assert_int_eq(pool_open(&pool, threads, &err), 0);
    ck_assert_int_eq(backprop_open(&bp, net, N, pool, &err), 0);
    backprop_chance(bp, seed, position);
    backprop_run(bp, x, N, &(struct targets){ .label = label }, NULL);
    float *g = net_gradients(net, n), *copy = malloc(*n * sizeof(*copy));
    memcpy(copy, g, *n * sizeof(*copy));
    backprop_close(bp);
    pool_close(pool);
    net_close(net);
    return copy;
}

START_TEST(threads)
{
    size_t n;
    float *one = gradients(1, 5, 1000, &n);
    static const struct {
        int threads;
        uint64_t seed, position;
        bool same;
    } rows[] = {
        { 3, 5, 1000, true }, { 1, 5, 1000, true }, { 1, 5, 1012, false }, { 1, 6, 1000, false }
    };
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        float *other = gradients(rows[r].threads, rows[r].seed, rows[r].position, &n);
        ck_assert_msg((memcmp(one, other, n * sizeof(*one)) == 0) == rows[r].same, "row %d",
                      (int)r);
        free(other);
    }
    free(one);
}
END_TEST

/* In evaluation: an image draws by its id, wherever it lies; without noise fractional pooling alone
 * draws; another sample draws anew. */
START_TEST(samples)
{
    struct net *net = open_net(noisy);
    struct infer *infer;
    struct error err = { 0 };
    float x[N * IMAGE], swapped[N * IMAGE], y[N * 3], z[N * 3];
    int64_t id[N], other_id[N];
    images(x);
    for (int i = 0; i < N; i++) {
        id[i] = 100 + i;
        other_id[i] = 100 + N - 1 - i;
        memcpy(swapped + i * IMAGE, x + (N - 1 - i) * IMAGE, IMAGE * sizeof(float));
    }
    struct infer_chance chance = { .seed = 1, .id = id, .sample = 2, .noise = true };
    ck_assert_int_eq(infer_open(&infer, net, N, &err), 0);
    infer_chance(infer, &chance);
    ck_assert_int_eq(infer_run(infer, x, N, 9, 9, y, &err), 0);
    ck_assert_int_eq(infer_run(infer, x, N, 9, 9, z, &err), 0);
    ck_assert_mem_eq(y, z, sizeof(y));
    chance.id = other_id;
    infer_chance(infer, &chance);
    ck_assert_int_eq(infer_run(infer, swapped, N, 9, 9, z, &err), 0);
    for (int i = 0; i < N; i++)
        ck_assert_mem_eq(y + i * 3, z + (N - 1 - i) * 3, 3 * sizeof(float));
    for (int noise = 0; noise < 2; noise++) {
        float a[N * 3], b[N * 3];
        chance = (struct infer_chance){ .seed = 1, .noise = noise };
        infer_chance(infer, &chance);
        ck_assert_int_eq(infer_run(infer, x, N, 9, 9, a, &err), 0);
        chance.sample = 1;
        infer_chance(infer, &chance);
        ck_assert_int_eq(infer_run(infer, x, N, 9, 9, b, &err), 0);
        ck_assert_mem_ne(a, b, sizeof(a));
    }
    ck_assert(net_draws(net));
    infer_close(infer);
    net_close(net);
    net = open_net("{input: [1, 2, 2], classes: 4, layers: [relu, flatten]}");
    ck_assert(!net_draws(net));
    net_close(net);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("chance");
    tcase_add_test(cases, expectations);
    tcase_add_test(cases, dropout_share);
    tcase_add_test(cases, survival);
    tcase_add_test(cases, numbered);
    tcase_add_test(cases, regions);
    tcase_add_test(cases, even);
    tcase_add_test(cases, threads);
    tcase_add_test(cases, samples);
    return suite_run();
}
