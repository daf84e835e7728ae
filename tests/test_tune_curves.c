/*
 * Claim: the judge of curves names what is drawn into them, and finds no fault with curves that
 * have none; and real runs, three good ones and some broken on purpose, end in the right verdict.
 * Runs of older versions and such as were killed are judged as far as they go.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/suite.h"
#include "tests/tune_case.h"
#include "train/trainer.h"
#include "train/tune_curves.h"

enum { EPOCHS = 12, POINTS_OF_EPOCH = 20, POINTS = EPOCHS * POINTS_OF_EPOCH };

/* A run made up: what the losses do over u = 0..1, and what becomes of the accuracies. */
struct drawn {
    double (*loss)(double u);
    double (*lr)(double u);
    double train_top1, eval_top1, eval_rise; /* the last epoch's; eval loss ends so much above its
                                                least */
    double decay;
};

static double constant(double u)
{
    (void)u;
    return 0.1;
}
static double cosine(double u)
{
    return 0.05 * (1 + cos(3.14159265 * u));
}
static double step_at_epoch_1(double u)
{
    return u < 1.0 / EPOCHS ? 0.1 : 0.001;
}
static double step_late(double u)
{
    return u < 0.6 ? 0.1 : 0.01;
}

static double learning(double u)
{
    return 0.4 + 1.9 * exp(-6 * u);
}
static double flat(double u)
{
    (void)u;
    return log(10);
}
static double slow(double u)
{
    return log(10) + 0.1 - 0.05 * u;
}
static double straight(double u)
{
    return log(10) * (1 - 0.08 * u);
}
static double jumping(double u)
{
    return 2.6 + 0.5 * sin(97 * u);
}
static double rising(double u)
{
    return 2.3 + 3 * exp(-20 * (u - 0.2) * (u - 0.2)) - 0.5 * u;
}
static double exploding(double u)
{
    return 2.3 * exp(9 * u);
}
static double late_start(double u)
{
    return u < 0.45 ? log(10) : 0.5 + 1.8 * exp(-12 * (u - 0.45));
}
static double stopped_at_epoch_1(double u)
{
    double at = 1.0 / EPOCHS;
    return u < at ? 2.3 - 0.8 * u / at : 1.5 - 0.05 * u;
}
static double two_steps(double u)
{
    return u < 0.6 ? 0.9 + 1.4 * exp(-15 * u) : 0.5 + 0.4 * exp(-30 * (u - 0.6));
}
static double plateau(double u)
{
    return 1.9 + 0.4 * exp(-20 * u);
}

static const struct {
    struct drawn run;
    enum fault fault;
    const char *reason;
} drawn[] = {
    { { learning, constant, 0.85, 0.8, 1, 0 }, FAULT_NONE, "validation 80.0 %" },
    { { learning, cosine, 0.85, 0.8, 1, 0 }, FAULT_NONE, "training loss from" },
    { { two_steps, step_late, 0.9, 0.8, 1, 0 }, FAULT_NONE, "training loss from" },
    { { learning, constant, 0.99, 0.8, 1, 0 }, FAULT_NONE, "training 99.0 %" },
    { { exploding, constant, 0.1, 0.1, 1, 0 }, FAULT_RATE, "explodes" },
    { { flat, constant, 0.1, 0.1, 1, 0 }, FAULT_INIT, "flat" },
    { { flat, constant, 0.1, 0.1, 1, 0.1 }, FAULT_DECAY, "weight decay halves the weights" },
    { { slow, constant, 0.1, 0.1, 1, 0 }, FAULT_RATE, "too low" },
    { { straight, constant, 0.2, 0.2, 1, 0 }, FAULT_RATE, "straight line" },
    { { jumping, constant, 0.1, 0.1, 1, 0 }, FAULT_RATE, "too high" },
    { { rising, constant, 0.3, 0.3, 1, 0 }, FAULT_RATE, "too high" },
    { { late_start, constant, 0.8, 0.75, 1, 0 }, FAULT_INIT, "falls only then" },
    { { stopped_at_epoch_1, step_at_epoch_1, 0.45, 0.42, 1, 0 }, FAULT_SCHEDULE, "too early" },
    { { learning, constant, 0.8, 0.1, 1, 0 }, FAULT_DATA, "as in guessing" },
    { { learning, constant, 0.8, 0.01, 1, 0 }, FAULT_DATA, "shifted" },
    { { learning, constant, 0.99, 0.6, 1.5, 0 }, FAULT_OVERFIT, "overfitting" },
    { { plateau, constant, 0.3, 0.29, 1, 0 }, FAULT_CAPACITY, "underfitting" },
};
enum { DRAWN = sizeof(drawn) / sizeof(drawn[0]) };

