/*
 * Claim: early stopping leaves the best epoch's weights and the last one's; stochastic weight
 * averaging writes the mean of the epochs' weights with statistics of batch normalization of their
 * own, which change the result; snapshots, one a cosine cycle, are an ensemble for the evaluator; a
 * group of weights learns at its own rate; and validation looks at the views it is told to.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safetensors.h"
#include "eval/evaluation.h"
#include "tests/small_run.h"
#include "tests/suite.h"

static void train(const char *const *sets, bool validates, struct train_result *result)
{
    struct train_request request = { .overwrite = true,
                                     .val = validates ? small_run_data.root : NULL };
    struct error err = { 0 };
    ck_assert_msg(small_run(sets, request, result, &err) == 0, "%s: %s", err.place, err.message);
}

static struct safetensors *open_weights(const char *name)
{
    char path[256];
    struct safetensors *file;
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s.safetensors", small_run_out, name);
    ck_assert_msg(safetensors_open(&file, path, &err) == 0, "%s: %s", err.place, err.message);
    return file;
}

/* The accuracy of these weights on the data; of several, their ensemble's. */
static double accuracy(const char *const *names, int count, enum view_protocol views)
{
    char paths[4][200];
    const char *models[4];
    struct evaluation e;
    struct error err = { 0 };
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/%s.safetensors", small_run_out, names[i]);
        models[i] = paths[i];
    }
    struct evaluation_request request = { .data = small_run_data.root,
                                          .models = models,
                                          .count = count,
                                          .threads = 2,
                                          .quiet = true,
                                          .views = view_protocols[views] };
    ck_assert_msg(evaluate(&e, &request, &err) == 0, "%s: %s", err.place, err.message);
    double top1 = e.report.ensemble.top1;
    evaluation_release(&e);
    return top1;
}

/* The weights of the best epoch are those of a training that ends with it. */
START_TEST(stops_early)
{
    static const char *const sets[] = { "train.epochs=40", "train.early_stop=2", "train.lr=0.3",
                                        "train.schedule=constant", NULL };
    static const char *const best[] = { "best" }, *const last[] = { "last" };
    struct train_result result, again;
    char hex[65], until[65], epochs[40];
    train(sets, true, &result);
    ck_assert(result.early);
    ck_assert_int_eq(result.epochs, result.best + 2);
    ck_assert_double_eq(accuracy(best, 1, VIEWS_1CROP), result.best_top1);
    ck_assert_double_eq(accuracy(last, 1, VIEWS_1CROP), result.top1);
    ck_assert_double_ge(result.best_top1, result.top1);
    small_run_hash("best.safetensors", hex);
    snprintf(epochs, sizeof(epochs), "train.epochs=%d", result.best);
    const char *const shorter[] = { epochs, "train.lr=0.3", "train.schedule=constant", NULL };
    train(shorter, false, &again);
    small_run_hash("last.safetensors", until);
    ck_assert_str_eq(hex, until);
}
END_TEST

/* The largest difference of two tensors, in units of the largest number. */
static double apart(const struct tensor *t, const double *mean)
{
    double worst = 0, largest = 0;
    for (size_t i = 0; i < tensor_count(t); i++) {
        worst = fmax(worst, fabs((double)((const float *)t->data)[i] - mean[i]));
        largest = fmax(largest, fabs(mean[i]));
    }
    return worst / largest;
}

START_TEST(averages)
{
    enum { FIRST = 2, EPOCHS = 4, ROOM = 2048 };
    static double mean[16][ROOM];
    struct train_result result;
    int statistics = 0;
    for (int epoch = FIRST; epoch <= EPOCHS; epoch++) {
        char epochs[40];
        snprintf(epochs, sizeof(epochs), "train.epochs=%d", epoch);
        const char *const sets[] = { epochs, "train.schedule=constant", NULL };
        train(sets, false, &result);
        struct safetensors *w = open_weights("last");
        for (size_t i = 0; i < safetensors_count(w); i++) {
            const struct tensor *t = &safetensors_item(w, i)->tensor;
            ck_assert_uint_le(tensor_count(t), ROOM);
            for (size_t k = 0; k < tensor_count(t); k++)
                mean[i][k] += (double)((const float *)t->data)[k] / (EPOCHS - FIRST + 1);
        }
        safetensors_close(w);
    }
    static const char *const swa[] = { "train.epochs=4", "train.schedule=constant",
                                       "train.swa_start=2", NULL };
    train(swa, false, &result);
    struct safetensors *w = open_weights("swa");
    for (size_t i = 0; i < safetensors_count(w); i++) {
        const struct safetensors_item *item = safetensors_item(w, i);
        if (strstr(item->name, "running_")) {
            ck_assert_double_gt(apart(&item->tensor, mean[i]), 1e-3);
            statistics++;
        } else
            ck_assert_msg(apart(&item->tensor, mean[i]) < 1e-5, "%s", item->name);
    }
    ck_assert_int_eq(statistics, 2);
    safetensors_close(w);
}
END_TEST

