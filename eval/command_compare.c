/* nneval compare: is one predictor better than another, or did it have luck with these samples? */
#include <stdio.h>

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
    [TEMPERATURE] = SCORE_ROW_TEMPERATURE,
    [ROUNDS] = { "rounds", PARAM_INTEGER, "", .value = 10000, .min = 100, .max = 1000000,
                 .help = "of the paired bootstrap" },
    [SEED] = SCORE_ROW_SEED,
    [THREADS] = SCORE_ROW_THREADS,
    [JSON] = { "json", PARAM_FILE, "", .help = SCORE_OUTPUT_JSON },
    [CSV] = { "csv", PARAM_FILE, "", .help = SCORE_OUTPUT_CSV },
    [REPORT] = { "report", PARAM_FILE, "", .help = SCORE_OUTPUT_REPORT },
    [DATA] = { "data", PARAM_FILE, "", .help = SCORE_OUTPUT_DATA },
    { 0 },
};

static const char notes[] =
    "A and B are files as `nneval score` takes them, about the same samples. Gains are B's over "
    "A's.\n"
    "McNemar's exact test looks only at the samples that one of them alone gets right.\n"
    "\n"
    "Example:\n"
    "  nneval compare out/resnet50-1crop.safetensors out/resnet50-10crop.safetensors\n"
    "\n"
    "Exit status: 0 done, whatever the result; 1 failed, 2 wrong usage, 3 data refused.\n";

static const struct option_command command = {
    .program = "nneval compare",
    .usage = "A B [options]",
    .summary = "paired tests between two predictors on the same samples",
    .options = options,
    .positional_min = 2,
    .positional_max = 2,
    .notes = notes,
};

static int compare(const struct score_input *input, const struct option_values *given,
                   const struct score_output *output, struct pool *pool, struct error *err)
{
    if (input->files != 2)
        return error_set(err, ERROR_USAGE, "A B",
                         "hold %d predictors; two are compared, and files of several voters are "
                         "for `nneval score`",
                         input->files);
    struct score_options o = score_defaults();
    struct score_result *r;
    struct buffer text = { 0 };
    o.pool = pool;
    o.rounds = (int)given->value[ROUNDS].integer;
    o.seed = (uint64_t)given->value[SEED].integer;
    o.temperature = given->value[TEMPERATURE].flag;
    if (score_make(input, &o, &r, err) < 0)
        return -1;
    int status = score_print_pair(r, 0, 1, &text, err);
    if (status == 0 &&
        (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0))
        status = error_errno(err, "standard output", "cannot write the result");
    buffer_release(&text);
    if (status == 0)
        status = score_output_write(output, r, err);
    score_close(r);
    return status;
}

int command_compare(int argc, char **argv, struct error *err)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct score_set *set = NULL;
    struct buffer line = { 0 };
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc;
    struct score_request request = { .files = given.positional,
                                     .count = given.positional_count,
                                     .labels = given.value[LABELS].text,
                                     .classes = given.value[CLASSES].text,
                                     .outputs = { (enum outputs_kind)given.value[KIND].integer,
                                                  given.value[ARRAY].text } };
    struct score_output output = { given.value[JSON].text, given.value[CSV].text,
                                   given.value[REPORT].text, given.value[DATA].text,
                                   given.value[CLASSES].text };
    if (score_output_check(&output, err) < 0 ||
        pool_open(&request.pool, (int)given.value[THREADS].integer, err) < 0)
        return -1;
    rc = score_output_command("nneval", argc, argv, &line, err);
    request.command = line.data;
    if (rc == 0)
        rc = score_set_read(&set, &request, err);
    if (rc == 0)
        rc = compare(score_set_input(set), &given, &output, request.pool, err);
    score_set_close(set);
    pool_close(request.pool);
    buffer_release(&line);
    return rc;
}
