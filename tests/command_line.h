/*
 * A line of shell as a test writes it, with marks for what only the run knows.
 *
 *     const struct command_line_mark marks[] = { { '@', command_line_bin() }, { '%', home }, { 0 }
 * }; static char out[4000]; ck_assert_int_eq(command_line_run("@/nndata ops > %/ops", marks, out,
 * sizeof(out)), 0);
 */
#ifndef TENFOLD_TESTS_COMMAND_LINE_H
#define TENFOLD_TESTS_COMMAND_LINE_H

#include <stddef.h>

struct command_line_mark {
    char mark;
    const char *text; /* in its place */
};

/* The folder of the programs: $TENFOLD_BIN, or bin. */
const char *command_line_bin(void);

/* The exit status; `out` gets what went to standard output and standard error, as far as there is
 * room. A line that a signal ends fails the test. `marks` ends with a mark of 0. */
int command_line_run(const char *line, const struct command_line_mark *marks, char *out,
                     size_t size);

#endif
