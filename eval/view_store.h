/*
 * The test-time views of one group of images, as 8-bit pixels: each image is read and decoded once,
 * and each view is resampled once, however many networks look at it. One per thread.
 *
 *     struct view_store *s;
 *     if (view_store_open(&s, index, &spec, &err) < 0) ...
 *     view_store_clear(s);
 *     if (view_store_load(s, id, place, &err) < 0) ...               // for each image of the group
 *     if (view_store_batch(s, model, number, &batch, &err) < 0) ...  // for each model and view
 *     view_store_close(s);
 */
#ifndef TENFOLD_EVAL_VIEW_STORE_H
#define TENFOLD_EVAL_VIEW_STORE_H

#include "augment/preprocess.h"
#include "augment/view.h"
#include "loader/index.h"

struct view_store;

struct view_spec {
    enum view_protocol protocol;
    const struct preprocess *preprocesses; /* (models), borrowed until close */
    int models;
    int places; /* images in a group; 1 where the views' size follows the image */
    bool exif_apply;
};

int view_store_open(struct view_store **store, const struct index *index,
                    const struct view_spec *spec, struct error *err);

/* Forget the images; memory is kept. */
void view_store_clear(struct view_store *store);

/* Read, decode and render the image `id` at `place` (0..places-1). A bad image is ERROR_DATA and
 * names its file. */
int view_store_load(struct view_store *store, uint64_t id, int place, struct error *err);

/* The decoder's warnings of the image loaded last; NULL when there was none. */
const char *view_store_warnings(const struct view_store *store);

/* One view of the group as `model` wants it. Places without an image, or whose image has no such
 * view, are zeros. */
struct view_batch {
    const float *x; /* (n,3,h,w), borrowed until the next call */
    int n;          /* 1 + the last place that has the view; 0: none has */
    int h, w;
};
int view_store_batch(struct view_store *store, int model, int number, struct view_batch *batch,
                     struct error *err);

/* How many views of the protocol the view `number` of the image at `place` stands for; 0: it has no
 * such view. */
int view_store_weight(const struct view_store *store, int model, int number, int place);

void view_store_close(struct view_store *store);

#endif
