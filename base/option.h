/*
 * Command lines from the same tables as configs: `--threads 4`, `--threads=4`, flags `--plan` /
 * `--no-plan`.
 *
 *     static const struct option_command command = {
 *         .program = "nndata batches", .usage = "CONFIG --data DATA [options]",
 *         .summary = "print a line per batch: ...", .options = params, .positional_min = 1,
 * .positional_max = 1,
 *     };
 *     struct option_values given;
 *     int rc = option_read(&command, argc, argv, &given, &err);  // 1: --help or --version was
 * printed
 */
#ifndef TENFOLD_BASE_OPTION_H
#define TENFOLD_BASE_OPTION_H

#include "base/param.h"

enum { OPTION_MAX = 48, OPTION_REPEAT = 64, OPTION_POSITIONAL = 64 };

struct option_command {
    const char *program, *usage, *summary;
    const struct param
        *options; /* names without the dashes; --set and --help are understood by all */
    int positional_min, positional_max;
    const char *notes; /* printed below the options: examples, exit status; may be NULL */
    const struct param
        *sections[8]; /* config tables shown by --help under their names; NULL-terminated */
    const char *section_names[8];
};

struct option_values {
    union value value[OPTION_MAX];                 /* by row of `options` */
    bool given[OPTION_MAX];                        /* named on the command line */
    const char *repeat[OPTION_MAX][OPTION_REPEAT]; /* every text given for a row, in order (--model
                                                      A --model B) */
    int repeat_count[OPTION_MAX];
    const char *set[OPTION_REPEAT]; /* the --set assignments, in order */
    int set_count;
    const char *positional[OPTION_POSITIONAL];
    int positional_count;
};

/* Read argv[1..]. 0: done; 1: --help was asked for and printed on standard output; -1: ERROR_USAGE.
 */
int option_read(const struct option_command *command, int argc, char **argv,
                struct option_values *given, struct error *err);

#endif
