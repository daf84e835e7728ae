/*
 * Claim: a training learns what can be learned, writes everything its run folder promises, gives
 * the same weights for any number of threads, and ends cleanly when it is stopped, diverges or is
 * told something that does not fit.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/file.h"
#include "base/json.h"
#include "eval/evaluation.h"
#include "model/weights.h"
#include "tests/small_run.h"
#include "tests/suite.h"
#include "train/run_read.h"

static int lines_of(const char *name)
{
    char path[200];
    struct buffer text = { 0 };
    struct error err = { 0 };
    int lines = 0;
    snprintf(path, sizeof(path), "%s/%s", small_run_out, name);
    ck_assert_int_eq(file_read(path, FILE_LIMIT, &text, &err), 0);
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    buffer_release(&text);
    return lines;
}

/* What the log's last line tells a reader. */
static void check_end(enum run_state state, const char *reason)
{
    struct run_record *run;
    struct error err = { 0 };
    ck_assert_msg(run_read(&run, small_run_out, &err) == 0, "%s", err.message);
    ck_assert_str_eq(run_state_name(run->state), run_state_name(state));
    ck_assert_msg(strstr(run->reason, reason) != NULL, "%s", run->reason);
    ck_assert_int_eq(run->skipped_lines, 0);
    run_close(run);
}

