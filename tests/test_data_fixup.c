/*
 * Claim: Fixup trains ResNet-56 without any normalization: the loss falls from chance's, which it
 * begins at, over one epoch of the 5,085 clean training images of CIFAR-10.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "train/trainer.h"

enum { STEPS = 39, SHOWN = 8 };

static const char recipe[] =
    "data: {batch: 128}\n"
    "augment: [{random_crop: {size: 32, padding: 4}}, hflip, {normalize: {mean: [0.4914, 0.4822, "
    "0.4465], std: [0.2470, 0.2435, 0.2616]}}]\n"
    "train: {epochs: 1, lr: 0.1, weight_decay: 5e-4, schedule: constant, log_every: 1}\n";

/* The losses of the log, in order. */
static int read_losses(const char *path, double *loss, int room)
{
    struct buffer text = { 0 };
    struct error err = { 0 };
    int count = 0;
    ck_assert_msg(file_read(path, FILE_LIMIT, &text, &err) == 0, "%s", err.message);
    for (const char *at = text.data; (at = strstr(at, "\"loss\":")) && count < room; count++) {
        at += strlen("\"loss\":");
        loss[count] = strtod(at, NULL);
    }
    buffer_release(&text);
    return count;
}

static double mean(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum / n;
}

START_TEST(trains)
{
    const char *root = getenv("TENFOLD_DATA");
    char data[PATH_MAX + 100], text[PATH_MAX + 1000], folder[PATH_MAX], model[PATH_MAX];
    double loss[STEPS];
    struct config *config;
    struct train_result result;
    struct error err = { 0 };
    ck_assert_msg(root != NULL, "TENFOLD_DATA must name the folder of the real data");
    ck_assert_ptr_nonnull(realpath(root, folder));
    ck_assert_ptr_nonnull(realpath("configs/models/fixup_resnet56.yaml", model));
    scratch_enter();
    snprintf(data, sizeof(data), "%s/cifar10/shards/cifar10-lossless-train-{0000..0004}.tar",
             folder);
    snprintf(text, sizeof(text), "model: %s\n%s", model, recipe);
    ck_assert_int_eq(file_write("fixup.yaml", text, strlen(text), &err), 0);
    ck_assert_msg(config_open(&config, "fixup.yaml", &err) == 0, "%s", err.message);
    struct train_request request = { .config = config, .data = data, .out = "run", .quiet = true };
    ck_assert_msg(train_run(&request, &result, &err) == 0, "%s: %s", err.place, err.message);
    config_close(config);
    ck_assert_int_eq(read_losses("run/log.jsonl", loss, STEPS), STEPS);
    double first = mean(loss, SHOWN), last = mean(loss + STEPS - SHOWN, SHOWN);
    printf("fixup_resnet56: loss %.3f at first, %.3f after an epoch (%.1f s)\n", first, last,
           result.seconds);
    ck_assert_double_eq_tol(loss[0], log(10), 1e-4); /* the classifier begins at zero */
    ck_assert_double_lt(last, first - 0.1);
    scratch_leave();
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_fixup");
    tcase_set_timeout(cases, 1200); /* 40 s on two cores of their own */
    tcase_add_test(cases, trains);
    return suite_run();
}
