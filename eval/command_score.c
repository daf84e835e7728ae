/* nneval score: metrics, ensembles and tests from prediction files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "eval/command.h"
#include "eval/score_option.h"
#include "eval/score_output.h"
#include "eval/score_read.h"
#include "eval/score_text.h"

enum {
    LABELS,
    KIND,
    ARRAY,
    CLASSES,
    REAL,
    ENSEMBLE,
    VAL,
    VAL_LABELS,
    VAL_FOLD,
    VAL_IDS,
    OPTIMISTIC,
    LEARN_VIEWS,
    GREEDY,
    TOP,
    TEMPERATURE,
    ROUNDS,
    SEED,
    THREADS,
    JSON,
    CSV,
    REPORT,
    DATA,
};

static const struct param options[] = {
    [LABELS] = SCORE_ROW_LABELS,
    [KIND] = SCORE_ROW_KIND,
    [ARRAY] = SCORE_ROW_ARRAY,
    [CLASSES] = SCORE_ROW_CLASSES,
    [REAL] = { "real", PARAM_FILE, "",
               .help = "alternative labels: a JSON list of lists, one for each sample (ReaL)" },
    [ENSEMBLE] = { "ensemble", PARAM_TEXT, "",
                   .help = "RULE, RULE:WEIGHTS or RULE:W1,W2,...; repeat for several, `none` for "
                           "none; the default averages probabilities, or counts votes" },
    [VAL] = { "val", PARAM_FILE, "",
              .help = "predictions of a validation set, to fit weights and temperatures on; one "
                      "for each file, in the same order" },
    [VAL_LABELS] = { "val-labels", PARAM_FILE, "", .help = "labels of the validation set" },
    [VAL_FOLD] = { "val-fold", PARAM_TEXT, "",
                   .help = "I/N: the samples whose id leaves I when divided by N are for fitting, "
                           "and not reported" },
    [VAL_IDS] = { "val-ids", PARAM_FILE, "",
                  .help = "ids of the samples that are for fitting, and not reported" },
    [OPTIMISTIC] = { "optimistic", PARAM_FLAG, "",
                     .help = "fit and select on the reported samples; every output says so" },
    [LEARN_VIEWS] = { "learn-views", PARAM_FLAG, "",
                      .help = "of files that keep their views: beside each one also the average "
                              "with weights of the views that were fitted" },
    [GREEDY] = { "greedy-steps", PARAM_INTEGER, "", .value = 20, .min = 1, .max = 1000,
                 .help = "members that greedy selection adds, with replacement" },
    [TOP] = { "top", PARAM_INTEGER, "", .value = 5, .min = 1, .max = 1000000,
              .help = "k of top-k" },
    [TEMPERATURE] = SCORE_ROW_TEMPERATURE,
    [ROUNDS] = { "rounds", PARAM_INTEGER, "", .value = 1000, .min = 0, .max = 100000,
                 .help = "of the bootstrap; 0: no intervals but Wilson's" },
    [SEED] = SCORE_ROW_SEED,
    [THREADS] = SCORE_ROW_THREADS,
    [JSON] = { "json", PARAM_FILE, "", .help = SCORE_OUTPUT_JSON },
    [CSV] = { "csv", PARAM_FILE, "", .help = SCORE_OUTPUT_CSV },
    [REPORT] = { "report", PARAM_FILE, "", .help = SCORE_OUTPUT_REPORT },
    [DATA] = { "data", PARAM_FILE, "", .help = SCORE_OUTPUT_DATA },
    { 0 },
};

static const char notes[] =
    "FILES are what `nneval predict` writes, or .npy, .npz and CSV of other software: floats\n"
    "(samples, classes), or votes. Rules of ensembles: prob (mean probability), logprob, logit, "
    "vote.\n"
    "Weights: uniform, nnls, likelihood, greedy (the last three are fitted; see --val).\n"
    "\n"
    "Examples:\n"
    "  nneval score out/*.safetensors\n"
    "  nneval score a.npz b.npz --labels labels.npy --ensemble prob --ensemble prob:greedy "
    "--val-fold 0/5\n"
    "  nneval score votes.npy --labels labels.npy --ensemble vote\n"
    "\n"
    "The table goes to standard output. Exit status: 0 done, 1 failed, 2 wrong usage, 3 data "
    "refused.\n";

static const struct option_command command = {
    .program = "nneval score",
    .usage = "FILES... [options]",
    .summary = "metrics with intervals, ensembles and paired tests from prediction files",
    .options = options,
    .positional_min = 1,
    .positional_max = OPTION_POSITIONAL,
    .notes = notes,
};

static const char *text_of(const struct option_values *given, int row)
{
    return given->value[row].text;
}

static int fill_request(const struct option_values *given, struct score_request *r,
                        struct error *err)
{
    *r = (struct score_request){ .files = given->positional,
                                 .count = given->positional_count,
                                 .labels = text_of(given, LABELS),
                                 .real = text_of(given, REAL),
                                 .classes = text_of(given, CLASSES),
                                 .outputs = { (enum outputs_kind)given->value[KIND].integer,
                                              text_of(given, ARRAY) },
                                 .val = given->repeat[VAL],
                                 .vals = given->repeat_count[VAL],
                                 .val_labels = text_of(given, VAL_LABELS),
                                 .val_ids = text_of(given, VAL_IDS),
                                 .learn_views = given->value[LEARN_VIEWS].flag,
                                 .optimistic = given->value[OPTIMISTIC].flag };
    for (int e = 0; e < given->repeat_count[ENSEMBLE]; e++)
        r->keep_logits |= !strncmp(given->repeat[ENSEMBLE][e], "logit", 5);
    const char *fold = text_of(given, VAL_FOLD);
    return fold ? score_fold_parse(fold, &r->fold, &r->folds, err) : 0;
}

/* The ensembles that were asked for; by default one where there are several predictors. */
struct wishes {
    struct score_wish list[OPTION_REPEAT];
    double *weight; /* (OPTION_REPEAT, files); owned */
    int count;
};

