/*
 * Claim: gradients find their way through networks: of every weight, they agree with finite
 * differences of the loss, whatever lies between, branches and layers that do a relu included.
 * (Layers by themselves: test_gradcheck.) Max pooling's quick way is bit-equal to its plain one.
 *
 * For each weight tensor of a small network: step along its own gradient, g / |g|, by +-h, and
 * compare the slope of the loss with |g|. A step of 0.01 keeps the float noise (1e-7 / h) and the
 * curvature (h^2) both near 1e-4. The first layer's slope is right only if the gradient came
 * through all layers behind it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/backprop.h"
#include "model/layer.h"
#include "model/net_private.h"
#include "tests/suite.h"

static const struct {
    const char *layers;
    int c, h, w, b;
} rows[] = {
    { "[linear: {out: 3}]", 2, 3, 2, 5 },
    { "[linear: {out: 3, bias: no}]", 1, 1, 1, 4 },
    { "[conv: {out: 4, kernel: 3, padding: 1}, global_avgpool, linear: {out: 3}]", 2, 5, 7, 4 },
    { "[conv: {out: 3, kernel: 3, stride: 2, padding: 1, bias: yes}, conv: {out: 4, kernel: 2}, "
      "linear: {out: 3}]",
      3, 7, 6, 3 },
    { "[conv: {out: 5, kernel: 1}, conv: {out: 4, kernel: 1, stride: 2}, conv: {out: 3, kernel: "
      "1}, global_avgpool]",
      2, 5, 5, 19 },
    { "[conv: {out: 4, kernel: 3, padding: 1}, batchnorm, relu, global_avgpool, linear: {out: 3}]",
      2, 6, 5, 6 },
    { "[conv: {out: 4, kernel: 5, padding: 2}, batchnorm: {eps: 0.1}, linear: {out: 3}]", 1, 4, 5,
      17 },
    { "[conv: {out: 4, kernel: 3}, relu, maxpool: {kernel: 2, stride: 2}, linear: {out: 3}]", 1, 7,
      8, 4 },
    { "[conv: {out: 4}, maxpool: {kernel: 3, stride: 2, padding: 1}, linear: {out: 3}]", 2, 8, 7,
      3 },
    { "[conv: {out: 4, padding: 1}, avgpool: {kernel: 3, stride: 2, padding: 1}, linear: {out: 3}]",
      2, 6, 7, 3 },
    { "[conv: {name: a, out: 4, padding: 1}, conv: {name: b, in: input, out: 4, padding: 1},"
      " conv: {name: c, in: a, out: 4, kernel: 1}, add: {in: [a, b, c]}, relu, global_avgpool, "
      "linear: {out: 3}]",
      2, 4, 4, 3 },
    { "[conv: {name: a, out: 4, padding: 1}, shortcut: {name: s, out: 8, stride: 2},"
      " conv: {name: b, in: a, out: 8, stride: 2, padding: 1}, batchnorm: {name: n}, add: {in: [n, "
      "s]}, relu,"
      " global_avgpool, linear: {out: 3}]",
      2, 5, 5, 4 },
    { "[conv: {out: 4, padding: 1}, shortcut: {out: 4}, global_avgpool, linear: {out: 3}]", 1, 3, 3,
      2 },
    { "[conv: {out: 6, groups: 2, padding: 1, bias: yes}, conv: {out: 3, groups: 3, kernel: 2}, "
      "linear: {out: 3}]",
      4, 5, 6, 3 },
    { "[conv: {out: 4, groups: 2, dilation: 2, padding: 2, stride: 2}, linear: {out: 3}]", 2, 7, 6,
      4 },
    { "[conv: {out: 6, groups: 3, padding: 1, stride: 2}, conv: {out: 6, groups: 6, padding: 1}, "
      "linear: {out: 3}]",
      3, 6, 7, 3 },
    { "[conv: {out: 4, padding: 2, padding_mode: reflect}, conv: {out: 4, padding: 1, "
      "padding_mode: circular, groups: 4}, linear: {out: 3}]",
      2, 4, 5, 3 },
    { "[conv: {out: 4, padding: 3, kernel: 4, padding_mode: replicate}, conv: {out: 3, stride: 2, "
      "padding_mode: same}, linear: {out: 3}]",
      2, 4, 5, 3 },
    { "[conv: {name: a, out: 4, padding: 1, padding_mode: circular, in: input}, conv: {name: b, "
      "out: 4, padding: 1, padding_mode: reflect, in: a}, add: {in: [a, b]}, linear: {out: 3}]",
      2, 4, 4, 3 },
    { "[conv: {out: 4}, maxpool: {kernel: 3, stride: 2, ceil_mode: yes}, flatten, batchnorm, "
      "linear: {out: 3}]",
      2, 8, 10, 3 },
    { "[conv: {out: 4}, avgpool: {kernel: 3, stride: 2, padding: 1, ceil_mode: yes}, linear: {out: "
      "3}]",
      2, 8, 7, 3 },
    { "[conv: {out: 4}, adaptive_avgpool: {h: 3, w: 2}, linear: {out: 3}]", 2, 9, 7, 3 },
    { "[conv: {name: a, out: 2, padding: 1}, conv: {name: b, in: input, out: 3, padding: 1}, "
      "concat: {name: c, in: [b, a, b]}, concat: {in: [c, a]}, linear: {out: 3}]",
      2, 3, 4, 3 },
    { "[conv: {out: 4}, dropout: {p: 0.4}, linear: {out: 3}]", 2, 6, 5, 4 },
    { "[conv: {name: a, out: 4}, dropout: {name: d, p: 0.3, form: vanilla}, add: {in: [a, d]}, "
      "linear: {out: 3}]",
      2, 6, 5, 4 },
    { "[conv: {out: 4}, sigmoid, conv: {out: 4}, tanh, linear: {out: 3}]", 2, 6, 5, 4 },
    { "[conv: {out: 4}, leaky_relu: {slope: 0.2}, conv: {out: 4}, relu6, linear: {out: 3}]", 2, 6,
      5, 4 },
    { "[conv: {out: 4}, elu: {alpha: 0.7}, conv: {out: 4}, selu, linear: {out: 3}]", 2, 6, 5, 4 },
    { "[conv: {out: 4}, gelu, conv: {out: 4}, gelu: {approximate: tanh}, linear: {out: 3}]", 2, 6,
      5, 4 },
    { "[conv: {name: a, out: 4}, silu: {name: b}, add: {in: [a, b]}, hardswish, hardsigmoid, "
      "linear: {out: 3}]",
      2, 6, 5, 4 },
    { "[conv: {name: a, out: 6}, prelu, maxout: {pieces: 2}, layernorm, conv: {out: 4}, groupnorm: "
      "{groups: 2}, linear: {out: 3}]",
      2, 7, 7, 3 },
    { "[conv: {name: a, out: 4}, bias, stochastic_depth: {p: 0.3}, global_avgpool: {name: g}, "
      "conv: "
      "{out: 4, kernel: 1}, sigmoid: {name: s}, multiply: {in: [a, s]}, scale, "
      "fractional_maxpool, dropconnect: {out: 5}, linear: {out: 3}]",
      2, 6, 7, 4 },
    /* a relu that is not done by the layer before it: two readers */
    { "[conv: {name: a, out: 4, padding: 1}, relu: {name: r}, add: {in: [a, r]}, global_avgpool, "
      "linear: {out: 3}]",
      2, 4, 3, 3 },
};

