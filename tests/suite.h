/*
 * The end of every Check program in one line:
 *
 *     int main(void)
 *     {
 *         TCase *cases = suite_cases("rng");
 *         tcase_add_test(cases, philox_known_answers);
 *         return suite_run();
 *     }
 */
#ifndef TENFOLD_TESTS_SUITE_H
#define TENFOLD_TESTS_SUITE_H

#include <check.h>

/* A new suite with one test case, whose tests may take two minutes each (sanitizers are slow). */
TCase *suite_cases(const char *name);
/* Run it, free it, and give main's result. */
int suite_run(void);

#endif
