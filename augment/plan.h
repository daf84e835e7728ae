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
    PLAN_COLORS = 16,
    PLAN_ERASURES = 8,
    PLAN_SIZE_MAX = 65535, /* of a side, input or output */
};

enum plan_filter {
    FILTER_BILINEAR,
    FILTER_BICUBIC
}; /* widened by the scale when shrinking, as Pillow */
enum plan_resampler { RESAMPLER_EXACT, RESAMPLER_FAST };

/* The axis-aligned form, kept while the composed map has one (`valid`); the separable resamplers
 * read nothing else. The source's `window` (integer pixels, taps are clamped to it) is resized to
 * `width` x `height`; output pixel (x, y) is pixel (left + x, top + y) of that, or of its mirror:
 * (left + W-1-x, top + H-1-y) where mirrored, W x H being the output size. left and top may be
 * negative and the output may stick out: there, and outside `clip`, comes the fill. */
struct plan_axis {
    bool valid;
    struct rect window;
    int width, height;
    int left, top;
    bool mirror_x, mirror_y;
    struct rect clip; /* in output coordinates: where the chain of crops and pads shows pixels */
};

/* One entry of the color list. */
enum plan_color_kind { COLOR_MATRIX };
struct plan_color {
    enum plan_color_kind kind;
    /* COLOR_MATRIX: out = pixel * x + mean * m + offset, channels R, G, B, levels 0..255, where x
     * is the pixel and m the mean RGB of the output's pixels inside the clips before any color
     * entry: contrast's gray mean carried through the matrices symbolically. */
    double pixel[3][3], mean[3][3], offset[3];
};

struct plan_erasure {
    struct rect area; /* output coordinates, cut to the output */
    double level[3];  /* 0..255, before the output stage */
};

/* The last step: (value / 255 - mean) / std per channel for float output; mean and std on the 0..1
 * scale. */
struct plan_output {
    bool normalize;
    double mean[3], std[3];
};

struct plan {
    int source_width, source_height;
    int width, height; /* of the output so far */
    double post[9]; /* 3x3 row-major, homogeneous: output point to source point (no lens yet: all of
                       the map) */
    enum plan_filter filter;
    uint8_t fill[3];
    struct plan_axis axis;
    int colors_used;
    struct plan_color colors[PLAN_COLORS];
    int erasures_used;
    struct plan_erasure erasures[PLAN_ERASURES];
    struct plan_output output;
};

/* The identity on an image of width x height (1..PLAN_SIZE_MAX). */
void plan_start(struct plan *plan, int width, int height);

/* Resize what the plan shows now to width x height. ERROR_USAGE when the result would not have the
 * axis-aligned form (a second resize after resize and crop), which needs the general resampler. */
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

/* Append out = a*x + m*mean + b (levels 0..255), folded into a preceding matrix entry. */
int plan_color(struct plan *plan, const double pixel[3][3], const double mean[3][3],
               const double offset[3], struct error *err);

int plan_erase(struct plan *plan, struct rect area, const double level[3], struct error *err);

/* The part of the resized frame that the output shows (inside width x height; empty: nothing but
 * fill). */
struct rect plan_visible(const struct plan *plan);

/* The source rectangle whose pixels the render reads, filter taps included (inside the image). */
struct rect plan_needs(const struct plan *plan);

/* Everything above as JSON, for `nndata show --plan` and replay. */
json_t *plan_json(const struct plan *plan, struct error *err);

#endif