static void fill(float *x, size_t n, uint64_t seed)
{
    struct rng rng = rng_start(rng_derive(seed, "sample", "test", 0), 0, 0);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&rng);
}

static struct net *open_row(int row)
{
    char text[1024];
    struct error err = { 0 };
    struct config *config;
    struct net *net;
    int length =
        snprintf(text, sizeof(text), "{name: test, input: [%d, %d, %d], classes: 3, layers: %s}",
                 rows[row].c, rows[row].h, rows[row].w, rows[row].layers);
    ck_assert_int_eq(config_parse(&config, text, (size_t)length, "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "row %d: %s: %s", row, err.place,
                  err.message);
    config_close(config);
    net_init(net, 3);
    size_t n;
    float *values = net_values(net, &n);
    /* Zeros and ones (batch normalization, biases) would hide mistakes. */
    for (size_t i = 0; i < n; i++)
        values[i] += 0.1f * (float)((int)(i * 7 % 11) - 5);
    return net;
}

START_TEST(gradients)
{
    enum { B = 32 };
    const double h = 0.01;
    struct error err = { 0 };
    struct pool *pool;
    struct backprop *bp;
    struct net *net = open_row(_i);
    int b = rows[_i].b;
    size_t image = (size_t)rows[_i].c * (size_t)rows[_i].h * (size_t)rows[_i].w;
    float *x = malloc(image * (size_t)b * sizeof(*x));
    fill(x, image * (size_t)b, 5);
    int64_t label[B], other[B];
    float lambda[B];
    for (int i = 0; i < b; i++) {
        label[i] = i % 3;
        other[i] = (i + 1) % 3;
        lambda[i] = 0.25f * (float)(i % 4 + 1);
    }
    struct targets targets = {
        .label = label, .label_b = other, .lambda = lambda, .smoothing = 0.1f
    };
    ck_assert_int_eq(pool_open(&pool, 2, &err), 0);
    ck_assert_int_eq(backprop_open(&bp, net, b, pool, &err), 0);
    backprop_run(bp, x, b, &targets, NULL);
    size_t n;
    float *values = net_values(net, &n), *gradients = net_gradients(net, &n);
    float *start = malloc(n * sizeof(*start)), *slope = malloc(n * sizeof(*slope));
    memcpy(start, values, n * sizeof(*start));
    memcpy(slope, gradients, n * sizeof(*slope));
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        if (!w->trained)
            continue;
        float *value = w->value.data;
        size_t at = (size_t)(value - values), count = tensor_count(&w->value);
        double length = 0;
        for (size_t j = 0; j < count; j++)
            length += (double)slope[at + j] * slope[at + j];
        length = sqrt(length);
        double loss[2];
        for (int side = 0; side < 2; side++) {
            for (size_t j = 0; j < count && length > 0; j++)
                value[j] = (float)(start[at + j] + (side ? -h : h) * slope[at + j] / length);
            loss[side] = backprop_run(bp, x, b, &targets, NULL);
        }
        memcpy(value, start + at, count * sizeof(*value));
        double measured = (loss[0] - loss[1]) / (2 * h);
        /* A convolution before batch normalization has no gradient along itself: the absolute term
         * is for that. */
        ck_assert_msg(fabs(measured - length) < 2e-2 * length + 5e-4,
                      "row %d, %s: slope %g, gradient %g", _i, w->name, measured, length);
    }
    free(slope);
    free(start);
    free(x);
    backprop_close(bp);
    pool_close(pool);
    net_close(net);
}
END_TEST

