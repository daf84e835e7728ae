/*
 * The subcommands of nneval. Each is one file, command_<name>.c, that reads its own options and
 * does its work; nneval.c lists them.
 *
 * A command gets argv with its own name first. It returns 0 when it is done, 1 when it printed
 * help, or -1 with `err` filled. Results go to standard output or files.
 */
#ifndef TENFOLD_EVAL_COMMAND_H
#define TENFOLD_EVAL_COMMAND_H

#include "base/option.h"

/* Bare `nneval`: all in one go. */
int command_evaluate(int argc, char **argv, struct error *err);
int command_predict(int argc, char **argv, struct error *err);
int command_merge(int argc, char **argv, struct error *err);
int command_views(int argc, char **argv, struct error *err);
int command_missing(int argc, char **argv, struct error *err);
int command_score(int argc, char **argv, struct error *err);
int command_compare(int argc, char **argv, struct error *err);
int command_soup(int argc, char **argv, struct error *err);

/* The `warn` of predict.h and evaluation.h: its context, an int, counts, and the first few are
 * printed; then how many more there were. */
void command_warn(void *count, const char *place, const char *text);
void command_warned(int count);

#endif
