/*
 * Configs, good and broken on purpose, for the steps of the recipe: three networks that learn
 * three classes of striped images in seconds, and the same images with labels that are not theirs.
 *
 *     tcase_add_unchecked_fixture(cases, tune_case_setup, tune_case_teardown);
 *     struct config *config = tune_case_config(TUNE_CONV, sets, TUNE_TRUE);
 */
#ifndef TENFOLD_TESTS_TUNE_CASE_H
#define TENFOLD_TESTS_TUNE_CASE_H

#include "base/config.h"

/* Convolutions with batch normalization; two linear layers; a deeper net with dropout, AdamW and
 * smoothed labels. */
enum tune_net { TUNE_CONV, TUNE_TWO_LAYER, TUNE_DEEP, TUNE_NETS };
/* Labels as they are; by chance in training and validation; every validation label one too far. */
enum tune_labels { TUNE_TRUE, TUNE_SHUFFLED, TUNE_OFF_BY_ONE };

void tune_case_setup(void); /* in a folder of its own, which becomes the working folder */
void tune_case_teardown(void);

/* `sets` as for --set, NULL-terminated; NULL: none. */
struct config *tune_case_config(enum tune_net net, const char *const *sets,
                                enum tune_labels labels);

#endif