/* With noise on every loss, as single batches have. */
static void judge_drawn(const struct drawn *d, bool points, struct verdict *v)
{
    static double epoch[POINTS], loss[POINTS], lr[POINTS], rows[5][EPOCHS];
    for (int i = 0; i < POINTS; i++) {
        double u = (i + 0.5) / POINTS;
        epoch[i] = EPOCHS * u;
        lr[i] = d->lr(u);
        loss[i] = d->loss(u) * (1 + 0.002 * sin(1234.5 * i));
    }
    for (int e = 0; e < EPOCHS; e++) {
        double u = (e + 0.5) / EPOCHS, reach = (e + 1.0) / EPOCHS;
        rows[0][e] = d->loss(u);
        rows[1][e] = 0.1 + (d->train_top1 - 0.1) * reach;
        rows[2][e] = d->loss(u) * (1 + (d->eval_rise - 1) * reach * 3);
        rows[3][e] = 0.1 + (d->eval_top1 - 0.1) * reach;
        rows[4][e] = d->lr(u);
    }
    const struct curve_facts f = {
        .epochs = EPOCHS,
        .train_loss = rows[0],
        .train_top1 = rows[1],
        .eval_loss = rows[2],
        .eval_top1 = rows[3],
        .epoch_lr = rows[4],
        .points = points ? POINTS : 0,
        .epoch = epoch,
        .loss = loss,
        .lr = lr,
        .classes = 10,
        .chance = log(10),
        .decay = d->decay,
        .steps = POINTS * 10,
    };
    struct error err = { 0 };
    ck_assert_int_eq(verdict_begin(v, "curves", &err), 0);
    curves_judge(&f, v);
}

START_TEST(made_up)
{
    struct verdict v;
    judge_drawn(&drawn[_i].run, true, &v);
    ck_assert_msg(v.fault == drawn[_i].fault, "case %d: %s: %s", _i, fault_names[v.fault],
                  v.reason.data);
    ck_assert_msg(strstr(v.reason.data, drawn[_i].reason), "case %d: %s", _i, v.reason.data);
    ck_assert(v.pass == (v.remedy.size == 0));
    verdict_release(&v);
    /* Rows alone show less, but no fault where there is none. */
    judge_drawn(&drawn[_i].run, false, &v);
    ck_assert_msg(drawn[_i].fault != FAULT_NONE || v.pass, "case %d: %s", _i, v.reason.data);
    verdict_release(&v);
}
END_TEST

