/*
 * The test-time views of one group of images, as 8-bit pixels: each image is read and decoded once,
 * and each view is resampled once, however many networks look at it. What a thread needs to fill
 * and to read stores is its hand.
 *
 *     struct view_store *s;  struct view_hand *h;
 *     if (view_store_open(&s, &spec, &err) < 0 || view_hand_open(&h, index, &spec, &err) < 0) ...
 *     view_store_clear(s);
 *     if (view_store_load(s, h, id, place, &err) < 0) ...               // each image of the group
 *     if (view_store_batch(s, h, model, number, &batch, &err) < 0) ...  // each model and view
 *
 * Places of one store may be loaded at the same time by different hands; when all are loaded, any
 * hand may take batches.
 */
#ifndef TENFOLD_EVAL_VIEW_STORE_H
#define TENFOLD_EVAL_VIEW_STORE_H

#include "augment/preprocess.h"
#include "augment/view.h"
#include "loader/index.h"

struct view_store;
struct view_hand;

struct view_spec {
    const struct view_policy *policy;      /* borrowed until close, as the next */
    const struct preprocess *preprocesses; /* (models) */
    int models;
    int places; /* images in a group; 1 where the views' size follows the image */
    bool exif_apply;
};

int view_store_open(struct view_store **store, const struct view_spec *spec, struct error *err);
int view_hand_open(struct view_hand **hand, const struct index *index, const struct view_spec *spec,
                   struct error *err);

/* Forget the images; memory is kept. */
void view_store_clear(struct view_store *store);

/* Read, decode and render the image `id` at `place` (0..places-1). A bad image is ERROR_DATA and
 * names its file. */
int view_store_load(struct view_store *store, struct view_hand *hand, uint64_t id, int place,
                    struct error *err);

/* The decoder's warnings of the image that this hand loaded last; NULL when there was none. */
const char *view_hand_warnings(const struct view_hand *hand);

/* One view of the group as `model` wants it. Places without an image, or whose image has no such
 * view, are zeros. */
struct view_batch {
    const float *x; /* (n,3,h,w), borrowed until the hand's next call */
    int n;          /* 1 + the last place that has the view; 0: none has */
    int h, w;
};
int view_store_batch(const struct view_store *store, struct view_hand *hand, int model, int number,
                     struct view_batch *batch, struct error *err);

/* How many views of the policy the view `number` of the image at `place` stands for; 0: it is shown
 * by another one. */
int view_store_weight(const struct view_store *store, int model, int number, int place);
/* The number of the view that shows view `number` of the image at `place`: itself, or one before
 * it. */
int view_store_shown_by(const struct view_store *store, int model, int number, int place);

void view_store_close(struct view_store *store); /* NULL is a no-op */
void view_hand_close(struct view_hand *hand);    /* NULL is a no-op */

#endif
