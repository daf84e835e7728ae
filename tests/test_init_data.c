/*
 * Claim: LSUV leaves every layer's output with variance 1 +- 0.1, the data-dependent scheme every
 * channel's with mean 0 and variance 1 and, where it is told to, all weights' rates of change
 * equal; a whitening first convolution's outputs have variance 1 and are uncorrelated.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/backprop.h"
#include "model/net_private.h"
#include "tests/init_nets.h"
#include "tests/suite.h"

static const char deep[] =
    "{input: [3, 16, 16], classes: 10, init: %s, layers: ["
    "{conv: {name: c1, out: 16, padding: 1, bias: yes}}, relu, {conv: {name: c2, out: 24, padding: "
    "1, stride: 2, bias: yes}}, {leaky_relu: {slope: 0.1}}, {conv: {name: c3, out: 24, padding: 1, "
    "groups: 24, bias: yes}}, relu, maxpool, {linear: {name: l1, out: 50}}, tanh, "
    "{linear: {name: l2, out: 10}}]}";

enum { BATCH = 64, IMAGE = 3 * 16 * 16 };

static float *batch(void)
{
    float *x = malloc(BATCH * IMAGE * sizeof(*x));
    struct rng rng = rng_start(rng_derive(3, "sample", "init", 0), 0, 0);
    for (int i = 0; i < BATCH * IMAGE; i++)
        x[i] = (float)(0.3 + 2 * rng_normal(&rng));
    return x;
}

/* Mean and variance of what every convolution and linear layer gives on the batch, over everything
 * or by channel. */
static void check_outputs(struct net *net, const float *x, bool by_channel, double tolerance)
{
    struct pool *pool;
    struct backprop *bp;
    struct error err = { 0 };
    int checked = 0;
    net_fuse(net, false);
    ck_assert_int_eq(pool_open(&pool, 2, &err), 0);
    ck_assert_int_eq(backprop_open(&bp, net, BATCH, pool, &err), 0);
    backprop_forward(bp, x, BATCH, 0, net->count);
    for (int j = 0; j < net->count; j++) {
        const char *kind = net->nodes[j].layer.kind->name;
        if (strcmp(kind, "conv") != 0 && strcmp(kind, "linear") != 0)
            continue;
        struct shape s = net->nodes[j].out;
        size_t plane = (size_t)s.h * (size_t)s.w;
        const float *y = backprop_output(bp, j);
        for (int c = 0; c < (by_channel ? s.c : 1); c++) {
            double sum = 0, squares = 0, n = 0;
            for (size_t i = 0; i < BATCH * shape_count(s); i++)
                if (!by_channel || (int)(i / plane) % s.c == c) {
                    sum += (double)y[i];
                    squares += (double)y[i] * (double)y[i];
                    n++;
                }
            double mean = sum / n, variance = squares / n - mean * mean;
            ck_assert_msg(fabs(variance - 1) < tolerance, "%s: variance %g", net->nodes[j].name,
                          variance);
            if (by_channel)
                ck_assert_msg(fabs(mean) < 0.01, "%s: mean %g", net->nodes[j].name, mean);
            checked++;
        }
    }
    ck_assert_int_ge(checked, 5);
    backprop_close(bp);
    pool_close(pool);
}

static void settle(struct net *net, const float *x, int threads)
{
    struct pool *pool;
    struct error err = { 0 };
    ck_assert(net_init_needs_data(net));
    ck_assert_int_eq(pool_open(&pool, threads, &err), 0);
    ck_assert_msg(net_init_data(net, x, BATCH, pool, &err) == 0, "%s", err.message);
    pool_close(pool);
}