/* Nothing, one row, numbers that are none: a verdict all the same. */
START_TEST(little)
{
    double one[] = { 2.3 }, none[] = { NAN };
    struct curve_facts cases[] = {
        { .chance = NAN },
        { .epochs = 1,
          .train_loss = one,
          .train_top1 = none,
          .eval_loss = none,
          .eval_top1 = none,
          .epoch_lr = none,
          .chance = NAN },
        { .epochs = 1,
          .train_loss = none,
          .train_top1 = none,
          .eval_loss = none,
          .eval_top1 = none,
          .epoch_lr = none,
          .chance = 2.3,
          .classes = 10 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct verdict v;
        struct error err = { 0 };
        ck_assert_int_eq(verdict_begin(&v, "curves", &err), 0);
        curves_judge(&cases[i], &v);
        ck_assert_uint_gt(v.reason.size, 0);
        json_t *json = verdict_json(&v, &err);
        ck_assert_ptr_nonnull(json);
        json_decref(json);
        verdict_release(&v);
    }
}
END_TEST

static void judge_run(const char *path, struct verdict *v)
{
    struct curves c;
    struct error err = { 0 };
    ck_assert_msg(curves_read(&c, path, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_int_eq(verdict_begin(v, "curves", &err), 0);
    curves_judge(&c.facts, v);
    curves_release(&c);
}

/* A training may end in an error: its curves say why. */
static void train(enum tune_net net, const char *const *sets, enum tune_labels labels)
{
    struct config *config = tune_case_config(net, sets, labels);
    struct train_request request = {
        .config = config, .out = "run", .overwrite = true, .quiet = true
    };
    struct train_result result;
    struct error err = { 0 };
    if (train_run(&request, &result, &err) < 0)
        ck_assert_msg(err.kind == ERROR_FAILED, "%s: %s", err.place, err.message);
    config_close(config);
}

START_TEST(good)
{
    struct verdict v;
    train((enum tune_net)_i, NULL, TUNE_TRUE);
    judge_run("run", &v);
    ck_assert_msg(v.pass, "%s", v.reason.data);
    verdict_release(&v);
}
END_TEST

static const struct {
    const char *sets[5];
    enum tune_net net;
    enum tune_labels labels;
    enum fault fault;
    const char *reason;
} broken[] = {
    { { "train.lr=0.5" }, TUNE_TWO_LAYER, TUNE_TRUE, FAULT_RATE, "too high" },
    { { "train.lr=5e-7" }, TUNE_TWO_LAYER, TUNE_TRUE, FAULT_RATE, "too low" },
    { { "train.lr=5e-6", "train.warmup=0" }, TUNE_CONV, TUNE_TRUE, FAULT_RATE, "too low" },
    { { "model.init={scheme: constant, value: 0}" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      FAULT_INIT,
      "flat" },
    { { "train.weight_decay=10" }, TUNE_TWO_LAYER, TUNE_TRUE, FAULT_DECAY, "weight decay" },
    { { NULL }, TUNE_CONV, TUNE_SHUFFLED, FAULT_INIT, "labels that do not belong" },
    { { NULL }, TUNE_CONV, TUNE_OFF_BY_ONE, FAULT_DATA, "shifted" },
    { { "train.schedule=step", "train.milestones=[1]", "train.gamma=0.01", "train.lr=3e-4",
        "train.warmup=0" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      FAULT_SCHEDULE,
      "too early" },
};
enum { BROKEN = sizeof(broken) / sizeof(broken[0]) };

START_TEST(bad)
{
    const char *sets[6] = { 0 };
    struct verdict v;
    memcpy(sets, broken[_i].sets, sizeof(broken[_i].sets));
    train(broken[_i].net, sets, broken[_i].labels);
    judge_run("run", &v);
    ck_assert_msg(v.fault == broken[_i].fault, "case %d: %s: %s", _i, fault_names[v.fault],
                  v.reason.data);
    ck_assert_msg(strstr(v.reason.data, broken[_i].reason), "case %d: %s", _i, v.reason.data);
    verdict_release(&v);
}
END_TEST

static void write_text(const char *path, const char *text)
{
    struct error err = { 0 };
    ck_assert_int_eq(file_write(path, text, strlen(text), &err), 0);
}

START_TEST(old_run)
{
    struct verdict v;
    struct error err = { 0 };
    struct curves c;
    ck_assert_int_eq(file_make_folders("old", &err), 0);
    write_text("old/summary.csv", "epoch,train_loss,eval_top1\n1,2.2,20\n2,1.9,31\n3,1.7,40\n");
    write_text("old/log.jsonl", "{\"step\": 10, \"loss\": 2.3}\n{\"step\": 20, \"lo");
    judge_run("old", &v);
    ck_assert_msg(v.pass && strstr(v.reason.data, "40.0 %"), "%s", v.reason.data);
    verdict_release(&v);
    ck_assert_int_eq(curves_read(&c, "nowhere", &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("tune_curves");
    tcase_add_unchecked_fixture(cases, tune_case_setup, tune_case_teardown);
    tcase_add_loop_test(cases, made_up, 0, DRAWN);
    tcase_add_test(cases, little);
    tcase_add_loop_test(cases, good, 0, TUNE_NETS);
    tcase_add_loop_test(cases, bad, 0, BROKEN);
    tcase_add_test(cases, old_run);
    return suite_run();
}
