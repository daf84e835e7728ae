/*
 * A folder of its own for every test case, which runs in it:
 *
 *     tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
 */
#ifndef TENFOLD_TESTS_SCRATCH_H
#define TENFOLD_TESTS_SCRATCH_H

/* Make a folder below /tmp and make it the working folder. */
void scratch_enter(void);
/* Remove it and go back to where the test was started. */
void scratch_leave(void);
/* Where the test was started: for files of the repository. */
const char *scratch_start(void);

#endif
