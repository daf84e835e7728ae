/*
 * Claim: the smallest weights are taken away, of all or of each layer, exactly as many as the share
 * says; what is gone stays zero under every optimizer and penalty; and a search for a lottery
 * ticket puts what is left back to an early epoch and trains it again, round after round.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/safetensors.h"
#include "tests/small_run.h"
#include "tests/suite.h"
#include "train/prune.h"

static struct net *open_net(void)
{
    static const char text[] = "{input: [4, 1, 1], classes: 2, layers: [{linear: {name: a, out: 5}}"
                               ", {linear: {name: b, out: 2}}]}";
    struct config *config;
    struct net *net;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_int_eq(net_open(&net, config_root(config), &err), 0);
    config_close(config);
    return net;
}

/* Of the 20 + 10 weights of two layers; the first has the sizes 1 to 20, the second 3 ten times. */
START_TEST(cuts)
{
    static const struct {
        enum prune_scope scope;
        double share;
        int gone_a, gone_b; /* after one cut */
        int left;           /* after another */
    } rows[] = {
        { PRUNE_GLOBAL, 0.2, 3, 3, 20 }, /* 1 and 2, then the first four of 3 */
        { PRUNE_LAYER, 0.2, 4, 2, 20 },  /* 16 - 3 and 8 - 1 */
        { PRUNE_GLOBAL, 0.01, 0, 0, 30 },
        { PRUNE_GLOBAL, 0.5, 5, 10, 8 },
    };
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct net *net = open_net();
        struct prune *p;
        struct error err = { 0 };
        size_t n, gone[2] = { 0 };
        float *w = net_values(net, &n);
        for (int i = 0; i < 20; i++)
            w[i] = (float)((i % 2 ? -1 : 1) * (20 - i));
        for (int i = 0; i < 10; i++)
            w[25 + i] = -3;
        for (int i = 0; i < 5; i++)
            w[20 + i] = 0.5f; /* biases are smaller than all, and stay */
        ck_assert_int_eq(prune_open(&p, net, rows[r].scope, &err), 0);
        ck_assert_double_eq(prune_left(p), 1);
        ck_assert_int_eq(prune_cut(p, rows[r].share, &err), 0);
        prune_weights(p);
        for (size_t i = 0; i < n; i++)
            if (w[i] == 0)
                gone[i >= 20]++;
        ck_assert_uint_eq(gone[0], (size_t)rows[r].gone_a);
        ck_assert_uint_eq(gone[1], (size_t)rows[r].gone_b + 2); /* b's biases are zero */
        for (int i = 0; i < 20; i++)
            ck_assert((w[i] == 0) == (20 - i <= rows[r].gone_a));
        ck_assert_int_eq(prune_cut(p, rows[r].share, &err), 0);
        ck_assert_double_eq_tol(prune_left(p) * 30, rows[r].left, 1e-9);
        prune_close(p);
        net_close(net);
    }
}
END_TEST

static struct safetensors *open_run(const char *name)
{
    char path[256];
    struct safetensors *file;
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s.safetensors", small_run_out, name);
    ck_assert_msg(safetensors_open(&file, path, &err) == 0, "%s: %s", err.place, err.message);
    return file;
}

/* Zeros of the tensors of rank 2 and more; numbers of these in all. */
static size_t zeros(const struct safetensors *file, size_t *all)
{
    size_t count = 0;
    *all = 0;
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const struct tensor *t = &safetensors_item(file, i)->tensor;
        for (size_t j = 0; t->rank > 1 && j < tensor_count(t); j++) {
            count += ((const float *)t->data)[j] == 0;
            ++*all;
        }
    }
    return count;
}

/* Under every rule what is gone is zero at the end, and was the smallest at the end of the round
 * before. */
