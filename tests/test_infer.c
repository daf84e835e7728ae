/*
 * Claim: inference with batch normalization folded in gives what the layers one by one give; an
 * image's logits depend on its place alone, not on its company; at other input sizes a network runs
 * fully convolutionally, linear layers sliding over the plane, and is refused by a layer's name
 * where it cannot.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/infer.h"
#include "tests/suite.h"

enum { N = 16, SIDE = 12, IMAGE = 3 * SIDE * SIDE, CLASSES = 4 };

static const char spec[] =
    "{name: small, input: [3, 12, 12], classes: 4, layers: ["
    "{conv: {name: conv1, out: 5, kernel: 3, padding: 1}}, {batchnorm: {name: bn1}}, relu, "
    "{global_avgpool: {name: pool}}, {linear: {name: linear, out: 4}}]}";

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

static void fill(float *x, size_t n, double low, double high, uint64_t id)
{
    struct rng rng = rng_start(rng_derive(1, "sample", "infer", 0), id, 0);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_range(&rng, low, high);
}

static float *weight(const struct net *net, const char *name)
{
    for (size_t i = 0; i < net_weights(net); i++)
        if (strcmp(net_weight(net, i)->name, name) == 0)
            return net_weight(net, i)->value.data;
    ck_abort_msg("no weight %s", name);
}

/* The formulas of the four layers, for one image, in double. */
static void plainly(const struct net *net, const float *x, int h, int w, double *logits)
{
    const float *k = weight(net, "conv1.weight"), *gamma = weight(net, "bn1.weight");
    const float *beta = weight(net, "bn1.bias"), *mean = weight(net, "bn1.running_mean");
    const float *variance = weight(net, "bn1.running_var"), *z = weight(net, "linear.weight");
    const float *bias = weight(net, "linear.bias");
    double pooled[5];
    for (int o = 0; o < 5; o++) {
        double total = 0;
        for (int y = 0; y < h; y++)
            for (int u = 0; u < w; u++) {
                double sum = 0;
                for (int c = 0; c < 3; c++)
                    for (int r = 0; r < 3; r++)
                        for (int s = 0; s < 3; s++) {
                            int yy = y + r - 1, xx = u + s - 1;
                            if (yy >= 0 && yy < h && xx >= 0 && xx < w)
                                sum += (double)k[((o * 3 + c) * 3 + r) * 3 + s] *
                                       (double)x[(c * h + yy) * w + xx];
                        }
                double v = (sum - (double)mean[o]) / sqrt((double)variance[o] + 1e-5);
                v = v * (double)gamma[o] + (double)beta[o];
                total += v > 0 ? v : 0;
            }
        pooled[o] = total / (h * w);
    }
    for (int j = 0; j < CLASSES; j++) {
        logits[j] = (double)bias[j];
        for (int o = 0; o < 5; o++)
            logits[j] += (double)z[j * 5 + o] * pooled[o];
    }
}

static struct net *with_statistics(void)
{
    struct net *net = open_net(spec);
    fill(weight(net, "bn1.weight"), 5, 0.5, 2, 1);
    fill(weight(net, "bn1.bias"), 5, -1, 1, 2);
    fill(weight(net, "bn1.running_mean"), 5, -1, 1, 3);
    fill(weight(net, "bn1.running_var"), 5, 0.2, 3, 4);
    return net;
}

START_TEST(as_the_layers)
{
    static const int sizes[][2] = { { SIDE, SIDE }, { 17, 9 }, { 1, 1 }, { 30, 31 } };
    struct net *net = with_statistics();
    struct infer *infer;
    struct error err = { 0 };
    ck_assert_int_eq(infer_open(&infer, net, N, &err), 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int h = sizes[i][0], w = sizes[i][1];
        float *x = malloc(sizeof(float) * (size_t)(3 * N * h * w)), logits[N * CLASSES];
        fill(x, (size_t)(3 * N * h * w), -2, 2, 10 + i);
        ck_assert_msg(infer_run(infer, x, N, h, w, logits, &err) == 0, "%s", err.message);
        for (int n = 0; n < N; n++) {
            double expected[CLASSES];
            plainly(net, x + n * 3 * h * w, h, w, expected);
            for (int j = 0; j < CLASSES; j++)
                ck_assert_double_eq_tol((double)logits[n * CLASSES + j], expected[j], 2e-5);
        }
        free(x);
    }
    infer_close(infer);
    net_close(net);
}
END_TEST

