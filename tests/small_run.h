/*
 * A training of seconds for tests: 288 small images of three classes, a network of two
 * convolutions, and the run folder beside the data.
 *
 *     tcase_add_checked_fixture(cases, small_run_setup, small_run_teardown);
 *     ck_assert_int_eq(small_run(sets, (struct train_request){ 0 }, &result, &err), 0);
 */
#ifndef TENFOLD_TESTS_SMALL_RUN_H
#define TENFOLD_TESTS_SMALL_RUN_H

#include "base/error.h"
#include "tests/tiny.h"
#include "train/trainer.h"

extern struct tiny small_run_data; /* the data */
extern char small_run_out[];       /* the folder */

void small_run_setup(void);
void small_run_teardown(void);

/* Train with these `--set`s (NULL-terminated; NULL: none) on the data, quietly, into the folder. */
int small_run(const char *const *sets, struct train_request request, struct train_result *result,
              struct error *err);
/* Is the file in the folder? */
bool small_run_has(const char *name);
/* model_hash of the weights `name` in the folder. */
void small_run_hash(const char *name, char hex[65]);

#endif
