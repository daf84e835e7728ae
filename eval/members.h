/*
 * The networks that one evaluation compares and averages: opened, identified and named.
 *
 *     struct members m;
 *     if (members_open(&m, models, count, &err) < 0) ...
 *     if (members_fit(&m, index, "data/test", NULL, &err) < 0) ...
 *     members_close(&m);
 */
#ifndef TENFOLD_EVAL_MEMBERS_H
#define TENFOLD_EVAL_MEMBERS_H

#include <stdint.h>

#include "augment/preprocess.h"
#include "base/error.h"
#include "loader/index.h"
#include "model/net.h"

struct members {
    int count;
    struct net **nets;               /* owned, as all below; in the order given */
    struct preprocess *preprocesses; /* and their tables */
    char **names;                    /* all different, see names.h */
    char (*digits)[65];              /* what `hashes` points to */
    const char **hashes;             /* model_hash of each */
};

/* `models` are WEIGHTS or NET.yaml=WEIGHTS, count >= 1. Networks that do not have the same number
 * of classes are refused: they cannot be averaged. `m` is filled on success and untouched on
 * failure. */
int members_open(struct members *m, const char *const *models, int count, struct error *err);

/* Convolutions as --conv says, before anything is run: "exact", as they are opened, or "fast",
 * which round more coarsely (net_set_fast). */
extern const char *const members_conv_names[]; /* ends with NULL */
void members_set_fast(struct members *m, bool fast);

/* Values of a network, trained and running. */
uint64_t members_parameters(const struct members *m, int member);

/* Do the data set's labels mean the networks' outputs? Classes named by their folders must
 * be as many as outputs; numbers, also those of a class file, must be below it. ERROR_DATA names
 * both counts and what helps. `file` is the class file that numbered them, or NULL. */
int members_fit(const struct members *m, const struct index *index, const char *data,
                const char *file, struct error *err);

void members_close(struct members *m);

#endif
