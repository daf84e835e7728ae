/*
 * Move the four corners inwards, each by whole pixels of its own, as torchvision's
 * RandomPerspective draws and maps them: up to `distortion_scale` of half a side; corners are pixel
 * numbers 0..w-1, taken to each other as they are. A picture one pixel thin stays as it is.
 */
#include "augment/affine.h"
#include "augment/augmentation_values.h"

enum { DISTORTION_SCALE, P, ANTIALIAS, FILTER, FILL, FILL_MODE, REVEAL };

static const struct param params[] = {
    [DISTORTION_SCALE] = { "distortion_scale", PARAM_NUMBER, "share", .value = 0.5, .min = 0,
                           .max = 1, "largest move of a corner, of half a side" },
    [P] = { "p", PARAM_NUMBER, "", .value = 0.5, .min = 0, .max = 1, "probability" },
    [ANTIALIAS] = ANTIALIAS_ROW,
    [FILTER] = KEEP_FILTER_ROW,
    [FILL] = FILL_ROW,
    [FILL_MODE] = FILL_MODE_ROW("fill_mode"),
    [REVEAL] = REVEAL_ROW,
    { 0 },
};

static int check(const union value *v, const struct node *node, struct error *err)
{
    return fill_check(&v[FILL], node, err);
}

static int draw(struct plan *plan, const union value *v, struct rng *rng, struct error *err)
{
    if (!(rng_uniform(rng) < v[P].number))
        return 0;
    int w = plan->width, h = plan->height;
    int64_t x = (int64_t)(v[DISTORTION_SCALE].number * (w / 2));
    int64_t y = (int64_t)(v[DISTORTION_SCALE].number * (h / 2));
    const double from[8] = { 0, 0, w - 1, 0, w - 1, h - 1, 0, h - 1 };
    double to[8], map[9];
    for (int corner = 0; corner < 4;
         corner++) { /* top left, top right, bottom right, bottom left */
        bool right = corner == 1 || corner == 2, bottom = corner >= 2;
        to[2 * corner] =
            (double)(right ? rng_integer(rng, w - x - 1, w - 1) : rng_integer(rng, 0, x));
        to[2 * corner + 1] =
            (double)(bottom ? rng_integer(rng, h - y - 1, h - 1) : rng_integer(rng, 0, y));
    }
    plan->antialias = plan->antialias || v[ANTIALIAS].flag;
    filter_keep(plan, &v[FILTER]);
    fill_set(plan, &v[FILL], &v[FILL_MODE]);
    if (!affine_corners(from, to, map))
        return 0;
    return plan_map(plan, map, w, h, v[REVEAL].flag, err);
}

static const char *const strip[] = {
    "{p: 1, distortion_scale: 0.1}", "{p: 1, distortion_scale: 0.3}",
    "{p: 1, distortion_scale: 0.5}", "{p: 1, distortion_scale: 0.7}",
    "{p: 1, distortion_scale: 0.9}", NULL,
};

const struct augmentation augment_perspective = {
    .name = "perspective",
    .summary = "move the four corners inwards by random amounts",
    .source = "torchvision's RandomPerspective",
    .kind = AUGMENT_GEOMETRY,
    .params = params,
    .check = check,
    .draw = draw,
    .strip = strip,
};
