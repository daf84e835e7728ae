/*
 * The proof that a set of prediction files holds every sample of a data set exactly once. Files are
 * added one after the other; what does not fit is collected, so that all of it can be listed.
 *
 *     struct coverage c;
 *     if (coverage_open(&c, total, data_hash, index, &err) < 0) ...
 *     if (coverage_add(&c, &file, &err) < 0) ...               // for each file
 *     if (coverage_close_gaps(&c, &err) < 0) ...               // what is missing
 *     complete = c.missing == 0 && c.doubled == 0 && c.foreign == 0; puts(c.lines.data);
 *     coverage_release(&c);
 */
#ifndef TENFOLD_EVAL_COVERAGE_H
#define TENFOLD_EVAL_COVERAGE_H

#include "base/buffer.h"
#include "eval/prediction.h"
#include "loader/index.h"

struct coverage {
    uint64_t total;            /* samples of the data set */
    const char *data_hash;     /* borrowed */
    const struct index *index; /* borrowed; NULL: keys and labels are not looked at */
    int files;
    int32_t *owner; /* (total) the file that a sample is in, -1: none; owned */
    char **paths;   /* (files) owned */
    size_t paths_capacity;
    uint64_t missing, doubled, foreign; /* samples */
    struct buffer lines;                /* "missing 160..175: 16 samples\n", ... in ranges of ids */
    int lines_left;                     /* until it says "and more" */
};

int coverage_open(struct coverage *c, uint64_t total, const char *data_hash,
                  const struct index *index, struct error *err);

/* Foreign is a sample of a file of another data set, beyond the last id, or (with an index) of
 * another key or label than the data set's. The sample's first file owns it. */
int coverage_add(struct coverage *c, const struct prediction_file *file, struct error *err);

/* To be called once, after the last file. */
int coverage_close_gaps(struct coverage *c, struct error *err);

void coverage_release(struct coverage *c);

#endif