START_TEST(learns)
{
    struct train_result result;
    struct error err = { 0 };
    ck_assert_msg(
        small_run(NULL, (struct train_request){ .val = small_run_data.root }, &result, &err) == 0,
        "%s: %s", err.place, err.message);
    ck_assert_int_eq(result.epochs, 12);
    ck_assert_double_gt(result.best_top1, 0.9);
    ck_assert_double_ge(result.best_top1, result.top1);
    ck_assert_int_eq(lines_of("summary.csv"), 13);
    ck_assert_int_eq(lines_of("log.jsonl"), 12 * 6 + 1);
    check_end(RUN_DONE, "");
    ck_assert(small_run_has("config.json") && small_run_has("last.safetensors") &&
              small_run_has("ledger.jsonl"));
    /* best.safetensors alone is enough for the evaluator, which finds the same accuracy. */
    char model[200];
    const char *models[] = { model };
    snprintf(model, sizeof(model), "%s/best.safetensors", small_run_out);
    struct evaluation_request request = {
        .data = small_run_data.root, .models = models, .count = 1, .threads = 2, .quiet = true
    };
    struct evaluation e;
    ck_assert_msg(evaluate(&e, &request, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_double_eq(e.report.scores[0].top1, result.best_top1);
    evaluation_release(&e);
}
END_TEST

/* Mean image and whitening travel in the weights: nothing else is there when they are evaluated. */
START_TEST(tables_travel)
{
    enum { SIDE = 24, D = 3 * 8 * 8 };
    static const char *const cases[][5] = {
        { "augment=[{resize_short: 24}, {center_crop: 24}, {subtract_mean_image: {file: FILE, "
          "std: [0.25, 0.25, 0.25]}}, {random_crop: 20}, hflip]",
          "eval.resize=0", "eval.views=10crop", "train.epochs=6", NULL },
        { "augment=[{resize_short: 8}, {random_crop: 8}, hflip, {whiten: {file: FILE}}]",
          "eval.resize=8", "model.input=[3, 8, 8]", "train.epochs=6", NULL },
    };
    static float mean[3 * SIDE * SIDE], matrix[D * D], center[D];
    char file[200], model[200], recipe[400];
    const char *models[] = { model }, *sets[5];
    struct train_result result;
    struct error err = { 0 };
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        mean[i] = (float)(100 + i % 31);
    for (int i = 0; i < D; i++) {
        center[i] = 0.5f;
        matrix[i * D + i] = 4;
        matrix[i * D + (i + 1) % D] = -1;
    }
    snprintf(file, sizeof(file), "%s.tables", small_run_data.root);
    const struct safetensors_item tables[] = {
        { "mean_image", { DTYPE_F32, 3, { 3, SIDE, SIDE }, mean } },
        { "whitening", { DTYPE_F32, 2, { D, D }, matrix } },
        { "whitening_mean", { DTYPE_F32, 1, { D }, center } },
    };
    ck_assert_int_eq(safetensors_write(file, tables, 3, NULL, &err), 0);
    memcpy(sets, cases[_i], sizeof(sets));
    const char *at = strstr(sets[0], "FILE");
    snprintf(recipe, sizeof(recipe), "%.*s%s%s", (int)(at - sets[0]), sets[0], file, at + 4);
    sets[0] = recipe;
    ck_assert_msg(
        small_run(sets, (struct train_request){ .val = small_run_data.root }, &result, &err) == 0,
        "%s: %s", err.place, err.message);
    ck_assert_double_gt(result.best_top1, 0.6);
    ck_assert_int_eq(remove(file), 0);
    snprintf(model, sizeof(model), "%s/best.safetensors", small_run_out);
    struct evaluation_request request = {
        .data = small_run_data.root,
        .models = models,
        .count = 1,
        .threads = 2,
        .quiet = true,
        .views = view_protocols[_i ? VIEWS_1CROP : VIEWS_10CROP],
    };
    struct evaluation e;
    ck_assert_msg(evaluate(&e, &request, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_double_eq(e.report.scores[0].top1, result.best_top1);
    ck_assert_int_eq(e.members.preprocesses[0].resize, _i ? 8 : SIDE);
    evaluation_release(&e);
}
END_TEST

/* The resolved config that a run leaves behind makes the same run again. */
START_TEST(config_again)
{
    static const char *const sets[] = { "train.epochs=2", "data.seed=3", "train.seed=4", NULL };
    struct train_result result;
    struct error err = { 0 };
    char first[65], second[65], path[200];
    ck_assert_int_eq(small_run(sets, (struct train_request){ 0 }, &result, &err), 0);
    ck_assert(!small_run_has("best.safetensors"));
    small_run_hash("last.safetensors", first);
    snprintf(path, sizeof(path), "%s/config.json", small_run_out);
    struct config *config;
    ck_assert_msg(config_open(&config, path, &err) == 0, "%s", err.message);
    struct train_request request = { .config = config, .overwrite = true, .quiet = true };
    ck_assert_msg(train_run(&request, &result, &err) == 0, "%s: %s", err.place, err.message);
    config_close(config);
    small_run_hash("last.safetensors", second);
    ck_assert_str_eq(first, second);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    static const char *const one[] = { "train.epochs=2", "train.threads=1", "data.threads=1",
                                       "mix=[mixup]", NULL };
    static const char *const five[] = { "train.epochs=2", "train.threads=5", "data.threads=3",
                                        "mix=[mixup]", NULL };
    struct train_result result;
    struct error err = { 0 };
    char first[65], second[65];
    struct train_request request = { .overwrite = true };
    ck_assert_msg(small_run(one, request, &result, &err) == 0, "%s", err.message);
    small_run_hash("last.safetensors", first);
    ck_assert_int_eq(small_run(five, request, &result, &err), 0);
    small_run_hash("last.safetensors", second);
    ck_assert_str_eq(first, second);
}
END_TEST

/* The column train_loss of the only epoch. */
static double loss_of_run(void)
{
    char path[200], *line;
    struct buffer text = { 0 };
    struct error err = { 0 };
    double epoch, loss;
    snprintf(path, sizeof(path), "%s/summary.csv", small_run_out);
    ck_assert_int_eq(file_read(path, FILE_LIMIT, &text, &err), 0);
    line = strchr(text.data, '\n') + 1;
    ck_assert(strncmp(text.data, "epoch,train_loss,", 17) == 0);
    ck_assert_int_eq(sscanf(line, "%lf,%lf", &epoch, &loss), 2);
    buffer_release(&text);
    return loss;
}

/* Finished targets from the stream train as the triples do, smoothed by the loss. */
START_TEST(soft_labels)
{
    static const char *const triples[] = { "train.epochs=1", "train.label_smoothing=0.2",
                                           "mix=[mixup, cutmix]", NULL };
    static const char *const dense[] = { "train.epochs=1", "data.soft_labels=yes",
                                         "data.label_smoothing=0.2", "mix=[mixup, cutmix]", NULL };
    static const char *const plain[] = { "train.epochs=1", "mix=[mixup, cutmix]", NULL };
    static const char *const twice[] = { "train.label_smoothing=0.2", "data.soft_labels=yes",
                                         NULL };
    struct train_result result;
    struct error err = { 0 };
    struct train_request request = { .overwrite = true };
    ck_assert_msg(small_run(triples, request, &result, &err) == 0, "%s", err.message);
    double loss = loss_of_run();
    ck_assert_msg(small_run(dense, request, &result, &err) == 0, "%s", err.message);
    ck_assert_double_eq_tol(loss_of_run(), loss, 1e-4);
    ck_assert_int_eq(small_run(plain, request, &result, &err), 0);
    ck_assert_double_gt(fabs(loss_of_run() - loss), 1e-2);
    ck_assert_int_eq(small_run(twice, request, &result, &err), -1);
    ck_assert_msg(strstr(err.message, "data.label_smoothing"), "%s", err.message);
}
END_TEST

START_TEST(stopped)
{
    static volatile sig_atomic_t stop;
    struct train_request request = { .stop = &stop, .overwrite = true };
    struct train_result result;
    struct error err = { 0 };
    char hex[65];
    stop = SIGINT;
    ck_assert_int_eq(small_run(NULL, request, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_INTERRUPTED);
    small_run_hash("last.safetensors", hex);
    stop = SIGTERM;
    ck_assert_int_eq(small_run(NULL, request, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_REQUEUE);
    ck_assert(small_run_has("checkpoint.safetensors"));
    check_end(RUN_STOPPED, "interrupted in epoch 1");
}
END_TEST

START_TEST(diverged)
{
    static const char *const sets[] = { "train.lr=1000", "train.weight_decay=10", "train.epochs=40",
                                        NULL };
    struct train_result result;
    struct error err = { 0 };
    ck_assert_int_eq(small_run(sets, (struct train_request){ 0 }, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_msg(strstr(err.message, "diverged"), "%s", err.message);
    ck_assert(result.diverged);
    check_end(RUN_DIVERGED, "not finite");

    /* Nothing bounds what layers without activations give: theirs are the first to overflow. */
    static const char *const where[] = {
        "train.lr=1000", "train.schedule=constant", "train.epochs=40",
        "model.layers=[{conv: {name: conv1, out: 8}}, {conv: {name: conv2, out: 8}}, "
        "global_avgpool, {linear: {name: linear, out: 3}}]",
        NULL
    };
    ck_assert_int_eq(small_run(where, (struct train_request){ .overwrite = true }, &result, &err),
                     -1);
    ck_assert_msg(strstr(err.message, "not finite is the output of layer "), "%s", err.message);

    /* Too late for the loss to show it. */
    int told = 0;
    for (int steps = 1; steps <= 12; steps++) {
        char batch[32];
        snprintf(batch, sizeof(batch), "data.batch=%d", 96 / steps);
        const char *const late[] = { "train.lr=1000", "train.weight_decay=10", "train.epochs=1",
                                     batch, NULL };
        err = (struct error){ 0 };
        int rc =
            small_run(late, (struct train_request){ .val = small_run_data.root, .overwrite = true },
                      &result, &err);
        ck_assert_msg(rc == 0 || (err.kind == ERROR_FAILED && strstr(err.message, "diverged")),
                      "%d steps: %s", steps, err.message);
        told += rc < 0 && strstr(err.message, "finite");
    }
    ck_assert_int_gt(told, 0);
}
END_TEST

START_TEST(existing_run)
{
    static const char *const sets[] = { "train.epochs=1", NULL };
    struct train_result result;
    struct error err = { 0 };
    char hex[65];
    ck_assert_int_eq(small_run(sets, (struct train_request){ 0 }, &result, &err), 0);
    ck_assert_int_eq(small_run(sets, (struct train_request){ 0 }, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.message, "--overwrite"), "%s", err.message);
    small_run_hash("last.safetensors", hex);
    ck_assert_int_eq(small_run(sets, (struct train_request){ .overwrite = true }, &result, &err),
                     0);
}
END_TEST

/* Every rule and every schedule makes the loss fall. */
START_TEST(all_learn)
{
    static const char *const sets[][5] = {
        { "train.optimizer=lars", "train.trust=0.1", "train.schedule=linear", "train.lr=1" },
        { "train.optimizer=adagrad", "train.lr=0.02", "train.schedule=inverse_sqrt" },
        { "train.optimizer=rmsprop", "train.lr=0.002", "train.schedule=exponential" },
        { "train.optimizer=adam", "train.lr=0.005", "train.schedule=one_cycle", "train.warmup=1" },
        { "train.optimizer=adamw", "train.lr=0.005", "train.schedule=cosine_restarts",
          "train.cycle=2" },
        { "train.clip_norm=0.5", "train.l2=1e-4", "train.schedule=plateau",
          "train.spare_vectors=yes" },
        { "train.schedule=one_cycle", "train.warmup=1", "train.cycle_momentum=[0.85, 0.95]" },
    };
    struct train_request request = { .val = small_run_data.root, .overwrite = true };
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        const char *with[] = { "train.epochs=4", sets[i][0], sets[i][1],
                               sets[i][2],       sets[i][3], NULL };
        struct train_result result;
        struct error err = { 0 };
        ck_assert_msg(small_run(with, request, &result, &err) == 0, "%s: %s: %s", sets[i][0],
                      err.place, err.message);
        ck_assert_msg(result.best_top1 > 0.6, "%s: %g", sets[i][0], result.best_top1);
    }
}
END_TEST

/* Nothing is left behind by what is refused before it begins. */
START_TEST(refused)
{
    static const struct {
        const char *set;
        enum error_kind kind;
        const char *says;
    } cases[] = {
        { "train.epohcs=3", ERROR_USAGE, "epochs" },
        { "train.warmup=12", ERROR_USAGE, "warm-up" },
        { "train.accumulate=1000", ERROR_USAGE, "the whole training has" },
        { "train.schedule=step", ERROR_USAGE, "milestones" },
        { "train.min_lr=1", ERROR_USAGE, "train.lr" },
        { "train.schedule=cosine_restarts", ERROR_USAGE, "train.cycle" },
        { "train.schedule=one_cycle", ERROR_USAGE, "rises" },
        { "train.schedule=plateau", ERROR_USAGE, "data.val" },
        { "train.cycle_momentum=[0.85, 0.95]", ERROR_USAGE, "one_cycle" },
        { "train.betas=[0.9]", ERROR_USAGE, "two numbers" },
        { "train.optimizer=adma", ERROR_USAGE, "adam" },
        { "data.batch=97", ERROR_USAGE, "larger than" },
        { "data.dtype=uint8", ERROR_USAGE, "float32" },
        { "data.dtype=bfloat16", ERROR_USAGE, "float32" },
        { "data.train=1", ERROR_NONE, NULL }, /* --data wins */
        { "augment.1={center_crop: 16}", ERROR_USAGE, "3 x 16 x 16" },
        { "eval.resize=10", ERROR_USAGE, "smaller than the crop" },
        { "model=/nowhere.yaml", ERROR_USAGE, "No such file" },
        { "model.layers.6={linear: {name: linear, out: 2}}", ERROR_USAGE, "classes is 3" },
        { "data.val=/nowhere", ERROR_DATA, "/nowhere" },
        { "data.batch=1000000", ERROR_USAGE, "larger than the data set" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *sets[] = { "train.epochs=1", cases[i].set, NULL };
        struct train_result result;
        struct error err = { 0 };
        int rc = small_run(sets, (struct train_request){ .overwrite = true }, &result, &err);
        ck_assert_msg(err.kind == cases[i].kind, "%s: %d, %s: %s", cases[i].set, err.kind,
                      err.place, err.message);
        ck_assert_int_eq(rc, cases[i].says ? -1 : 0);
        char all[1600];
        snprintf(all, sizeof(all), "%s: %s", err.place, err.message);
        ck_assert_msg(!cases[i].says || strstr(all, cases[i].says), "%s: %s", cases[i].set, all);
        if (rc < 0 && i < 12)
            ck_assert(!small_run_has("config.json"));
    }
}
END_TEST

/* Two class folders do not say which two of three outputs they are. */
START_TEST(fewer_classes)
{
    static const char *const sets[] = { "train.epochs=1", NULL };
    struct tiny other;
    struct train_result result;
    struct error err = { 0 };
    char classes[200], file[100];
    tiny_make(&other, &(struct tiny_shape){ 2, 32, 32, 28, 0 });
    ck_assert_int_eq(small_run(sets, (struct train_request){ .data = other.root }, &result, &err),
                     -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.message, "has 2 classes") && strstr(err.message, "3 outputs") &&
                      strstr(err.message, "data.classes"),
                  "%s", err.message);
    static const char csv[] = "index,name\n0,a\n2,b\n";
    snprintf(file, sizeof(file), "%s.csv", other.root);
    snprintf(classes, sizeof(classes), "data.classes=%s", file);
    ck_assert_int_eq(file_write(file, csv, strlen(csv), &err), 0);
    const char *const numbered[] = { "train.epochs=1", classes, NULL };
    ck_assert_msg(
        small_run(numbered, (struct train_request){ .data = other.root }, &result, &err) == 0,
        "%s: %s", err.place, err.message);
    ck_assert_int_eq(remove(file), 0);
    tiny_remove(&other);
}
END_TEST

/* A validation set without one of the classes would shift the labels behind it. */
START_TEST(other_classes)
{
    static const char *const sets[] = { "train.epochs=1", NULL };
    struct tiny other;
    struct train_result result;
    struct error err = { 0 };
    char command[300];
    tiny_make(&other, &(struct tiny_shape){ 3, 6, 32, 28, 0 });
    snprintf(command, sizeof(command), "rm -r %s/b", other.root);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(small_run(sets, (struct train_request){ .val = other.root }, &result, &err),
                     -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.message, "class 1 is c, in the training data b"), "%s", err.message);
    tiny_remove(&other);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("trainer");
    tcase_add_checked_fixture(cases, small_run_setup, small_run_teardown);
    tcase_add_test(cases, learns);
    tcase_add_loop_test(cases, tables_travel, 0, 2);
    tcase_add_test(cases, config_again);
    tcase_add_test(cases, threads_do_not_matter);
    tcase_add_test(cases, soft_labels);
    tcase_add_test(cases, stopped);
    tcase_add_test(cases, diverged);
    tcase_add_test(cases, existing_run);
    tcase_add_test(cases, all_learn);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, fewer_classes);
    tcase_add_test(cases, other_classes);
    return suite_run();
}
