/*
 * Claim: every initialization scheme has the variance that its paper states, with the gain of the
 * activation behind; LSUV leaves every layer's output with variance 1 +- 0.1, the data-dependent
 * scheme every channel's with mean 0 and variance 1; orthogonal matrices are; Fixup and zero-gamma
 * make residual branches begin at zero; biases begin at zero; a whitening first
 * convolution's outputs have variance 1 and are uncorrelated; Dirac-like ones pass their inputs on;
 * and a network's JSON keeps its scheme.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/backprop.h"
#include "model/init.h"
#include "model/net_private.h"
#include "tests/suite.h"

static struct net *open_text(const char *text)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s: %s", err.place, err.message);
    config_close(config);
    net_init(net, 7);
    return net;
}

static struct net *open_file(const char *path)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_open(&config, path, &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s", err.message);
    config_close(config);
    net_init(net, 7);
    return net;
}

static const struct weight *find(const struct net *net, const char *name)
{
    for (size_t i = 0; i < net_weights(net); i++)
        if (strcmp(net_weight(net, i)->name, name) == 0)
            return net_weight(net, i);
    ck_abort_msg("no weight %s", name);
}

static double deviation(const struct weight *w)
{
    const float *x = w->value.data;
    size_t n = tensor_count(&w->value);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum / (double)n);
}

/* Of conv a (fan in 27, fan out 576 over 9 taps and 64 channels) before the named activation, and
 * linear z (fan in 64 * 36, fan out 40) before the output. */
START_TEST(variances)
{
    static const struct {
        const char *init, *activation;
        double a, z;
    } rows[] = {
        { "gaussian", "relu", 0.01, 0.01 },
        { "{scheme: gaussian, std: 0.05}", "relu", 0.05, 0.05 },
        { "{scheme: constant, value: 0.02}", "relu", 0.02, 0.02 },
        { "xavier_normal", "tanh", 2.0 / (27 + 576), 2.0 / (2304 + 40) },
        { "xavier_uniform", "tanh", 2.0 / (27 + 576), 2.0 / (2304 + 40) },
        { "{scheme: xavier_normal, gain: 2}", "tanh", 8.0 / (27 + 576), 8.0 / (2304 + 40) },
        { "kaiming_normal", "relu", 2.0 / 27, 1.0 / 2304 },
        { "kaiming_uniform", "relu", 2.0 / 27, 1.0 / 2304 },
        { "{scheme: kaiming_normal, fan: out}", "relu", 2.0 / 576, 1.0 / 40 },
        { "kaiming_normal", "{leaky_relu: {slope: 0.5}}", 2 / 1.25 / 27, 1.0 / 2304 },
        { "kaiming_normal", "{prelu: {init: 0.25}}", 2 / 1.0625 / 27, 1.0 / 2304 },
        { "kaiming_normal", "tanh", 25.0 / 9 / 27, 1.0 / 2304 },
        { "kaiming_normal", "selu", 9.0 / 16 / 27, 1.0 / 2304 },
        { "lecun_normal", "selu", 1.0 / 27, 1.0 / 2304 },
        { "lecun_uniform", "selu", 1.0 / 27, 1.0 / 2304 },
    };
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        char text[500];
        snprintf(text, sizeof(text),
                 "{input: [3, 8, 8], classes: 40, init: %s, layers: [{conv: {name: a, out: 64, "
                 "bias: yes}}, {batchnorm: {name: n}}, {dropout: {p: 0.1}}, %s, {linear: {name: z, "
                 "out: 40}}]}",
                 rows[r].init, rows[r].activation);
        struct net *net = open_text(text);
        double a = rows[r].a, z = rows[r].z;
        if (r > 2) { /* variances are given */
            a = sqrt(a);
            z = sqrt(z);
        }
        ck_assert_msg(fabs(deviation(find(net, "a.weight")) / a - 1) < 0.06, "row %d: %g, not %g",
                      (int)r, deviation(find(net, "a.weight")), a);
        ck_assert_msg(fabs(deviation(find(net, "z.weight")) / z - 1) < 0.02, "row %d: %g, not %g",
                      (int)r, deviation(find(net, "z.weight")), z);
        ck_assert_double_eq(deviation(find(net, "a.bias")), 0);
        ck_assert_double_eq(deviation(find(net, "z.bias")), 0);
        ck_assert_double_eq(deviation(find(net, "n.weight")), 1);
        net_close(net);
    }
}
END_TEST

/* Sussillo and Abbott's factors, of ReLU at a fan in of 10 and of a linear layer at 3000. */
START_TEST(random_walk)
{
    struct net *net = open_text("{input: [10, 1, 1], classes: 200, init: random_walk, layers: "
                                "[{linear: {name: a, out: 3000}}, relu, {linear: {name: z, out: "
                                "200}}]}");
    ck_assert_double_eq_tol(deviation(find(net, "a.weight")),
                            sqrt(2) * exp(1.2 / (10 - 2.4)) / sqrt(10), 0.01);
    ck_assert_double_eq_tol(deviation(find(net, "z.weight")), exp(1 / 6000.0) / sqrt(3000), 2e-4);
    net_close(net);
}
END_TEST

