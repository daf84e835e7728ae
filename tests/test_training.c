/*
 * Claim: four steps of training go as PyTorch's: losses, right answers, every tensor's gradient and
 * the weights in the end, with and without Nesterov's momentum, label smoothing and mixed labels
 * (tests/golden/make_training.py made the numbers); and their bits are the same for 1, 2 and 5
 * threads.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/json.h"
#include "model/backprop.h"
#include "tests/suite.h"
#include "train/optimizer.h"

enum { BATCH = 12, SIDE = 9, STEPS = 4, IMAGE = 3 * SIDE * SIDE };

static const char spec[] =
    "{name: small, input: [3, 9, 9], classes: 5, layers: ["
    "{conv: {name: conv1, out: 8, kernel: 3, padding: 1}}, {batchnorm: {name: bn1}},"
    "{relu: {name: relu1}},"
    "{conv: {name: conv2, out: 16, kernel: 3, stride: 2, padding: 1}}, {batchnorm: {name: bn2}},"
    "{shortcut: {name: short, in: relu1, out: 16, stride: 2}}, {add: {in: [bn2, short]}}, relu,"
    "global_avgpool, {linear: {name: linear, out: 5}}]}";

static float value(size_t k, double scale)
{
    return (float)(((double)(k * 7919 % 1009) / 1009 - 0.5) * scale);
}

static struct net *make_net(void)
{
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, spec, strlen(spec), "test", &err), 0);
    ck_assert_msg(net_open(&net, config_root(config), &err) == 0, "%s: %s", err.place, err.message);
    config_close(config);
    net_init(net, 0);
    size_t first = 0;
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        size_t n = tensor_count(&w->value);
        if (!w->trained)
            continue;
        for (size_t j = 0; j < n && !strstr(w->name, "bn"); j++)
            ((float *)w->value.data)[j] = value(first + j, 0.8);
        first += n;
    }
    return net;
}

/* One step's images, labels and partners' labels. */
struct step_data {
    float x[BATCH * IMAGE];
    int64_t label[BATCH], label_b[BATCH];
    float lambda[BATCH];
};

static void make_step(struct step_data *data, int step, bool mixing)
{
    for (size_t i = 0; i < BATCH * IMAGE; i++)
        data->x[i] = value((size_t)step * BATCH * IMAGE + i, 4);
    for (int i = 0; i < BATCH; i++) {
        data->label[i] = (i * 3 + step) % 5;
        data->label_b[i] = mixing ? ((i ^ 1) * 3 + step) % 5 : data->label[i];
        data->lambda[i] = mixing ? 0.7f : 1;
    }
}

static double gradient_norm(const struct weight *w)
{
    double sum = 0;
    for (size_t j = 0; j < tensor_count(&w->value); j++)
        sum += (double)w->gradient[j] * w->gradient[j];
    return sqrt(sum);
}

static void compare_gradients(const struct net *net, const json_t *expected)
{
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        if (!w->trained)
            continue;
        const json_t *norm = json_object_get(expected, w->name);
        ck_assert_msg(norm != NULL, "%s", w->name);
        double theirs = json_number_value(norm);
        ck_assert_msg(fabs(gradient_norm(w) - theirs) < 2e-5 + 2e-5 * theirs, "%s: %g, not %g",
                      w->name, gradient_norm(w), theirs);
    }
}

static void compare_weights(const struct net *net, const json_t *expected)
{
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        const json_t *list = json_object_get(expected, w->name), *number;
        size_t j;
        ck_assert_msg(json_array_size(list) > 0, "%s", w->name);
        json_array_foreach(list, j, number) ck_assert_msg(
            fabs((double)((float *)w->value.data)[j] - json_number_value(number)) < 3e-5,
            "%s[%d]: %g, not %g", w->name, (int)j, (double)((float *)w->value.data)[j],
            json_number_value(number));
    }
}

static void train(struct net *net, const json_t *golden, int threads, bool compare)
{
    struct error err = { 0 };
    struct pool *pool;
    struct backprop *bp;
    struct optimizer *optimizer;
    bool mixing = json_is_true(json_object_get(golden, "mixing"));
    struct optimizer_rule rule = optimizer_defaults(OPTIMIZER_SGD);
    rule.weight_decay = 0.01;
    rule.nesterov = json_is_true(json_object_get(golden, "nesterov"));
    struct step_data *data = malloc(sizeof(*data));
    ck_assert_int_eq(pool_open(&pool, threads, &err), 0);
    ck_assert_int_eq(backprop_open(&bp, net, BATCH, pool, &err), 0);
    ck_assert_int_eq(optimizer_open(&optimizer, net, &rule, &err), 0);
    for (int step = 0; step < STEPS; step++) {
        make_step(data, step, mixing);
        struct targets targets = {
            .label = data->label,
            .label_b = data->label_b,
            .lambda = data->lambda,
            .smoothing = (float)json_number_value(json_object_get(golden, "label_smoothing")),
        };
        int correct;
        double loss = backprop_run(bp, data->x, BATCH, &targets, &correct);
        if (compare) {
            size_t at = (size_t)step;
            ck_assert_double_eq_tol(
                loss, json_number_value(json_array_get(json_object_get(golden, "loss"), at)), 1e-5);
            ck_assert_int_eq(correct, json_integer_value(
                                          json_array_get(json_object_get(golden, "correct"), at)));
            compare_gradients(net, json_array_get(json_object_get(golden, "gradient_norm"), at));
        }
        optimizer_step(optimizer, 0.1);
    }
    optimizer_close(optimizer);
    backprop_close(bp);
    pool_close(pool);
    free(data);
}

static json_t *goldens(void)
{
    struct error err = { 0 };
    json_t *all = json_read("tests/golden/training.json", &err);
    ck_assert_msg(all != NULL, "%s", err.message);
    ck_assert_uint_eq(json_array_size(all), 3);
    return all;
}

START_TEST(as_pytorch)
{
    json_t *all = goldens();
    const json_t *golden = json_array_get(all, (size_t)_i);
    struct net *net = make_net();
    train(net, golden, 2, true);
    compare_weights(net, json_object_get(golden, "weights"));
    net_close(net);
    json_decref(all);
}
END_TEST

START_TEST(same_bits)
{
    json_t *all = goldens();
    const json_t *golden = json_array_get(all, 2);
    struct net *one = make_net();
    train(one, golden, 1, false);
    for (int threads = 2; threads <= 5; threads += 3) {
        struct net *many = make_net();
        train(many, golden, threads, false);
        for (size_t i = 0; i < net_weights(one); i++) {
            const struct weight *a = net_weight(one, i), *b = net_weight(many, i);
            ck_assert_mem_eq(a->value.data, b->value.data, tensor_bytes(&a->value));
        }
        net_close(many);
    }
    net_close(one);
    json_decref(all);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("training");
    tcase_add_loop_test(cases, as_pytorch, 0, 3);
    tcase_add_test(cases, same_bits);
    return suite_run();
}
