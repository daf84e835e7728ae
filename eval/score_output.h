/*
 * The files that a score is written to, the same for every command that makes one.
 *
 *     struct score_output o = { .json = "score.json", .report = "page.html", .data = "data/val" };
 *     if (score_output_check(&o, &err) < 0) ...                 // before hours of work
 *     if (score_output_write(&o, result, &err) < 0) ...
 */
#ifndef TENFOLD_EVAL_SCORE_OUTPUT_H
#define TENFOLD_EVAL_SCORE_OUTPUT_H

#include "base/buffer.h"
#include "eval/score.h"

/* Borrowed; NULL: not wanted. */
struct score_output {
    const char *json, *csv, *report;
    const char *data;    /* images of the samples, for the report */
    const char *classes; /* as in index.h, for `data` */
};

/* The help of the options, so that every command says the same. */
#define SCORE_OUTPUT_JSON "write all numbers to this file, too"
#define SCORE_OUTPUT_CSV "write a table with timm's columns, then ours, to this file"
#define SCORE_OUTPUT_REPORT "write a page of HTML with charts to this file"
#define SCORE_OUTPUT_DATA                                                                          \
    "the data set that was predicted: names of samples, and pictures of the mistakes in the "      \
    "report"

/* What can be told before there is anything to write. */
int score_output_check(const struct score_output *output, struct error *err);
/* All of them; `result` gets the names of samples that `data` knows. */
int score_output_write(const struct score_output *output, struct score_result *result,
                       struct error *err);

/* The command line as a shell would take it, behind `program`, appended to `text`. */
int score_output_command(const char *program, int argc, char **argv, struct buffer *text,
                         struct error *err);

#endif
