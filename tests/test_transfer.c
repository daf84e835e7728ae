/*
 * Claim: a training begins with the weights of a file where it is told to, keeps new ones where
 * they are to be replaced, leaves frozen ones alone, and refuses what does not fit with what helps;
 * it ends when nothing gets better any more; and gradients gathered over two batches make the step
 * of one batch of both.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/safetensors.h"
#include "tests/small_run.h"
#include "tests/suite.h"

static char base[256];

static void setup(void)
{
    static const char *const sets[] = { "train.epochs=2", NULL };
    struct train_result result;
    struct error err = { 0 };
    char command[600];
    small_run_setup();
    ck_assert_int_eq(small_run(sets, (struct train_request){ 0 }, &result, &err), 0);
    snprintf(base, sizeof(base), "%s.base", small_run_out);
    snprintf(command, sizeof(command), "mv %s/last.safetensors %s", small_run_out, base);
    ck_assert_int_eq(system(command), 0);
}

static void teardown(void)
{
    remove(base);
    small_run_teardown();
}

static struct safetensors *open_weights(const char *path)
{
    struct safetensors *file;
    struct error err = { 0 };
    ck_assert_msg(safetensors_open(&file, path, &err) == 0, "%s", err.message);
    return file;
}

/* Are the two files' tensors of that name the same? */
static bool same(const struct safetensors *a, const struct safetensors *b, const char *name)
{
    const struct tensor *x = safetensors_find(a, name), *y = safetensors_find(b, name);
    ck_assert_msg(x && y, "%s", name);
    return tensor_bytes(x) == tensor_bytes(y) && memcmp(x->data, y->data, tensor_bytes(x)) == 0;
}

/* Train with these settings and look at what came out beside the base. */
static struct safetensors *train(const char *const *sets)
{
    struct train_request request = { .overwrite = true };
    struct train_result result;
    struct error err = { 0 };
    char path[256], from[300];
    const char *with[10] = { "train.epochs=1", from };
    snprintf(from, sizeof(from), "train.init_from=%s", base);
    for (int i = 0; sets[i]; i++)
        with[2 + i] = sets[i];
    ck_assert_msg(small_run(with, request, &result, &err) == 0, "%s: %s", err.place, err.message);
    snprintf(path, sizeof(path), "%s/last.safetensors", small_run_out);
    return open_weights(path);
}

START_TEST(frozen_body)
{
    static const char *const probe[] = { "train.freeze=[conv*, bn1.*]", "train.replace=[linear.*]",
                                         NULL };
    static const char *const still[] = { "train.freeze=['*']", NULL };
    static const char *const slow[] = { "train.lr_scale={conv1.*: 0, conv2.*: 0.1}", NULL };
    struct safetensors *before = open_weights(base), *after = train(probe);
    ck_assert(same(before, after, "conv1.weight") && same(before, after, "conv2.weight"));
    ck_assert(same(before, after, "bn1.weight"));
    ck_assert(!same(before, after, "linear.weight"));
    safetensors_close(after);
    after = train(still);
    ck_assert(same(before, after, "linear.weight") && same(before, after, "linear.bias"));
    safetensors_close(after);
    after = train(slow);
    ck_assert(same(before, after, "conv1.weight") && !same(before, after, "conv2.weight"));
    safetensors_close(after);
    safetensors_close(before);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *set, *says;
    } cases[] = {
        { "model.layers.6={linear: {name: head, out: 3}}", "has no head.weight" },
        { "model.layers.0={conv: {name: conv1, out: 8, kernel: 5, padding: 2}}",
          "conv1.weight is F32 of 8x3x3x3 there, F32 of 8x3x5x5 here" },
        { "train.replace=[lineal.*]", "no weight of small matches lineal.*" },
        { "train.freeze=[lineal.*]", "no weight of small matches lineal.*" },
        { "train.freeze=linear.*", "must be a list" },
        { "train.lr_scale={conv1.*: fast}", "must be a number" },
        { "train.init_from=/nowhere.safetensors", "No such file" },
    };
    char from[300];
    snprintf(from, sizeof(from), "train.init_from=%s", base);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *sets[] = { from, cases[i].set, NULL };
        struct train_result result;
        struct error err = { 0 };
        char all[1600];
        ck_assert_int_eq(
            small_run(sets, (struct train_request){ .overwrite = true }, &result, &err), -1);
        snprintf(all, sizeof(all), "%s: %s", err.place, err.message);
        ck_assert_msg(strstr(all, cases[i].says), "%s: %s", cases[i].set, all);
    }
}
END_TEST

START_TEST(ends_early)
{
    static const char *const sets[] = { "train.epochs=40", "train.lr=0", "train.early_stop=3",
                                        NULL };
    struct train_request request = { .val = small_run_data.root, .overwrite = true };
    struct train_result result;
    struct error err = { 0 };
    ck_assert_msg(small_run(sets, request, &result, &err) == 0, "%s", err.message);
    ck_assert(result.early);
    ck_assert_int_eq(result.best, 1);
    ck_assert_int_eq(result.epochs, 4);
    ck_assert(small_run_has("best.safetensors") && small_run_has("last.safetensors"));
    request.val = NULL;
    ck_assert_int_eq(small_run(sets, request, &result, &err), -1);
    ck_assert_msg(strstr(err.message, "--val"), "%s", err.message);
}
END_TEST

/* Without batch normalization the mean of two batches' gradients is the gradient of both. */
START_TEST(gathered)
{
    static const char *const once[] = { "train.schedule=constant", "train.epochs=2",
                                        "data.batch=32", "model.layers.1=relu", NULL };
    static const char *const twice[] = { "train.schedule=constant", "train.epochs=2",
                                         "data.batch=16",           "model.layers.1=relu",
                                         "train.accumulate=2",      NULL };
    struct train_request request = { .overwrite = true };
    struct train_result result;
    struct error err = { 0 };
    char path[256], command[600];
    snprintf(path, sizeof(path), "%s/last.safetensors", small_run_out);
    ck_assert_msg(small_run(once, request, &result, &err) == 0, "%s", err.message);
    snprintf(command, sizeof(command), "mv %s %s", path, base);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(small_run(twice, request, &result, &err) == 0, "%s", err.message);
    struct safetensors *a = open_weights(base), *b = open_weights(path);
    for (size_t i = 0; i < safetensors_count(a); i++) {
        const struct tensor *x = &safetensors_item(a, i)->tensor,
                            *y = &safetensors_item(b, i)->tensor;
        for (size_t j = 0; j < tensor_count(x); j++) {
            double p = (double)((float *)x->data)[j], q = (double)((float *)y->data)[j];
            ck_assert_msg(fabs(p - q) < 1e-5, "%s[%zu]: %g, %g", safetensors_item(a, i)->name, j, p,
                          q);
        }
    }
    safetensors_close(a);
    safetensors_close(b);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("transfer");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, frozen_body);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, ends_early);
    tcase_add_test(cases, gathered);
    return suite_run();
}
