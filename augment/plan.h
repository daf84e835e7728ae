/*
 * What will happen to the pixels of one sample, decided before any of them is read: geometry,
 * color, erasures and the form of the output. Augmentations fill a plan in (draw); the renderer
 * executes it (render.h). A plan is plain data without pointers: it can be copied, printed as JSON
 * and replayed.
 *
 *     struct plan plan;
 *     plan_start(&plan, 500, 375);              // from the image's header alone
 *     plan_resize(&plan, 341, 256, &err);       // what the augmentations call
 *     plan_crop(&plan, 40, 16, 224, 224, &err);
 *     plan_mirror(&plan, true, false);
 *
 * Coordinates: pixel i covers [i, i+1), its center is i + 0.5; x to the right, y down; sizes in
 * pixels.
 */
#ifndef TENFOLD_AUGMENT_PLAN_H
#define TENFOLD_AUGMENT_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/image.h"

enum {
    PLAN_CLIPS = 8,
    PLAN_COLORS = 16,
    PLAN_STAGES = 16,
    PLAN_BRANCHES = 3,
    PLAN_ERASURES = 8,
    PLAN_VALUES = 6,       /* of a color step */
    PLAN_SIZE_MAX = 65535, /* of a side, input or output */
};

/* With the plan's `antialias`, bilinear and bicubic are Pillow's resize filters: widened by the
 * scale when shrinking, the cubic with a = -0.5. Without it they are Pillow's transform filters,
 * which torchvision's rotate, affine and perspective use: never widened, the cubic with a = -1. */
enum plan_filter { FILTER_BILINEAR, FILTER_BICUBIC, FILTER_NEAREST };
enum plan_resampler { RESAMPLER_EXACT, RESAMPLER_FAST };

/* What is seen where a step shows what lies outside the frame it was given. */
enum plan_fill_mode { FILL_CONSTANT, FILL_EDGE, FILL_REFLECT };
struct plan_fill {
    enum plan_fill_mode mode;
    uint8_t level[3]; /* of FILL_CONSTANT */
};

/* The axis-aligned form, kept while the composed map has one (`valid`); the separable resamplers
 * read nothing else. The source's `window` (integer pixels, taps are clamped to it) is resized to
 * `width` x `height`; output pixel (x, y) is pixel (left + x, top + y) of that, or of its mirror:
 * (left + W-1-x, top + H-1-y) where mirrored, W x H being the output size. left and top may be
 * negative and the output may stick out: there, and outside `clip`, comes the one fill that all
 * clips of a valid form have. `window` bounds the taps where the form is not valid, too. */
struct plan_axis {
    bool valid;
    struct rect window;
    int width, height;
    int left, top;
    bool mirror_x, mirror_y;
    struct rect clip; /* in output coordinates: where the chain of crops and pads shows pixels of
                         the frames themselves, not what edge or reflect repeats */
};

/* A frame that some step looks beyond: the rectangle [0, width) x [0, height) seen through `map`
 * from the output, or, where it lies behind the lens, from the lens's source side (the point that
 * `pre` takes). Kept only while some output pixel may lie outside. In order of the steps: a point
 * outside the last clip gets that clip's fill; edge and reflect move it into the frame and go on to
 * the clip before. Point-in-frame is what Pillow's transform tests: 0 <= x < width at the mapped
 * pixel center. */
struct plan_clip {
    double map[9];
    int width, height;
    bool behind_lens;
    struct plan_fill fill;
};

/* Brown's lens: with (x, y) measured from the center in units of `radius`, r2 = x^2 + y^2,
 *     x' = x (1 + k1 r2 + k2 r2^2) + 2 p1 x y + p2 (r2 + 2 x^2)
 *     y' = y (1 + k1 r2 + k2 r2^2) + p1 (r2 + 2 y^2) + 2 p2 x y
 * takes a point of the picture shown to the point of the picture before it. Brown, "Close-Range
 * Camera Calibration", 1971; the order of p1, p2 is OpenCV's. */
struct plan_lens {
    double k1, k2, p1, p2;
    double center_x, center_y, radius; /* pixels of the frame that the lens was given */
};

/* One entry of the color list. */
enum plan_color_kind { COLOR_MATRIX, COLOR_STEP, COLOR_CHAIN };
struct plan_color {
    enum plan_color_kind kind;
    /* COLOR_MATRIX: out = pixel * x + mean * m + offset, channels R, G, B, levels 0..255, where x
     * is the pixel and m the mean RGB of the output's pixels inside the clips as they come into
     * this entry: contrast's gray mean carried through the matrices symbolically. */
    double pixel[3][3], mean[3][3], offset[3];
    /* COLOR_STEP: what `apply` of augmentations[op] executes. */
    int op;
    double value[PLAN_VALUES];
    uint64_t seed; /* of a step that needs chance for each pixel: a Philox key */
    /* COLOR_CHAIN: the stages [first, first + count) run one after the other on 8-bit pixels of
     * the output's size. With `branches` 0 they replace the picture; otherwise branch b's stages
     * run on a copy of their own, and the result is rest * picture + sum of share[b] * branch b. */
    int first, count, branches;
    double rest, share[PLAN_BRANCHES];
};

/* What Pillow's ImageEnhance blends a picture with: black, its mean gray, each pixel's gray. */
enum plan_blend { BLEND_NONE, BLEND_BLACK, BLEND_MEAN, BLEND_GRAY };

/* A step of a chain: a map within the picture (output point to input point), or one color entry
 * (matrix or step), rounded and clamped to 8 bits behind it. */
