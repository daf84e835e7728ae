/*
 * Probabilities of networks on a data set. Every image is read and decoded once for all views and
 * models. Images are taken in groups of ids [jG, (j+1)G), each image at place id mod G of its
 * group's products, so that the result is bit-identical for any number of threads and any range
 * asked for. Views whose size follows the image (`dense`) run alone, at place 0.
 *
 *     struct predict_options o = { .views = VIEWS_10CROP, .pool = pool };
 *     struct prediction p[2];
 *     if (predict(index, nets, preprocesses, 2, &o, p, &err) < 0) ...
 *     prediction_release(&p[0]);
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
int predict_group(enum view_protocol views);

struct predict_options {
    enum view_protocol views;
    uint64_t first, count; /* range of ids; count 0: to the end */
    struct pool *pool;     /* borrowed */
    bool exif_apply;
    const char *progress; /* label of the bar; NULL: none */
    /* Called for an image that decoded with a warning, by any worker but one at a time; NULL:
     * nobody listens. */
    void (*warn)(void *context, const char *place, const char *text);
    void *context;                     /* borrowed; for `warn` */
    const volatile sig_atomic_t *stop; /* ends the work when it is not 0; may be NULL */
};

/* Softmax of each view's logits in double, then the mean over the views by their weights, in
 * double. `out` holds `models` predictions, filled on success and untouched on failure. ERROR_DATA:
 * a bad image; ERROR_FAILED: a network whose logits are not finite; of several the one with the
 * smallest id is reported, whatever the threads. ERROR_INTERRUPTED: stopped. ERROR_USAGE: a range
 * outside the data set, or `dense` with a network that is not fully convolutional. */
int predict(const struct index *index, const struct net *const *nets,
            const struct preprocess *preprocesses, int models,
            const struct predict_options *options, struct prediction *out, struct error *err);

#endif