START_TEST(snapshots)
{
    static const char *const sets[] = { "train.epochs=6", "train.schedule=cosine_restarts",
                                        "train.cycle=2", NULL };
    static const char *const members[] = { "snapshot_1", "snapshot_2", "snapshot_3" };
    struct train_result result;
    char hex[3][65];
    train(sets, true, &result);
    ck_assert(!small_run_has("snapshot_4.safetensors"));
    for (int i = 0; i < 3; i++) {
        char file[40];
        snprintf(file, sizeof(file), "%s.safetensors", members[i]);
        small_run_hash(file, hex[i]);
        ck_assert(i == 0 || strcmp(hex[i], hex[i - 1]) != 0);
    }
    ck_assert_double_gt(accuracy(members, 3, VIEWS_1CROP), 0.5);
}
END_TEST

/* One step of plain gradient descent on all images: a tenth of the rate goes a tenth of the way. */
START_TEST(own_rates)
{
    static const char *const sets[] = { "train.epochs=1",          "data.batch=96",
                                        "train.momentum=0",        "train.lr=0.1",
                                        "train.schedule=constant", NULL };
    static const char *const slow[] = { "train.epochs=1",
                                        "data.batch=96",
                                        "train.momentum=0",
                                        "train.lr=0.1",
                                        "train.schedule=constant",
                                        "train.lr_scale={conv1.*: 0.1}",
                                        NULL };
    static const char *const still[] = { "train.epochs=1",
                                         "data.batch=96",
                                         "train.momentum=0",
                                         "train.lr=0.1",
                                         "train.schedule=constant",
                                         "train.lr_scale={conv1.*: 0}",
                                         NULL };
    struct train_result result;
    train(still, false, &result);
    struct safetensors *from = open_weights("last");
    train(sets, false, &result);
    struct safetensors *whole = open_weights("last");
    train(slow, false, &result);
    struct safetensors *tenth = open_weights("last");
    const struct tensor *a = safetensors_find(from, "conv1.weight"),
                        *b = safetensors_find(whole, "conv1.weight"),
                        *c = safetensors_find(tenth, "conv1.weight");
    double way = 0;
    for (size_t k = 0; k < tensor_count(a); k++) {
        double begin = (double)((const float *)a->data)[k];
        double far = (double)((const float *)b->data)[k] - begin;
        double near = (double)((const float *)c->data)[k] - begin;
        ck_assert_double_eq_tol(near, far / 10, 1e-6);
        way = fmax(way, fabs(far));
    }
    ck_assert_double_gt(way, 1e-4);
    a = safetensors_find(whole, "linear.weight");
    ck_assert_mem_eq(a->data, safetensors_find(tenth, "linear.weight")->data, tensor_bytes(a));
    safetensors_close(from);
    safetensors_close(whole);
    safetensors_close(tenth);
}
END_TEST

START_TEST(views)
{
    static const char *const sets[] = { "train.epochs=2", "eval.views=10crop", NULL };
    static const char *const last[] = { "last" };
    struct train_result result;
    train(sets, true, &result);
    ck_assert_double_eq(accuracy(last, 1, VIEWS_10CROP), result.top1);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("dynamics");
    tcase_add_checked_fixture(cases, small_run_setup, small_run_teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, stops_early);
    tcase_add_test(cases, averages);
    tcase_add_test(cases, snapshots);
    tcase_add_test(cases, own_rates);
    tcase_add_test(cases, views);
    return suite_run();
}