START_TEST(company)
{
    struct net *net = with_statistics();
    struct infer *infer;
    struct error err = { 0 };
    static float x[N * IMAGE], other[N * IMAGE];
    float all[N * CLASSES], part[N * CLASSES];
    ck_assert_int_eq(infer_open(&infer, net, N, &err), 0);
    fill(x, N * IMAGE, -2, 2, 1);
    ck_assert_int_eq(infer_run(infer, x, N, SIDE, SIDE, all, &err), 0);
    for (int n = 0; n < N; n++) {
        fill(other, N * IMAGE, -2, 2, 2);
        memcpy(other + n * IMAGE, x + n * IMAGE, IMAGE * sizeof(float));
        ck_assert_int_eq(infer_run(infer, other, n + 1, SIDE, SIDE, part, &err), 0);
        ck_assert_mem_eq(all + n * CLASSES, part + n * CLASSES, CLASSES * sizeof(float));
    }
    infer_close(infer);
    net_close(net);
}
END_TEST

/* Without padding, a network on a larger plane is the network on every crop of its own size. */
START_TEST(sliding)
{
    static const char *const nets[] = {
        "{name: a, input: [3, 12, 12], classes: 4, layers: [{conv: {name: a, out: 2, kernel: 3}}, "
        "relu, {linear: {name: b, out: 5}}, relu, {linear: {name: c, out: 4}}]}",
        "{name: b, input: [3, 12, 12], classes: 4, layers: [{conv: {name: a, out: 2, kernel: 3}}, "
        "{adaptive_avgpool: {h: 10}}, flatten, {batchnorm: {name: n}}, {dropout: {p: 0.5}}, "
        "{linear: {name: c, out: 4}}]}",
    };
    enum { H = 15, W = 13 };
    struct error err = { 0 };
    for (size_t k = 0; k < sizeof(nets) / sizeof(nets[0]); k++) {
        struct net *net = open_net(nets[k]);
        struct infer *infer;
        static float x[3 * H * W], crop[IMAGE];
        float logits[CLASSES];
        double expected[CLASSES] = { 0 };
        ck_assert_int_eq(infer_open(&infer, net, 1, &err), 0);
        fill(x, 3 * H * W, -2, 2, k);
        for (int top = 0; top <= H - SIDE; top++)
            for (int left = 0; left <= W - SIDE; left++) {
                for (int i = 0; i < IMAGE; i++) {
                    int c = i / (SIDE * SIDE), h = i / SIDE % SIDE, w = i % SIDE;
                    crop[i] = x[(c * H + top + h) * W + left + w];
                }
                ck_assert_int_eq(infer_run(infer, crop, 1, SIDE, SIDE, logits, &err), 0);
                for (int c = 0; c < CLASSES; c++)
                    expected[c] += (double)logits[c] / ((H - SIDE + 1) * (W - SIDE + 1));
            }
        ck_assert_msg(infer_run(infer, x, 1, H, W, logits, &err) == 0, "%s", err.message);
        for (int c = 0; c < CLASSES; c++)
            ck_assert_double_eq_tol((double)logits[c], expected[c], 1e-5);
        infer_close(infer);
        net_close(net);
    }
}
END_TEST

/* Planes that are too small, and a layer whose windows are of different sizes. */
START_TEST(fixed_size)
{
    struct net *net =
        open_net("{name: flat, input: [3, 12, 12], classes: 4, layers: [{conv: {name: a, out: 2, "
                 "kernel: 3}}, {adaptive_avgpool: {name: pool, h: 3}}, {linear: {name: head, out: "
                 "4}}]}");
    struct infer *infer;
    struct error err = { 0 };
    static float x[3 * 20 * 20];
    float logits[CLASSES];
    ck_assert_int_eq(infer_open(&infer, net, 1, &err), 0);
    ck_assert_int_eq(infer_run(infer, x, 1, SIDE, SIDE, logits, &err), 0);
    ck_assert_int_eq(infer_run(infer, x, 1, 20, 20, logits, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.message, "pool"), "%s", err.message);
    infer_close(infer);
    net_close(net);
    net = open_net("{name: flat, input: [3, 12, 12], classes: 4, layers: [{conv: {name: a, out: 2, "
                   "kernel: 3}}, {linear: {name: head, out: 4}}]}");
    ck_assert_int_eq(infer_open(&infer, net, 1, &err), 0);
    ck_assert_int_eq(infer_run(infer, x, 1, 11, 20, logits, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.message, "head"), "%s", err.message);
    infer_close(infer);
    net_close(net);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("infer");
    tcase_add_test(cases, as_the_layers);
    tcase_add_test(cases, company);
    tcase_add_test(cases, sliding);
    tcase_add_test(cases, fixed_size);
    return suite_run();
}
