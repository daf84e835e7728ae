/*
 * Claim: small networks with all that inference folds, fuses, lays out in blocks or leaves in
 * planes give what their layers' plain code gives, one after the other, in double: within 1e-5 of
 * the largest logit, within 1e-4 where convolutions are fast; at every SIMD level and other sizes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/simd.h"
#include "model/infer.h"
#include "model/net_private.h"
#include "model/trial.h"
#include "tests/suite.h"

enum { N = 3, CLASSES = 7 };

static const struct {
    const char *text;
    int h, w; /* beside the declared size; 0: no other */
} nets[] = {
    { "{name: basic, input: [3, 18, 18], classes: 7, layers: ["
      "{conv: {name: c1, out: 20, kernel: 7, stride: 2, padding: 3}}, {batchnorm: {name: b1}}, "
      "relu, "
      "{maxpool: {kernel: 3, stride: 2, padding: 1}}, "
      "{conv: {name: c2, out: 20, kernel: 3, padding: 1}}, {batchnorm: {name: b2}}, relu, "
      "{conv: {name: c3, out: 20, kernel: 3, padding: 1}}, {batchnorm: {name: b3}}, "
      "{add: {name: a, in: [b3, maxpool3]}}, relu, "
      "{conv: {name: c4, out: 33, kernel: 3, stride: 2, padding: 1}}, {batchnorm: {name: b4}}, "
      "{conv: {name: d, in: a, out: 33, kernel: 1, stride: 2}}, {batchnorm: {name: bd}}, "
      "{add: {in: [b4, bd]}}, relu, global_avgpool, {linear: {name: fc, out: 7}}]}",
      27, 33 },
    { "{name: mobile, input: [3, 12, 12], classes: 7, layers: ["
      "{conv: {name: c1, out: 16, kernel: 3, padding_mode: same, stride: 2}}, "
      "{batchnorm: {name: b1}}, {relu6: {name: r1}}, {conv: {name: c2, out: 40, kernel: 1}}, "
      "{batchnorm: {name: b2}}, relu6, "
      "{conv: {name: c3, out: 40, kernel: 3, padding: 1, groups: 40}}, {batchnorm: {name: b3}}, "
      "relu6, {conv: {name: c4, out: 16, kernel: 1}}, {batchnorm: {name: b4}}, "
      "{add: {in: [r1, b4]}}, {conv: {name: c5, out: 10, kernel: 1}}, {silu: {name: s}}, "
      "{global_avgpool: {name: g}}, {conv: {name: c6, in: g, out: 10, kernel: 1}}, "
      "{sigmoid: {name: q}}, {multiply: {in: [s, q]}}, global_avgpool, {linear: {name: fc, out: "
      "7}}]}",
      15, 13 },
    { "{name: fire, input: [3, 16, 16], classes: 7, layers: ["
      "{conv: {name: c0, out: 12, kernel: 3, padding: 1, bias: yes}}, {relu: {name: r0}}, "
      "{conv: {name: e1, in: r0, out: 32, kernel: 1, bias: yes}}, {relu: {name: r1}}, "
      "{conv: {name: e3, in: r0, out: 21, kernel: 3, padding: 1, bias: yes}}, {relu: {name: r3}}, "
      "{concat: {name: j, in: [r1, r3]}}, {maxpool: {kernel: 3, stride: 2, ceil_mode: yes}}, "
      "{conv: {name: c2, out: 9, kernel: 3, padding: 1, padding_mode: reflect}}, "
      "{batchnorm: {name: b2}}, relu, {conv: {name: c3, out: 12, kernel: 3, padding: 1, groups: "
      "3}}, "
      "{batchnorm: {name: b3}}, {conv: {name: c4, in: b3, out: 12, kernel: 5, padding: 4, "
      "dilation: "
      "2}}, {add: {name: a, in: [b3, c4]}}, {concat: {in: [a, b3]}}, {avgpool: {kernel: 2}}, "
      "{conv: {name: c5, out: 7, kernel: 1, bias: yes}}, global_avgpool]}",
      19, 16 },
    { "{name: flat, input: [5, 8, 8], classes: 7, layers: ["
      "{conv: {name: c1, out: 8, kernel: 3, padding: 1}}, {add: {in: [c1, c1]}}, relu, "
      "{maxpool: {kernel: 2}}, {linear: {name: f1, out: 30}}, relu, {dropout: {p: 0.5}}, "
      "{linear: {name: f2, out: 7, bias: no}}]}",
      10, 9 },
};

enum { NETS = sizeof(nets) / sizeof(nets[0]) };

static struct rng rng;

static void fill(float *x, size_t n, double low, double high)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_range(&rng, low, high);
}

static struct net *open_net(const char *text)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s %s", err.place, err.message);
    config_close(config);
    net_init(net, 1);
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        if (strstr(w->name, "running_var"))
            fill(w->value.data, tensor_count(&w->value), 0.2, 3);
        else if (w->value.rank == 1)
            fill(w->value.data, tensor_count(&w->value), -1, 1);
    }
    return net;
}

