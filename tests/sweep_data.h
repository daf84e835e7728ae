/*
 * A sweep of seconds for tests: 96 images of three classes, a network of one convolution, the
 * learning rate and the weight decay to be found, in a working folder of its own, in "out".
 *
 *     tcase_add_checked_fixture(cases, sweep_data_enter, sweep_data_leave);
 *     struct sweep_end end = sweep_data_run(&stage);
 */
#ifndef TENFOLD_TESTS_SWEEP_DATA_H
#define TENFOLD_TESTS_SWEEP_DATA_H

#include "base/config.h"
#include "train/sweep.h"

extern struct space sweep_data_space;
extern const char *sweep_data_daemon; /* whose batches are taken; NULL: nobody's */

void sweep_data_enter(void);
void sweep_data_leave(void);

/* The config, with an assignment more (NULL: none); config_close. */
struct config *sweep_data_config(const char *set);
/* How a worker of the tests works: a heart that beats every 20 ms and is given up after 1.5 s. */
struct sweep_options sweep_data_options(const struct config *config);
/* Work in "out" until the stage is complete; `stage->space` NULL: the one above. Fails the test on
 * an error. */
struct sweep_end sweep_data_run(const struct sweep_stage *stage);

#endif