START_TEST(stays_zero)
{
    static const char *const rules[] = { "train.optimizer=sgd",     "train.optimizer=lars",
                                         "train.optimizer=adagrad", "train.optimizer=rmsprop",
                                         "train.optimizer=adam",    "train.optimizer=adamw" };
    const char *sets[] = { "train.epochs=1",          "train.lr=0.01",
                           "train.prune=0.4",         "train.elastic=1e-4",
                           "train.weight_decay=0.01", rules[_i],
                           "train.accumulate=4",      NULL };
    struct train_result result;
    struct error err = { 0 };
    size_t all;
    ck_assert_msg(small_run(sets, (struct train_request){ 0 }, &result, &err) == 0, "%s: %s",
                  err.place, err.message);
    ck_assert_int_eq(result.epochs, 2);
    struct safetensors *before = open_run("round_0"), *after = open_run("round_1");
    ck_assert_uint_eq(zeros(before, &all), 0);
    ck_assert_uint_eq(zeros(after, &all), (size_t)(0.4 * (double)all));
    float largest = 0, smallest = INFINITY;
    for (size_t i = 0; i < safetensors_count(after); i++) {
        const struct tensor *a = &safetensors_item(after, i)->tensor,
                            *b = &safetensors_item(before, i)->tensor;
        for (size_t j = 0; a->rank > 1 && j < tensor_count(a); j++) {
            float size = fabsf(((const float *)b->data)[j]);
            if (((const float *)a->data)[j] == 0)
                largest = fmaxf(largest, size);
            else
                smallest = fminf(smallest, size);
        }
    }
    ck_assert_float_le(largest, smallest);
    safetensors_close(before);
    safetensors_close(after);
}
END_TEST

static volatile sig_atomic_t stop;
static void stop_at_round(void *context, const char *line)
{
    if (strncmp(line, context, strlen(context)) == 0)
        stop = SIGTERM;
}

/* Stopped where a round begins: the weights are those of the early epoch, but for what is gone, and
 * so are the statistics of normalization. */
START_TEST(goes_back)
{
    static const char *const early[] = { "train.epochs=1", "train.schedule=constant", NULL };
    static const char *const ticket[] = { "train.epochs=3",  "train.schedule=constant",
                                          "train.prune=0.3", "train.prune_rounds=3",
                                          "train.rewind=1",  NULL };
    struct train_request request = { .overwrite = true };
    struct train_result result;
    struct error err = { 0 };
    size_t all, gone;
    ck_assert_int_eq(small_run(early, request, &result, &err), 0);
    struct safetensors *from = open_run("last");
    request.stop = &stop;
    request.epoch = stop_at_round;
    request.context = "round 2:";
    ck_assert_int_eq(small_run(ticket, request, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_REQUEUE);
    ck_assert_int_eq(result.epochs, 5);
    struct safetensors *to = open_run("last");
    gone = zeros(to, &all);
    size_t once = (size_t)(0.3 * (double)all);
    ck_assert_uint_eq(gone, once + (size_t)(0.3 * (double)(all - once)));
    for (size_t i = 0; i < safetensors_count(from); i++) {
        const struct tensor *a = &safetensors_item(from, i)->tensor,
                            *b = &safetensors_item(to, i)->tensor;
        for (size_t j = 0; j < tensor_count(a); j++) {
            float x = ((const float *)a->data)[j], y = ((const float *)b->data)[j];
            ck_assert_msg(x == y || (y == 0 && a->rank > 1), "%s", safetensors_item(to, i)->name);
        }
    }
    safetensors_close(from);
    safetensors_close(to);

    /* The rest of the rounds, each as long as from the early epoch to the end. */
    request = (struct train_request){ .resume = true, .val = small_run_data.root };
    stop = 0;
    ck_assert_msg(small_run(ticket, request, &result, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_int_eq(result.epochs, 3 + 3 * 2);
    ck_assert(small_run_has("round_3.safetensors") && !small_run_has("round_4.safetensors"));
    ck_assert_double_gt(result.best_top1, 0.6);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *set, *says;
    } cases[] = {
        { "train.rewind=2", "leave nothing" },   { "train.ema=0.9", "ema" },
        { "train.swa_start=1", "swa_start" },    { "train.early_stop=1", "early_stop" },
        { "train.schedule=plateau", "plateau" }, { "train.prune=1", "0..0.99" },
    };
    static const char *const alone[] = { "train.rewind=2", NULL };
    struct train_result result;
    struct error err = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *sets[] = { "train.epochs=2", "train.prune=0.2", cases[i].set, NULL };
        ck_assert_int_eq(small_run(sets, (struct train_request){ 0 }, &result, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_msg(strstr(err.message, cases[i].says), "%s: %s", cases[i].set, err.message);
    }
    ck_assert_int_eq(small_run(alone, (struct train_request){ 0 }, &result, &err), -1);
    ck_assert_msg(strstr(err.message, "train.prune"), "%s", err.message);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("prune");
    tcase_add_checked_fixture(cases, small_run_setup, small_run_teardown);
    tcase_add_test(cases, cuts);
    tcase_add_loop_test(cases, stays_zero, 0, 6);
    tcase_add_test(cases, goes_back);
    tcase_add_test(cases, refused);
    return suite_run();
}