/* Node j's outputs in double, from those of the nodes before. */
static double *node_output(const struct net *net, int j, const double *x, double *const *y,
                           const struct shape *shapes, struct shape input)
{
    const struct net_node *node = &net->nodes[j];
    struct error err = { 0 };
    struct trial t;
    struct shape in[LAYER_INPUTS];
    for (int i = 0; i < node->layer.inputs; i++)
        in[i] = node->input[i] == NET_INPUT ? input : shapes[node->input[i]];
    ck_assert_msg(
        trial_open(&t, node->layer.kind->name, node->layer.v, in, node->layer.inputs, N, &err) == 0,
        "%s", err.message);
    t.evaluation = true;
    for (int i = 0; i < node->layer.inputs; i++)
        memcpy(t.x[i], node->input[i] == NET_INPUT ? x : y[node->input[i]],
               N * shape_count(in[i]) * sizeof(double));
    for (int i = 0; i < node->weights; i++) {
        const float *w = net->weights[node->first_weight + i].value.data;
        for (size_t k = 0; k < t.size[i]; k++)
            t.w[i][k] = (double)w[k];
    }
    ck_assert_msg(trial_run(&t, TRIAL_TWIN_DOUBLE, &err) == 0, "%s", err.message);
    double *result = t.y;
    t.y = NULL;
    trial_close(&t);
    return result;
}

/* Logits in double, by the plain code of each layer. */
static void plainly(const struct net *net, const float *x, double *logits)
{
    struct shape shapes[64], input = net->input;
    struct error err = { 0 };
    ck_assert_int_eq(net_shapes(net, input.h, input.w, shapes, &err), 0);
    double *y[64], *wide = malloc(N * shape_count(input) * sizeof(*wide));
    for (size_t i = 0; i < N * shape_count(input); i++)
        wide[i] = (double)x[i];
    for (int j = 0; j < net->count; j++)
        y[j] = node_output(net, j, wide, y, shapes, input);
    memcpy(logits, y[net->count - 1], N * CLASSES * sizeof(*logits));
    for (int j = 0; j < net->count; j++)
        free(y[j]);
    free(wide);
}

START_TEST(as_in_double)
{
    enum simd_level best = simd_level();
    rng = rng_start(rng_derive(1, "sample", "twins", 0), (uint64_t)_i, 0);
    struct net *net = open_net(nets[_i].text);
    struct shape in = net->input;
    float *x = malloc(N * shape_count(in) * sizeof(*x)), logits[N * CLASSES];
    double expected[N * CLASSES], largest = 0;
    struct error err = { 0 };
    fill(x, N * shape_count(in), -2, 2);
    plainly(net, x, expected);
    for (int i = 0; i < N * CLASSES; i++)
        largest = fmax(largest, fabs(expected[i]));
    for (int level = SIMD_LEVEL_PLAIN; level <= (int)best; level++)
        for (int fast = 0; fast < 2; fast++) {
            struct infer *infer;
            simd_limit((enum simd_level)level);
            net_set_fast(net, fast);
            ck_assert_int_eq(infer_open(&infer, net, N, &err), 0);
            ck_assert_msg(infer_run(infer, x, N, in.h, in.w, logits, &err) == 0, "%s", err.message);
            for (int i = 0; i < N * CLASSES; i++)
                ck_assert_msg(
                    fabs((double)logits[i] - expected[i]) <= (fast ? 1e-4 : 1e-5) * largest,
                    "%s, %s%s: logit %d is %.9g, should be %.9g", net->name, simd_names[level],
                    fast ? ", fast" : "", i, (double)logits[i], expected[i]);
            infer_close(infer);
        }
    simd_limit(SIMD_LEVELS);
    net_close(net);
    free(x);
}
END_TEST

/* At the declared size and another, back and forth: the same bits each time, for any number of
 * images, by one that shares another's weights. */
START_TEST(sizes_and_shares)
{
    rng = rng_start(rng_derive(1, "sample", "twins", 0), (uint64_t)_i, 1);
    struct net *net = open_net(nets[_i].text);
    struct error err = { 0 };
    int side[2][2] = { { net->input.h, net->input.w }, { nets[_i].h, nets[_i].w } };
    struct infer *infer, *shared;
    float *x[2], first[2][N * CLASSES], logits[N * CLASSES];
    ck_assert_int_eq(infer_open(&infer, net, N, &err), 0);
    ck_assert_int_eq(infer_share(&shared, infer, &err), 0);
    for (int k = 0; k < 2; k++) {
        size_t n = N * (size_t)(net->input.c * side[k][0] * side[k][1]);
        x[k] = malloc(n * sizeof(*x[k]));
        fill(x[k], n, -2, 2);
        ck_assert_msg(infer_run(infer, x[k], N, side[k][0], side[k][1], first[k], &err) == 0, "%s",
                      err.message);
    }
    for (int turn = 0; turn < 4; turn++) {
        struct infer *f = turn % 2 ? infer : shared;
        for (int k = 0; k < 2; k++) {
            size_t image = (size_t)(net->input.c * side[k][0] * side[k][1]);
            for (int i = 0; i < N; i++) {
                int n = (turn + i) % (N - i) + 1;
                ck_assert_int_eq(
                    infer_run(f, x[k] + (size_t)i * image, n, side[k][0], side[k][1], logits, &err),
                    0);
                ck_assert_mem_eq(logits, first[k] + i * CLASSES,
                                 (size_t)(n * CLASSES) * sizeof(float));
            }
        }
        if (turn == 2) {
            infer_close(infer);
            infer = shared;
        }
    }
    infer_close(shared);
    net_close(net);
    free(x[0]);
    free(x[1]);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("infer_twins");
    tcase_add_loop_test(cases, as_in_double, 0, NETS);
    tcase_add_loop_test(cases, sizes_and_shares, 0, NETS);
    return suite_run();
}