START_TEST(from_data)
{
    static const struct {
        const char *scheme;
        bool by_channel;
        double tolerance;
    } rows[] = { { "lsuv", false, 0.1 }, { "data_dependent", true, 0.01 } };
    float *x = batch();
    for (size_t r = 0; r < 2; r++) {
        char text[800];
        size_t n;
        snprintf(text, sizeof(text), deep, rows[r].scheme);
        struct net *net = init_nets_open(text), *again = init_nets_open(text);
        settle(net, x, 1);
        settle(again, x, 3);
        check_outputs(net, x, rows[r].by_channel, rows[r].tolerance);
        ck_assert_mem_eq(net_values(net, &n), net_values(again, &n), n * sizeof(float));
        net_close(net);
        net_close(again);
    }
    free(x);
}
END_TEST

/* Without tanh: everything is homogeneous in all weights and biases together. */
static const char homogeneous[] =
    "{input: [3, 16, 16], classes: 10, init: {scheme: data_dependent, between_layers: %s}, layers: "
    "[{conv: {name: c1, out: 16, padding: 1, bias: yes}}, relu, {conv: {name: c2, out: 24, "
    "padding: 1, stride: 2, bias: yes}}, {leaky_relu: {slope: 0.1}}, maxpool, {linear: {name: l1, "
    "out: 50}}, relu, {linear: {name: l2, out: 10}}]}";

/* |g| / |w| of every matrix: the largest over the smallest; and the logits. */
static double rates(struct net *net, const float *x, float *logits)
{
    int64_t label[BATCH];
    struct pool *pool;
    struct backprop *bp;
    struct error err = { 0 };
    double least = INFINITY, most = 0;
    for (int i = 0; i < BATCH; i++)
        label[i] = i % 10;
    ck_assert_int_eq(pool_open(&pool, 2, &err), 0);
    ck_assert_int_eq(backprop_open(&bp, net, BATCH, pool, &err), 0);
    backprop_run(bp, x, BATCH, &(struct targets){ .label = label }, NULL);
    memcpy(logits, backprop_output(bp, net->count - 1), BATCH * 10 * sizeof(*logits));
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        double g2 = 0, w2 = 0;
        for (size_t k = 0; k < tensor_count(&w->value); k++) {
            double value = (double)((float *)w->value.data)[k];
            g2 += (double)w->gradient[k] * (double)w->gradient[k];
            w2 += value * value;
        }
        if (w->value.rank > 1) {
            least = fmin(least, sqrt(g2 / w2));
            most = fmax(most, sqrt(g2 / w2));
        }
    }
    backprop_close(bp);
    pool_close(pool);
    return most / least;
}

/* What the network computes stays as it was, and so does the mean rate; all rates become it. */
START_TEST(same_rates)
{
    static float before[BATCH * 10], after[BATCH * 10];
    char text[800];
    float *x = batch();
    snprintf(text, sizeof(text), homogeneous, "no");
    struct net *net = init_nets_open(text);
    snprintf(text, sizeof(text), homogeneous, "yes");
    struct net *even = init_nets_open(text);
    settle(net, x, 1);
    settle(even, x, 3);
    ck_assert_double_gt(rates(net, x, before), 2);
    ck_assert_double_lt(rates(even, x, after), 1.05);
    for (int i = 0; i < BATCH * 10; i++)
        ck_assert_double_eq_tol((double)after[i], (double)before[i], 1e-3);
    net_close(net);
    net_close(even);
    free(x);
}
END_TEST

