/*
 * The outputs that a file holds, whoever wrote it: our prediction files, NumPy's .npy and .npz, and
 * CSV. The kind is told by the first bytes, never by the name.
 *
 *   .npy  floats (n,k): probabilities or logits; whole numbers (n) or (n,m): votes of one or m
 *         voters
 *   .npz  the same, with labels in an array `label`, `labels`, `target`, `targets` or `y`
 *   CSV   a row a sample. Columns called label or target hold labels, id or index ids, key, path,
 *         image or filename keys, vote, prediction or pred an answer; the others are classes in
 * their order, named by the first line. Without such a line all columns are classes, and a first
 *         one that is no number is the key.
 *
 *     struct outputs o;
 *     struct outputs_options options = { 0 };
 *     if (outputs_read(&o, "resnet50.npz", &options, &err) < 0) ...
 *     outputs_release(&o);
 */
#ifndef TENFOLD_EVAL_OUTPUTS_H
#define TENFOLD_EVAL_OUTPUTS_H

#include "base/arena.h"
#include "eval/prediction.h"
#include "eval/score.h"

enum outputs_kind { OUTPUTS_AUTO, OUTPUTS_PROBS, OUTPUTS_LOGITS, OUTPUTS_VOTES };
extern const char *const outputs_kind_names[]; /* "auto", "probs", "logits", "votes" */

struct outputs_options {
    enum outputs_kind kind; /* of files that do not say; auto: told by the values, or refused */
    const char *array;      /* of an .npz with several that would do; NULL: none is named */
};

/* All owned. What a file does not hold is NULL, 0, or "". */
struct outputs {
    enum score_kind kind;
    bool concluded; /* the kind was told by the values */
    uint64_t n;
    int k;          /* 0 for votes */
    float *values;  /* (n,k) probabilities or logits */
    int32_t *votes; /* (voters,n), 0 or more */
    int voters;
    int64_t *label, *id, *key_hash; /* (n) */
    const char **key;               /* (n) */
    const char **class_name;        /* (k) */
    const char *hash, *network, *views, *kernels, *data_hash, *caution;
    const char *preprocess;             /* JSON */
    uint64_t parameters, multiply_adds; /* of the network; of it for a view */
    uint64_t total;                     /* samples of the data set */
    struct arena arena;                 /* of the texts */
    struct prediction_file own; /* open where our own file keeps views; path NULL otherwise */
};

/* ERROR_DATA names the file, the row and what helps: values that are not finite, probabilities that
 * are outside 0..1 or do not sum to 1 within 1e-3, whatever does not fit together. ERROR_USAGE:
 * only a flag can tell what the values are (`--kind`, `--array`). */
int outputs_read(struct outputs *o, const char *path, const struct outputs_options *options,
                 struct error *err);
void outputs_release(struct outputs *o);

/* Labels alone: an .npy of whole numbers (n), an .npz with such an array, a text or CSV with one
 * column or one called label, or a prediction file. `o` has label, and id and key where known. */
int outputs_read_labels(struct outputs *o, const char *path, struct error *err);

/* Inside outputs: values (n,k) of `o` are of the kind that is wanted, or what they must be. */
int outputs_settle(struct outputs *o, const char *path, enum outputs_kind kind, struct error *err);

#endif
