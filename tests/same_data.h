/*
 * Two sources that must be the same data set, as a packed one and what it was packed from.
 *
 *     same_data_check("photos", "packed", NULL);
 */
#ifndef TENFOLD_TESTS_SAME_DATA_H
#define TENFOLD_TESTS_SAME_DATA_H

#include "loader/index.h"

/* Fails the test where the source cannot be opened. */
struct index *same_data_open(const char *data, const struct index_options *options);
/* Keys, labels, names of classes, hash and pixels are the same; files that do not decode have the
 * same bytes. */
void same_data_check(const char *source, const char *packed, const struct index_options *options);

#endif
