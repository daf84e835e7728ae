/* A network in use: infer.h's struct, for the files that get it ready and run it. */
#ifndef TENFOLD_MODEL_INFER_PRIVATE_H
#define TENFOLD_MODEL_INFER_PRIVATE_H

#include "model/infer.h"
#include "model/infer_plan.h"

enum { INFER_IMAGES = 16, INFER_STAGES = 5 };

/* Steps first .. last - 1, run for so many images at a time: few where the images' values fill the
 * cache, many where the weights do. A stage's images are those of several chunks of the stage
 * before; what passes from one to the other is kept for all of them. */
struct infer_stage {
    int first, last;
    int images;
    int start; /* running: the first of the present images */
};

struct infer_use {
    struct blocked_conv conv; /* INFER_CONV */
    const float *weights;     /* borrowed from the plan */
    float *prepared;          /* owned: of INFER_LAYER, where its kind has such; NULL: none */
    double seconds;           /* spent, if watched */
};

/* A value's place. */
struct infer_place {
    size_t at, image; /* floats in `memory`; from one image to the next */
    int stage;        /* for whose images it is kept; INFER_NONE: not in use */
};

struct infer {
    struct infer_plan *plan;
    int group;
    struct infer_chance chance;
    bool watched;
    /* For the present input size. */
    int h, w;
    struct shape *shapes;      /* owned: by node */
    struct infer_use *use;     /* owned: by step */
    struct infer_place *place; /* owned: by value */
    struct infer_stage stages[INFER_STAGES];
    int stage_count;
    float *memory; /* owned: all values, then scratch */
    size_t capacity, scratch_at;
};

/* Of a step's output, or of input `i`. */
struct shape infer_shape(const struct infer *f, int value);

/* The pass of an INFER_LAYER for one image, without its pointers to images. */
struct pass infer_pass(const struct infer *f, int s);

/* Get ready for images of h x w: shapes, ways, stages, places, weights. */
int infer_set_size(struct infer *f, int h, int w, struct error *err);

#endif
