/* nntune: the seven-step recipe for hyper-parameters. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/option.h"
#include "loader/stream.h"
#include "train/run_find.h"
#include "train/train_config.h"
#include "train/tune.h"
#include "train/tune_curves.h"

enum { DATA, VAL, OUT, DAEMON, THREADS, SEED, BUDGET, TRIALS, KEEP_GOING };

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "", .help = "training images, in place of data.train" },
    [VAL] = { "val", PARAM_FILE, "", .help = "validation images, in place of data.val" },
    [OUT] = { "out", PARAM_FILE, "",
              .help = "folder of the sweep: verdicts, trials, best.json; several processes may "
                      "share it. Without it, init, overfit and lr only print" },
    [DAEMON] = { "daemon", PARAM_TEXT, "",
                 .help = "trials take their batches from an nnprepd: unix:PATH, or auto" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "sets train.threads and data.threads; the result does not depend on it" },
    [SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
               .help = "sets tune.seed: which settings are drawn" },
    [BUDGET] = { "budget", PARAM_TEXT, "", .help = "sets tune.budget: time as in 2h, 90m, 1h30m" },
    [TRIALS] = { "trials", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1000000,
                 .help = "sets tune.trials: settings tried at most" },
    [KEEP_GOING] = { "keep-going", PARAM_FLAG, "",
                     .help = "search even where init or overfit has found what no search mends" },
    { 0 },
};

static const struct option_command command = {
    .program = "nntune",
    .usage = "CONFIG [STEP] --out SWEEP [options], or: nntune curves RUN...",
    .summary = "the seven-step recipe for hyper-parameters",
    .options = options,
    .positional_min = 1,
    .positional_max = OPTION_POSITIONAL,
    .notes =
        "Steps, each of which ends in PASS or FAIL with the reason and what to do:\n"
        "  init     the loss at the start is that of guessing; images, activations and gradients "
        "are sane\n"
        "  overfit  a few minibatches can be learned by heart\n"
        "  lr       learning rates that cut the loss within about a hundred steps, and a range "
        "test\n"
        "  coarse   settings around these rates, a few epochs each\n"
        "  refine   around the best few, longer, at a constant rate\n"
        "  curves   what the curves of a run show\n"
        "  versus   beside the seven: coarse by chance and on a grid, on the same budget\n"
        "Without STEP: all of them, refine and curves again until tune.rounds, --budget or "
        "--trials end it.\n\n"
        "Examples:\n"
        "  nntune configs/demo.yaml init --data data/train\n"
        "  nntune configs/demo.yaml --data data/train --val data/test --out out/sweep --budget 2h\n"
        "  nntune curves out/sweep/trials out/a\n\n"
        "Exit status: 0 PASS, 1 FAIL or failed, 2 wrong usage or config, 3 data refused, 75 saved, "
        "run again, 130\n"
        "interrupted.\n",
    .sections = { data_params, train_params, eval_params, tune_params },
    .section_names = { "data", "train", "eval", "tune" },
};

static int step_of(const char *name)
{
    for (int i = 0; tune_step_names[i]; i++)
        if (strcmp(name, tune_step_names[i]) == 0)
            return i;
    return -1;
}

static void print_verdict(void *context, const struct verdict *v)
{
    struct buffer text = { 0 };
    struct error err = { 0 };
    (void)context;
    if (verdict_print(v, &text, &err) == 0)
        printf("%s", text.data);
    fflush(stdout); /* a recipe of hours is followed line by line */
    buffer_release(&text);
}

static void print_line(void *context, const char *line)
{
    (void)context;
    printf("         %s\n", line);
    fflush(stdout);
}

static void print_warning(void *context, const char *place, const char *text)
{
    (void)context;
    error_warn("nntune", place, "%s", text);
}

static int set_text(struct config *config, const char *key, const char *value, struct error *err)
{
    char text[256];
    snprintf(text, sizeof(text), "%s=%s", key, value);
    return config_set(config, text, err);
}

static int make_config(const struct option_values *given, const char *path, struct config **result,
                       struct error *err)
{
    static const struct {
        int option;
        const char *key;
    } keys[] = { { THREADS, "train.threads" },
                 { THREADS, "data.threads" },
                 { SEED, "tune.seed" },
                 { BUDGET, "tune.budget" },
                 { TRIALS, "tune.trials" } };
    struct config *config;
    if (config_open(&config, path, err) < 0)
        return -1;
    int rc = 0;
    for (int i = 0; i < given->set_count && rc == 0; i++)
        rc = config_set(config, given->set[i], err);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && rc == 0; i++)
        if (given->given[keys[i].option])
            rc = set_text(config, keys[i].key, given->repeat[keys[i].option][0], err);
    if (rc < 0) {
        config_close(config);
        return -1;
    }
    *result = config;
    return 0;
}