static int make_wishes(const struct option_values *given, const struct score_input *in,
                       struct wishes *w, struct error *err)
{
    int asked = given->repeat_count[ENSEMBLE], members = in->files - in->beside;
    *w = (struct wishes){ 0 };
    w->weight = memory_array((size_t)OPTION_REPEAT * (size_t)members, sizeof(double), err);
    if (!w->weight)
        return -1;
    if (asked == 1 && !strcmp(given->repeat[ENSEMBLE][0], "none"))
        return 0;
    for (int e = 0; e < asked; e++)
        if (score_wish_parse(given->repeat[ENSEMBLE][e], members,
                             w->weight + (size_t)e * (size_t)members, &w->list[w->count++],
                             err) < 0)
            return -1;
    if (asked || members < 2)
        return 0;
    bool votes = false;
    for (int f = 0; f < in->files; f++)
        votes |= in->file[f].kind == SCORE_VOTES;
    w->list[w->count++].rule = votes ? SCORE_RULE_VOTE : SCORE_RULE_PROB;
    return 0;
}

static int print(const struct score_result *r, struct error *err)
{
    struct buffer text = { 0 };
    int status = score_print(r, &text, err);
    if (status == 0 &&
        (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0))
        status = error_errno(err, "standard output", "cannot write the table");
    buffer_release(&text);
    return status;
}

static int score_set(const struct option_values *given, const struct score_set *set,
                     struct pool *pool, struct error *err)
{
    struct wishes wishes;
    struct score_options o = score_defaults();
    struct score_result *r = NULL;
    o.pool = pool;
    o.rounds = (int)given->value[ROUNDS].integer;
    o.seed = (uint64_t)given->value[SEED].integer;
    o.top = (int)given->value[TOP].integer;
    o.temperature = given->value[TEMPERATURE].flag;
    o.optimistic = given->value[OPTIMISTIC].flag;
    o.greedy_steps = (int)given->value[GREEDY].integer;
    int status = make_wishes(given, score_set_input(set), &wishes, err);
    o.wish = wishes.list;
    o.wishes = wishes.count;
    if (status == 0)
        status = score_make(score_set_input(set), &o, &r, err);
    if (status == 0)
        status = score_set_views(set, r, pool, err);
    free(wishes.weight);
    struct score_output output = { text_of(given, JSON), text_of(given, CSV),
                                   text_of(given, REPORT), text_of(given, DATA),
                                   text_of(given, CLASSES) };
    if (status == 0)
        status = print(r, err);
    if (status == 0)
        status = score_output_write(&output, r, err);
    score_close(r);
    return status;
}

int command_score(int argc, char **argv, struct error *err)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct score_request request;
    struct score_set *set = NULL;
    struct buffer line = { 0 };
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc;
    struct score_output output = { text_of(&given, JSON), text_of(&given, CSV),
                                   text_of(&given, REPORT), NULL, NULL };
    if (score_output_check(&output, err) < 0 || fill_request(&given, &request, err) < 0 ||
        pool_open(&request.pool, (int)given.value[THREADS].integer, err) < 0)
        return -1;
    rc = score_output_command("nneval", argc, argv, &line, err);
    request.command = line.data;
    if (rc == 0)
        rc = score_set_read(&set, &request, err);
    if (rc == 0)
        rc = score_set(&given, set, request.pool, err);
    score_set_close(set);
    pool_close(request.pool);
    buffer_release(&line);
    return rc;
}
