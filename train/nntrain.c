/* nntrain: one network, trained from one config. */
#include <stdio.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/option.h"
#include "loader/stream.h"
#include "model/gradcheck.h"
#include "model/init_report.h"
#include "train/train_config.h"
#include "train/trainer.h"

enum {
    DATA,
    VAL,
    OUT,
    DAEMON,
    THREADS,
    SEED,
    RESUME,
    ALLOW_CHANGES,
    OVERWRITE,
    GRADCHECK,
    INIT_REPORT
};

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "",
               .help = "training images, in place of data.train: ImageFolder directory, tar, "
                       "folder of tars, or name-{0000..0009}.tar" },
    [VAL] = { "val", PARAM_FILE, "", .help = "validation images, in place of data.val" },
    [OUT] = { "out", PARAM_FILE, "", .help = "folder for the results, in place of train.out" },
    [DAEMON] = { "daemon", PARAM_TEXT, "",
                 .help = "take the batches from an nnprepd: unix:PATH, or auto for the user's own, "
                         "started when there is none; the result does not depend on it. Bad images "
                         "are then in data.ledger only" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "sets train.threads and data.threads; the result does not depend on it" },
    [SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
               .help = "sets train.seed and data.seed" },
    [RESUME] = { "resume", PARAM_FLAG, "",
                 .help = "go on with the run in --out, to the same weights as if it had never "
                         "stopped; begin one where there is none" },
    [ALLOW_CHANGES] = { "allow-changes", PARAM_FLAG, "",
                        .help = "resume although the config is another than the run's" },
    [OVERWRITE] = { "overwrite", PARAM_FLAG, "", .help = "remove the run that is in --out" },
    [GRADCHECK] = { "gradcheck", PARAM_FLAG, "",
                    .help = "train nothing: check the gradients of every kind of layer" },
    [INIT_REPORT] = { "init-report", PARAM_FILE, "",
                      .help = "train nothing: show how the networks of one or several CONFIGs "
                              "begin, as text and as init.png and init.html in this folder" },
    { 0 },
};

static const struct option_command command = {
    .program = "nntrain",
    .usage = "CONFIG [--data DATA] [--val DATA] [--out DIR] [options]",
    .summary = "train one network from a config",
    .options = options,
    .positional_min = 0,
    .positional_max = OPTION_POSITIONAL,
    .notes =
        "Examples:\n"
        "  nntrain configs/cifar10_quick.yaml --data 'train-{0000..0009}.tar' --val test.tar "
        "--out out/a\n"
        "  nntrain configs/cifar10_quick.yaml --data train --val test --out out/b --set "
        "train.lr=0.05\n"
        "  nntrain --gradcheck\n"
        "  nntrain --init-report out/init configs/init/*.yaml\n\n"
        "--out gets config.json (resolved), summary.csv, log.jsonl, ledger.jsonl (bad "
        "images), last.safetensors\n"
        "and, with validation images, best.safetensors; `nneval --model DIR/best.safetensors` "
        "evaluates it.\n"
        "SIGTERM and SIGUSR1 end the run after the step at hand with status 75, SIGINT with 130; "
        "checkpoint.safetensors\n"
        "and last.safetensors are saved, and the same command with --resume goes on. A run "
        "that was killed goes on from its\n"
        "last checkpoint (train.checkpoint_every).\n"
        "Exit status: 0 done, 1 failed (also: diverged), 2 wrong usage or config, 3 data "
        "refused, 75 saved, run again, 130 interrupted.\n",
    .sections = { data_params, train_params, eval_params },
    .section_names = { "data", "train", "eval" },
};

static void print_line(void *context, const char *line)
{
    (void)context;
    printf("%s\n", line);
    fflush(stdout); /* a run of hours is followed line by line */
}

static void print_warning(void *context, const char *place, const char *text)
{
    (void)context;
    error_warn("nntrain", place, "%s", text);
}

/* Number options that stand for keys of the config. */
static int set_both(struct config *config, const char *key, int64_t value, struct error *err)
{
    char text[64];
    snprintf(text, sizeof(text), "train.%s=%lld", key, (long long)value);
    if (config_set(config, text, err) < 0)
        return -1;
    snprintf(text, sizeof(text), "data.%s=%lld", key, (long long)value);
    return config_set(config, text, err);
}