/* Training's halving against evaluation's general loop, and the places against the values; ties,
 * odd sides and values that are no numbers included. */
START_TEST(halves)
{
    static const struct {
        int h, w;
    } sizes[] = { { 2, 2 }, { 3, 5 }, { 8, 8 }, { 15, 15 }, { 31, 31 }, { 64, 66 } };
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        char text[200];
        struct error err = { 0 };
        struct config *config;
        struct net *net;
        snprintf(text, sizeof(text),
                 "{input: [3, %d, %d], classes: 3, layers: [{maxpool: {kernel: 2, stride: 2}}, "
                 "linear: {out: 3}]}",
                 sizes[s].h, sizes[s].w);
        ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
        ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s", err.message);
        config_close(config);
        struct pass p = net_pass(net, 0, 2);
        size_t in = shape_count(p.in[0]), out = shape_count(p.out), plane = in / 3;
        float *x = malloc(2 * in * sizeof(*x)), *y[2];
        fill(x, 2 * in, 9);
        for (size_t i = 0; i < in; i++) /* ties */
            x[i] = rintf(x[i]);
        x[in + 1] = NAN;
        int32_t *from = malloc(2 * out * sizeof(*from));
        p.x[0] = x;
        p.state = from;
        for (int t = 0; t < 2; t++) {
            p.training = t;
            p.y = y[t] = malloc(2 * out * sizeof(float));
            for (int i = 0; i < 2; i++)
                p.layer->kind->forward(&p, i, NULL);
        }
        ck_assert_mem_eq(y[0], y[1], 2 * out * sizeof(float));
        for (size_t o = 0; o < 2 * out; o++)
            ck_assert_mem_eq(&y[1][o], &x[o / (out / 3) * plane + (size_t)from[o]], sizeof(float));
        free(y[0]);
        free(y[1]);
        free(from);
        free(x);
        net_close(net);
    }
}
END_TEST

/* test_gradcheck walks the list of kinds; here each must say what it is. */
START_TEST(summaries)
{
    for (int k = 0; layers[k]; k++)
        ck_assert_msg(layers[k]->summary && layers[k]->summary[0], "layer %s has no summary",
                      layers[k]->name);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("layers");
    tcase_add_loop_test(cases, gradients, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(cases, halves);
    tcase_add_test(cases, summaries);
    return suite_run();
}
