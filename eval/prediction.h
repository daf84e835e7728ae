/*
 * What a model (or an ensemble) says about a run of samples: in memory, and as a file that says
 * where it came from. A file is safetensors: `logits` or `probs` (n,k) F32; `label`, `id` and
 * `key_hash` (n) I64; where they were kept, `views` (n,v,k) F16 or F32 and `view_weight` (v) F32;
 * and metadata, all of it strings (docs/formats.md).
 *
 *     struct prediction_file f;
 *     if (prediction_open(&f, "resnet50.safetensors", &err) < 0) ...
 *     p = f.prediction.values, views = f.about.views, ...
 *     prediction_read_views(&f, 0, 16, values, &err);
 *     prediction_close(&f);
 */
#ifndef TENFOLD_EVAL_PREDICTION_H
#define TENFOLD_EVAL_PREDICTION_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "base/safetensors.h"

enum prediction_kind { PREDICTION_PROBS, PREDICTION_LOGITS };
extern const char *const prediction_kind_names[]; /* by kind: "probs", "logits"; ends with NULL */

struct prediction {
    enum prediction_kind kind;
    uint64_t n;
    int k;             /* classes */
    float *values;     /* (n,k), of the kind; the mean over the views; owned */
    int64_t *label;    /* (n), -1 unknown, owned */
    int64_t *id;       /* (n), owned */
    int64_t *key_hash; /* (n), hash64 of the sample's key, its bits; 0 unknown; owned */
};

/* n rows of zeros of kind PREDICTION_PROBS, labels, ids and hashes too. Release it when done. */
int prediction_init(struct prediction *p, uint64_t n, int k, struct error *err);
void prediction_release(struct prediction *p);

/* Where a prediction comes from: metadata of its file. A text is borrowed from whoever made the
 * struct, and NULL where nothing is known; a number then 0. */
struct prediction_about {
    const char *model_hash; /* of an ensemble those of all members, sorted, a space between */
    const char *network;    /* its name, or "ensemble" */
    const char *preprocess; /* JSON */
    const char *views;      /* protocol or policy */
    const char *data_hash;  /* 64 hex digits */
    const char *kernels;    /* "SkylakeX/plain": what the last bits depend on */
    const char *version;
    uint64_t parameters;    /* of the network */
    uint64_t multiply_adds; /* of a view */
    uint64_t total;         /* samples of the data set */
    uint64_t first, count;  /* range of ids that this file promises */
    int group;              /* G */
    /* Said of a number that flatters ("optimistic: weights were fitted on these samples"); NULL
     * nothing. */
    const char *caution;
};

/* The values of every view, when they were kept: of the kind of the prediction. Views that coincide
 * on an image were computed once and stand here under each of their numbers, so that the mean is
 * sum_v view_weight[v] * views[i,v,:] for every image. */
struct prediction_views {
    int v;               /* 0: not kept */
    enum dtype dtype;    /* DTYPE_F16 or DTYPE_F32 */
    const float *weight; /* (v), sum 1 */
    /* For writing: elements [first, first + count) of (n,v,k) in `dtype` into `out`. */
    int (*fill)(void *context, uint64_t first, size_t count, void *out, struct error *err);
    void *context;
};

/* Write `p` atomically. `views` may be NULL. `more` (an object of strings, may be NULL) joins the
 * metadata; keys of `about` win. */
int prediction_save(const char *path, const struct prediction *p,
                    const struct prediction_about *about, const struct prediction_views *views,
                    const json_t *more, struct error *err);

struct prediction_file {
    char *path;                    /* owned */
    struct prediction prediction;  /* owned; may be taken away (leave { 0 }) */
    struct prediction_about about; /* texts borrowed from the file */
    struct prediction_views views; /* `fill` is NULL: see prediction_read_views */
    const float *kept; /* (n,v,k), views in memory in place of the file's, borrowed; or NULL */
    struct safetensors *tensors; /* owned; the header, for more metadata */
};

/* Read all but the views. What is wrong is ERROR_DATA naming the file and the row: tensors missing,
 * of another type or size; both `logits` and `probs`, or neither; metadata that contradicts them;
 * values that are not finite; probabilities outside 0..1 or whose sum is further than 1e-3 from 1;
 * ids that do not rise from row to row; labels below -1. Of files made elsewhere only the values
 * are asked for: `label` is then -1, `id` the row, `key_hash` 0, and `about` empty. */
int prediction_open(struct prediction_file *f, const char *path, struct error *err);

/* The views of rows [first, first + count): values (count,v,k). Any thread. Not finite: refused. */
int prediction_read_views(const struct prediction_file *f, uint64_t first, uint64_t count,
                          float *values, struct error *err);

void prediction_close(struct prediction_file *f);

#endif