static int make_config(const struct option_values *given, int number, struct config **result,
                       struct error *err)
{
    struct config *config;
    if (config_open(&config, given->positional[number], err) < 0)
        return -1;
    int rc = 0;
    for (int i = 0; i < given->set_count && rc == 0; i++)
        rc = config_set(config, given->set[i], err);
    if (rc == 0 && given->given[THREADS])
        rc = set_both(config, "threads", given->value[THREADS].integer, err);
    if (rc == 0 && given->given[SEED])
        rc = set_both(config, "seed", given->value[SEED].integer, err);
    if (rc < 0) {
        config_close(config);
        return -1;
    }
    *result = config;
    return 0;
}

static void print_check(void *context, const struct gradcheck_line *line)
{
    (void)context;
    if (line->differentiated == 0) {
        printf("%-20s %-15s %d networks in float within %.1e\n", line->kind, line->way,
               line->compared, line->worst_deviation);
        fflush(stdout);
        return;
    }
    printf("%-20s %-15s %5ld coordinates, %ld kinks, differences %.1e; %d cases in float within "
           "%.1e\n",
           line->kind, line->way, line->coordinates, line->kinks, line->worst_difference,
           line->compared, line->worst_deviation);
    fflush(stdout);
}

static int make_report(const struct option_values *given, int number, struct init_report **report,
                       struct error *err)
{
    struct config *config = NULL;
    struct net *net = NULL;
    struct train_config train;
    struct buffer text = { 0 };
    int rc = make_config(given, number, &config, err);
    if (rc == 0)
        rc = train_config_read(&train, config, err);
    if (rc == 0)
        rc = train_config_net(&net, config, err);
    if (rc == 0)
        rc = init_report_open(report, net, train.seed, err);
    if (rc == 0)
        rc = init_report_print(*report, &text, err);
    if (rc == 0)
        printf("%s%s", number > 0 ? "\n" : "", text.data);
    buffer_release(&text);
    net_close(net);
    config_close(config);
    return rc;
}

static int report_inits(const struct option_values *given, struct error *err)
{
    struct init_report *reports[OPTION_POSITIONAL] = { NULL };
    int rc = 0, count = given->positional_count;
    for (int i = 0; rc == 0 && i < count; i++)
        rc = make_report(given, i, &reports[i], err);
    if (rc == 0)
        rc = init_report_draw(reports, count, given->value[INIT_REPORT].text, err);
    for (int i = 0; i < count; i++)
        init_report_close(reports[i]);
    return rc;
}

static int run(const struct option_values *given, struct error *err)
{
    struct config *config;
    if (given->value[GRADCHECK].flag)
        return gradcheck_run(GRADCHECK_CASES, GRADCHECK_CASES, print_check, NULL, err);
    if (given->positional_count == 0)
        return error_set(err, ERROR_USAGE, NULL, "CONFIG is missing; nntrain --help says more");
    if (given->given[INIT_REPORT])
        return report_inits(given, err);
    if (given->positional_count > 1)
        return error_set(err, ERROR_USAGE, given->positional[1],
                         "one CONFIG at a time is trained; nntrain --help says more");
    if (make_config(given, 0, &config, err) < 0)
        return -1;
    struct train_request request = {
        .config = config,
        .data = given->value[DATA].text,
        .val = given->value[VAL].text,
        .out = given->value[OUT].text,
        .resume = given->value[RESUME].flag,
        .allow_changes = given->value[ALLOW_CHANGES].flag,
        .daemon = given->value[DAEMON].text,
        .overwrite = given->value[OVERWRITE].flag,
        .stop = interrupt_catch(),
        .epoch = print_line,
        .warn = print_warning,
    };
    struct train_result result;
    int rc = train_run(&request, &result, err);
    config_close(config);
    if (rc < 0)
        return -1;
    if (result.early)
        printf("ended early after epoch %d; ", result.epochs);
    if (result.best)
        printf("best: epoch %d, validation top-1 %.2f %%; ", result.best, 100 * result.best_top1);
    printf("%.1f s in all\n", result.seconds);
    return 0;
}

int main(int argc, char **argv)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct error err = { 0 };
    int rc = option_read(&command, argc, argv, &given, &err);
    if (rc == 0)
        rc = run(&given, &err);
    if (rc >= 0)
        rc = file_check_printed(&err);
    if (rc == 0)
        return 0;
    error_print(&err, "nntrain");
    return error_status(&err);
}
