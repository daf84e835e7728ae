/*
 * What networks say about a data set. Every image is read and decoded once for all views and
 * models. Images are taken in groups of ids [jG, (j+1)G), each image at place id mod G of its
 * group's products, so that the result is bit-identical for any number of threads and any range
 * asked for. Views whose size follows the image (`dense`) run alone, at place 0.
 *
 *     struct predict_options o = { .views = &view_protocols[VIEWS_10CROP], .pool = pool };
 *     struct prediction p[2];
 *     if (predict(index, nets, preprocesses, 2, &o, p, &err) < 0) ...
 *     prediction_release(&p[0]);
 *
 * predict_groups hands over group by group instead, for results that go to a file or are larger
 * than memory.
 */
#ifndef TENFOLD_EVAL_PREDICT_H
#define TENFOLD_EVAL_PREDICT_H

#include <signal.h>

#include "augment/preprocess.h"
#include "augment/view.h"
#include "base/thread.h"
#include "eval/prediction.h"
#include "loader/index.h"
#include "model/net.h"

enum { PREDICT_GROUP = 16 };

/* G: PREDICT_GROUP, or 1 for `dense`. */
int predict_group(const struct view_policy *views);

struct predict_options {
    const struct view_policy *views; /* borrowed; NULL: 1crop */
    /* PREDICTION_PROBS: softmax of each view's logits, then the mean over the views.
     * PREDICTION_LOGITS: the mean of the logits. Both in double. */
    enum prediction_kind kind;
    uint64_t first, count; /* range of ids; count 0: to the end */
    struct pool *pool;     /* borrowed */
    /* Images in work at a time, rounded up to whole groups; 0: enough to keep the pool busy. More
     * needs more memory, and changes no bit. */
    int batch;
    bool exif_apply;
    /* For predict: (models) room for what each view says, (n,v,k) of the kind; NULL: not wanted. */
    float *const *views_out;
    const char *progress; /* label of the bar; NULL: none */
    /* Called for an image that decoded with a warning, by any worker but one at a time; NULL:
     * nobody listens. */
    void (*warn)(void *context, const char *place, const char *text);
    void *context;                     /* borrowed; for `warn` */
    const volatile sig_atomic_t *stop; /* ends the work when it is not 0; may be NULL */
};

/* `out` holds `models` predictions, filled on success and untouched on failure. ERROR_DATA: a bad
 * image; ERROR_FAILED: a network whose logits are not finite; of several the one of the first group
 * is reported, in it the smallest id, whatever the threads. ERROR_INTERRUPTED: stopped.
 * ERROR_USAGE: a range outside the data set, or `dense` with a network that is not fully
 * convolutional. */
int predict(const struct index *index, const struct net *const *nets,
            const struct preprocess *preprocesses, int models,
            const struct predict_options *options, struct prediction *out, struct error *err);

/* One group's part of the range. Borrowed for the call. */
struct predict_rows {
    uint64_t group;             /* first / G */
    uint64_t first;             /* id */
    int n;                      /* ids first .. first+n-1 */
    const float *const *values; /* (models) each (n,k) */
    const float *const *views;  /* (models) each (n,v,k) of the kind, or NULL */
};

struct predict_sink {
    bool views; /* `deliver` wants them */
    /* Is this group there already? NULL: none is. Asked before the work on it begins. */
    bool (*has)(void *context, uint64_t group);
    /* Called by any worker but one at a time, in any order of the groups; -1 ends the work. */
    int (*deliver)(void *context, const struct predict_rows *rows, struct error *err);
    void *context;
};

/* As predict, to `sink`. */
int predict_groups(const struct index *index, const struct net *const *nets,
                   const struct preprocess *preprocesses, int models,
                   const struct predict_options *options, const struct predict_sink *sink,
                   struct error *err);

/* Who the sample `id` is into row `row`: its label, id and the hash of its key. */
void predict_identify(const struct index *index, uint64_t id, struct prediction *p, uint64_t row);

#endif
