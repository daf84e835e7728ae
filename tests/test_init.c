/*
 * Claim: every initialization scheme has the variance that its paper states, with the gain of the
 * activation behind; orthogonal matrices are; Fixup and zero-gamma make residual branches begin at
 * zero; biases begin at zero; Dirac-like convolutions pass their inputs on; and a network's JSON
 * keeps its scheme.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/init_nets.h"
#include "tests/suite.h"

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
        struct net *net = init_nets_open(text);
        double a = rows[r].a, z = rows[r].z;
        if (r > 2) { /* variances are given */
            a = sqrt(a);
            z = sqrt(z);
        }
        ck_assert_msg(fabs(init_nets_deviation(init_nets_weight(net, "a.weight")) / a - 1) < 0.06,
                      "row %d: %g, not %g", (int)r,
                      init_nets_deviation(init_nets_weight(net, "a.weight")), a);
        ck_assert_msg(fabs(init_nets_deviation(init_nets_weight(net, "z.weight")) / z - 1) < 0.02,
                      "row %d: %g, not %g", (int)r,
                      init_nets_deviation(init_nets_weight(net, "z.weight")), z);
        ck_assert_double_eq(init_nets_deviation(init_nets_weight(net, "a.bias")), 0);
        ck_assert_double_eq(init_nets_deviation(init_nets_weight(net, "z.bias")), 0);
        ck_assert_double_eq(init_nets_deviation(init_nets_weight(net, "n.weight")), 1);
        net_close(net);
    }
}
END_TEST

/* Sussillo and Abbott's factors, of ReLU at a fan in of 10 and of a linear layer at 3000. */
START_TEST(random_walk)
{
    struct net *net =
        init_nets_open("{input: [10, 1, 1], classes: 200, init: random_walk, layers: "
                       "[{linear: {name: a, out: 3000}}, relu, {linear: {name: z, out: "
                       "200}}]}");
    ck_assert_double_eq_tol(init_nets_deviation(init_nets_weight(net, "a.weight")),
                            sqrt(2) * exp(1.2 / (10 - 2.4)) / sqrt(10), 0.01);
    ck_assert_double_eq_tol(init_nets_deviation(init_nets_weight(net, "z.weight")),
                            exp(1 / 6000.0) / sqrt(3000), 2e-4);
    net_close(net);
}
END_TEST

START_TEST(orthogonal)
{
    struct net *net =
        init_nets_open("{input: [3, 8, 8], classes: 30, init: {scheme: orthogonal, gain: "
                       "2}, layers: [{conv: {name: a, out: 20}}, {conv: {name: b, out: "
                       "200, kernel: 3}}, {linear: {name: z, out: 30}}]}");
    static const struct {
        const char *name;
        size_t rows, columns;
    } cases[] = { { "a.weight", 20, 27 }, { "b.weight", 200, 180 }, { "z.weight", 30, 3200 } };
    for (size_t k = 0; k < 3; k++) {
        const float *w = init_nets_weight(net, cases[k].name)->value.data;
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

static const char short_net[] =
    "{input: [3, 16, 16], classes: 10, init: {scheme: kaiming_uniform, gain: 1, whitening: yes, "
    "dirac: yes}, layers: [{conv: {name: w, out: %d, kernel: 2, bias: yes}}, {conv: {name: a, out: "
    "%d, kernel: 3, padding: 1}}, {linear: {name: z, out: 10}}]}";

/* Of 24 channels into 40, and into 8: fewer filters than channels. */
START_TEST(dirac)
{
    for (int out = 8; out <= 40; out += 32) {
        char text[800];
        snprintf(text, sizeof(text), short_net, 24, out);
        struct net *net = init_nets_open(text);
        const float *a = init_nets_weight(net, "a.weight")->value.data;
        double squares = 0;
        for (int k = 0; k < out; k++)
            for (int i = 0; i < 24 * 9; i++, a++) {
                if (k < 24)
                    ck_assert_float_eq(*a, i == k * 9 + 4 ? 1 : 0);
                squares += k < 24 ? 0 : (double)*a * (double)*a;
            }
        if (out > 24)
            ck_assert_double_eq_tol(squares / ((out - 24) * 24 * 9), 1 / (24.0 * 9), 3e-4);
        ck_assert_double_gt(init_nets_deviation(init_nets_weight(net, "w.weight")),
                            0.1); /* even: none passes on */
        net_close(net);
    }
}
END_TEST

START_TEST(fixup)
{
    struct net *net = init_nets_file("configs/models/fixup_resnet56.yaml");
    /* 27 branches of two: the first convolution at He's times 27^(-1/2), the second at zero. */
    ck_assert_double_eq(init_nets_deviation(init_nets_weight(net, "layer2.3.conv2.weight")), 0);
    ck_assert_double_eq(init_nets_deviation(init_nets_weight(net, "layer1.0.conv2.weight")), 0);
    ck_assert_double_eq_tol(init_nets_deviation(init_nets_weight(net, "layer2.3.conv1.weight")),
                            sqrt(2.0 / (9 * 32)) / sqrt(27), 5e-4);
    ck_assert_double_eq_tol(init_nets_deviation(init_nets_weight(net, "conv1.weight")),
                            sqrt(2.0 / 27), 0.03);
    ck_assert_double_eq(init_nets_deviation(init_nets_weight(net, "fc.weight")), 0);
    ck_assert_double_eq(init_nets_deviation(init_nets_weight(net, "layer3.1.scale.scale")), 1);
    ck_assert_double_eq(init_nets_deviation(init_nets_weight(net, "layer3.1.bias1a.bias")), 0);
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
            ck_assert_msg(init_nets_deviation(w) == (last ? 0 : 1), "%s", w->name);
        zeros += last;
    }
    ck_assert_int_eq(zeros, 8);
    net_close(net);
}
END_TEST

START_TEST(kept)
{
    struct net *net =
        init_nets_open("{input: [3, 2, 2], classes: 2, init: {scheme: kaiming_uniform, "
                       "fan: out}, layers: [{linear: {name: z, out: 2}}]}");
    struct error err = { 0 };
    json_t *json = net_json(net, &err);
    char *text = json_dumps(json, 0);
    struct net *again = init_nets_open(text);
    const struct weight *a = init_nets_weight(net, "z.weight"),
                        *b = init_nets_weight(again, "z.weight");
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
    tcase_add_test(cases, dirac);
    tcase_add_test(cases, fixup);
    tcase_add_test(cases, zero_gamma);
    tcase_add_test(cases, kept);
    return suite_run();
}