static int judge_run(const char *path, bool *pass, struct error *err)
{
    struct curves c;
    struct verdict v;
    if (curves_read(&c, path, err) < 0)
        return -1;
    int rc = verdict_begin(&v, "curves", err);
    if (rc == 0) {
        printf("%s\n", path);
        curves_judge(&c.facts, &v);
        print_verdict(NULL, &v);
        *pass &= v.pass;
        verdict_release(&v);
    }
    curves_release(&c);
    return rc;
}

/* `nntune curves RUN...`: any run folders, and those below any folder. */
static int judge_runs(const struct option_values *given, bool *pass, struct error *err)
{
    struct run_list list = { 0 };
    int rc = 0;
    for (int i = 0; i < given->positional_count && rc == 0; i++)
        if (step_of(given->positional[i]) != TUNE_STEP_CURVES || file_exists(given->positional[i]))
            rc = run_find(&list, given->positional[i], err);
    if (rc == 0 && list.count == 0)
        rc = given->positional_count > 1
                 ? error_set(err, ERROR_DATA, given->positional[given->positional_count - 1],
                             "there is no run folder in it")
                 : error_set(err, ERROR_USAGE, NULL,
                             "nntune curves RUN...: a run folder is missing");
    for (size_t i = 0; i < list.count && rc == 0; i++)
        rc = judge_run(list.path[i], pass, err);
    run_list_release(&list);
    return rc;
}

static int run_config(const struct option_values *given, const char *path, int step, bool *pass,
                      struct error *err)
{
    struct config *config;
    struct tune_config tune;
    struct verdict v;
    if (make_config(given, path, &config, err) < 0)
        return -1;
    const struct tune_options o = {
        .config = config,
        .tune = &tune,
        .data = given->value[DATA].text,
        .val = given->value[VAL].text,
        .daemon = given->value[DAEMON].text,
        .folder = given->value[OUT].text,
        .keep_going = given->value[KEEP_GOING].flag,
        .stop = interrupt_catch(),
        .verdict = print_verdict,
        .tell = print_line,
        .warn = print_warning,
    };
    int rc = tune_config_read(&tune, config, err);
    if (rc == 0 && !o.folder && step > TUNE_STEP_LR)
        rc = error_set(err, ERROR_USAGE, NULL, "--out is missing: the folder of the sweep");
    else if (rc == 0 && !o.folder) {
        rc = tune_step(&o, (enum tune_step)step, &v, err);
        if (rc == 0) {
            print_verdict(NULL, &v);
            *pass = v.pass;
            verdict_release(&v);
        }
    } else if (rc == 0)
        rc = tune_run(&o, (enum tune_step)step, pass, err);
    config_close(config);
    return rc;
}

/* CONFIG, CONFIG STEP or STEP CONFIG; or curves and runs. */
static int run(const struct option_values *given, bool *pass, struct error *err)
{
    int n = given->positional_count;
    int first = step_of(given->positional[0]), second = n > 1 ? step_of(given->positional[1]) : -1;
    *pass = true;
    if (first == TUNE_STEP_CURVES)
        return judge_runs(given, pass, err);
    if (n == 1 && first < 0)
        return run_config(given, given->positional[0], TUNE_ALL, pass, err);
    if (n != 2 || (first < 0) == (second < 0) || second == TUNE_STEP_CURVES)
        return error_set(
            err, ERROR_USAGE, NULL,
            "give one CONFIG and at most one of init, overfit, lr, coarse, refine and versus; or "
            "curves and run folders");
    return run_config(given, given->positional[first < 0 ? 0 : 1], first < 0 ? second : first, pass,
                      err);
}

int main(int argc, char **argv)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct error err = { 0 };
    bool pass = true;
    int rc = option_read(&command, argc, argv, &given, &err);
    if (rc == 0)
        rc = run(&given, &pass, &err);
    if (rc >= 0)
        rc = file_check_printed(&err);
    if (rc == 0)
        return pass ? 0 : 1;
    error_print(&err, "nntune");
    return error_status(&err);
}
