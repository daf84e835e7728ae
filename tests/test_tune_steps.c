/*
 * Claim: the first three steps of the recipe pass on three good configs, and each fails on configs
 * that are broken in the ways that it is there to catch, saying which and what to do. They write
 * what they are told to and nothing else.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "model/weights.h"
#include "tests/suite.h"
#include "tests/tune_case.h"
#include "train/train_config.h"
#include "train/tune.h"
#include "train/tune_lr.h"

static void run_step(const struct config *config, enum tune_step step, struct verdict *v)
{
    struct tune_config tune;
    struct error err = { 0 };
    struct tune_options o = { .config = config, .tune = &tune, .quiet = true };
    ck_assert_msg(tune_config_read(&tune, config, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_msg(tune_step(&o, step, v, &err) == 0, "%s: %s", err.place, err.message);
}

START_TEST(good)
{
    struct config *config = tune_case_config((enum tune_net)(_i / 3), NULL, TUNE_TRUE);
    struct verdict v;
    run_step(config, (enum tune_step)(_i % 3), &v);
    ck_assert_msg(v.pass, "%s: %s", v.step, v.reason.data);
    ck_assert_int_eq(v.fault, FAULT_NONE);
    ck_assert_uint_eq(v.remedy.size, 0);
    verdict_release(&v);
    config_close(config);
}
END_TEST

static const struct {
    const char *sets[4];
    enum tune_net net;
    enum tune_labels labels;
    enum tune_step step;
    enum fault fault;
    const char *reason, *remedy; /* parts of them */
} broken[] = {
    /* A hundred times too high, ten thousand times too low. */
    { { "train.lr=0.5" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_OVERFIT,
      FAULT_RATE,
      "too high",
      "train.lr=0.0" },
    { { "train.lr=0.5" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_LR,
      FAULT_RATE,
      "too high",
      "train.lr=0.0" },
    { { "train.lr=5e-7" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_OVERFIT,
      FAULT_RATE,
      "too low",
      "train.lr=0.0" },
    { { "train.lr=5e-7" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_LR,
      FAULT_RATE,
      "too low",
      "train.lr=0.0" },
    { { "train.lr=5" },
      TUNE_CONV,
      TUNE_TRUE,
      TUNE_STEP_OVERFIT,
      FAULT_RATE,
      "too high",
      "train.lr=" },
    { { "train.lr=5" }, TUNE_CONV, TUNE_TRUE, TUNE_STEP_LR, FAULT_RATE, "too high", "train.lr=" },
    { { "train.lr=5e-6" },
      TUNE_CONV,
      TUNE_TRUE,
      TUNE_STEP_OVERFIT,
      FAULT_RATE,
      "too low",
      "train.lr=" },
    { { "train.lr=5e-6" }, TUNE_CONV, TUNE_TRUE, TUNE_STEP_LR, FAULT_RATE, "too low", "train.lr=" },
    /* All zero, all the same, N(0, 1). */
    { { "model.init={scheme: constant, value: 0}" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_INIT,
      FAULT_INIT,
      "same weights and the same gradient",
      "by chance" },
    { { "model.init={scheme: constant, value: 0}" },
      TUNE_CONV,
      TUNE_TRUE,
      TUNE_STEP_INIT,
      FAULT_INIT,
      "same weights and the same gradient",
      "by chance" },
    { { "model.init={scheme: constant, value: 0}" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_OVERFIT,
      FAULT_INIT,
      "initialization is bad",
      "step 1" },
    { { "model.init={scheme: constant, value: 0.1}" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_INIT,
      FAULT_INIT,
      "same weights and the same gradient",
      "by chance" },
    { { "model.init={scheme: gaussian, std: 1}" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_INIT,
      FAULT_INIT,
      "guessing costs ln C = 1.1",
      "smaller" },
    { { "model.init={scheme: gaussian, std: 1}" },
      TUNE_DEEP,
      TUNE_TRUE,
      TUNE_STEP_INIT,
      FAULT_INIT,
      "outputs of tanh2 are saturated",
      "smaller" },
    { { "model.init={scheme: gaussian, std: 1}", "train.loss=hinge", "train.label_smoothing=0" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_INIT,
      FAULT_INIT,
      "C - 1 = 2",
      "smaller" },
    /* No normalization, dead ReLUs. */
    { { "augment=[{random_crop: {size: 20}}, hflip]" },
      TUNE_CONV,
      TUNE_TRUE,
      TUNE_STEP_INIT,
      FAULT_INPUT,
      "not normalized",
      "normalize" },
    { { "train.init_from=dead.safetensors" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_INIT,
      FAULT_INIT,
      "dead ReLUs",
      "leaky_relu" },
    /* Labels that are others', a weight decay that leaves nothing. */
    { { NULL },
      TUNE_CONV,
      TUNE_SHUFFLED,
      TUNE_STEP_LR,
      FAULT_DATA,
      "labels do not belong",
      "nndata" },
    { { NULL },
      TUNE_TWO_LAYER,
      TUNE_SHUFFLED,
      TUNE_STEP_LR,
      FAULT_DATA,
      "labels do not belong",
      "nndata" },
    { { "train.weight_decay=1" },
      TUNE_CONV,
      TUNE_TRUE,
      TUNE_STEP_LR,
      FAULT_DECAY,
      "weight decay 1 keeps",
      "weight_decay" },
    { { "train.weight_decay=10" },
      TUNE_TWO_LAYER,
      TUNE_TRUE,
      TUNE_STEP_LR,
      FAULT_DECAY,
      "weight decay 10 keeps",
      "weight_decay" },
    /* A network that cannot tell: one number of the image is left. */
    { { "model.layers=[{conv: {name: c, out: 1, kernel: 1}}, global_avgpool, {linear: {name: f, "
        "out: 3}}]" },
      TUNE_CONV,
      TUNE_TRUE,
      TUNE_STEP_OVERFIT,
      FAULT_CAPACITY,
      "by heart",
      "larger network" },
};
enum { BROKEN = sizeof(broken) / sizeof(broken[0]) };

/* The two-layer network's weights with biases that no image lifts above zero. */
static void write_dead(void)
{
    struct config *config = tune_case_config(TUNE_TWO_LAYER, NULL, TUNE_TRUE);
    struct net *net;
    struct error err = { 0 };
    struct preprocess preprocess = { .size = 20, .resize = 22, .output = { .std = { 1, 1, 1 } } };
    ck_assert_int_eq(train_config_net(&net, config, &err), 0);
    net_init(net, 0);
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        for (size_t j = 0; strcmp(w->name, "fc1.bias") == 0 && j < tensor_count(&w->value); j++)
            ((float *)w->value.data)[j] = -100;
    }
    ck_assert_msg(weights_save("dead.safetensors", net, &preprocess, NULL, &err) == 0, "%s: %s",
                  err.place, err.message);
    net_close(net);
    config_close(config);
}

START_TEST(bad)
{
    struct verdict v;
    write_dead();
    struct config *config = tune_case_config(broken[_i].net, broken[_i].sets, broken[_i].labels);
    run_step(config, broken[_i].step, &v);
    ck_assert_msg(!v.pass, "case %d passes: %s", _i, v.reason.data);
    ck_assert_msg(v.fault == broken[_i].fault, "case %d: %s: %s", _i, fault_names[v.fault],
                  v.reason.data);
    ck_assert_msg(strstr(v.reason.data, broken[_i].reason), "case %d: %s", _i, v.reason.data);
    ck_assert_msg(strstr(v.remedy.data, broken[_i].remedy), "case %d: %s", _i, v.remedy.data);
    verdict_release(&v);
    config_close(config);
}
END_TEST

/* What steps 2 and 3 train is an ordinary run below the sweep's folder; the run, ledger and weights
 * that the config names are not touched. */
START_TEST(apart)
{
    static const char *const sets[] = { "train.out=mine", "data.ledger=mine.jsonl", "train.lr=1e-6",
                                        NULL };
    static const char *const files[] = {
        "config.json",
        "log.jsonl",
        "summary.csv",
        NULL,
    };
    static const char *const runs[] = { "sweep/steps/2-overfit/own", "sweep/steps/3-lr/own",
                                        "sweep/steps/3-lr/lr-0.1", "sweep/steps/3-lr/range-test" };
    struct config *config = tune_case_config(TUNE_TWO_LAYER, sets, TUNE_TRUE);
    struct tune_config tune;
    struct verdict v;
    struct error err = { 0 };
    struct tune_options o = { .config = config, .tune = &tune, .folder = "sweep" };
    ck_assert_int_eq(tune_config_read(&tune, config, &err), 0);
    for (int step = TUNE_STEP_OVERFIT; step <= TUNE_STEP_LR; step++) {
        ck_assert_msg(tune_step(&o, (enum tune_step)step, &v, &err) == 0, "%s: %s", err.place,
                      err.message);
        verdict_release(&v);
    }
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
        for (size_t j = 0; files[j]; j++) {
            char path[128];
            snprintf(path, sizeof(path), "%s/%s", runs[i], files[j]);
            ck_assert_msg(file_exists(path), "%s", path);
        }
    ck_assert(!file_exists("mine") && !file_exists("mine.jsonl"));
    config_close(config);
}
END_TEST

/* Twice the same, and the same for any number of threads. */
START_TEST(repeatable)
{
    static const char *const threads[][3] = { { "train.threads=1", "data.threads=1", NULL },
                                              { "train.threads=3", "data.threads=2", NULL } };
    char *texts[2];
    for (int i = 0; i < 2; i++) {
        struct config *config = tune_case_config(TUNE_CONV, threads[i], TUNE_TRUE);
        struct verdict v;
        run_step(config, TUNE_STEP_LR, &v);
        texts[i] = json_dumps(v.evidence, JSON_SORT_KEYS);
        verdict_release(&v);
        config_close(config);
    }
    ck_assert_str_eq(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}
END_TEST

/* What was seen three times is believed only when it has fallen three times as far. */
START_TEST(passes_count)
{
    double loss[8];
    struct lr_try t = { .steps = 8, .loss = loss };
    static const struct {
        double end, passes;
        bool works;
    } cases[] = { { 2.2, 1, true }, { 2.2, 3, false }, { 2.1, 3, true }, { 2.28, 1, false } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int k = 0; k < 8; k++)
            loss[k] = cases[i].end;
        t.passes = cases[i].passes;
        ck_assert_msg(lr_try_works(&t, 2.3) == cases[i].works, "case %zu", i);
    }
}
END_TEST

/* Steps too few to tell are followed by more; labels by chance stay what they are. */
START_TEST(goes_on_longer)
{
    static const char *const few[] = { "tune.lr_steps=20", "train.clip_norm=0.005", NULL };
    for (int labels = TUNE_TRUE; labels <= TUNE_SHUFFLED; labels++) {
        struct config *config = tune_case_config(TUNE_CONV, few, (enum tune_labels)labels);
        struct tune_config tune;
        struct error err = { 0 };
        struct lr_facts facts;
        struct tune_options o = { .config = config, .tune = &tune };
        ck_assert_int_eq(tune_config_read(&tune, config, &err), 0);
        ck_assert_msg(lr_measure(&facts, &o, &err) == 0, "%s: %s", err.place, err.message);
        ck_assert_msg(facts.longer && facts.try[0].steps == 60, "%d: %d steps", labels,
                      facts.try[0].steps);
        ck_assert_msg((lr_best(&facts) != NULL) == (labels == TUNE_TRUE), "%d", labels);
        lr_facts_release(&facts);
        config_close(config);
    }
}
END_TEST

START_TEST(stopped)
{
    static volatile sig_atomic_t stop = SIGINT;
    struct config *config = tune_case_config(TUNE_CONV, NULL, TUNE_TRUE);
    struct tune_config tune;
    struct verdict v;
    for (int step = TUNE_STEP_OVERFIT; step <= TUNE_STEP_LR; step++) {
        struct error err = { 0 };
        struct tune_options o = { .config = config, .tune = &tune, .stop = &stop };
        ck_assert_int_eq(tune_config_read(&tune, config, &err), 0);
        ck_assert_int_eq(tune_step(&o, (enum tune_step)step, &v, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_INTERRUPTED);
    }
    config_close(config);
}
END_TEST

START_TEST(verdict_file)
{
    struct verdict v, again;
    struct error err = { 0 };
    const double numbers[] = { 1, NAN, 3 };
    ck_assert_int_eq(verdict_begin(&v, "lr", &err), 0);
    v.number = 3;
    verdict_note(&v, "all is well");
    verdict_fault(&v, FAULT_RATE, "train.lr=0.1", "too \"high\"");
    verdict_fault(&v, FAULT_INIT, "train.lr=0.1", "and more");
    verdict_numbers(&v, "numbers", numbers, 3);
    verdict_number(&v, "infinite", INFINITY);
    verdict_run(&v, "trials/0001");
    json_t *json = verdict_json(&v, &err);
    ck_assert_int_eq(json_write("3-lr.json", json, &err), 0);
    json_decref(json);
    ck_assert_int_eq(verdict_read(&again, "3-lr.json", &err), 0);
    ck_assert(!again.pass && again.fault == FAULT_RATE && again.number == 3);
    ck_assert_str_eq(again.reason.data, "too \"high\"; and more");
    ck_assert_str_eq(again.remedy.data, "train.lr=0.1");
    ck_assert(json_is_null(json_object_get(again.evidence, "infinite")));
    ck_assert(json_equal(v.evidence, again.evidence));
    verdict_release(&again);
    ck_assert_int_eq(file_write("bad.json", "{\"step\": \"dance\"}", 17, &err), 0);
    ck_assert_int_eq(verdict_read(&again, "bad.json", &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    verdict_release(&v);
}
END_TEST

START_TEST(durations)
{
    static const struct {
        const char *text;
        double seconds;
    } cases[] = {
        { "2h", 7200 }, { "90m", 5400 }, { "1h30m", 5400 }, { "45", 45 },  { "1.5h", 5400 },
        { "", 0 },      { "h", 0 },      { "2x", 0 },       { "-1h", 0 },  { "0s", 0 },
        { "2h ", 0 },   { "nan", 0 },    { "1e99h", 0 },    { "10s", 10 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double seconds = 0;
        ck_assert_msg(tune_duration(cases[i].text, &seconds) == (cases[i].seconds > 0), "%s",
                      cases[i].text);
        if (cases[i].seconds > 0)
            ck_assert_double_eq(seconds, cases[i].seconds);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("tune_steps");
    tcase_add_unchecked_fixture(cases, tune_case_setup, tune_case_teardown);
    tcase_add_loop_test(cases, good, 0, 3 * TUNE_NETS);
    tcase_add_loop_test(cases, bad, 0, BROKEN);
    tcase_add_test(cases, apart);
    tcase_add_test(cases, repeatable);
    tcase_add_test(cases, passes_count);
    tcase_add_test(cases, goes_on_longer);
    tcase_add_test(cases, stopped);
    tcase_add_test(cases, verdict_file);
    tcase_add_test(cases, durations);
    return suite_run();
}
