/*
 * Command lines from the same tables as configs: `--threads 4`, `--threads=4`, flags `--plan` /
 * `--no-plan`.
 *
 *     static const struct option_command command = {
 *         .program = "nndata batches",
 *         .usage = "CONFIG --data DATA [options]",
 *         .summary = "print a line per batch: step, hash of the sample ids, checksum",
 *         .options = params,
 *         .positional_min = 1,
 *         .positional_max = 1,
 *     };
 *     static struct option_values given;
 *     int rc = option_read(&command, argc, argv, &given, &err);
 *     if (rc != 0)
 *         return rc > 0 ? 0 : usage(&err);    // 1: --help or --version was printed
 */
#ifndef TENFOLD_BASE_OPTION_H
#define TENFOLD_BASE_OPTION_H

#include "base/param.h"

enum { OPTION_MAX = 48, OPTION_REPEAT = 64, OPTION_POSITIONAL = 64 };

struct option_command {
    const char *program, *usage, *summary;
    /* Names without the dashes; --help and --version are understood by all, --set by those that
     * read a config (that have sections). */
    const struct param *options;
    int positional_min, positional_max;
    const char *notes; /* printed below the options: examples, exit status; may be NULL */
    /* Config tables that --help shows, under their names ("data"); NULL-terminated. */
    const struct param *sections[8];
    const char *section_names[8];
};

struct option_values {
    union value value[OPTION_MAX]; /* by row of `options`; the last one given, or the default */
    bool given[OPTION_MAX];        /* named on the command line */
    /* Every text given for a row, in order (--model A --model B). */
    const char *repeat[OPTION_MAX][OPTION_REPEAT];
    int repeat_count[OPTION_MAX];
    const char *set[OPTION_REPEAT]; /* the --set assignments, in order */
    int set_count;
    const char *positional[OPTION_POSITIONAL];
    int positional_count;
};

/* Read argv[1..]. 0: done; 1: --help or --version was asked for and printed on standard output; -1:
 * ERROR_USAGE. Texts are borrowed from argv. `given` is 26 KB. */
int option_read(const struct option_command *command, int argc, char **argv,
                struct option_values *given, struct error *err);

/* What --help prints, appended to `out`. */
int option_help(const struct option_command *command, struct buffer *out, struct error *err);

#endif
