/*
 * Probabilities of networks on a data set. Every image is decoded once for all views and models.
 * Images are taken in groups of ids [jG, (j+1)G), each image at place id mod G of its group's
 * products, so that the result is bit-identical for any number of threads and any range asked for.
 *
 *     struct predict_options o = { .views = VIEWS_10CROP, .pool = pool };
 *     struct prediction p[2];
 *     if (predict(index, nets, preprocesses, 2, &o, p, &err) < 0) ...
 *     prediction_release(&p[0]);
 */
#ifndef TENFOLD_EVAL_PREDICT_H
#define TENFOLD_EVAL_PREDICT_H

#include "augment/preprocess.h"
#include "augment/view.h"
#include "base/thread.h"
#include "loader/index.h"
#include "model/net.h"

enum { PREDICT_GROUP = 16 };

struct predict_options {
    enum view_protocol views;
    uint64_t first, count; /* range of ids; count 0: to the end */
    struct pool *pool;     /* borrowed */
    bool exif_apply;
    const char *progress; /* label of the bar; NULL: none */
};

/* One model's probabilities, mean over the views. */
struct prediction {
    uint64_t n;
    int k;
    float *probs;   /* (n,k), owned */
    int64_t *label; /* (n), -1 unknown, owned */
    int64_t *id;    /* (n), owned */
};

/* `out` holds `models` predictions, filled on success and untouched on failure. A bad image is
 * ERROR_DATA. */
int predict(const struct index *index, const struct net *const *nets,
            const struct preprocess *preprocesses, int models,
            const struct predict_options *options, struct prediction *out, struct error *err);
void prediction_release(struct prediction *p);

#endif