START_TEST(no_variance)
{
    char text[800];
    struct pool *pool;
    struct error err = { 0 };
    float *x = calloc(BATCH * IMAGE, sizeof(*x));
    snprintf(text, sizeof(text), deep, "lsuv");
    struct net *net = init_nets_open(text);
    ck_assert_int_eq(pool_open(&pool, 1, &err), 0);
    ck_assert_int_eq(net_init_data(net, x, BATCH, pool, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_msg(strstr(err.message, "the output of c1 does not vary"), "%s", err.message);
    pool_close(pool);
    net_close(net);
    free(x);
}
END_TEST

static const char short_net[] =
    "{input: [3, 16, 16], classes: 10, init: {scheme: kaiming_uniform, gain: 1, whitening: yes, "
    "dirac: yes}, layers: [{conv: {name: w, out: %d, kernel: 2, bias: yes}}, {conv: {name: a, out: "
    "%d, kernel: 3, padding: 1}}, {linear: {name: z, out: 10}}]}";

/* Neighboring pixels and channels alike, as in pictures. */
static void smooth(float *x)
{
    for (int i = 1; i < BATCH * IMAGE; i++)
        x[i] = 0.8f * x[i - 1] + 0.2f * x[i];
}

/* Output i times output j of image by image, the first layer's outputs being y (b,24,15,15). */
static double covariance(const float *y, size_t i, size_t j)
{
    const size_t plane = 15 * 15;
    double a = 0, b = 0, ab = 0, n = BATCH * 15.0 * 15.0;
    for (size_t image = 0; image < BATCH; image++)
        for (size_t t = 0; t < plane; t++) {
            double u = (double)y[(image * 24 + i) * plane + t],
                   v = (double)y[(image * 24 + j) * plane + t];
            a += u;
            b += v;
            ab += u * v;
        }
    return ab / n - a / n * (b / n);
}

START_TEST(whitening)
{
    char text[800];
    struct pool *pool;
    struct backprop *bp;
    struct error err = { 0 };
    float *x = batch();
    smooth(x);
    snprintf(text, sizeof(text), short_net, 24, 40);
    struct net *net = init_nets_open(text);
    settle(net, x, 1);
    ck_assert_int_eq(pool_open(&pool, 1, &err), 0);
    ck_assert_int_eq(backprop_open(&bp, net, BATCH, pool, &err), 0);
    backprop_forward(bp, x, BATCH, 0, 1);
    const float *y = backprop_output(bp, 0), *w = init_nets_weight(net, "w.weight")->value.data;
    double length = 0;
    for (size_t k = 0; k < 12; k++) {
        for (size_t j = 0; j <= k; j++)
            ck_assert_double_eq_tol(covariance(y, k, j), k == j ? 1 : 0, 0.02);
        double next = 0;
        for (size_t t = 0; t < 12; t++) {
            ck_assert_float_eq(w[(k + 12) * 12 + t], -w[k * 12 + t]);
            next += (double)w[k * 12 + t] * (double)w[k * 12 + t];
        }
        ck_assert_double_ge(next, length); /* the largest eigenvalue first */
        length = next;
    }
    backprop_close(bp);
    pool_close(pool);
    net_close(net);
    free(x);
}
END_TEST

START_TEST(whitening_refused)
{
    static const struct {
        const char *layers, *message;
    } rows[] = {
        { "{conv: {name: a, out: 10, kernel: 2}}", "a has 10 outputs in 1 groups; init whitening "
                                                   "needs 24 in one" },
        { "{batchnorm: {name: n}}, {conv: {name: a, out: 24, kernel: 2}}",
          "begins with batchnorm; init whitening needs a convolution there" },
    };
    float *x = batch();
    for (size_t r = 0; r < 2; r++) {
        char text[800];
        struct pool *pool;
        struct error err = { 0 };
        snprintf(text, sizeof(text),
                 "{input: [3, 16, 16], classes: 10, init: {whitening: yes}, layers: [%s, {linear: "
                 "{name: z, out: 10}}]}",
                 rows[r].layers);
        struct net *net = init_nets_open(text);
        ck_assert_int_eq(pool_open(&pool, 1, &err), 0);
        ck_assert_int_eq(net_init_data(net, x, BATCH, pool, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_msg(strstr(err.message, rows[r].message), "%s", err.message);
        pool_close(pool);
        net_close(net);
    }
    free(x);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("init_data");
    tcase_add_test(cases, from_data);
    tcase_add_test(cases, same_rates);
    tcase_add_test(cases, no_variance);
    tcase_add_test(cases, whitening);
    tcase_add_test(cases, whitening_refused);
    return suite_run();
}
