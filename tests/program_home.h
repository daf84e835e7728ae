/*
 * A folder with configs, right and wrong, a small data set, and the programs run on them.
 *
 *     tcase_add_checked_fixture(cases, program_home_enter, program_home_leave);
 *     ...
 *     program_home_must("@/nndata verify #", "48 images", out, sizeof(out));
 */
#ifndef TENFOLD_TESTS_PROGRAM_HOME_H
#define TENFOLD_TESTS_PROGRAM_HOME_H

#include "tests/tiny.h"

extern struct tiny program_data;
extern char program_home[64];

void program_home_enter(void);
void program_home_leave(void);
void program_home_write(const char *name, const char *text);

/* Run `line` with @ for the programs' folder, % for the test's own and # for the data; `out` gets
 * what it prints. Returns the exit status. */
int program_home_run(const char *line, char *out, size_t size);
/* ... which must be 0, and `says` in what it prints. */
void program_home_must(const char *line, const char *says, char *out, size_t size);

#endif