START_TEST(orthogonal)
{
    struct net *net = open_text("{input: [3, 8, 8], classes: 30, init: {scheme: orthogonal, gain: "
                                "2}, layers: [{conv: {name: a, out: 20}}, {conv: {name: b, out: "
                                "200, kernel: 3}}, {linear: {name: z, out: 30}}]}");
    static const struct {
        const char *name;
        size_t rows, columns;
    } cases[] = { { "a.weight", 20, 27 }, { "b.weight", 200, 180 }, { "z.weight", 30, 3200 } };
    for (size_t k = 0; k < 3; k++) {
        const float *w = find(net, cases[k].name)->value.data;
        size_t rows = cases[k].rows, columns = cases[k].columns, vectors = rows;
        bool by_rows = rows <= columns;
        if (!by_rows)
            vectors = columns;
        for (size_t i = 0; i < vectors; i++)
            for (size_t j = 0; j <= i; j++) {
                double dot = 0;
                for (size_t t = 0; t < (by_rows ? columns : rows); t++)
                    dot += by_rows ? (double)w[i * columns + t] * (double)w[j * columns + t]
                                   : (double)w[t * columns + i] * (double)w[t * columns + j];
                ck_assert_msg(fabs(dot - (i == j ? 4 : 0)) < 1e-5, "%s: %zu %zu: %g", cases[k].name,
                              i, j, dot);
            }
    }
    net_close(net);
}
END_TEST

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
        struct net *net = open_text(text), *again = open_text(text);
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
    struct net *net = open_text(text);
    snprintf(text, sizeof(text), homogeneous, "yes");
    struct net *even = open_text(text);
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
    struct net *net = open_text(text);
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
    struct net *net = open_text(text);
    settle(net, x, 1);
    ck_assert_int_eq(pool_open(&pool, 1, &err), 0);
    ck_assert_int_eq(backprop_open(&bp, net, BATCH, pool, &err), 0);
    backprop_forward(bp, x, BATCH, 0, 1);
    const float *y = backprop_output(bp, 0), *w = find(net, "w.weight")->value.data;
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
        struct net *net = open_text(text);
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

/* Of 24 channels into 40, and into 8: fewer filters than channels. */
START_TEST(dirac)
{
    for (int out = 8; out <= 40; out += 32) {
        char text[800];
        snprintf(text, sizeof(text), short_net, 24, out);
        struct net *net = open_text(text);
        const float *a = find(net, "a.weight")->value.data;
        double squares = 0;
        for (int k = 0; k < out; k++)
            for (int i = 0; i < 24 * 9; i++, a++) {
                if (k < 24)
                    ck_assert_float_eq(*a, i == k * 9 + 4 ? 1 : 0);
                squares += k < 24 ? 0 : (double)*a * (double)*a;
            }
        if (out > 24)
            ck_assert_double_eq_tol(squares / ((out - 24) * 24 * 9), 1 / (24.0 * 9), 3e-4);
        ck_assert_double_gt(deviation(find(net, "w.weight")), 0.1); /* even: none passes on */
        net_close(net);
    }
}
END_TEST

START_TEST(fixup)
{
    struct net *net = open_file("configs/models/fixup_resnet56.yaml");
    /* 27 branches of two: the first convolution at He's times 27^(-1/2), the second at zero. */
    ck_assert_double_eq(deviation(find(net, "layer2.3.conv2.weight")), 0);
    ck_assert_double_eq(deviation(find(net, "layer1.0.conv2.weight")), 0);
    ck_assert_double_eq_tol(deviation(find(net, "layer2.3.conv1.weight")),
                            sqrt(2.0 / (9 * 32)) / sqrt(27), 5e-4);
    ck_assert_double_eq_tol(deviation(find(net, "conv1.weight")), sqrt(2.0 / 27), 0.03);
    ck_assert_double_eq(deviation(find(net, "fc.weight")), 0);
    ck_assert_double_eq(deviation(find(net, "layer3.1.scale.scale")), 1);
    ck_assert_double_eq(deviation(find(net, "layer3.1.bias1a.bias")), 0);
    net_close(net);
}
END_TEST

START_TEST(zero_gamma)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_open(&config, "configs/models/resnet18.yaml", &err), 0);
    ck_assert_int_eq(config_set(config, "init={scheme: kaiming_normal, zero_gamma: yes}", &err), 0);
    ck_assert_int_eq(net_open(&net, config_root(config), &err), 0);
    config_close(config);
    net_init(net, 1);
    int zeros = 0;
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        size_t length = strlen(w->name);
        bool last = length > 10 && strcmp(w->name + length - 10, "bn2.weight") == 0;
        if (w->trained && w->value.rank == 1 && strstr(w->name, "weight"))
            ck_assert_msg(deviation(w) == (last ? 0 : 1), "%s", w->name);
        zeros += last;
    }
    ck_assert_int_eq(zeros, 8);
    net_close(net);
}
END_TEST

START_TEST(kept)
{
    struct net *net = open_text("{input: [3, 2, 2], classes: 2, init: {scheme: kaiming_uniform, "
                                "fan: out}, layers: [{linear: {name: z, out: 2}}]}");
    struct error err = { 0 };
    json_t *json = net_json(net, &err);
    char *text = json_dumps(json, 0);
    struct net *again = open_text(text);
    const struct weight *a = find(net, "z.weight"), *b = find(again, "z.weight");
    ck_assert_mem_eq(a->value.data, b->value.data, tensor_bytes(&a->value));
    free(text);
    json_decref(json);
    net_close(net);
    net_close(again);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("init");
    tcase_add_test(cases, variances);
    tcase_add_test(cases, random_walk);
    tcase_add_test(cases, orthogonal);
    tcase_add_test(cases, from_data);
    tcase_add_test(cases, same_rates);
    tcase_add_test(cases, no_variance);
    tcase_add_test(cases, whitening);
    tcase_add_test(cases, whitening_refused);
    tcase_add_test(cases, dirac);
    tcase_add_test(cases, fixup);
    tcase_add_test(cases, zero_gamma);
    tcase_add_test(cases, kept);
    return suite_run();
}
