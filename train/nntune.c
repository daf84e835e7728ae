/* nntune: the seven-step recipe for hyper-parameters. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/option.h"
#include "loader/stream.h"
#include "train/train_config.h"
#include "train/tune.h"

enum { DATA, VAL, OUT, THREADS };

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "", .help = "training images, in place of data.train" },
    [VAL] = { "val", PARAM_FILE, "", .help = "validation images, in place of data.val" },
    [OUT] = { "out", PARAM_FILE, "",
              .help = "folder for verdicts and run folders; without it a step only prints" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "sets train.threads and data.threads; the result does not depend on it" },
    { 0 },
};

static const struct option_command command = {
    .program = "nntune",
    .usage = "CONFIG STEP [options]",
    .summary = "the seven-step recipe for hyper-parameters: does what the config describes learn?",
    .options = options,
    .positional_min = 2,
    .positional_max = 2,
    .notes = "Steps, each of which ends in PASS or FAIL with the reason and what to do:\n"
             "  init     the loss before training is that of guessing; activations, gradients and "
             "images "
             "are sane\n"
             "  overfit  a few minibatches can be learned by heart\n"
             "  lr       the learning rate cuts the loss within about a hundred steps\n\n"
             "Examples:\n"
             "  nntune configs/demo.yaml init --data data/train\n"
             "  nntune configs/demo.yaml lr --data data/train --set train.lr=0.3\n\n"
             "Exit status: 0 PASS, 1 FAIL or failed, 2 wrong usage or config, 3 data refused, 130 "
             "interrupted.\n",
    .sections = { data_params, train_params, eval_params, tune_params },
    .section_names = { "data", "train", "eval", "tune" },
};

static int step_of(const char *name)
{
    for (int i = 0; i <= TUNE_STEP_LR; i++)
        if (strcmp(name, tune_step_names[i]) == 0)
            return i;
    return -1;
}

static int make_config(const struct option_values *given, const char *path, struct config **result,
                       struct error *err)
{
    char text[64];
    struct config *config;
    if (config_open(&config, path, err) < 0)
        return -1;
    int rc = 0;
    for (int i = 0; i < given->set_count && rc == 0; i++)
        rc = config_set(config, given->set[i], err);
    for (int i = 0; i < 2 && rc == 0 && given->given[THREADS]; i++) {
        snprintf(text, sizeof(text), "%s.threads=%lld", i ? "data" : "train",
                 (long long)given->value[THREADS].integer);
        rc = config_set(config, text, err);
    }
    if (rc < 0) {
        config_close(config);
        return -1;
    }
    *result = config;
    return 0;
}

/* 0: PASS, 1: FAIL. */
static int print(const struct verdict *v, struct error *err)
{
    struct buffer text = { 0 };
    int rc = verdict_print(v, &text, err);
    if (rc == 0)
        printf("%s", text.data);
    buffer_release(&text);
    return rc < 0 ? -1 : !v->pass;
}

static int run(const struct option_values *given, struct error *err)
{
    /* In either order: nntune init CONFIG reads as well. */
    int first = step_of(given->positional[0]), step = step_of(given->positional[1]);
    const char *path = given->positional[step < 0 ? 1 : 0];
    if (step < 0)
        step = first;
    if (step < 0)
        return error_set(err, ERROR_USAGE, given->positional[1],
                         "is no step; must be init, overfit or lr");
    struct config *config;
    struct tune_config tune;
    struct verdict v;
    if (make_config(given, path, &config, err) < 0)
        return -1;
    struct tune_options o = {
        .config = config,
        .tune = &tune,
        .data = given->value[DATA].text,
        .val = given->value[VAL].text,
        .folder = given->value[OUT].text,
        .stop = interrupt_catch(),
    };
    int rc = tune_config_read(&tune, config, err);
    if (rc == 0)
        rc = tune_step(&o, (enum tune_step)step, &v, err);
    if (rc == 0) {
        rc = print(&v, err);
        verdict_release(&v);
    }
    config_close(config);
    return rc;
}

int main(int argc, char **argv)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct error err = { 0 };
    int rc = option_read(&command, argc, argv, &given, &err);
    if (rc == 0)
        rc = run(&given, &err);
    else if (rc > 0)
        rc = 0; /* --help */
    if (rc >= 0 && file_check_printed(&err) < 0)
        rc = -1;
    if (rc >= 0)
        return rc;
    error_print(&err, "nntune");
    return error_status(&err);
}