struct plan_stage {
    int branch;
    bool geometry;
    double map[9];
    enum plan_filter filter;
    struct plan_fill fill;
    struct plan_color color; /* where not geometry */
    /* Where not BLEND_NONE, `color` is a blend by `factor`, done in whole levels as Pillow does. */
    enum plan_blend blend;
    double factor;
};

enum plan_erasure_kind {
    ERASE_LEVEL,        /* `level` everywhere */
    ERASE_NOISE,        /* each value uniform over the levels 0..255, from `seed` */
    ERASE_NORMAL_LEVEL, /* `level` is in units of the output stage: written after it (timm) */
    ERASE_NORMAL_NOISE, /* each value standard normal in units of the output stage */
};
struct plan_erasure {
    struct rect area; /* output coordinates, cut to the output */
    enum plan_erasure_kind kind;
    double level[3]; /* 0..255; of ERASE_NORMAL_LEVEL in units of the output stage */
    uint64_t seed;   /* of the noise: a Philox key */
};

/* The last step: (value / 255 - mean) / std per channel for float output; mean and std on the 0..1
 * scale. With `mean_image` the mean is a picture's instead, which has the size that the plan
 * had when it was asked for; `frame` takes an output point to a point of that picture. With
 * `whiten` the vector of all values is multiplied by a matrix. Picture and matrix belong to the
 * recipe (output.h). */
struct plan_output {
    bool normalize, mean_image, whiten;
    bool in_units; /* an erasure may write values in units of this stage, which 8 bits lack */
    double mean[3], std[3];
    double frame[9];
    int frame_width, frame_height;
};

struct plan {
    int source_width, source_height;
    int width, height; /* of the output so far */
    /* Output point to source point, 3x3 row-major, homogeneous: pre * lens(post * p), without a
     * lens post * p. */
    double pre[9], post[9];
    bool has_lens;
    struct plan_lens lens;
    enum plan_filter filter;
    bool antialias;        /* set by every resize, and by steps that ask for it */
    struct plan_fill fill; /* of the frames to come; each clip keeps its own */
    struct plan_axis axis;
    int clips_used;
    struct plan_clip clips[PLAN_CLIPS];
    int colors_used;
    struct plan_color colors[PLAN_COLORS];
    int stages_used;
    struct plan_stage stages[PLAN_STAGES];
    int erasures_used;
    struct plan_erasure erasures[PLAN_ERASURES];
    struct plan_output output;
};

/* The identity on an image of width x height (1..PLAN_SIZE_MAX). */
void plan_start(struct plan *plan, int width, int height);

/* Resize what the plan shows now to width x height. Without the axis-aligned form afterwards (a
 * second resize after resize and crop, a resize of what was padded) it goes to the general
 * resampler. */
int plan_resize(struct plan *plan, int width, int height, struct error *err);

/* Resize so that the shorter side is `size`; the longer one is int(long * size / short), as
 * torchvision. */
int plan_resize_short(struct plan *plan, int size, struct error *err);

/* Keep the rectangle at (x, y) of the present output; it may stick out, the part outside is fill.
 */
int plan_crop(struct plan *plan, int x, int y, int width, int height, struct error *err);

/* Keep the center; offsets round half to even of half the margin, as torchvision. */
int plan_center_crop(struct plan *plan, int width, int height, struct error *err);

/* Flip left-right (horizontal) and/or top-bottom. */
void plan_mirror(struct plan *plan, bool horizontal, bool vertical);

/* Any projective step: `map` takes a point of the new picture of width x height to a point of the
 * present one (3x3 row-major, pixel centers at half integers). Maps that move by whole pixels keep
 * the axis-aligned form. With `reveal` the present frame, and all before it, end nothing: whatever
 * the image holds beyond them is shown. Points beyond a map's horizon lie outside every
 * frame. ERROR_USAGE for a map that is singular, not finite, or farther out than 1e9 pixels; for
 * more than PLAN_CLIPS frames; behind an erasure or a chain. */
int plan_map(struct plan *plan, const double map[9], int width, int height, bool reveal,
             struct error *err);

/* Look through a lens; its center and radius are in pixels of the present picture. ERROR_USAGE for
 * a second one. */
int plan_look(struct plan *plan, const struct plan_lens *lens, bool reveal, struct error *err);

/* Append an entry made by augment/color.h. A matrix folds into a matrix before it. ERROR_USAGE for
 * numbers that are not finite. */
int plan_color(struct plan *plan, const struct plan_color *entry, struct error *err);

/* Make `entry` what both do one after the other; false, and nothing done, unless both are matrices.
 */
bool plan_color_fold(struct plan_color *entry, const struct plan_color *next);

/* Append a stage to the end of the list; plan_chain then makes the stages from `first` on one entry
 * of the color list. branches 0: `share` may be NULL. */
int plan_stage(struct plan *plan, const struct plan_stage *stage, struct error *err);
int plan_chain(struct plan *plan, int first, int branches, double rest, const double *share,
               struct error *err);

/* Append an erasure; its area may stick out, and where it lies outside nothing is appended. */
int plan_erase(struct plan *plan, const struct plan_erasure *erasure, struct error *err);

/* Leave the output stage out: the plan's levels are to be seen. */
void plan_drop_output(struct plan *plan);

/* The part of the resized frame that the output shows, what edge and reflect repeat included
 * (inside width x height; empty: nothing but fill). Of the axis-aligned form. */
struct rect plan_visible(const struct plan *plan);

/* The source rectangle whose pixels the render reads, filter taps included (inside the image). */
struct rect plan_needs(const struct plan *plan);

/* Everything above as JSON, for `nndata show --plan` and replay. */
json_t *plan_json(const struct plan *plan, struct error *err);

#endif
